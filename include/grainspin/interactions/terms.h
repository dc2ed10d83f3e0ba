// Terms of a law that is linear in its unknowns: products of powers of named columns over none, one or two slip systems.
//   resistance  z_i      = sum_j  H_ij  rho_j                "rho[j]"
//   evolution   rhodot_i = sum_jk K_ijk sqrt(rho_j) |gdot_k| / b_k   P1: "rho[j]^0.5*|gdot[k]|*b[k]^-1"
//                          sum_jk K_ijk rho_j |gdot_k|               P2: "rho[j]*|gdot[k]|"
//                          sum_jk K_ijk rho_j rho_k                  P3: "rho[j]*rho[k]"  (jk-symmetric)
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "grainspin/interactions/data.h"
#include "grainspin/interactions/ties.h"

namespace grainspin::interactions {

enum class Over { kNone, kJ, kK };  // the slip system that a factor is of; kNone: one value for the whole crystal

struct Factor {
  std::string column;  // rho gdot tau g b (per system); time strain or one of the user's columns (one value)
  Over over = Over::kNone;
  double power = 1;
  bool magnitude = false;  // |x|
  bool operator==(const Factor&) const = default;
};

struct Term {
  std::string text;
  std::vector<Factor> factors;
  int arity() const;             // 0, 1 (j) or 2 (j and k)
  bool odd(Over over) const;     // changes sign when that system's slip is reversed
  bool symmetric_jk() const;     // exchanging j and k gives the same product
  std::int64_t features(int systems) const;  // N^arity
};

// P1, P2, P3, H, or a product as above: factors `name[j]`, `|name[k]|`, `name` joined by `*`, each with an optional
// `^power`. Throws Error kArgument naming the part that cannot be read (k without j, a non-integer power of a signed column).
Term parse_term(std::string_view text);

// x [rows, features of all terms], terms one after another, entry j N + k. Throws Error kArgument for a column that the
// run does not have and where a value is not finite (naming run, row, term).
void features(const DddData& data, const DddRun& run, const std::vector<Term>& terms, std::vector<double>& x);
// Rows [begin, begin + rows) of it.
void features(const DddData& data, const DddRun& run, const std::vector<Term>& terms, std::int64_t begin,
              std::int64_t rows, std::vector<double>& x);

// How the terms' unknowns are tied: order 1 + arity, the parity of each index from the term's own (densities and
// resistances, the responses, do not change sign), A_ijk = A_ikj where the term is symmetric.
TieOptions tie_options(const Term& term);

}  // namespace grainspin::interactions
