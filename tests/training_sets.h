// Small sets of runs and short trainings of both families on them, for what holds for any training: resuming,
// ranks, memory.
#pragma once

#include <string>
#include <vector>

#include "networks/train.h"
#include "training_cases.h"

namespace grainspin::testing {

class TrainingSets {
 public:
  static constexpr int kSteps = 3;
  explicit TrainingSets(const std::string& name) : folder(name) {
    const Shape shapes[] = {{6, 5, 4}, {4, 6, 5}, {5, 5, 5}, {6, 4, 6}, {5, 4, 5}, {4, 5, 6}};
    for (unsigned i = 0; i < std::size(shapes); ++i) {
      runs.push_back(folder / ("run " + std::to_string(i) + ".h5"));
      write_run(runs.back(), shapes[i], kSteps, i + 1);
    }
  }

  // Five runs, one of them watched, one more for validation; 12 optimiser steps, the last third on the own
  // path.
  TrainOptions options(Family family, Feedback feedback = Feedback::kOwn) const {
    TrainOptions o = train_defaults(family);
    o.archives.assign(runs.begin(), runs.end() - 1);
    o.validation = {runs.back()};
    o.held_out = 1;
    o.steps = 12;
    o.teacher = 0.66;
    o.threads = 1;
    if (family == Family::kLocal) {
      o.local.hidden = 32;
      o.local.feedback = feedback;
      o.batch = feedback == Feedback::kNeighbours ? 600 : 64;  // grids have 100 to 144 voxels
      return o;
    }
    NonlocalSpec& s = o.nonlocal;
    s.passes = 1, s.channels = 2, s.width = 2, s.polarisations = 1, s.memory = 1, s.warmup = 1;
    o.recipe.slip = {{"", {"fcc"}}};
    o.recipe.pool = 4;
    o.recipe.grids = 4;
    o.recipe.chunk = 2;
    o.recipe.lr_warmup = 3;
    o.recipe.average = 0.9;
    return o;
  }

  Scratch folder;
  std::vector<std::string> runs;
};

}  // namespace grainspin::testing
