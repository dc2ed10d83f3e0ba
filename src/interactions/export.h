// What both exports need: coefficients as means over sets of entries, numbers as text.
#pragma once

#include <string>
#include <vector>

#include "grainspin/interactions/export.h"
#include "grainspin/interactions/ties.h"

namespace grainspin::interactions {

// H's orbits under the crystal's own group, and their names.
struct NamedOrbits {
  Ties ties;
  std::vector<std::string> names;
};
NamedOrbits named_orbits(const SlipSet& set);

// Throws Error kShape naming sizes, kArgument for an entry that is not finite.
void check_matrix(const SlipSet& set, const std::vector<double>& H);

// `of`: the coefficient, from 0, of every entry.
std::vector<Coefficient> means(const NamedOrbits& orbits, const std::vector<double>& H, const std::vector<int>& of, int count);

// Largest minus least in parts of the mean's size, 0 where all are equal.
double spread(const Coefficient& c);
std::string number(double value);
std::string percent(double part);
std::string joined(const std::vector<std::string>& parts, const char* separator);

}  // namespace grainspin::interactions
