// Coordinates in which a phase's orbit-tied maps fall into small blocks.
//
// The maps are the matrices that commute with the point group's action on the slip systems. In a basis adapted to
// its irreducible parts (Schur's lemma; Serre, Linear Representations of Finite Groups, ch. 2) each is, for every
// kind of part, a matrix of multiplicity x multiplicity numbers times the unit matrix of the part's dimension. FCC:
// 12 systems are parts of dimension 1, 2, 3 once and of 3 twice, so 18 products in place of 144 for a pair of channels.
#pragma once

#include <cstdint>
#include <vector>

#include "grainspin/model.h"
#include "grainspin/orbits.h"

namespace grainspin {

// Coordinates `first` + copy * dimension + component belong to one kind of part.
struct IrrepKind {
  int first = 0, multiplicity = 0, dimension = 0;
};

struct AdaptedBasis {
  int n = 0;
  bool identity = false;       // no smaller blocks were found: one kind of dimension 1, multiplicity n
  std::vector<double> U;       // [n, n], orthogonal: adapted = U natural
  std::vector<IrrepKind> kinds;
  // Of basis matrix o, the number of copy a (row) and b of kind r: blocks[o][offset(r) + a multiplicity + b], with
  // offset the sum of multiplicity^2 before.
  std::vector<std::vector<double>> blocks;
};

// matrices[o][n, n]: a basis of all matrices that commute with the action.
AdaptedBasis adapted_basis(int n, const std::vector<std::vector<double>>& matrices);

// Of the maps tied by orbits of pairs (nonlocal.h).
AdaptedBasis adapted_basis(const SignedOrbits& orbits);
AdaptedBasis adapted_basis(const Orbits& orbits);

// A map's block on the copies of one kind: rows (d, a), columns (c, b) of the weights w [D, C, orbits].
std::vector<double> kind_block(const Tensor& w, const AdaptedBasis& basis, std::size_t kind);

}  // namespace grainspin
