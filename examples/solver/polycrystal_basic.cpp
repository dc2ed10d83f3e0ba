// The fixed point of the Green operator, with Anderson's mixing of its last steps.
#include <cmath>
#include <deque>

#include "polycrystal.h"

namespace cp {
namespace {

constexpr int kDepth = 8;

double dot(const Field& a, const Field& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

bool Polycrystal::basic(double dt, const MeanLoad& load, Report& report) {
  Field g = cell_.field(9), last_F, last_g;
  std::deque<Field> dF, dg;  // differences of the last iterates and of their corrections
  std::vector<std::vector<double>> gram;
  for (int pass = 0; pass < tolerances_.iterations; ++pass) {
    ++report.iterations;
    if (!evaluate(dt, pass == 0)) return false;
    if (pass == 0) linearise(load);
    cell_.green(P_, g);
    ++report.products;
    if (balanced(g, load, report)) return true;
    for (auto& x : g) x = -x;
    if (pass > 0) {
      for (std::size_t i = 0; i < g.size(); ++i) last_F[i] = F_[i] - last_F[i], last_g[i] = g[i] - last_g[i];
      dF.push_back(std::move(last_F));
      dg.push_back(std::move(last_g));
      if (static_cast<int>(dF.size()) > kDepth) dF.pop_front(), dg.pop_front();
    }
    last_F = F_;
    last_g = g;
    // min |g - sum_j w_j dg_j|, by the normal equations with a whisper of regularisation; then
    // F <- F + g - sum_j w_j (dF_j + dg_j)   (Walker & Ni 2011)
    const std::size_t m = dg.size();
    std::vector<std::vector<double>> A(m, std::vector<double>(m + 1));
    for (std::size_t i = 0; i < m; ++i) {
      for (std::size_t j = 0; j <= i; ++j) A[i][j] = A[j][i] = dot(dg[i], dg[j]);
      A[i][m] = dot(dg[i], g);
    }
    for (std::size_t i = 0; i < m; ++i) A[i][i] *= 1 + 1e-12;
    for (std::size_t p = 0; p < m; ++p)
      for (std::size_t i = 0; i < m; ++i) {
        if (i == p) continue;
        const double f = A[i][p] / A[p][p];
        for (std::size_t j = p; j <= m; ++j) A[i][j] -= f * A[p][j];
      }
    for (std::size_t i = 0; i < F_.size(); ++i) F_[i] += g[i];
    for (std::size_t j = 0; j < m; ++j) {
      const double w = A[j][m] / A[j][j];
      for (std::size_t i = 0; i < F_.size(); ++i) F_[i] -= w * (dF[j][i] + dg[j][i]);
    }
  }
  return false;
}

}  // namespace cp
