// The local family written out from its definition (model.h: LocalSpec) in double precision, voxel by voxel,
// and random models and fields to try engines on. Shares nothing with an engine but the embedding's formula,
// which embedding_test checks.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "grainspin/embedding.h"
#include "grainspin/grid.h"
#include "grainspin/model.h"
#include "grainspin/symmetry.h"

namespace grainspin::testing {

// Uniform random orientations [n,4].
inline std::vector<float> random_orientations(std::int64_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<float> q;
  for (std::int64_t i = 0; i < n; ++i) {
    const Quatd v = normalised(Quatd{normal(random), normal(random), normal(random), normal(random)});
    for (double x : {v.w, v.x, v.y, v.z}) q.push_back(float(x));
  }
  return q;
}

// Weights uniform within 1/sqrt(hidden), as PyTorch starts; increments of some hundredths of a radian.
inline Model random_model(const LocalSpec& local, const std::string& group, int steps, unsigned seed) {
  std::mt19937 random(seed);
  const auto fill = [&](std::vector<std::int64_t> shape, float bound) {
    std::int64_t n = 1;
    for (auto d : shape) n *= d;
    std::uniform_real_distribution<float> uniform(-bound, bound);
    Tensor t{shape, {}};
    for (std::int64_t i = 0; i < n; ++i) t.values.push_back(uniform(random));
    return t;
  };
  Model m;
  m.spec.local = local;
  m.spec.point_group = group;
  m.spec.loads.resize(std::size_t(steps));
  const int channels = embedding(PointGroup::named(group)).size;
  m.spec.input_mean = fill({channels}, 0.05f).values;
  m.spec.input_scale = fill({channels}, 0.05f).values;
  for (float& s : m.spec.input_scale) s += 0.2f;
  m.spec.increment_scale = {0.05f, 0.06f, 0.07f};
  m.spec.stress_mean = {1e7f, 0, 0, 0, 0, 2e8f};
  m.spec.stress_scale = {2e7f, 2e7f, 3e7f, 1e7f, 1e7f, 1e7f};
  const std::int64_t h = local.hidden, rows = (local.cell == Cell::kLstm ? 4 : 3) * h;
  const float bound = 1 / std::sqrt(float(h));
  for (int l = 0; l < local.layers; ++l) {
    const std::string suffix = "_l" + std::to_string(l);
    m.tensors["rnn.weight_ih" + suffix] = fill({rows, l == 0 ? input_width(m.spec) : h}, bound);
    m.tensors["rnn.weight_hh" + suffix] = fill({rows, h}, bound);
    m.tensors["rnn.bias_ih" + suffix] = fill({rows}, bound);
    m.tensors["rnn.bias_hh" + suffix] = fill({rows}, bound);
  }
  const auto head = [&](const std::string& which, std::int64_t n) {
    m.tensors["head." + which + ".weight"] = fill({n, h}, 4 * bound);
    m.tensors["head." + which + ".bias"] = fill({n}, bound);
  };
  head("increment", 3);
  if (local.stress) head("stress", 6);
  if (local.variance) head("variance", 3);
  return m;
}

// A run of the whole grid, [steps][voxels][numbers].
struct OracleRun {
  std::vector<double> orientation, increment, stress, log_variance;
};

class Oracle {
 public:
  Oracle(const Model& model, Shape shape, Boundaries boundaries)
      : m_(model), shape_(shape), boundaries_(boundaries) {}

  OracleRun run(const float* q0, const std::uint8_t* mask, const float* teacher) const {
    const LocalSpec& s = m_.spec.local;
    const std::int64_t n = shape_.voxels();
    std::vector<Quatd> q(n);
    for (std::int64_t i = 0; i < n; ++i) q[i] = quat(q0 + 4 * i);
    const auto initial = embeddings(q);
    std::vector<std::vector<std::vector<double>>> h(n), c(n);  // [voxel][layer][unit]
    for (std::int64_t i = 0; i < n; ++i) h[i] = c[i] = std::vector(s.layers, std::vector<double>(s.hidden));
    OracleRun out;
    for (int t = 0; t < m_.spec.steps(); ++t) {
      if (teacher)
        for (std::int64_t i = 0; i < n; ++i) q[i] = quat(teacher + 4 * (t * n + i));
      const auto now = embeddings(q);
      for (std::int64_t i = 0; i < n; ++i) {
        std::vector<double> x;
        const auto& cube = s.feedback == Feedback::kNeighbours ? now : initial;
        for (int k = 0; k < taps(s.radius); ++k) append(x, cube[neighbour(i, k, mask)]);
        if (s.feedback == Feedback::kOwn) append(x, now[i]);
        for (int l = 0; l < s.layers; ++l) {
          cell(l, x, h[i][l], c[i][l]);
          x = h[i][l];
        }
        const bool masked = mask && !mask[i];
        auto w = head("increment", x);
        for (int a = 0; a < 3; ++a) w[a] = masked ? 0 : w[a] * m_.spec.increment_scale[a];
        q[i] = exp(Vec3<double>{w[0], w[1], w[2]}) * q[i];
        append(out.orientation, {q[i].w, q[i].x, q[i].y, q[i].z});
        append(out.increment, w);
        if (s.stress) {
          auto sigma = head("stress", x);
          for (int a = 0; a < 6; ++a)
            sigma[a] = masked ? 0 : sigma[a] * m_.spec.stress_scale[a] + m_.spec.stress_mean[a];
          append(out.stress, sigma);
        }
        if (s.variance) append(out.log_variance, masked ? std::vector<double>(3) : head("variance", x));
      }
    }
    return out;
  }

 private:
  static Quatd quat(const float* q) { return {q[0], q[1], q[2], q[3]}; }
  static void append(std::vector<double>& to, const std::vector<double>& from) {
    to.insert(to.end(), from.begin(), from.end());
  }
  static double sigmoid(double a) { return 1 / (1 + std::exp(-a)); }

  std::vector<std::vector<double>> embeddings(const std::vector<Quatd>& q) const {
    const EmbeddingSpec& spec = embedding(PointGroup::named(m_.spec.point_group));
    std::vector<std::vector<double>> all;
    for (const Quatd& one : q) {
      std::vector<double> e(spec.size);
      embed<double>(spec, one, e.data());
      for (int c = 0; c < spec.size; ++c) e[c] = (e[c] - m_.spec.input_mean[c]) / m_.spec.input_scale[c];
      all.push_back(e);
    }
    return all;
  }

  static int along(int i, int n, Boundary b) {
    if (b == Boundary::kClamped) return std::min(std::max(i, 0), n - 1);
    while (i < 0) i += n;
    return i % n;
  }

  std::int64_t neighbour(std::int64_t i, int k, const std::uint8_t* mask) const {
    const int r = m_.spec.local.radius, side = 2 * r + 1;
    const int x = int(i % shape_.nx), y = int(i / shape_.nx % shape_.ny), z = int(i / shape_.nx / shape_.ny);
    const int xx = along(x + k % side - r, shape_.nx, boundaries_.x);
    const int yy = along(y + k / side % side - r, shape_.ny, boundaries_.y);
    const int zz = along(z + k / side / side - r, shape_.nz, boundaries_.z);
    const std::int64_t j = (std::int64_t(zz) * shape_.ny + yy) * shape_.nx + xx;
    return mask && !mask[j] ? i : j;
  }

  // W x + b.
  std::vector<double> rows(const std::string& weight, const std::string& bias,
                           const std::vector<double>& x) const {
    const Tensor& w = m_.tensors.at(weight);
    const Tensor& b = m_.tensors.at(bias);
    std::vector<double> y;
    for (std::size_t r = 0; r < b.values.size(); ++r) {
      double sum = b.values[r];
      for (std::size_t j = 0; j < x.size(); ++j) sum += double(w.values[r * x.size() + j]) * x[j];
      y.push_back(sum);
    }
    return y;
  }
  std::vector<double> head(const std::string& which, const std::vector<double>& h) const {
    return rows("head." + which + ".weight", "head." + which + ".bias", h);
  }

  // torch.nn.LSTM and torch.nn.GRU, as their documentation states them.
  void cell(int layer, const std::vector<double>& x, std::vector<double>& h, std::vector<double>& c) const {
    const std::string l = "_l" + std::to_string(layer);
    const auto a = rows("rnn.weight_ih" + l, "rnn.bias_ih" + l, x),
               b = rows("rnn.weight_hh" + l, "rnn.bias_hh" + l, h);
    const int n = int(h.size());
    for (int u = 0; u < n; ++u) {
      const auto gate = [&](int g) { return a[g * n + u] + b[g * n + u]; };
      if (m_.spec.local.cell == Cell::kLstm) {
        c[u] = sigmoid(gate(1)) * c[u] + sigmoid(gate(0)) * std::tanh(gate(2));
        h[u] = sigmoid(gate(3)) * std::tanh(c[u]);
      } else {
        const double z = sigmoid(gate(1)),
                     candidate = std::tanh(a[2 * n + u] + sigmoid(gate(0)) * b[2 * n + u]);
        h[u] = (1 - z) * candidate + z * h[u];
      }
    }
  }

  const Model& m_;
  Shape shape_;
  Boundaries boundaries_;
};

// Rotation angle between two quaternions, rad; exact at small angles.
inline double angle_between(const Quatd& a, const Quatd& b) {
  const Quatd d = conjugate(a) * b;
  return 2 * std::atan2(std::sqrt(d.x * d.x + d.y * d.y + d.z * d.z), std::abs(d.w));
}

}  // namespace grainspin::testing
