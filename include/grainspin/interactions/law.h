// A dislocation-density law with interaction matrices (reconstruction of Messner, Rhee, Arsenlis & Barton 2017):
//   gdot_i = gdot0 |tau_i/g_i|^n sgn(tau_i)
//   g_i    = tau0_i + mu b_i sqrt(sum_j H_ij rho_j)
//   rhodot_i = sum over terms of A_i.. x..(rho, gdot)        e.g. sum_jk K_ijk rho_j |gdot_k|
// Densities stay >= 0: where one is zero only growth is let through.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "grainspin/interactions/data.h"
#include "grainspin/interactions/terms.h"
#include "grainspin/slip_systems.h"
#include "grainspin/taylor.h"

namespace grainspin::interactions {

struct DislocationLaw {
  SlipSet slip;
  DddMaterial material;
  double gdot0 = 1e-3;           // 1/s
  double n = 20;
  std::vector<double> H;         // [N,N] row-major, >= 0
  std::vector<Term> terms;       // of the density's evolution
  std::vector<std::vector<double>> K;  // one tensor a term: [N^(1+arity)]
  std::vector<double> density0;  // [N] 1/m^2 at the start
};

// Shapes, signs (H, densities, friction >= 0; modulus, Burgers lengths, gdot0 > 0; n >= 1), finite values, and terms made of
// what the law knows: rho, gdot, tau, g, b of systems j and k. Throws Error kShape or kArgument naming the entry.
void check(const DislocationLaw& law);

// g [N] in Pa from densities [N]; density rates [N] from densities and slip rates. Negative densities count as zero; the
// rates are those of the terms (no bound at zero density). The law is checked at every call: LawRates is for many.
void resistance(const DislocationLaw& law, const double* density, double* g);
void density_rate(const DislocationLaw& law, const double* density, const double* slip_rate, double* rate);

// The law unrolled once: only entries of H and K that are not zero are visited. One object may serve several threads.
class LawRates {
 public:
  explicit LawRates(const DislocationLaw& law);  // checked
  int systems() const { return n_; }
  void resistance(const double* density, double* g) const;
  void density_rate(const double* density, const double* slip_rate, double* rate) const;
  // gdot [N] from resolved shears [N] and resistances; its inverse.
  void slip_rate(const double* shear, const double* g, double* slip_rate) const;
  void shear(const double* slip_rate, const double* g, double* shear) const;
  // d g/dt [N] from densities and their rates.
  void resistance_rate(const double* density, const double* rate, double* g_rate) const;
  double gdot0() const { return gdot0_; }
  double exponent() const { return exponent_; }

 private:
  struct Entry {
    std::int32_t i, j, k;
    double value;
  };
  struct Part {
    Term term;
    std::vector<Entry> entries;
    bool needs_resistance = false;  // a factor is g or tau
  };
  void values(const Part& part, Over over, const double* density, const double* slip_rate, const double* g,
              std::vector<double>& out) const;
  int n_ = 0;
  double gdot0_ = 0, exponent_ = 0;
  std::vector<double> scale_, friction_, burgers_;  // [N] mu b, tau0, b
  std::vector<Entry> H_;                            // k unused
  std::vector<Part> parts_;
};

// The law as a material of the Taylor model: its states are the densities of every grain, which begin at density0.
// Throws Error kArgument for a system that has no resistance there.
TaylorMaterial taylor_material(const DislocationLaw& law);

}  // namespace grainspin::interactions
