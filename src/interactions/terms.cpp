#include "grainspin/interactions/terms.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace grainspin::interactions {
namespace {

bool per_system(std::string_view name) {
  return name == "rho" || name == "gdot" || name == "tau" || name == "g" || name == "b";
}
bool signed_slip(std::string_view name) { return name == "gdot" || name == "tau"; }

[[noreturn]] void refuse(std::string_view term, const std::string& why) {
  throw Error(Errc::kArgument, "term '" + std::string(term) + "': " + why);
}

// Reads one factor after another.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::vector<Factor> product() {
    std::vector<Factor> out;
    do out.push_back(factor());
    while (take('*'));
    blanks();
    if (at_ < text_.size()) refuse(text_, "wanted * or ^ before '" + rest() + "'");
    return out;
  }

 private:
  void blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  bool take(char c) {
    blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string rest() const { return std::string(text_.substr(at_)); }

  std::string name() {
    blanks();
    const std::size_t from = at_;
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    while (at_ < text_.size() && (letter(text_[at_]) || (at_ > from && ((text_[at_] >= '0' && text_[at_] <= '9') || text_[at_] == '.'))))
      ++at_;
    if (at_ == from) refuse(text_, "wanted the name of a column " + (at_ < text_.size() ? "before '" + rest() + "'" : std::string("at its end")));
    return std::string(text_.substr(from, at_ - from));
  }

  Factor factor() {
    Factor f;
    f.magnitude = take('|');
    f.column = name();
    if (take('[')) {
      if (take('j')) f.over = Over::kJ;
      else if (take('k')) f.over = Over::kK;
      else refuse(text_, "the index of " + f.column + " is j or k");
      if (!take(']')) refuse(text_, "wanted ] after the index of " + f.column);
    }
    if (f.magnitude && !take('|')) refuse(text_, "wanted | after " + f.column);
    if (take('^')) {
      blanks();
      const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), f.power);
      if (error != std::errc() || !std::isfinite(f.power) || f.power == 0)
        refuse(text_, "wanted a power that is not zero before '" + rest() + "'");
      at_ = std::size_t(end - text_.data());
    }
    if (per_system(f.column) && f.over == Over::kNone) refuse(text_, f.column + " is of a slip system: " + f.column + "[j] or " + f.column + "[k]");
    if (!per_system(f.column) && f.over != Over::kNone)
      refuse(text_, f.column + " is one value for the crystal and has no index (rho, gdot, tau, g and b have one for each slip system)");
    if (signed_slip(f.column) && !f.magnitude && f.power != std::round(f.power))
      refuse(text_, f.column + " has a sign: a power that is no integer is of |" + f.column + "|");
    return f;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// A factor's column in a run: `stride` values a row (0: one row for all times), first value of a row.
struct Column {
  const double* values = nullptr;
  std::int64_t stride = 0;
  Factor factor;
};

const std::vector<double>* find(const DddData& data, const DddRun& run, const std::string& name) {
  if (name == "rho") return &run.density;
  if (name == "gdot") return &run.slip_rate;
  if (name == "tau") return &run.shear;
  if (name == "g") return &run.resistance;
  if (name == "b") return &data.material.burgers;
  if (name == "time") return &run.time;
  if (name == "strain") return &run.strain;
  const auto at = run.columns.find(name);
  return at == run.columns.end() ? nullptr : &at->second;
}

Column column(const DddData& data, const DddRun& run, const Term& term, const Factor& f) {
  const std::vector<double>* values = find(data, run, f.column);
  const std::string where = "run '" + run.id + "'";
  if (!values || values->empty()) {
    std::string has;
    for (const auto& [name, unused] : run.columns) has += (has.empty() ? "; further columns: " : " ") + name;
    throw Error(Errc::kArgument, where + " has no column " + f.column + ", which term '" + term.text + "' needs" + has);
  }
  const std::int64_t n = data.slip.count();
  const std::int64_t stride = f.column == "b" ? 0 : f.over == Over::kNone ? 1 : n;
  const std::int64_t wanted = f.column == "b" ? n : stride * run.rows();
  require(std::int64_t(values->size()) == wanted, Errc::kShape,
          where + ": column " + f.column + ": wanted " + std::to_string(wanted) + " values, found " + std::to_string(values->size()));
  return {values->data(), stride, f};
}

double power(double x, const Factor& f) {
  if (f.magnitude) x = std::abs(x);
  if (f.power == 1) return x;
  if (f.power == 0.5) return std::sqrt(x);
  if (f.power == 2) return x * x;
  if (f.power == -1) return 1 / x;
  return std::pow(x, f.power);
}

}  // namespace

int Term::arity() const {
  int n = 0;
  for (const Factor& f : factors) n = std::max(n, f.over == Over::kJ ? 1 : f.over == Over::kK ? 2 : 0);
  return n;
}

bool Term::odd(Over over) const {
  bool odd = false;
  for (const Factor& f : factors)
    if (f.over == over && over != Over::kNone && signed_slip(f.column) && !f.magnitude && std::fmod(std::abs(f.power), 2) == 1) odd = !odd;
  return odd;
}

bool Term::symmetric_jk() const {
  if (arity() != 2) return false;
  std::vector<Factor> of[2];
  for (const Factor& f : factors)
    if (f.over != Over::kNone) {
      of[f.over == Over::kK].push_back(f);
      of[f.over == Over::kK].back().over = Over::kJ;
    }
  return std::is_permutation(of[0].begin(), of[0].end(), of[1].begin(), of[1].end());
}

std::int64_t Term::features(int systems) const {
  std::int64_t n = 1;
  for (int a = arity(); a > 0; --a) n *= systems;
  return n;
}

Term parse_term(std::string_view text) {
  std::string_view formula = text;
  if (text == "H") formula = "rho[j]";
  if (text == "P1") formula = "rho[j]^0.5*|gdot[k]|*b[k]^-1";
  if (text == "P2") formula = "rho[j]*|gdot[k]|";
  if (text == "P3") formula = "rho[j]*rho[k]";
  Term term{std::string(formula), Reader(formula).product()};
  bool j = false, k = false;
  for (const Factor& f : term.factors) j |= f.over == Over::kJ, k |= f.over == Over::kK;
  if (k && !j) refuse(text, "has k without j");
  return term;
}

TieOptions tie_options(const Term& term) {
  TieOptions o;
  o.order = 1 + term.arity();
  o.jk = term.symmetric_jk();
  o.odd_j = term.odd(Over::kJ);
  o.odd_k = term.odd(Over::kK);
  return o;
}

void features(const DddData& data, const DddRun& run, const std::vector<Term>& terms, std::int64_t begin,
              std::int64_t rows, std::vector<double>& x) {
  require(begin >= 0 && rows >= 0 && begin + rows <= run.rows(), Errc::kArgument, "features: rows outside run '" + run.id + "'");
  const int n = data.slip.count();
  std::int64_t width = 0;
  for (const Term& t : terms) width += t.features(n);
  x.resize(std::size_t(rows * width));
  std::vector<double> of[2] = {std::vector<double>(std::size_t(n)), std::vector<double>(std::size_t(n))};
  std::int64_t offset = 0;
  for (const Term& term : terms) {
    std::vector<Column> columns;
    for (const Factor& f : term.factors) columns.push_back(column(data, run, term, f));
    const int arity = term.arity();
    for (std::int64_t t = 0; t < rows; ++t) {
      double common = 1;
      for (auto& v : of) std::fill(v.begin(), v.end(), 1.0);
      for (const Column& c : columns) {
        const double* row = c.values + (begin + t) * c.stride;
        if (c.factor.over == Over::kNone) common *= power(*row, c.factor);
        else
          for (int s = 0; s < n; ++s) of[c.factor.over == Over::kK][std::size_t(s)] *= power(row[s], c.factor);
      }
      double* out = x.data() + t * width + offset;
      if (arity == 0) out[0] = common;
      if (arity == 1)
        for (int j = 0; j < n; ++j) out[j] = common * of[0][std::size_t(j)];
      if (arity == 2)
        for (int j = 0; j < n; ++j)
          for (int k = 0; k < n; ++k) out[j * n + k] = common * of[0][std::size_t(j)] * of[1][std::size_t(k)];
      for (std::int64_t e = 0; e < term.features(n); ++e)
        require(std::isfinite(out[e]), Errc::kArgument,
                "run '" + run.id + "', row " + std::to_string(begin + t + 1) + ": term '" + term.text + "' is not finite");
    }
    offset += term.features(n);
  }
}

void features(const DddData& data, const DddRun& run, const std::vector<Term>& terms, std::vector<double>& x) {
  features(data, run, terms, 0, run.rows(), x);
}

}  // namespace grainspin::interactions
