// The domain of training as it is written into a model file (include/grainspin/domain.h reads it), from the runs that the
// model is trained on.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <array>
#include <vector>

#include "datasets/grid_run.h"
#include "datasets/run.h"

namespace grainspin {

// Ranges over runs, one added after the other: only their ranges are kept.
class DomainRanges {
 public:
  struct Phase {
    std::string name, point_group;
    std::vector<std::array<double, 5>> P;  // nonlocal.h; empty: how grains stand to the load is not taken
  };
  // Phases as the model has them; the local family has one without a name. A phase of a group without embedding gets
  // no ranges of orientations.
  explicit DomainRanges(std::vector<Phase> phases);
  void add(const Run& run);
  void add(const GridRun& run);
  // JSON text, docs/file_formats.md. `kept`: a domain whose members that are not of this schema (mean curves) stay.
  std::string json(const std::string& kept = "{}") const;

 private:
  struct Range {
    const EmbeddingSpec* embedding = nullptr;
    std::vector<float> low, high;  // low > high: nothing of this phase yet
    // Of TrainingDomain::Resolved: range of the means, and sums over voxels.
    double least = 1e300, most = -1e300, sum = 0, squares = 0, count = 0;
    // Of what surrounds the voxels: counts of values in steps of 1/1024, for TrainingDomain::Surrounded.
    std::array<std::vector<std::int64_t>, 3> surroundings{};
    int surrounded = 0;  // runs that are in them
  };
  void add(const std::vector<LoadStep>& loads, std::int64_t voxels, const std::int32_t* phase, const std::vector<float>& q,
           const std::vector<float>& w);
  void add_resolved(const GridRun& run);
  void add_surroundings(const GridRun& run);
  void add_loads(const std::vector<LoadStep>& loads);

  std::vector<Phase> phases_;
  std::vector<Range> ranges_;
  std::vector<LoadStep> directions_;
  double least_ = 0, most_ = 0, total_ = 0;  // von Mises strains
  double largest_ = 0, squares_ = 0;         // of increments, rad^2
  std::int64_t increments_ = 0, voxels_ = 0;
  int steps_ = 0, runs_ = 0;
};

// Of the phases of a nonlocal model, or of the one of a local model.
std::vector<DomainRanges::Phase> domain_phases(const ModelSpec& spec);

}  // namespace grainspin
