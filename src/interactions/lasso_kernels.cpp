#include "lasso_kernels.h"

// The widest instructions that the machine has, found when the library is loaded.
#if defined(__x86_64__) && defined(__GNUC__) && defined(__gnu_linux__)
#define GRAINSPIN_WIDEST __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define GRAINSPIN_WIDEST
#endif

namespace grainspin::interactions {

GRAINSPIN_WIDEST void subtract_row(const double* __restrict row, double by, double* __restrict g, int n) {
  for (int i = 0; i < n; ++i) g[i] -= by * row[i];
}

namespace {

GRAINSPIN_WIDEST void subtract_four(const ScaledRow* r, double* __restrict g, int n) {
  const double *a = r[0].row, *b = r[1].row, *c = r[2].row, *d = r[3].row;
  const double p = r[0].by, q = r[1].by, s = r[2].by, t = r[3].by;
  for (int i = 0; i < n; ++i) {
    double v = g[i];
    v -= p * a[i];
    v -= q * b[i];
    v -= s * c[i];
    v -= t * d[i];
    g[i] = v;
  }
}

}  // namespace

void subtract_rows(const std::vector<ScaledRow>& rows, double* g, int n) {
  std::size_t r = 0;
  for (; r + 4 <= rows.size(); r += 4) subtract_four(&rows[r], g, n);
  for (; r < rows.size(); ++r) subtract_row(rows[r].row, rows[r].by, g, n);
}

}  // namespace grainspin::interactions
