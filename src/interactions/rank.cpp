// Cholesky factor with complete pivots, by panels: within a panel only the pivot's column is formed, the rest of the
// matrix follows in one product.
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "blas.h"
#include "grainspin/interactions/regression.h"

namespace grainspin::interactions {

int effective_rank(const BlockMoments& block, double tolerance) {
  constexpr int kPanel = 64;
  const SingleThreadedBlas single;
  std::vector<std::int32_t> kept;
  for (int c = 0; c < block.columns; ++c)
    if (block.gram[std::size_t(c) * std::size_t(block.columns) + std::size_t(c)] > 0) kept.push_back(c);
  const int n = int(kept.size());
  std::vector<double> A(std::size_t(n) * std::size_t(n)), root(static_cast<std::size_t>(n)), left(std::size_t(n), 1);
  for (int i = 0; i < n; ++i) root[i] = std::sqrt(block.gram[std::size_t(kept[i]) * std::size_t(block.columns + 1)]);
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j)
      A[std::size_t(i) * n + j] = block.gram[std::size_t(kept[i]) * block.columns + kept[j]] / (root[i] * root[j]);

  std::vector<double> panel(std::size_t(n) * kPanel);  // columns of L
  for (int rank = 0; rank < n;) {
    int k = 0;
    for (; k < std::min(kPanel, n - rank); ++k) {
      const int p = int(std::max_element(left.begin(), left.end()) - left.begin());
      if (!(left[p] > tolerance)) return rank + k;
      const double pivot = std::sqrt(left[p]);
      for (int i = 0; i < n; ++i) {
        double v = A[std::size_t(i) * n + p];
        for (int j = 0; j < k; ++j) v -= panel[std::size_t(i) * kPanel + j] * panel[std::size_t(p) * kPanel + j];
        v /= pivot;
        panel[std::size_t(i) * kPanel + k] = v;
        left[i] -= v * v;
      }
      left[p] = -1;
    }
    rank += k;
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, n, k, -1, panel.data(), kPanel, 1, A.data(), n);
    for (int i = 0; i < n; ++i)
      for (int j = i + 1; j < n; ++j) A[std::size_t(i) * n + j] = A[std::size_t(j) * n + i];
  }
  return n;
}

}  // namespace grainspin::interactions
