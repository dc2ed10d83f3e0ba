// The inverse of the embedding: the orientation whose image is nearest to a given point. A grid over all
// rotations finds the basins, damped Gauss-Newton steps go down the best few of them.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "grainspin/embedding.h"

namespace grainspin {
namespace {

constexpr double kTwoPi = 6.28318530717958647693;
constexpr int kMaxSize = EmbeddingSpec::kMaxSize;

struct Grid {
  std::vector<Quatd> q;
  std::vector<float> e;  // [q.size(), spec.size]
};

// Super-Fibonacci spiral (Alexa 2022): an even covering of the rotations. 36000 orientations over the order
// of the group are, folded by symmetry, 7 degrees apart for every group; basins are wider than 20.
Grid spiral(const PointGroup& group, const EmbeddingSpec& spec) {
  const int n = 36000 / int(group.operators().size());
  const double phi = std::sqrt(2.0), psi = 1.533751168755204288118041;
  Grid grid;
  std::vector<float> flat;
  for (int i = 0; i < n; ++i) {
    const double s = i + 0.5, r = std::sqrt(s / n), rest = std::sqrt(1 - s / n);
    const double a = kTwoPi * s / phi, b = kTwoPi * s / psi;
    const Quatd q{r * std::sin(a), r * std::cos(a), rest * std::sin(b), rest * std::cos(b)};
    grid.q.push_back(q);
    for (const double c : {q.w, q.x, q.y, q.z}) flat.push_back(float(c));
  }
  grid.e.resize(std::size_t(n) * spec.size);
  embed(spec, n, flat.data(), grid.e.data());
  return grid;
}

const Grid& grid_of(const PointGroup& group, const EmbeddingSpec& spec) {
  static std::mutex guard;
  static std::map<std::string, Grid> grids;
  const std::lock_guard<std::mutex> lock(guard);
  const auto found = grids.find(group.name());
  return found != grids.end() ? found->second
                              : grids.emplace(group.name(), spiral(group, spec)).first->second;
}

double residual(const EmbeddingSpec& spec, const Quatd& q, const double* e, double* r) {
  embed(spec, q, r);
  double sum = 0;
  for (int i = 0; i < spec.size; ++i) {
    r[i] -= e[i];
    sum += r[i] * r[i];
  }
  return sum;
}

// Solves the symmetric positive definite 3x3 system A x = b (Cramer).
Vec3<double> solve(const double (&A)[3][3], const double (&b)[3]) {
  const auto det = [](const double* u, const double* v, const double* w) {
    return u[0] * (v[1] * w[2] - v[2] * w[1]) - u[1] * (v[0] * w[2] - v[2] * w[0]) +
           u[2] * (v[0] * w[1] - v[1] * w[0]);
  };
  const double d = det(A[0], A[1], A[2]);
  return {det(b, A[1], A[2]) / d, det(A[0], b, A[2]) / d, det(A[0], A[1], b) / d};
}

// Down from q; returns the squared distance that is left.
double descend(const EmbeddingSpec& spec, const double* e, Quatd& q) {
  double r[kMaxSize], J[3][kMaxSize], plus[kMaxSize], minus[kMaxSize];
  double cost = residual(spec, q, e, r), damping = 1e-3;
  for (int step = 0; step < 100; ++step) {
    constexpr double h =
        1e-5;  // central differences: their error does not move the minimum of an exact image
    for (int k = 0; k < 3; ++k) {
      const Vec3<double> w{k == 0 ? h : 0, k == 1 ? h : 0, k == 2 ? h : 0};
      embed(spec, exp(w) * q, plus);
      embed(spec, exp(Vec3<double>{-w.x, -w.y, -w.z}) * q, minus);
      for (int i = 0; i < spec.size; ++i) J[k][i] = (plus[i] - minus[i]) / (2 * h);
    }
    double A[3][3], b[3];
    for (int k = 0; k < 3; ++k) {
      b[k] = 0;
      for (int i = 0; i < spec.size; ++i) b[k] -= J[k][i] * r[i];
      for (int l = 0; l < 3; ++l) {
        A[k][l] = k == l ? damping : 0;
        for (int i = 0; i < spec.size; ++i) A[k][l] += J[k][i] * J[l][i];
      }
    }
    const Vec3<double> w = solve(A, b);
    const double size = std::sqrt(w.x * w.x + w.y * w.y + w.z * w.z);
    const Quatd next = normalised(exp(w) * q);
    double r_next[kMaxSize];
    const double cost_next = residual(spec, next, e, r_next);
    if (cost_next <= cost) {
      q = next;
      cost = cost_next;
      std::copy(r_next, r_next + spec.size, r);
      damping = std::max(damping / 10, 1e-12);
    } else {
      damping *= 10;
    }
    if (size < 1e-14 || damping > 1e8) break;
  }
  return cost;
}

}  // namespace

Quatd unembed(const PointGroup& group, const double* e) {
  const EmbeddingSpec& spec = embedding(group);
  for (int i = 0; i < spec.size; ++i) {
    require(std::isfinite(e[i]), Errc::kArgument, "unembed: the embedding has a non-finite number");
  }
  const Grid& grid = grid_of(group, spec);
  constexpr int kStarts = 8;
  std::array<std::pair<double, std::size_t>, kStarts> nearest;
  nearest.fill({1e300, 0});
  for (std::size_t g = 0; g < grid.q.size(); ++g) {
    double sum = 0;
    for (int i = 0; i < spec.size; ++i) {
      const double d = grid.e[g * spec.size + i] - e[i];
      sum += d * d;
    }
    if (sum >= nearest.back().first) continue;
    nearest.back() = {sum, g};
    std::sort(nearest.begin(), nearest.end());
  }
  Quatd best;
  double least = 1e300;
  for (const auto& [sum, g] : nearest) {
    Quatd q = grid.q[g];
    const double cost = descend(spec, e, q);
    if (cost < least) least = cost, best = q;
  }
  return fundamental_zone(group, best);
}

}  // namespace grainspin
