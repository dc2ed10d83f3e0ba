// Mean stress-strain curves of the training runs, kept in the model's domain: what a model would give that had
// learned the material and nothing of the microstructure. Evaluation holds them against the model.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "datasets/grid_run.h"
#include "grainspin/metrics_stress.h"

namespace grainspin {

// One entry for each load (same_load) and set of phases of the runs that have stresses, at most 64:
//   [{"loads": [{"L": [9], "prescribed": [9]} a step], "phases": [names], "runs": n,
//     "stress": [[xx, yy, zz, yz, xz, xy] a step]}]   Pa, the mean over voxels, and over runs each once
nlohmann::json mean_curves(std::span<const GridRun> runs, std::span<const PhaseSpec> phases);

// The same from runs that are given one after the other.
class MeanCurves {
 public:
  void add(const GridRun& run);
  nlohmann::json json(std::span<const PhaseSpec> phases) const;

 private:
  struct Group {
    std::vector<LoadStep> loads;
    std::set<std::int32_t> phases;
    std::vector<StressComponents> sum;
    int runs = 0;
  };
  std::vector<Group> groups_;
};

// From a domain's "mean_curves", or from "mean_curve" ([[6] a step]) where `own` is the load: the one under this load with
// these phases, in any order; empty where there is none. Error kFormat where the domain is not of this form.
std::vector<StressComponents> stored_curve(const std::string& domain, const std::vector<LoadStep>& own,
                                           const std::vector<LoadStep>& loads, std::vector<std::string> phases);

// Whether two loads are one: as load_difference has it, whatever values their free components hold (0 in some lists,
// the truth's in others).
bool same_load(std::vector<LoadStep> a, std::vector<LoadStep> b);

}  // namespace grainspin
