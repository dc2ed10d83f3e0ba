// The nonlocal family written out from its definition (nonlocal.h) in double precision: voxel by voxel,
// tensors as 3 x 3 matrices, the Fourier transform as its sum. Shares with an engine the slip systems and the
// numbering of orbits (orbits_test), nothing else. Slow: for tens of voxels.
#pragma once

#include <array>
#include <cmath>
#include <complex>
#include <cstdint>
#include <string>
#include <vector>

#include "grainspin/grid.h"
#include "grainspin/model.h"
#include "grainspin/orbits.h"
#include "grainspin/orientation.h"
#include "grainspin/slip_systems.h"

namespace grainspin::testing {

using Matrix = std::array<double, 9>;  // row-major

inline Matrix sym_dev(const Matrix& a) {
  const double tr = (a[0] + a[4] + a[8]) / 3;
  Matrix s{};
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) s[3 * i + j] = (a[3 * i + j] + a[3 * j + i]) / 2 - (i == j ? tr : 0);
  return s;
}
inline std::array<double, 3> axial_of(const Matrix& a) {
  return {(a[7] - a[5]) / 2, (a[2] - a[6]) / 2, (a[3] - a[1]) / 2};
}
inline double contract(const Matrix& a, const Matrix& b) {
  double sum = 0;
  for (int i = 0; i < 9; ++i) sum += a[i] * b[i];
  return sum;
}

class NonlocalDefinition {
 public:
  NonlocalDefinition(const Model& model, Shape cell, std::array<double, 3> spacing = {1, 1, 1},
                     std::vector<std::int32_t> phase = {}, std::vector<std::uint8_t> mask = {})
      : m_(model), s_(model.spec.nonlocal), cell_(cell), spacing_(spacing), phase_(phase), mask_(mask) {
    for (const PhaseSpec& p : s_.phases) {
      Slip slip;
      slip.set = slip_set(p.slip_families, p.c_over_a);
      const SlipAction action = slip_action(slip.set, PointGroup::named(p.point_group));
      slip.odd = signed_pair_orbits(action);
      slip.even = pair_orbits(action);
      for (const SlipSystem& one : slip.set.systems) {
        const double b[3] = {one.b.x, one.b.y, one.b.z}, n[3] = {one.n.x, one.n.y, one.n.z};
        Matrix dyad{};
        for (int i = 0; i < 3; ++i)
          for (int j = 0; j < 3; ++j) dyad[3 * i + j] = b[i] * n[j];
        slip.P.push_back(sym_dev(dyad));
        slip.a.push_back(axial_of(dyad));
      }
      slips_.push_back(slip);
    }
    for (std::int64_t v = 0; v < cell_.voxels(); ++v) {
      x_.emplace_back(std::size_t(s_.carried ? s_.channels * slip(v).N() : 0));
      h_.emplace_back(std::size_t(s_.memory * slip(v).N()));
    }
  }

  struct Step {
    std::vector<std::array<double, 3>> increment;
    std::vector<std::array<double, 6>> stress;  // over stress_scale[0]
    Matrix L{};
  };

  // From q at the step's start; the state is carried inside.
  Step step(const LoadStep& given, const std::vector<Quatd>& q) {
    const std::int64_t V = cell_.voxels();
    const int M = s_.polarisations;
    Matrix L{};
    bool free[9];
    int diagonals = 0;
    for (int i = 0; i < 9; ++i) {
      free[i] = !given.prescribed[i];
      L[i] = free[i] ? 0 : given.L[i];
      if (i % 4 == 0 && free[i]) ++diagonals;
    }
    const double trace = L[0] + L[4] + L[8];
    for (int i : {0, 4, 8})
      if (free[i]) L[i] = -trace / diagonals;
    const Matrix E = sym_dev(L);
    const double size = std::sqrt(2.0 / 3 * contract(E, E));
    Matrix E0{};
    if (size >= 1e-12)
      for (int i = 0; i < 9; ++i) E0[i] = E[i] / size;
    rate_ = size >= 1e-12 ? std::log(size / 0.01) : 0;

    std::vector<Matrix> Q;
    for (const Quatd& one : q) {
      const auto R = matrix(one);
      const Vec3<double> c[3] = {R * Vec3<double>{1, 0, 0}, R * Vec3<double>{0, 1, 0},
                                 R * Vec3<double>{0, 0, 1}};
      Q.push_back({c[0].x, c[1].x, c[2].x, c[0].y, c[1].y, c[2].y, c[0].z, c[1].z, c[2].z});
    }
    std::vector<std::vector<double>> x(V);
    Step out;
    std::vector<std::array<double, 3>> spin;
    std::vector<double> pressure;
    Matrix extra{};
    const int runs = s_.carried && first_ ? s_.warmup + 1 : 1;
    first_ = false;
    for (int run = 0; run < runs; ++run) {
      spin.assign(V, {}), pressure.assign(V, 0), extra = {};
      for (std::int64_t v = 0; v < V; ++v) {
        auto A = resolved(v, Q[v], E0);
        A.insert(A.end(), x_[v].begin(), x_[v].end());
        x[v] = gated(v, A, "in");
        if (s_.carried)
          for (std::size_t i = 0; i < x[v].size(); ++i)
            x[v][i] += tensor(v, "carry").values[i / slip(v).N()] * x_[v][i];
      }

      for (int k = 0; k < s_.passes; ++k) {
        const std::string pass = "pass" + std::to_string(k);
        std::vector<std::vector<Matrix>> p(V, std::vector<Matrix>(M));
        std::vector<std::vector<double>> A = x;
        for (std::int64_t v = 0; v < V; ++v) {
          const auto slips = odd(v, x[v], pass + ".polarise");
          for (int m = 0; m < M; ++m)
            if (!masked(v)) p[v][m] = to_sample(Q[v], sum_P(v, slips, m));
        }
        std::vector<std::vector<Matrix>> grad(V, std::vector<Matrix>(M));
        for (int m = 0; m < M; ++m) {
          const double beta = s_.green == Green::kLearned        ? global("beta", k, m)
                              : s_.green == Green::kCompressible ? s_.beta
                                                                 : 1;
          std::vector<Matrix> field, H;
          for (std::int64_t v = 0; v < V; ++v) field.push_back(p[v][m]);
          std::vector<double> g;
          convolve(field, beta, H, g);
          Matrix D{};
          for (const Matrix& one : field)
            for (int i = 0; i < 9; ++i) D[i] += one[i] / double(V);
          for (int i = 0; i < 9; ++i)
            if (!free[i]) D[i] = 0;
          double mean = 0;
          for (int i : {0, 4, 8}) mean += diagonals ? D[i] / diagonals : 0;
          for (int i : {0, 4, 8})
            if (free[i]) D[i] -= mean;
          for (int i = 0; i < 9; ++i) extra[i] += global("free", k, m) * D[i];
          for (std::int64_t v = 0; v < V; ++v) {
            const auto w = axial_of(H[v]);
            for (int i = 0; i < 3; ++i) spin[v][i] += global("spin", k, m) * w[i];
            if (s_.stress) pressure[v] += global("pressure", k, m) * g[v];
            for (int i = 0; i < 9; ++i) grad[v][m][i] = H[v][i] + D[i];
          }
        }
        for (std::int64_t v = 0; v < V; ++v) {
          for (int m = 0; m < M; ++m) append(A[v], resolved(v, Q[v], grad[v][m]));
          for (int m = 0; m < M; ++m) append(A[v], resolved_spin(v, Q[v], axial_of(grad[v][m])));
          const auto more = gated(v, A[v], pass);
          for (std::size_t i = 0; i < more.size(); ++i) x[v][i] += more[i];
        }
      }
      if (s_.carried) x_ = x;
    }
    for (int i = 0; i < 9; ++i) out.L[i] = L[i] + size * extra[i];

    double mean = 0;
    int count = 0;
    out.increment.resize(V);
    out.stress.resize(V);
    const auto W = axial_of(out.L);
    for (std::int64_t v = 0; v < V; ++v) {
      const auto head = gated(v, x[v], "head");
      std::array<double, 3> slip_turn{};
      for (int s = 0; s < slip(v).N(); ++s)
        for (int i = 0; i < 3; ++i)
          for (int j = 0; j < 3; ++j) slip_turn[i] += Q[v][3 * i + j] * slip(v).a[s][j] * head[s];
      for (int i = 0; i < 3; ++i)
        out.increment[v][i] = masked(v) ? 0 : W[i] + size * (slip_turn[i] + spin[v][i]);
      if (s_.stress && !masked(v)) {
        const Matrix S = to_sample(Q[v], sum_P(v, head, 1));
        out.stress[v] = {S[0] + pressure[v], S[4] + pressure[v], S[8] + pressure[v], S[5], S[2], S[1]};
        for (int i = 0; i < 3; ++i)
          if (free[4 * i]) mean += out.stress[v][i], ++count;
      }
    }
    for (std::int64_t v = 0; v < V; ++v)
      for (int i = 0; i < 3; ++i)
        if (count && !masked(v)) out.stress[v][i] -= mean / count;

    for (std::int64_t v = 0; v < V; ++v) {
      if (s_.memory > 0) {
        auto all = sizes(x[v], h_[v]);
        const auto update = even(v, all, "memory.update"), candidate = even(v, all, "memory.candidate");
        for (std::size_t i = 0; i < h_[v].size(); ++i) {
          const std::size_t c = i / slip(v).N();
          const double a = update[i] + tensor(v, "memory.update_bias").values[c];
          const double z = 1 - std::pow(1 - 1 / (1 + std::exp(-a)), size / 0.01);
          h_[v][i] += z * (std::tanh(candidate[i] + tensor(v, "memory.candidate_bias").values[c]) - h_[v][i]);
        }
      }
    }
    return out;
  }

  // Gradient field H and pressure g of a polarisation, without the mean's term.
  void convolve(const std::vector<Matrix>& p, double beta, std::vector<Matrix>& H,
                std::vector<double>& g) const {
    const int n[3] = {cell_.nx, cell_.ny, cell_.nz};
    const std::int64_t V = cell_.voxels();
    H.assign(V, {});
    g.assign(V, 0);
    for (int a = 0; a < n[0]; ++a)
      for (int b = 0; b < n[1]; ++b)
        for (int c = 0; c < n[2]; ++c) {
          const int j[3] = {a, b, c};
          double k[3], square = 0;
          for (int i = 0; i < 3; ++i) {
            const double f = double(2 * j[i] > n[i] ? j[i] - n[i] : j[i]) / n[i];
            k[i] =
                (s_.frequencies == Frequencies::kSine ? std::sin(2 * M_PI * f) : 2 * M_PI * f) / spacing_[i];
            if (2 * j[i] == n[i]) k[i] = 0;
            square += k[i] * k[i];
          }
          if (square == 0) continue;
          for (double& one : k) one /= std::sqrt(square);
          std::array<std::complex<double>, 9> hat{};
          for (std::int64_t v = 0; v < V; ++v)
            for (int i = 0; i < 9; ++i) hat[i] += p[v][i] * std::polar(1.0, -phase_at(j, n, v));
          std::complex<double> t[3], nt = 0;
          for (int i = 0; i < 3; ++i)
            for (int l = 0; l < 3; ++l) t[i] += hat[3 * i + l] * k[l];
          for (int i = 0; i < 3; ++i) nt += k[i] * t[i];
          for (std::int64_t v = 0; v < V; ++v) {
            const auto wave = std::polar(1.0 / double(V), phase_at(j, n, v));
            for (int i = 0; i < 9; ++i)
              H[v][i] += ((t[i / 3] - beta * k[i / 3] * nt) * k[i % 3] * wave).real();
            g[v] += (nt * wave).real();
          }
        }
  }

 private:
  struct Slip {
    SlipSet set;
    SignedOrbits odd;
    Orbits even;
    std::vector<Matrix> P;
    std::vector<std::array<double, 3>> a;
    int N() const { return set.count(); }
  };

  std::size_t phase(std::int64_t v) const { return phase_.empty() ? 0 : std::size_t(phase_[v]); }
  const Slip& slip(std::int64_t v) const { return slips_[phase(v)]; }
  bool masked(std::int64_t v) const { return !mask_.empty() && !mask_[v]; }
  const Tensor& tensor(std::int64_t v, const std::string& name) const {
    return m_.tensors.at("phase" + std::to_string(phase(v)) + "." + name);
  }
  double global(const char* name, int k, int m) const {
    return m_.tensors.at(name).values[std::size_t(k * s_.polarisations + m)];
  }
  static void append(std::vector<double>& to, const std::vector<double>& from) {
    to.insert(to.end(), from.begin(), from.end());
  }
  double phase_at(const int* j, const int* n, std::int64_t v) const {
    const std::int64_t at[3] = {v % n[0], v / n[0] % n[1], v / n[0] / n[1]};
    double f = 0;
    for (int i = 0; i < 3; ++i) f += double(j[i] * at[i] % n[i]) / n[i];
    return 2 * M_PI * f;
  }

  static Matrix to_sample(const Matrix& Q, const Matrix& a) {
    Matrix out{};
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j)
        for (int k = 0; k < 3; ++k)
          for (int l = 0; l < 3; ++l) out[3 * i + j] += Q[3 * i + k] * a[3 * k + l] * Q[3 * j + l];
    return out;
  }
  static Matrix to_crystal(const Matrix& Q, const Matrix& a) {
    return to_sample({Q[0], Q[3], Q[6], Q[1], Q[4], Q[7], Q[2], Q[5], Q[8]}, a);
  }
  std::vector<double> resolved(std::int64_t v, const Matrix& Q, const Matrix& gradient) const {
    const Matrix e = to_crystal(Q, sym_dev(gradient));
    std::vector<double> out;
    for (const Matrix& P : slip(v).P) out.push_back(3 * contract(P, e));
    return out;
  }
  std::vector<double> resolved_spin(std::int64_t v, const Matrix& Q, const std::array<double, 3>& w) const {
    std::vector<double> out;
    for (const auto& a : slip(v).a) {
      double sum = 0;
      for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j) sum += a[i] * Q[3 * j + i] * w[j];
      out.push_back(3 * sum);
    }
    return out;
  }
  Matrix sum_P(std::int64_t v, const std::vector<double>& slips, int channel) const {
    Matrix out{};
    for (int s = 0; s < slip(v).N(); ++s)
      for (int i = 0; i < 9; ++i) out[i] += slips[std::size_t(channel * slip(v).N() + s)] * slip(v).P[s][i];
    return out;
  }

  template <class Entry>
  std::vector<double> product(std::int64_t v, const std::vector<double>& A, const std::string& name,
                              const Entry& entry) const {
    const Tensor& w = tensor(v, name);
    const int N = slip(v).N(), D = int(w.shape[0]), C = int(w.shape[1]), O = int(w.shape[2]);
    std::vector<double> out(std::size_t(D * N));
    for (int d = 0; d < D; ++d)
      for (int i = 0; i < N; ++i)
        for (int c = 0; c < C; ++c)
          for (int j = 0; j < N; ++j) {
            const auto [orbit, sign] = entry(std::size_t(i * N + j));
            if (orbit >= 0) out[d * N + i] += double(w.values[(d * C + c) * O + orbit]) * sign * A[c * N + j];
          }
    return out;
  }
  std::vector<double> odd(std::int64_t v, const std::vector<double>& A, const std::string& name) const {
    const SignedOrbits& o = slip(v).odd;
    return product(v, A, name, [&](std::size_t e) { return std::pair<int, int>{o.of[e], o.sign[e]}; });
  }
  std::vector<double> even(std::int64_t v, const std::vector<double>& A, const std::string& name) const {
    const Orbits& o = slip(v).even;
    return product(v, A, name, [&](std::size_t e) { return std::pair<int, int>{o.of[e], 1}; });
  }
  static std::vector<double> sizes(std::vector<double> A, const std::vector<double>& h) {
    for (double& a : A) a = std::abs(a);
    append(A, h);
    return A;
  }
  std::vector<double> gated(std::int64_t v, const std::vector<double>& A, const std::string& name) const {
    auto u = odd(v, A, name + ".odd");
    if (s_.gated) {
      const auto g = even(v, sizes(A, h_[v]), name + ".even");
      for (std::size_t i = 0; i < u.size(); ++i) {
        const std::size_t d = i / slip(v).N();
        const double a =
            g[i] + tensor(v, name + ".bias").values[d] + tensor(v, name + ".rate").values[d] * rate_;
        u[i] /= 1 + std::exp(-a);
      }
    }
    return odd(v, u, name + ".out");
  }

  const Model& m_;
  const NonlocalSpec& s_;
  Shape cell_;
  std::array<double, 3> spacing_;
  std::vector<std::int32_t> phase_;
  std::vector<std::uint8_t> mask_;
  std::vector<Slip> slips_;
  std::vector<std::vector<double>> x_, h_;  // [voxels] of [C N], [H N]
  double rate_ = 0;
  bool first_ = true;
};

}  // namespace grainspin::testing
