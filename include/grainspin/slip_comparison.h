// The slip rates of a nonlocal model along its own path, beside three others at the same voxels and steps (docs/evaluation.md):
//   head     what the head says (slip_rates.h)
//   stress   what the law gives at the stress that the model predicts, at its orientation after the step
//   taylor   full constraints: every voxel has the model's mean velocity gradient of the step at the model's orientation
//   truth    as `stress`, at the archive's stress and orientation
// All are slip per von Mises strain of the step. The law is the rate-sensitive one with the archive's exponent (20 where it
// states none) and its initial resistances by family; hardening is left aside, so equal families resist alike.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "grainspin/evaluation.h"
#include "grainspin/slip_rates.h"

namespace grainspin {

struct SlipPair {
  std::string a, b;      // of the words above
  SlipLikeness rates;    // over the slip systems
  SlipLikeness spin;     // of sum_s g_s a_s: what of the rates turns the lattice
};

struct SlipStep {
  int step = 0;  // 1 .. T
  std::vector<float> head, taylor, at_stress, at_true_stress;  // [voxels, columns]; empty where not to be had
  std::vector<SlipPair> pairs;
};

struct SlipComparisonOptions {
  int threads = 0;
  double threshold = kActiveSlip;
  std::function<void(const SlipStep&)> sink;  // takes the tables of every step, which are then not kept
  Progress progress;
};

struct SlipComparison {
  int columns = 0;
  std::vector<SlipStep> steps;
};

// Errors: kArgument for a model of the local family or a phase that it does not know; those of taylor().
SlipComparison compare_slip_rates(const Model& model, const RunFields& run, const SlipComparisonOptions& options);

}  // namespace grainspin
