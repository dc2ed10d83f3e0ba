#include "growing_factor.h"

#include <algorithm>
#include <cmath>

#include "blas.h"

namespace grainspin::interactions {

namespace {
constexpr int kPanel = 48;  // rows eliminated among themselves before the rest of the appended ones
}

void GrowingFactor::reserve(int size) {
  if (size <= capacity_) return;
  const int capacity = std::max(2 * capacity_, std::max(64, size));
  std::vector<double> l(std::size_t(capacity) * std::size_t(capacity));
  for (int i = 0; i < size_; ++i)
    std::copy_n(l_.begin() + std::ptrdiff_t(i) * capacity_, i + 1, l.begin() + std::ptrdiff_t(i) * capacity);
  l_ = std::move(l);
  capacity_ = capacity;
}

int GrowingFactor::append(int count, const double* rows, double smallest) {
  if (count == 0) return 0;
  const int before = size_, all = before + count;
  reserve(all);
  const int ld = capacity_;
  double* const L = l_.data();
  for (int i = 0; i < count; ++i) std::copy_n(rows + std::ptrdiff_t(i) * all, before + i + 1, L + std::ptrdiff_t(before + i) * ld);
  double* const below = L + std::ptrdiff_t(before) * ld;
  if (before > 0) {
    cblas_dtrsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, count, before, 1, L, ld, below, ld);
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, count, before, -1, below, ld, 1, below + before, ld);
  }
  for (int p = before; p < all; p += kPanel) {
    const int end = std::min(all, p + kPanel);
    for (int i = p; i < end; ++i) {
      double* const row = L + std::ptrdiff_t(i) * ld;
      for (int j = p; j < i; ++j) {
        const double* const other = L + std::ptrdiff_t(j) * ld;
        double v = row[j];
        for (int k = p; k < j; ++k) v -= row[k] * other[k];
        row[j] = v / other[j];
      }
      double pivot = row[i];
      for (int k = p; k < i; ++k) pivot -= row[k] * row[k];
      const double diagonal = rows[std::ptrdiff_t(i - before) * all + i];
      if (!(pivot > smallest * diagonal)) {
        last_.assign(row, row + i);
        size_ = i;
        return i - before;
      }
      row[i] = std::sqrt(pivot);
    }
    if (end < all) {
      double* const rest = L + std::ptrdiff_t(end) * ld + p;
      cblas_dtrsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, all - end, end - p, 1,
                  L + std::ptrdiff_t(p) * ld + p, ld, rest, ld);
      cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, all - end, end - p, -1, rest, ld, 1, L + std::ptrdiff_t(end) * ld + end, ld);
    }
  }
  size_ = all;
  return count;
}

void GrowingFactor::solve(double* x) const {
  if (size_ == 0) return;
  cblas_dtrsv(CblasRowMajor, CblasLower, CblasNoTrans, CblasNonUnit, size_, l_.data(), capacity_, x, 1);
  cblas_dtrsv(CblasRowMajor, CblasLower, CblasTrans, CblasNonUnit, size_, l_.data(), capacity_, x, 1);
}

void GrowingFactor::solve_transposed(double* x) const {
  if (size_ > 0) cblas_dtrsv(CblasRowMajor, CblasLower, CblasTrans, CblasNonUnit, size_, l_.data(), capacity_, x, 1);
}

void GrowingFactor::solve_lower(double* x, int count) const {
  if (size_ > 0 && count > 0)
    cblas_dtrsm(CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, size_, count, 1, l_.data(), capacity_, x, count);
}

}  // namespace grainspin::interactions
