// The variance heads of all members of an ensemble, each fitted on what its member has learned from, and the calibration of all
// together (grainspin/ensemble.h).
#pragma once

#include <string>
#include <vector>

#include "datasets/variance_fit.h"

namespace grainspin {

struct MembersFit {
  Model model;                      // with heads and calibrations
  std::vector<VarianceFit> fits;    // by member; their models are empty
  Calibration calibration;          // of all together; of a single model its own
  std::vector<std::string> together;  // what it was found on
  int partly_seen = 0;                // of these: runs that some members have learned from
};

// Each member's head is fitted on the archives that its training learned from and calibrated on those that it only watched, both known by
// their SHA-256 in its provenance; all together on the runs that every member only watched, or where there are none, as members of other seeds
// watch other runs, on those that any of them did: there errors are taken of the members alone that have not learned from the run (of
// their mean), which are no smaller than those of all, so that the factors come out rather too large than too small. `set_aside`, where it is not empty, takes the place of all watched runs. A single
// model is its only member. Errors as fit_variance(); kArgument where a member has watched none of the archives and none is set aside.
MembersFit fit_members(const Model& model, const std::vector<std::string>& archives, const std::vector<std::string>& set_aside,
                       const VarianceFitOptions& options);

}  // namespace grainspin
