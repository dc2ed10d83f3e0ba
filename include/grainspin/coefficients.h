// The coefficients that a nonlocal model has learned, one for each orbit of pairs of slip systems, as numbers that can be
// read beside each other.
//
// A map with coefficients w [D, C, orbits] is, on N systems, a matrix of N D rows and N C columns in which the coefficient of
// orbit o stands n_o times for each pair of channels (nonlocal.h). With S_o = sum over d and c of w[d, c, o]^2:
//   share     n_o S_o / sum over orbits: the part of the matrix' squared Frobenius norm, so of the variance that it gives to
//             independent inputs of one variance, that goes through pairs of this type. The shares of a map add up to 1.
//   strength  sqrt(S_o / S_self), S_self the mean over all self pairs: one pair of this type against a system's action on
//             itself. 1 for self where the set has one family.
//   gain      sqrt(sum of n_o S_o / (N D)), root mean square of the outputs per unit of such inputs: of the whole map.
// Equal coefficients, and random ones in the mean, have share n_o / sum n_o: `pairs` of the type.
#pragma once

#include <string>
#include <vector>

#include "grainspin/model.h"

namespace grainspin {

struct CoefficientMap {
  std::string tensor;  // as in the file: phase0.pass3.odd
  std::string part;    // the place in a step: start, pass, head, memory
  std::string map;     // what it takes and gives: "from load", "from state", "from strain", "from rotation", "gate", "out", ..
  bool odd = true;     // tied by signed orbits (odd state); false: by plain ones
  double gain = 0;
  std::vector<double> share, strength;  // [orbits]
};

struct CoefficientTable {
  std::string phase;
  int systems = 0;
  std::vector<double> odd_pairs, even_pairs;      // [orbits] n_o / sum n_o
  std::vector<int> odd_first, even_first;         // [orbits] the first entry i N + j
  std::vector<CoefficientMap> maps;               // every tensor, its inputs apart
  std::vector<CoefficientMap> summary;            // the same with the passes together; `tensor` is empty
};

// One table a phase. Error kArgument for a model of the local family.
std::vector<CoefficientTable> coefficient_tables(const Model& model);

}  // namespace grainspin
