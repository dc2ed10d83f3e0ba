// What `predict` prints of a finished run.
#pragma once

#include <string>

#include "grainspin/domain.h"
#include "src/cli/predict_case.h"

namespace grainspin::cli {

struct RunFacts {
  std::string computed;  // by what
  double seconds = 0, voxel_steps = 0;
  DomainJudgement domain;
  std::string voxels, error;  // RunVerdict's texts
  double von_mises = -1;      // of the mean stress at the last step, Pa; negative: the model gives none
};

void print_summary(const PredictCase& c, const PredictArguments& arguments, const RunFacts& facts);

}  // namespace grainspin::cli
