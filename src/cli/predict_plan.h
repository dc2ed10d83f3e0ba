// What `predict --dry-run` tells.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "grainspin/archive.h"
#include "grainspin/reconstruct.h"

namespace grainspin::cli {

struct PlanFacts {
  std::int64_t memory = 0, limit = 0;  // bytes: expected, allowed
  std::string output;
  bool stress = false;
  Packing packing = Packing::kNone;
  bool compress = false;
  std::string devices;  // what computes
  int count = 1;        // of devices
  std::vector<LoadStep> loads;
  std::string domain;  // why the load is outside the domain of training; empty: it is not
};

// Prints it. The rate is measured on a small block of random orientations.
void print_plan(const Surrogate& surrogate, const ArchiveInfo& result, const ReconstructPlan& plan,
                const PlanFacts& facts);

// Sum of the steps' von Mises strains.
double strain_of(const std::vector<LoadStep>& loads);
// "x, z": the axes that do not close on themselves; empty for none.
std::string padded_axes(const Boundaries& boundaries);

}  // namespace grainspin::cli
