// The verdict of a prediction: every step's voxels judged as they are written, tile by tile.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "grainspin/archive.h"
#include "grainspin/domain.h"
#include "grainspin/surrogate.h"
#include "grainspin/variance.h"
#include "src/ranks/ranks.h"

namespace grainspin::cli {

class RunVerdict {
 public:
  // `phase` empty or [shape], index into the model's phases; `mask` empty or [shape], 0: not judged. Both are kept by reference.
  RunVerdict(const ModelSpec& spec, Shape shape, Boundaries boundaries, std::vector<LoadStep> loads, const std::vector<std::int32_t>& phase,
             const std::vector<std::uint8_t>& mask, int threads);
  const DomainJudge& domain_judge() const { return judge_; }
  // What it takes beside the run.
  static std::int64_t bytes(const ModelSpec& spec, Shape shape);
  // Of which crystals the grid is, as its source tells; -1 in `model`: a phase that is left out.
  void crystals(const std::vector<PhaseInfo>& phases, const std::vector<std::int32_t>& model);
  // What loads and crystals alone tell, before the run.
  DomainJudgement before() const { return judge_.run(loads_); }
  // A tile of a step: its box [lo, lo + extent). Returns the verdict of its voxels, [extent] (0, 1, 2), until the next call;
  // counts them in `sum`.
  const std::uint8_t* judge(std::array<int, 3> lo, Shape extent, const StepOutput& out, VoxelVerdicts& sum);
  void add(int step, const VoxelVerdicts& sum) { voxels_[std::size_t(step - 1)] += sum; }
  // What a step adds to the model's own estimate of its error: of every step, written or not.
  void add_error(Shape extent, const StepOutput& out);
  // [shape] degrees, of the last step that was added; null where the model makes no estimate. Until the next call.
  const float* error_degrees();
  void sum(Ranks& ranks);  // collective: what all ranks have added
  // Of the run, all tiles added.
  DomainJudgement judgement() const { return judge_.run(loads_, voxels_); }
  // "; voxels by themselves: 0.1 % doubtful, 0 % outside at most (step 13)", "; all voxels fine" (of a run that is), "; the voxels by
  // themselves are fine"; "" where the model states nothing of voxels.
  std::string voxel_text(Verdict run) const;
  // The model's own estimate of its error at the last step, after sum(): "1.40 degrees in the mean at the last step; ..."; "" where
  // it makes none. Grids that are not cut into tiles only, which models with such an estimate take anyway.
  std::string error_text() const;

 private:
  DomainJudge judge_;
  Shape shape_;
  Boundaries boundaries_;
  bool whole_;  // grids of this family are never cut: voxels are judged by what surrounds them too
  std::vector<LoadStep> loads_;
  const std::vector<std::int32_t>& phase_;
  const std::vector<std::uint8_t>& mask_;
  int threads_;
  std::vector<VoxelVerdicts> voxels_;  // [T]
  std::optional<Calibration> calibration_;
  std::optional<PathError> error_;
  std::array<double, 3> expected_{};  // sums over voxels of expected angle and 90 % radius at the last step, rad; their number
  std::vector<std::uint8_t> verdict_, tile_mask_;
  std::vector<std::int32_t> tile_phase_;
  std::vector<float> degrees_;
};

}  // namespace grainspin::cli
