#include "lasso_columns.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "src/load_text.h"

namespace grainspin::interactions {
namespace {

// What centring or partialling out leaves of a column's square below this is rounding.
constexpr double kNothing = 1e-11;

}  // namespace

Totals totals(const MomentSum& sum) {
  require(!sum.empty() && sum[0].moments->columns >= 0, Errc::kArgument, "regression: no moments");
  const std::size_t C = std::size_t(sum[0].moments->columns);
  Totals t;
  t.columns = int(C);
  t.xy.assign(C, 0);
  t.diagonal.assign(C, 0);
  bool sums = true;
  for (const auto& [m, sign] : sum) sums = sums && m->x_sum.size() == C;
  if (sums) t.x_sum.assign(C, 0);
  for (const auto& [m, sign] : sum) {
    require(std::size_t(m->columns) == C && m->gram.size() == C * C && m->xy.size() == C, Errc::kShape,
            "regression: moments of " + std::to_string(m->columns) + " columns, " + std::to_string(m->gram.size()) +
                " products and " + std::to_string(m->xy.size()) + " products with y; " + std::to_string(C) + " columns were expected");
    for (std::size_t c = 0; c < C; ++c) {
      t.xy[c] += sign * m->xy[c];
      t.diagonal[c] += sign * m->gram[c * C + c];
      if (sums) t.x_sum[c] += sign * m->x_sum[c];
    }
    t.weight += sign * m->weight;
    t.yy += sign * m->yy;
    t.y_sum += sign * m->y_sum;
    t.rows += sign > 0 ? m->rows : -m->rows;
  }
  return t;
}

void gram_row(const MomentSum& sum, int c, double* row) {
  const std::size_t C = std::size_t(sum[0].moments->columns);
  const double* const first = sum[0].moments->gram.data() + std::size_t(c) * C;
  for (std::size_t d = 0; d < C; ++d) row[d] = sum[0].sign * first[d];
  for (std::size_t p = 1; p < sum.size(); ++p) {
    const double* const g = sum[p].moments->gram.data() + std::size_t(c) * C;
    for (std::size_t d = 0; d < C; ++d) row[d] += sum[p].sign * g[d];
  }
}

std::vector<double> gram_part(const MomentSum& sum, const std::vector<std::int32_t>& columns) {
  const std::size_t n = columns.size(), C = std::size_t(sum[0].moments->columns);
  std::vector<double> part(n * n, 0);
  for (const auto& [m, sign] : sum)
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j)
        part[i * n + j] += sign * m->gram[std::size_t(columns[i]) * C + std::size_t(columns[j])];
  return part;
}

void Columns::raw_row(int c, double* row) const {
  gram_row(sum_, c, row);
  if (!intercept_) return;
  const double mean = mean_x(c);
  for (int d = 0; d < totals_.columns; ++d) row[d] -= mean * totals_.x_sum[std::size_t(d)];
}

Columns::Columns(MomentSum sum, const PathOptions& options)
    : sum_(std::move(sum)), totals_(totals(sum_)), intercept_(options.intercept) {
  const int C = totals_.columns;
  const double W = totals_.weight;
  require(W > 0, Errc::kArgument, "regression: no rows with weight");
  require(options.penalty.empty() || int(options.penalty.size()) == C, Errc::kShape,
          "regression: " + std::to_string(options.penalty.size()) + " penalty weights for " + std::to_string(C) + " columns");
  require(!intercept_ || int(totals_.x_sum.size()) == C, Errc::kArgument, "regression: an intercept needs the sums of the columns");
  yy_all = (totals_.yy - (intercept_ ? totals_.y_sum * totals_.y_sum / W : 0)) / W;
  row_.resize(std::size_t(C));

  std::vector<double> weight;  // of column_
  for (int c = 0; c < C; ++c) {
    const double p = options.penalty.empty() ? 1 : options.penalty[std::size_t(c)];
    require(p >= 0, Errc::kArgument, "regression: the penalty weight of column " + std::to_string(c) + " is " + short_text(p));
    const double square = totals_.diagonal[std::size_t(c)], left = square - (intercept_ ? mean_x(c) * totals_.x_sum[std::size_t(c)] : 0);
    if (std::isinf(p) || !(square > 0) || left <= kNothing * square) continue;
    // With a sign bound an unpenalised column may rest at zero, so that it cannot be eliminated beforehand.
    if (p == 0 && !options.nonnegative) {
      free_.push_back(c);
      continue;
    }
    column_.push_back(c);
    scale_.push_back(std::sqrt(left / W));
    weight.push_back(p);
  }
  yy = yy_all;
  if (!free_.empty()) partial_out(std::exchange(free_, {}));
  std::size_t kept = 0;
  for (std::size_t k = 0; k < column_.size(); ++k) {
    const std::int32_t c = column_[k];
    const double unit = scale_[k];  // of the column as standardisation means it
    double square = unit * unit, y = raw_y(c) / W;
    for (std::size_t f = 0; f < free_.size(); ++f) {
      const double p = project_[f * std::size_t(C) + std::size_t(c)];
      square -= p * p;
      y -= p * project_y_[f];
    }
    if (square <= kNothing * unit * unit) continue;  // a combination of unpenalised columns
    const double own = std::sqrt(square), ratio = (options.standardise ? unit : 1) / own;
    column_[kept] = c;
    scale_[kept++] = own;
    q.push_back(y / own);
    l1.push_back(weight[k] * ratio);
    l2.push_back(weight[k] * ratio * ratio);
  }
  column_.resize(kept);
  scale_.resize(kept);
}

// Cholesky factor of the unpenalised columns, those that depend on others left out, and everything's products with them.
void Columns::partial_out(const std::vector<std::int32_t>& free) {
  const std::size_t C = std::size_t(totals_.columns);
  const double W = totals_.weight;
  std::vector<std::vector<double>> rows;  // of L: triangular
  for (const std::int32_t c : free) {
    raw_row(c, row_.data());
    std::vector<double> p(C);
    for (std::size_t d = 0; d < C; ++d) p[d] = row_[d] / W;
    double y = raw_y(c) / W;
    const double square = p[std::size_t(c)];
    std::vector<double> l;
    for (std::size_t f = 0; f < free_.size(); ++f) {
      const double* const done = project_.data() + f * C;
      const double with = done[c];
      l.push_back(with);
      for (std::size_t d = 0; d < C; ++d) p[d] -= with * done[d];
      y -= with * project_y_[f];
    }
    if (p[std::size_t(c)] <= kNothing * square) continue;
    const double pivot = std::sqrt(p[std::size_t(c)]);
    l.push_back(pivot);
    for (double& v : p) v /= pivot;
    free_.push_back(c);
    project_.insert(project_.end(), p.begin(), p.end());
    project_y_.push_back(y / pivot);
    yy -= project_y_.back() * project_y_.back();
    rows.push_back(std::move(l));
  }
  const std::size_t n = free_.size();
  factor_.assign(n * n, 0);
  for (std::size_t f = 0; f < n; ++f) std::copy(rows[f].begin(), rows[f].end(), factor_.begin() + std::ptrdiff_t(f * n));
}

void Columns::fill(int k, double* out) const {
  const std::size_t C = std::size_t(totals_.columns), n = column_.size();
  const std::int32_t c = column_[std::size_t(k)];
  raw_row(c, row_.data());
  for (std::size_t f = 0; f < free_.size(); ++f) {
    const double* const p = project_.data() + f * C;
    const double with = totals_.weight * p[c];
    for (std::size_t d = 0; d < C; ++d) row_[d] -= with * p[d];
  }
  const double by = 1 / (totals_.weight * scale_[std::size_t(k)]);
  for (std::size_t d = 0; d < n; ++d) out[d] = row_[std::size_t(column_[d])] * (by / scale_[d]);
}

void Columns::recover(const std::vector<double>& b, PathPoint& point) const {
  const std::size_t C = std::size_t(totals_.columns), n = free_.size();
  std::vector<std::pair<std::int32_t, double>> values;
  for (std::size_t k = 0; k < b.size(); ++k)
    if (b[k] != 0) values.emplace_back(column_[k], b[k] / scale_[k]);
  // L^T theta_free = L^-1 (G_free,y - G_free,active theta) / W
  std::vector<double> z(project_y_);
  for (std::size_t f = 0; f < n; ++f)
    for (const auto& [c, theta] : values) z[f] -= project_[f * C + std::size_t(c)] * theta;
  for (std::size_t f = n; f-- > 0;) {
    for (std::size_t g = f + 1; g < n; ++g) z[f] -= factor_[g * n + f] * z[g];
    z[f] /= factor_[f * n + f];
  }
  for (std::size_t f = 0; f < n; ++f)
    if (z[f] != 0) values.emplace_back(free_[f], z[f]);
  std::sort(values.begin(), values.end());
  point.active.clear();
  point.value.clear();
  for (const auto& [c, theta] : values) {
    point.active.push_back(c);
    point.value.push_back(theta);
  }
  point.intercept = 0;
  if (!intercept_) return;
  point.intercept = totals_.y_sum / totals_.weight;
  for (const auto& [c, theta] : values) point.intercept -= mean_x(c) * theta;
}

}  // namespace grainspin::interactions
