#include "lasso_active.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "grainspin/interactions/lasso_inline.h"
#include "lasso_kernels.h"
#include "src/load_text.h"

namespace grainspin::interactions {
namespace {

constexpr double kDependent = 1e-11;  // of unit columns: a pivot that is rounding
constexpr int kRounds = 20000;

}  // namespace

ActiveSet::ActiveSet(const Columns& columns, const PathOptions& options)
    : columns_(columns), a_(options.l1_ratio), nonnegative_(options.nonnegative), max_updates_(options.max_updates),
      slot_of_(std::size_t(columns.count()), -1) {
  // A column of tiny weight is not held to a tolerance below rounding.
  double largest = 0;
  for (const double w : columns.l1) largest = std::max(largest, w);
  smallest_weight_ = 1e-3 * (largest > 0 ? largest : 1);
}

void ActiveSet::reserve(int slots) {
  if (slots <= stride_) return;
  const int stride = (std::max(2 * stride_, std::max(64, slots)) + 7) / 8 * 8;
  std::vector<double> Q(std::size_t(stride) * std::size_t(stride), 0);
  for (int s = 0; s < this->slots(); ++s)
    std::copy_n(Q_.begin() + std::ptrdiff_t(s) * stride_, this->slots(), Q.begin() + std::ptrdiff_t(s) * stride);
  Q_ = std::move(Q);
  stride_ = stride;
  g_.resize(std::size_t(stride), 0);
}

void ActiveSet::add(int column) {
  if (has(column)) return;
  const int s = slots();
  reserve(s + 1);
  slot_of_[std::size_t(column)] = s;
  column_.push_back(column);
  std::vector<double>& whole = whole_.emplace_back(std::size_t(columns_.count()));
  columns_.fill(column, whole.data());
  whole[std::size_t(column)] = 1;
  q_.push_back(columns_.q[std::size_t(column)]);
  b_.push_back(0);
  double g = q_.back();
  for (int t = 0; t <= s; ++t) {
    const double v = whole[std::size_t(column_[std::size_t(t)])];
    Q_[std::size_t(s) * std::size_t(stride_) + std::size_t(t)] = v;
    Q_[std::size_t(t) * std::size_t(stride_) + std::size_t(s)] = v;
    g -= v * b_[std::size_t(t)];
  }
  g_[std::size_t(s)] = g;
  bound_.push_back(bound(column));
  ridge_.push_back(ridge(column));
  tolerance_.push_back(tolerance(column));
}

void ActiveSet::set_lambda(double lambda, double lambda_max) {
  lambda_ = lambda;
  l1_ = lambda * a_;
  l2_ = lambda * (1 - a_);
  most_slack_ = 1e-9 * lambda_max;
  set_slack(std::clamp(1e-6 * lambda, 1e-14 * lambda_max, 1e-11 * lambda_max));
  for (int s = 0; s < slots(); ++s) {
    const int column = column_[std::size_t(s)];
    bound_[std::size_t(s)] = bound(column);
    ridge_[std::size_t(s)] = ridge(column);
  }
}

void ActiveSet::set_slack(double slack) {
  slack_ = slack;
  for (int s = 0; s < slots(); ++s) tolerance_[std::size_t(s)] = tolerance(column_[std::size_t(s)]);
}

void ActiveSet::start(const double* values) {
  for (int k = 0; k < columns_.count(); ++k) {
    if (values[k] != 0) add(k);
    if (has(k)) b_[std::size_t(slot_of_[std::size_t(k)])] = values[k];
  }
}

int ActiveSet::active() const {
  return int(std::count_if(b_.begin(), b_.end(), [](double v) { return v != 0; }));
}

// One pass of coordinate descent; true where a column entered or left.
bool ActiveSet::sweep(bool active_only) {
  const int n = slots();
  bool changed = false;
  for (int s = 0; s < n; ++s) {
    const double old = b_[s], slope = g_[s] + old;
    if (old == 0 && (active_only || (nonnegative_ ? slope : std::abs(slope)) <= bound_[s] + tolerance_[s])) continue;
    const double now = coordinate_minimum(slope, bound_[s], ridge_[s], nonnegative_);
    const double by = now - old;
    if (by == 0) continue;
    changed = changed || (old == 0) != (now == 0) || old * now < 0;
    b_[s] = now;
    subtract_row(Q_.data() + std::ptrdiff_t(s) * stride_, by, g_.data(), n);
    ++updates;
  }
  return changed;
}

void ActiveSet::subtract(const std::vector<double>& direction, double t) {
  rows_.clear();
  for (std::size_t i = 0; i < order_.size(); ++i) rows_.push_back({Q_.data() + std::ptrdiff_t(order_[i]) * stride_, t * direction[i]});
  subtract_rows(rows_, g_.data(), slots());
}

// b += t direction (in the order of the factor), t up to `limit` and at most to the first zero that the signs allow.
ActiveSet::Step ActiveSet::along(const std::vector<double>& direction, double limit) {
  double t = limit;
  int first = -1;
  for (std::size_t i = 0; i < order_.size(); ++i) {
    const std::int32_t s = order_[i];
    const bool held = bound_[s] > 0 || nonnegative_;
    if (!held || direction[i] * b_[s] >= 0 || std::abs(direction[i]) * t < std::abs(b_[s])) continue;
    t = std::abs(b_[s] / direction[i]);
    first = s;
  }
  for (std::size_t i = 0; i < order_.size(); ++i) b_[order_[i]] += t * direction[i];
  if (first >= 0) b_[first] = 0;
  subtract(direction, t);
  return first >= 0 ? Step::kCut : Step::kFull;
}

ActiveSet::Step ActiveSet::newton() {
  ++solves;
  if (factor_l2_ != l2_) {
    order_.clear();
    factor_.cut(0);
    factor_l2_ = l2_;
  }
  std::size_t kept = 0;  // the factor is good up to the first column that left
  while (kept < order_.size() && b_[order_[kept]] != 0) ++kept;
  order_.resize(kept);
  factor_.cut(int(kept));
  std::vector<std::uint8_t> in(b_.size(), 0);
  for (const std::int32_t s : order_) in[s] = 1;
  std::vector<std::int32_t> fresh;
  for (int s = 0; s < slots(); ++s)
    if (b_[s] != 0 && !in[s]) fresh.push_back(s);
  if (!fresh.empty()) {
    const int count = int(fresh.size()), all = int(kept) + count;
    std::vector<double> rows(std::size_t(count) * std::size_t(all));
    for (int i = 0; i < count; ++i) {
      const double* const Q = Q_.data() + std::ptrdiff_t(fresh[i]) * stride_;
      double* const row = rows.data() + std::ptrdiff_t(i) * all;
      for (std::size_t k = 0; k < kept; ++k) row[k] = Q[order_[k]];
      for (int k = 0; k < i; ++k) row[int(kept) + k] = Q[fresh[k]];
      row[int(kept) + i] = 1 + ridge_[fresh[i]];
    }
    const int taken = factor_.append(count, rows.data(), kDependent);
    order_.insert(order_.end(), fresh.begin(), fresh.begin() + taken);
    if (taken < count) {
      // The next column is a combination of those before: move along the null vector to the next zero, in the sense in
      // which the penalty does not grow; the fit stays.
      const std::int32_t next = fresh[taken];
      std::vector<double> null(factor_.last_row());
      factor_.solve_transposed(null.data());
      for (double& v : null) v = std::abs(v) > 1e-9 ? -v : 0;  // of a combination with factor 1: the rest is rounding
      order_.push_back(next);
      null.push_back(1);
      double growth = 0;
      bool falls = false, rises = false;  // some of what is kept at its sign goes to zero along the vector, against it
      for (std::size_t i = 0; i < order_.size(); ++i) {
        growth += bound_[order_[i]] * std::copysign(1.0, b_[order_[i]]) * null[i];
        if (null[i] == 0 || (bound_[order_[i]] == 0 && !nonnegative_)) continue;
        (null[i] * b_[order_[i]] < 0 ? falls : rises) = true;
      }
      if (!falls && !rises) {  // nothing stops at zero: the last column is left out at once
        const double t = -b_[next];
        for (std::size_t i = 0; i < order_.size(); ++i) b_[order_[i]] += t * null[i];
        b_[next] = 0;
        subtract(null, t);
      } else {
        if (!falls || (growth > 0 && rises))  // a growth with no end is rounding
          for (double& v : null) v = -v;
        if (along(null, std::numeric_limits<double>::max()) == Step::kFull) throw Error(Errc::kInternal, "lasso: no end along a null vector");
      }
      order_.pop_back();
      return Step::kDependent;
    }
  }
  std::vector<double> d(order_.size());
  for (std::size_t i = 0; i < order_.size(); ++i) {
    const std::int32_t s = order_[i];
    d[i] = g_[s] - std::copysign(bound_[s], b_[s]) - ridge_[s] * b_[s];
  }
  factor_.solve(d.data());
  return along(d, 1);
}

bool ActiveSet::refine() {
  if (order_.empty()) return true;
  return newton() == Step::kFull;
}

void ActiveSet::solve() {
  for (int round = 0;; ++round) {
    if (round > kRounds || (max_updates_ > 0 && updates > max_updates_))
      throw Error(Errc::kConvergence, "lasso: lambda " + short_text(lambda_) + " not reached within " + std::to_string(updates) +
                                          " updates of " + std::to_string(slots()) + " columns");
    // Dependent columns of large opposite coefficients: what enters and leaves again is rounding.
    if (round % 30 == 29 && slack_ < most_slack_) set_slack(std::min(10 * slack_, most_slack_));
    bool full = true;
    if (active() > 0) {
      // Steps that end at a zero leave fewer columns, so that some step is full; sweeps in between find better signs
      // sooner, but must not bring dependent columns back for ever: more and more steps before the next one.
      int cuts = 0;
      for (full = false; !full && cuts < 8 + round && active() > 0;) {
        const Step step = newton();
        full = step == Step::kFull;
        cuts += step == Step::kCut;
      }
      if (active() == 0) full = true;
    }
    bool enters = false;
    for (int s = 0; s < slots() && !enters; ++s)
      enters = b_[s] == 0 && (nonnegative_ ? g_[s] : std::abs(g_[s])) > bound_[s] + tolerance_[s];
    if (full && !enters) return;
    if (sweep(false))
      for (int k = 0; k < 3 && sweep(true); ++k) {
      }
  }
}

void ActiveSet::gradient(std::vector<double>& g) {
  g = columns_.q;
  rows_.clear();
  for (int s = 0; s < slots(); ++s)
    if (b_[s] != 0) rows_.push_back({whole_[std::size_t(s)].data(), b_[s]});
  subtract_rows(rows_, g.data(), columns_.count());
  for (int s = 0; s < slots(); ++s) g_[s] = g[column_[s]];
}

std::vector<double> ActiveSet::values() const {
  std::vector<double> b(std::size_t(columns_.count()), 0);
  for (int s = 0; s < slots(); ++s) b[column_[s]] = b_[s];
  return b;
}

}  // namespace grainspin::interactions
