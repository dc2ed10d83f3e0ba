// Cholesky factor of a matrix that grows by rows at its end and is cut back from its end.
#pragma once

#include <vector>

namespace grainspin::interactions {

class GrowingFactor {
 public:
  int size() const { return size_; }
  void cut(int size) { size_ = size; }
  // Appends `count` rows: rows[count, size() + count] holds their entries with all before and with each other (lower
  // triangle). Returns how many were taken: the next one's pivot is at most `smallest` times its diagonal, so that it
  // depends on those before it; last_row() is then L^-1 of its entries [size()].
  int append(int count, const double* rows, double smallest);
  const std::vector<double>& last_row() const { return last_; }
  // x = L^-T L^-1 x; x = L^-T x
  void solve(double* x) const;
  void solve_transposed(double* x) const;
  // x = L^-1 x, [size, count] row-major
  void solve_lower(double* x, int count) const;

 private:
  void reserve(int size);
  int size_ = 0, capacity_ = 0;
  std::vector<double> l_;  // [capacity, capacity], lower triangle
  std::vector<double> last_;
};

}  // namespace grainspin::interactions
