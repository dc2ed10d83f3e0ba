// How the slip systems of one crystal stand to those of another, and so the orbits of their pairs: what was learned of
// one may then be read as a statement on the other.
#pragma once

#include <string>
#include <vector>

#include "grainspin/nonlocal.h"

namespace grainspin {

// Two ways in which systems correspond, under one point group:
//   same   a family of the same name;
//   dual   plane and direction exchanged, as {111}<110> and {110}<111>: the Schmid tensors b (x) n are each other's
//          transposes, so that P_s is the same up to the sign of the slip and a_s turns around.
enum class Kinship : int { kNone = 0, kSame = 1, kDual = 2 };

struct SlipMatch {
  Kinship kinship = Kinship::kNone;
  int systems = 0;           // of the wanted set that have a counterpart
  std::vector<int> of;       // [N wanted] its index in the other set, or -1
  std::vector<int> sign;     // [N wanted] P_s = sign P_of(s); 0 where there is none
  std::vector<int> odd;      // [signed orbits wanted] the other set's signed orbit, or -1
  std::vector<int> odd_sign; // [signed orbits wanted] its coefficient's sign
  std::vector<int> even;     // [plain orbits wanted] the other set's plain orbit, or -1
};

// The kinship that matches the most systems (of two that match as many: same). None where the point groups differ.
// An orbit has a counterpart where both systems of its pairs have.
SlipMatch match(const SlipMaps& wanted, const SlipMaps& other);

// "12 of 24 slip systems by name", "12 of 12 slip systems with plane and direction exchanged", "no slip system".
std::string describe(const SlipMatch& match);

}  // namespace grainspin
