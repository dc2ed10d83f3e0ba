// All whole-grid runs of one training: loads, extents, step sizes and numbers of steps may differ, phases of one
// name must agree.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "datasets/grid_run.h"
#include "datasets/run_store.h"
#include "datasets/training_set.h"
#include "grainspin/model.h"

namespace grainspin {

// What a loss is measured in: means over the voxels and steps of a set. A step's size s is its von Mises strain
// as the cell reads it (CellLoad::size); steps of no size are left out.
struct GridScales {
  double rate = 1;    // of |w|^2 / s^2
  double stress = 1;  // Pa, root of the mean square of the deviator's five Kelvin components
};
GridScales grid_scales(std::span<const GridRun> runs);

// The same from runs that are given one after the other.
class GridScaleSums {
 public:
  void add(const GridRun& run);
  GridScales scales() const;

 private:
  struct Mean {
    double sum = 0, n = 0;
    void add(double v) { sum += v, n += 1; }
    double or_one() const { return n > 0 && sum > 0 ? sum / n : 1; }
  };
  Mean rate_, stress_;
};

class GridSet {
 public:
  // Reads all archives; errors of load_grid_run. `known`: phases of a model that is trained on, in its order;
  // an archive may then have no others. held_out as in divide(). memory: bytes that their fields may take together
  // (run_store.h); 0: no limit.
  GridSet(const std::vector<std::string>& archives, StressData stress, const SlipChoice& slip, int held_out,
          std::uint64_t seed, std::vector<PhaseSpec> known = {}, std::int64_t memory = 0);
  GridSet(const GridSet&) = delete;
  GridSet& operator=(const GridSet&) = delete;

  // Without fields: these are fields(i), training runs first.
  std::span<const GridRun> training() const {
    return std::span(runs_).first(runs_.size() - std::size_t(held_out_));
  }
  std::span<const GridRun> held_out() const { return std::span(runs_).last(std::size_t(held_out_)); }
  const std::vector<PhaseSpec>& phases() const { return phases_; }
  RunStore<GridRun>::Fields fields(std::size_t i) { return store_->get(i); }
  RunStore<GridRun>& store() { return *store_; }
  bool has_stress() const { return stressed_; }  // some training run has
  std::int64_t voxel_steps() const;    // of the training runs
  std::int64_t bytes() const { return bytes_; }  // of all fields
  const GridScales& scales() const { return scales_; }  // of the training runs
  // Phases, stress_scale[0], the load that all training runs share (else none), domain with the mean curves
  // (grid_curves.h).
  ModelSpec spec(const NonlocalSpec& settings) const;
  // Reads an archive of the same phases; stresses where known if the set has some.
  GridRun load_alike(const std::string& path) const;
  // SHA-256 of training() and held_out(), in their order.
  const std::vector<std::string>& hashes() const { return hashes_; }

 private:
  SlipChoice slip_;
  int held_out_ = 0;
  std::vector<PhaseSpec> phases_;
  std::vector<GridRun> runs_;  // heads; those set aside last
  std::optional<RunStore<GridRun>> store_;
  std::int64_t bytes_ = 0;
  bool stressed_ = false;
  GridScales scales_;
  std::string domain_;
  std::vector<std::string> hashes_;
};

}  // namespace grainspin
