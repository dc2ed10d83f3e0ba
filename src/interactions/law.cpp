#include "grainspin/interactions/law.h"

#include <algorithm>
#include <cmath>

#include "grainspin/core.h"

namespace grainspin::interactions {

namespace {

std::size_t tensor_size(int systems, int arity) {
  std::size_t n = std::size_t(systems);
  for (int k = 0; k < arity; ++k) n *= std::size_t(systems);
  return n;
}

void check_numbers(const std::vector<double>& values, std::size_t n, const char* name, double least, bool above) {
  require(values.size() == n, Errc::kShape,
          std::string("law: ") + name + " has " + std::to_string(values.size()) + " entries, wanted " + std::to_string(n));
  for (std::size_t i = 0; i < n; ++i)
    require(std::isfinite(values[i]) && (above ? values[i] > least : values[i] >= least), Errc::kArgument,
            std::string("law: ") + name + " entry " + std::to_string(i + 1) + " is " + std::to_string(values[i]) +
                (above ? ", wanted above " : ", wanted at least ") + std::to_string(least));
}

// x^p for the powers that laws are made of.
double power(double x, double p) {
  if (p == 1) return x;
  if (p == 0.5) return std::sqrt(x);
  if (p == 2) return x * x;
  return std::pow(x, p);
}

}  // namespace

void check(const DislocationLaw& law) {
  const auto n = std::size_t(law.slip.count());
  require(n > 0, Errc::kArgument, "law: no slip systems");
  require(std::isfinite(law.material.shear_modulus) && law.material.shear_modulus > 0, Errc::kArgument,
          "law: the shear modulus must be above 0, it is " + std::to_string(law.material.shear_modulus));
  require(std::isfinite(law.gdot0) && law.gdot0 > 0, Errc::kArgument, "law: gdot0 must be above 0");
  require(std::isfinite(law.n) && law.n >= 1, Errc::kArgument, "law: the rate exponent must be at least 1");
  check_numbers(law.material.burgers, n, "Burgers lengths", 0, true);
  check_numbers(law.material.friction, n, "friction stresses", 0, false);
  check_numbers(law.H, n * n, "H", 0, false);
  if (!law.density0.empty()) check_numbers(law.density0, n, "initial densities", 0, false);
  require(law.terms.size() == law.K.size(), Errc::kShape,
          "law: " + std::to_string(law.terms.size()) + " terms and " + std::to_string(law.K.size()) + " tensors");
  for (std::size_t t = 0; t < law.terms.size(); ++t) {
    const Term& term = law.terms[t];
    for (const Factor& f : term.factors) {
      const bool known = f.column == "rho" || f.column == "gdot" || f.column == "tau" || f.column == "g" || f.column == "b";
      require(known && f.over != Over::kNone, Errc::kArgument,
              "law: term " + term.text + " needs column '" + f.column + "'" + (known ? " of no system" : "") +
                  ", which a law cannot roll forward (known are rho gdot tau g b of systems j and k)");
    }
    check_numbers(law.K[t], tensor_size(int(n), term.arity()), ("K of " + term.text).c_str(), -HUGE_VAL, true);
  }
}

void resistance(const DislocationLaw& law, const double* density, double* g) { LawRates(law).resistance(density, g); }

void density_rate(const DislocationLaw& law, const double* density, const double* slip_rate, double* rate) {
  LawRates(law).density_rate(density, slip_rate, rate);
}

LawRates::LawRates(const DislocationLaw& law) {
  check(law);
  n_ = law.slip.count();
  gdot0_ = law.gdot0;
  exponent_ = law.n;
  friction_ = law.material.friction;
  burgers_ = law.material.burgers;
  for (const double b : burgers_) scale_.push_back(law.material.shear_modulus * b);
  for (std::int32_t i = 0; i < n_; ++i)
    for (std::int32_t j = 0; j < n_; ++j)
      if (const double h = law.H[std::size_t(i) * n_ + j]; h != 0) H_.push_back({i, j, 0, h});
  for (std::size_t t = 0; t < law.terms.size(); ++t) {
    Part part{law.terms[t], {}, false};
    for (const Factor& f : part.term.factors) part.needs_resistance |= f.column == "g" || f.column == "tau";
    const int arity = part.term.arity();
    for (std::size_t e = 0; e < law.K[t].size(); ++e) {
      const double value = law.K[t][e];
      if (value == 0) continue;
      const auto N = std::size_t(n_);
      if (arity == 0) part.entries.push_back({std::int32_t(e), 0, 0, value});
      if (arity == 1) part.entries.push_back({std::int32_t(e / N), std::int32_t(e % N), 0, value});
      if (arity == 2) part.entries.push_back({std::int32_t(e / N / N), std::int32_t(e / N % N), std::int32_t(e % N), value});
    }
    parts_.push_back(std::move(part));
  }
}

void LawRates::resistance(const double* density, double* g) const {
  std::fill_n(g, n_, 0.0);
  for (const Entry& e : H_) g[e.i] += e.value * std::max(density[e.j], 0.0);
  for (int i = 0; i < n_; ++i) g[i] = friction_[i] + scale_[i] * std::sqrt(g[i]);
}

void LawRates::resistance_rate(const double* density, const double* rate, double* g_rate) const {
  std::vector<double> sum(std::size_t(n_), 0.0);
  std::fill_n(g_rate, n_, 0.0);
  for (const Entry& e : H_) {
    sum[e.i] += e.value * std::max(density[e.j], 0.0);
    g_rate[e.i] += e.value * rate[e.j];
  }
  for (int i = 0; i < n_; ++i) g_rate[i] = sum[i] > 0 ? scale_[i] * g_rate[i] / (2 * std::sqrt(sum[i])) : 0;
}

void LawRates::slip_rate(const double* shear, const double* g, double* slip_rate) const {
  for (int i = 0; i < n_; ++i)
    slip_rate[i] = std::copysign(gdot0_ * std::pow(std::abs(shear[i]) / g[i], exponent_), shear[i]);
}

void LawRates::shear(const double* slip_rate, const double* g, double* shear) const {
  for (int i = 0; i < n_; ++i)
    shear[i] = std::copysign(g[i] * std::pow(std::abs(slip_rate[i]) / gdot0_, 1 / exponent_), slip_rate[i]);
}

// Product of the part's factors over j (or over k) for every system.
void LawRates::values(const Part& part, Over over, const double* density, const double* slip_rate, const double* g,
                      std::vector<double>& out) const {
  out.assign(std::size_t(n_), 1.0);
  for (const Factor& f : part.term.factors) {
    if (f.over != over) continue;
    for (int s = 0; s < n_; ++s) {
      double x = 0;
      if (f.column == "rho") x = std::max(density[s], 0.0);
      if (f.column == "gdot") x = slip_rate[s];
      if (f.column == "g") x = g[s];
      if (f.column == "b") x = burgers_[s];
      if (f.column == "tau") x = std::copysign(g[s] * std::pow(std::abs(slip_rate[s]) / gdot0_, 1 / exponent_), slip_rate[s]);
      out[s] *= power(f.magnitude ? std::abs(x) : x, f.power);
    }
  }
}

void LawRates::density_rate(const double* density, const double* slip_rate, double* rate) const {
  std::fill_n(rate, n_, 0.0);
  std::vector<double> g, over_j, over_k;
  for (const Part& part : parts_) {
    if (part.needs_resistance && g.empty()) {
      g.resize(std::size_t(n_));
      resistance(density, g.data());
    }
    values(part, Over::kJ, density, slip_rate, g.data(), over_j);
    values(part, Over::kK, density, slip_rate, g.data(), over_k);
    for (const Entry& e : part.entries) rate[e.i] += e.value * over_j[e.j] * over_k[e.k];
  }
}

}  // namespace grainspin::interactions
