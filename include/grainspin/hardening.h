// How the slip resistances of a crystal change as it slips: the part of a material that the Taylor model is given.
//   xi = xi(state),  d state/dt = f(state, gdot)
#pragma once

#include <memory>
#include <vector>

#include "grainspin/archive.h"
#include "grainspin/slip_systems.h"

namespace grainspin {

class Hardening {
 public:
  virtual ~Hardening() = default;
  virtual int systems() const = 0;  // N
  virtual int states() const = 0;   // S numbers a grain
  virtual void initial(double* state) const = 0;                                   // [S]
  virtual void resistance(const double* state, double* xi) const = 0;              // [S] -> [N] Pa
  virtual void rate(const double* state, const double* gdot, double* rate) const = 0;  // [S], [N] in 1/s -> [S] a second
  // 1/s: how fast, relative to itself, a resistance changes at these rates of the state [S]; time steps follow it.
  virtual double speed(const double* state, const double* rate) const = 0;
  // Brings back what a finite step has carried out of bounds.
  virtual void admit(double* state) const { static_cast<void>(state); }
};

// Resistances 1 Pa that stay.
std::shared_ptr<const Hardening> constant_hardening(int systems);
// Others that stay: xi [N] Pa, positive.
std::shared_ptr<const Hardening> constant_hardening(std::vector<double> xi);
// DAMASK's phenopowerlaw (archive.h) on the set's systems; the state is the resistances. h [N,N] are its coefficients
// unrolled (taylor.h: interaction_matrix). Throws Error kFormat for a list that has too few entries.
std::shared_ptr<const Hardening> phenopowerlaw_hardening(const SlipSet& slip, const Phenopowerlaw& law, std::vector<double> h);

}  // namespace grainspin
