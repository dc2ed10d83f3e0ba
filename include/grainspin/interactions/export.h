// An interaction matrix H (resistance g_i = tau0_i + mu b_i sqrt(sum_j H_ij rho_j)) for other codes.
#pragma once

#include <string>
#include <vector>

#include "grainspin/slip_systems.h"

namespace grainspin::interactions {

// One coefficient of another code: what of H it stands for.
struct Coefficient {
  double value = 0;             // mean over its entries
  double least = 0, largest = 0;
  int entries = 0;              // 0: the set has no such pair; the value is 0 and never read
  std::vector<std::string> orbits;  // names of the orbits that it stands for
};

struct Exported {
  std::string text;                       // the other code's input, comments included
  std::vector<Coefficient> coefficients;  // in the other code's order
  std::vector<std::string> warnings;      // what is lost, one line each; in the text too
};

// DAMASK's h_sl-sl with N_sl, as its dislocation-density laws (dislotwin, nonlocal) take them: coefficient t-1 is of
// interaction type t of damask_slip_interaction_types, [reacting i][acting j], the mean of H over the entries of that type.
// Warns where a type holds orbits of different values (DAMASK's table merges them), and where DAMASK's own table breaks the
// symmetry at entries of which the two types' values differ. H [N,N] row-major. Throws Error kArgument for families that
// DAMASK does not number or that are not in its order, kShape for an H of another size.
Exported export_damask(const SlipSet& set, const std::vector<double>& H);

// MFront's @CrystalStructure, @SlidingSystems and @InteractionMatrix with exactly as many values as its structure has
// ranks. MFront (TFEL 3.1 to 5, NUMODIS) lists the slip systems of a family itself, planes in the lexicographic order of
// their permuted indices and for each plane its Burgers vectors likewise; ranks are the orbits of pairs under the crystal's
// holohedry, numbered as they are first met over pairs (reacting, acting) of systems in that order. Families of which it
// would make only a part ({11-22} in hexagonal crystals: it does not turn the fourth index of planes around) become two.
// Throws Error kArgument for crystals that are not cubic or hexagonal and planes or directions without small indices.
Exported export_mfront(const SlipSet& set, const std::vector<double>& H);

}  // namespace grainspin::interactions
