// The launchers of the sparse regression on the host: products by their definition, descent by a team of one.
#include <limits>
#include <vector>

#include "cuda/regression_elements.h"
#include "host_cuda_context.h"

namespace grainspin::cuda {
namespace {

struct One {
  int rank() const { return 0; }
  int size() const { return 1; }
  void sync() const {}
};

void products(Context*, const ProductStep& s) {
  for (int t = 0; t < s.rows; ++t) {
    const double *x = s.x + std::int64_t(t) * s.features, *y = s.y + std::int64_t(t) * s.responses;
    for (int i = 0; i < s.features; ++i) {
      double* const row = s.gram + std::int64_t(i) * s.features;
      for (int j = 0; j < i; ++j) row[j] = std::numeric_limits<double>::quiet_NaN();  // as the seam says: undefined
      for (int j = i; j < s.features; ++j) row[j] += x[i] * x[j];
    }
    for (int r = 0; r < s.responses; ++r)
      for (int i = 0; i < s.features; ++i) s.xy[std::int64_t(r) * s.features + i] += y[r] * x[i];
  }
}

void descend_step(Context*, const DescentStep& s) {
  for (int i = 0; i < s.problems; ++i) {
    const DescentProblem& p = s.problem[i];
    require(p.columns <= s.most_columns, Errc::kInternal, "host CUDA: more columns than announced");
    std::vector<double> values(std::size_t(2 * p.columns));
    std::vector<int> list(std::size_t(p.columns + 2));
    descend(p, One{}, {values.data(), values.data() + p.columns, list.data(), list.data() + p.columns});
  }
}

}  // namespace

void fill_regression(Table& table) { table.products = products, table.descend = descend_step; }

}  // namespace grainspin::cuda
