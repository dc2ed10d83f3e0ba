#include "grainspin/texture.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "src/parallel_for.h"

namespace grainspin {

std::vector<Quatd> super_fibonacci(int points) {
  // Alexa 2022, algorithm 1; the second constant is the root of x^4 = x + 4.
  const double phi = std::numbers::sqrt2, psi = 1.533751168755204288118041413;
  std::vector<Quatd> out;
  out.reserve(std::size_t(points));
  for (int i = 0; i < points; ++i) {
    const double s = i + 0.5, t = s / points, d = 2 * std::numbers::pi * s;
    const double r = std::sqrt(t), R = std::sqrt(1 - t), alpha = d / phi, beta = d / psi;
    out.push_back({r * std::sin(alpha), r * std::cos(alpha), R * std::sin(beta), R * std::cos(beta)});
  }
  return out;
}

std::vector<float> odf(const PointGroup& group, std::int64_t n, const float* q, const OdfKernel& kernel, int threads) {
  require(kernel.half_width > 0 && kernel.half_width < std::numbers::pi && kernel.points > 0 && kernel.voxels > 0,
          Errc::kArgument, "ODF: half width, grid points and voxels must be positive");
  require(n > 0, Errc::kArgument, "ODF: no orientations");
  const std::int64_t stride = (n + kernel.voxels - 1) / kernel.voxels;
  std::vector<float> w, x, y, z;  // by component: the product below is what takes the time
  for (std::int64_t i = 0; i < n; i += stride) {
    const float* v = q + 4 * i;
    const double s = 1 / std::sqrt(double(v[0]) * v[0] + double(v[1]) * v[1] + double(v[2]) * v[2] + double(v[3]) * v[3]);
    w.push_back(float(v[0] * s));
    x.push_back(float(v[1] * s));
    y.push_back(float(v[2] * s));
    z.push_back(float(v[3] * s));
  }

  // psi as a table over u = cos^2(w/2) from where it has fallen to 1e-7 of its peak.
  const double kappa = 0.5 * std::log(0.5) / std::log(std::cos(kernel.half_width / 2));
  const double log_peak = std::lgamma(kappa + 2) - std::lgamma(kappa + 0.5) - std::lgamma(1.5);  // 1/B(3/2,kappa+1/2)
  const double peak = std::exp(log_peak + std::lgamma(1.5) + std::lgamma(0.5) - std::lgamma(2.0));
  const double u_min = std::pow(1e-7, 1 / kappa);
  constexpr int kCells = 2048;
  std::vector<float> table(kCells + 2);
  for (int k = 0; k < kCells + 2; ++k) table[k] = float(peak * std::pow(u_min + (1 - u_min) * k / kCells, kappa));
  const float scale = float(kCells / (1 - u_min)), floor = float(u_min);

  const auto grid = super_fibonacci(kernel.points);
  std::vector<float> f(grid.size());
  const std::size_t count = w.size();
  parallel_for(std::int64_t(grid.size()), threads, 16, [&](std::int64_t begin, std::int64_t end) {
    constexpr std::size_t kBlock = 512;
    float u[kBlock];
    for (std::int64_t p = begin; p < end; ++p) {
      double sum = 0;
      for (const Quatd& s : group.operators()) {
        // angle(g, q s) = angle(g s^-1, q); the operators are closed under inversion.
        const Quatd g = grid[std::size_t(p)] * s;
        const float a = float(g.w), b = float(g.x), c = float(g.y), d = float(g.z);
        for (std::size_t at = 0; at < count; at += kBlock) {
          const std::size_t m = std::min(kBlock, count - at);
          for (std::size_t i = 0; i < m; ++i) {
            const float dot = a * w[at + i] + b * x[at + i] + c * y[at + i] + d * z[at + i];
            u[i] = dot * dot;
          }
          for (std::size_t i = 0; i < m; ++i)
            if (u[i] > floor) {
              const float t = std::min((u[i] - floor) * scale, float(kCells));
              const int k = int(t);
              sum += table[k] + (t - float(k)) * (table[k + 1] - table[k]);
            }
        }
      }
      f[std::size_t(p)] = float(sum / (double(count) * double(group.operators().size())));
    }
  });
  return f;
}

double odf_distance(const std::vector<float>& f, const std::vector<float>& g) {
  require(f.size() == g.size() && !f.empty(), Errc::kShape, "ODF: the two are not on one grid");
  double sum = 0;
  for (std::size_t i = 0; i < f.size(); ++i) sum += std::abs(double(f[i]) - g[i]);
  return sum / (2 * double(f.size()));
}

double texture_index(const std::vector<float>& f) {
  double sum = 0;
  for (const float v : f) sum += double(v) * v;
  return f.empty() ? 0 : sum / double(f.size());
}

}  // namespace grainspin
