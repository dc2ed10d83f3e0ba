// Laws that tests of the interactions share.
#pragma once

#include <array>
#include <cmath>
#include <vector>

#include "grainspin/interactions/law.h"
#include "grainspin/interactions/simulate.h"

namespace grainspin::interactions {

inline Term product_term(const char* text, std::vector<Factor> factors) { return {text, std::move(factors)}; }
inline Term reaction_term() {  // P2
  return product_term("rho[j]*|gdot[k]|", {{"rho", Over::kJ, 1, false}, {"gdot", Over::kK, 1, true}});
}

// Copper-like, without interactions: H = 0, no terms.
inline DislocationLaw bare_law(const SlipSet& slip) {
  const auto n = std::size_t(slip.count());
  DislocationLaw law;
  law.slip = slip;
  law.material = {42e9, burgers_lengths(slip, 2.56e-10), std::vector<double>(n, 4e6)};
  law.gdot0 = 100;
  law.n = 10;
  law.H.assign(n * n, 0);
  law.density0.assign(n, 1e12);
  return law;
}

// Interaction coefficients of FCC from dislocation dynamics (Kubin, Devincre & Hoc, Acta Mater. 56 (2008) 6040):
// self, coplanar, collinear, Hirth, glissile, glissile, Lomer, by DAMASK's numbering of the types.
inline constexpr std::array<double, 7> kKubin = {0.122, 0.122, 0.625, 0.070, 0.137, 0.137, 0.122};

inline DislocationLaw kubin_law() {
  DislocationLaw law = bare_law(named_slip_set("fcc"));
  const std::vector<int> types = damask_slip_interaction_types(law.slip);
  for (std::size_t e = 0; e < types.size(); ++e) law.H[e] = kKubin[std::size_t(types[e] - 1)];
  return law;
}

}  // namespace grainspin::interactions
