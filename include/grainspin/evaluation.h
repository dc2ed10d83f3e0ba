// The whole judgement of one prediction: errors and skill per step, R2 of the increments, errors by distance to
// the grain boundary, local misorientation, texture, equivariance, stress. Angles are radians here; whoever
// prints them converts. The definitions are in docs/evaluation.md.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "grainspin/archive.h"
#include "grainspin/metrics.h"
#include "grainspin/surrogate.h"
#include "grainspin/texture.h"

namespace grainspin {

// The true (or a predicted) run, whole in memory. n = shape.voxels(), T = steps.
struct RunFields {
  ArchiveInfo info;
  std::vector<float> orientation;   // [T+1][n,4]
  std::vector<float> stress;        // [T][n,6] Cauchy, Pa; empty where the archive has none
  std::vector<std::int32_t> grain;  // [n] dense ids
  std::vector<std::int32_t> phase;  // [n] index into info.phases; empty: all of phase 0
  std::int64_t voxels() const { return info.shape.voxels(); }
  int steps() const { return info.step_count(); }
  const float* at(int step) const { return orientation.data() + 4 * voxels() * step; }
};

// By the run's phases. Throws Error kFormat naming a phase whose point group is not known.
VoxelSymmetry symmetry_of(const RunFields& run);

// The run's whole grid with its spacing, load and phases (borrowed from `run`).
Region region_of(const RunFields& run);

// What predicted: orientations of steps 1..T on the path of its own, and what else it gives.
struct Prediction {
  std::vector<float> orientation;         // [T][n,4]
  std::vector<float> increment;           // [T][n,3] along the own path; empty: taken from `orientation`
  std::vector<float> one_step_increment;  // [T][n,3] with the true orientation given; empty where there is none
  std::vector<float> stress;              // [T][n,6] Pa; empty without a stress head
  const float* at(std::int64_t voxels, int step) const { return orientation.data() + 4 * voxels * (step - 1); }
};

// Rolls the model out from the run's initial state, and once more with the true orientations as input
// (not for feedback `initial`, which never reads them).
Prediction predict(const Surrogate& surrogate, const RunFields& truth, const Progress& progress = {});

struct StepEvaluation {
  int step = 0;
  double strain = 0;
  Spread error, persistence;
  std::optional<Spread> taylor;
  // The same without hardening, n = 20 (where the archive states a law): on copper with strong collinear
  // hardening the stronger baseline of the two.
  std::optional<Spread> taylor_no_hardening;
  double skill_persistence = 0;
  std::optional<double> skill_taylor, skill_taylor_no_hardening;
  std::optional<double> r2_one_step, r2_taylor;
  double r2_rolled = 0;
  // Mean Cauchy stress, Pa (xx yy zz yz xz xy), and the error of the local one, root mean square over voxels
  // of the von Mises norm of the difference. Taylor's is deviatoric.
  std::optional<std::array<double, 6>> stress_true, stress_predicted, stress_taylor;
  std::optional<double> stress_rms_error, stress_rms_true;
};

// Voxels at one distance from the nearest grain boundary; mean errors at the last step, rad.
struct LayerEvaluation {
  int layer = 0;  // metrics.h: boundary_layers; the last one holds all that lie deeper too
  bool and_deeper = false;
  std::int64_t voxels = 0;
  double error = 0, persistence = 0;
  std::optional<double> taylor;
};

struct Pair {
  double truth = 0, predicted = 0;
};

struct Evaluation {
  std::vector<StepEvaluation> steps;
  std::optional<double> r2_one_step, r2_taylor;
  double r2_rolled = 0;
  std::vector<LayerEvaluation> layers;
  // At the last step. KAM and GROD over voxels, GOS over grains, each once.
  Pair kam_mean, kam_p95, grod_mean, grod_p95, gos_mean;
  double gos_correlation = 0;  // Pearson, over grains: does the model know which grains break up
  // By phase 0's point group; only where all voxels share one.
  struct Texture {
    double distance = 0, distance_persistence = 0;
    std::optional<double> distance_taylor;
    double index_start = 0, index_true = 0, index_predicted = 0;
  };
  std::optional<Texture> texture;
  std::optional<Equivariance> equivariance;
  std::vector<std::string> notes;  // what was left out, and why
  // For pictures: the last step, rad, [n].
  std::vector<float> error_last, persistence_last;
};

struct EvaluationOptions {
  int threads = 0;
  bool taylor = true, texture = true, equivariance = true;
  OdfKernel kernel;
  Progress progress;
};

// `surrogate` is needed for the equivariance error only (may be null).
Evaluation evaluate(const RunFields& truth, const Prediction& prediction, const Surrogate* surrogate,
                    const EvaluationOptions& options);

// Full-constraints Taylor from the run's initial state on its own load: [T] fields of [n,4]. Voxels with the
// same initial orientation and phase are one grain. Throws Error kArgument where the archive does not state
// what is needed. Without `hardening` the archive's law is left aside: its slip systems, n = 20, equal and
// constant resistances. `mean_stress` [T] gets the mean deviator in Pa, empty where no law is taken.
std::vector<std::vector<float>> taylor_fields(const RunFields& truth, bool hardening, int threads,
                                              const Progress& progress,
                                              std::vector<std::array<double, 6>>* mean_stress = nullptr);

}  // namespace grainspin
