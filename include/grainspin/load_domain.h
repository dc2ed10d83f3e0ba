// Whether a load lies where a model has been trained.
#pragma once

#include <string>
#include <vector>

#include "grainspin/model.h"

namespace grainspin {

enum class Verdict : int { kFine = 0, kOutside = 1 };

struct DomainJudgement {
  std::vector<Verdict> steps;        // [T]
  std::vector<std::string> reasons;  // empty: all steps inside; each names the steps it is about
  bool stated = false;               // the model states a domain at all
};

// Against ModelSpec::domain, JSON with any of
//   "step_strain": [min, max]     von Mises strain of a step; 5 % beyond is still inside
//   "total_strain": [0, max]      summed over the steps; 1 % beyond is still inside
//   "loads": [{"L": [9], "prescribed": [9]} ...]   directions of straining seen: a step is inside where the deviator of
//     its strain lies within 15 degrees of one of them that leaves the same components free. Both may be turned by
//     the 24 rotations of the cube, since a model turns with them; a single free normal component counts as
//     prescribed, since the volume stays.
// Steps are completed first (load.h). Error kFormat where the domain is not of this form.
DomainJudgement judge_loads(const ModelSpec& spec, const std::vector<LoadStep>& loads);

}  // namespace grainspin
