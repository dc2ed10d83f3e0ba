// The whole judgement of one prediction: errors and skill per step, R2 of the increments, errors by distance to
// the grain boundary, local misorientation, texture, stress, free components of the load, symmetries. Angles are
// radians here; whoever prints them converts. The definitions are in docs/evaluation.md.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "grainspin/archive.h"
#include "grainspin/domain.h"
#include "grainspin/metrics.h"
#include "grainspin/metrics_physics.h"
#include "grainspin/metrics_stress.h"
#include "grainspin/surrogate.h"
#include "grainspin/taylor.h"
#include "grainspin/texture.h"
#include "grainspin/variance.h"

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

// The run's whole grid as `spec`'s model takes it: spacing, the load without its free components, and of a nonlocal
// model's phases (by name; a model of one phase takes any of its point group) `phase`, which holds what the region points
// to. Throws Error kArgument naming a phase that the model does not know.
Region region_of(const RunFields& run, const ModelSpec& spec, std::vector<std::int32_t>& phase);

// What predicted: orientations of steps 1..T on the path of its own, and what else it gives.
struct Prediction {
  std::vector<float> orientation;         // [T][n,4]
  std::vector<float> increment;           // [T][n,3] along the own path; empty: taken from `orientation`
  std::vector<float> one_step_increment;  // [T][n,3] with the true orientation given; empty where there is none
  std::vector<float> stress;              // [T][n,6] Pa; empty without a stress head
  std::vector<LoadStep> loads;            // [T] with the free components predicted; empty where they are not
  std::vector<float> log_variance;        // [T][n,3] of the increments along the own path; empty without such a head
  std::optional<Calibration> calibration; // that goes with it
  const float* at(std::int64_t voxels, int step) const { return orientation.data() + 4 * voxels * (step - 1); }
};

// Rolls the model out from the run's initial state, and once more with the true orientations as input
// (not for feedback `initial`, which never reads them). The nonlocal family takes the run's load as far as it
// is prescribed, or its own where the archive tells none. Throws Error kShape for another number of steps.
// `one_step` false: without these.
Prediction predict(const Surrogate& surrogate, const RunFields& truth, const Progress& progress = {}, bool one_step = true);

// Full-constraints Taylor from the run's initial state on its own load. Voxels with the same initial orientation
// and phase are one grain.
struct TaylorRun {
  std::vector<std::int32_t> grain;  // [n]
  std::vector<TaylorStep> steps;    // [T] of the grains
  bool law = false;                 // the archive's law was taken, so that stresses are in Pa
  std::vector<float> orientation(int step) const;  // [n,4], step 1..T
  std::vector<float> stress(int step) const;       // [n,6] deviatoric, Pa where `law`
};
// Throws Error kArgument where the archive does not state what is needed. Without `hardening` the archive's law is
// left aside: its slip systems, n = 20, equal and constant resistances.
TaylorRun taylor_run(const RunFields& truth, bool hardening, int threads, const Progress& progress);

// Stress of one step; what could not be had is empty. Means are of the Cauchy stress, Taylor's are deviatoric.
struct StepStress {
  std::optional<StressComponents> truth, predicted, taylor, training;
  std::optional<StressErrors> error, uniform, error_taylor;  // of the local field (metrics_stress.h)
  std::optional<double> rms_true;                            // of the true local von Mises stress
};

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
  StepStress stress;
  // Where the load leaves components free: metrics_physics.h, free_component_error. Known steps only.
  std::optional<LoadStep> load_true, load_predicted, load_taylor;
  std::optional<double> free_error, free_error_taylor, free_error_guess;
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
  // Skill over the whole path, 1 - sum over steps of the mean error / the same of the baseline: where the path turns
  // back, the last step alone says little.
  double skill_path = 0;
  std::optional<double> skill_path_taylor;
  // Root mean square over all steps. Local: predicted minus true von Mises stress of every voxel, Pa.
  struct Stress {
    std::optional<double> local, uniform, taylor;
    std::optional<CurveError> curve, curve_taylor, curve_training;
    std::optional<double> ratio() const {
      return local && uniform && *uniform > 0 ? std::optional(*local / *uniform) : std::nullopt;
    }
  };
  std::optional<Stress> stress;
  // Root mean square over steps of StepEvaluation::free_error and its baselines.
  struct Free {
    std::optional<double> model, taylor, guess;
  };
  std::optional<Free> free;
  // What the model says of its own error (variance.h), against what it is.
  struct Uncertainty {
    // Parts of the voxels within the intervals of 50, 90, 95 %: of the increments' components over all steps [level][component],
    // and within the radius of the angle, at the last step and over all.
    std::array<std::array<double, 3>, 3> increment{};
    std::array<double, 3> radius{}, radius_path{};
    double expected = 0, error = 0;  // mean angle at the last step, rad: as predicted, and as it is
    // Ten equally filled bins by the predicted angle at the last step: means in a bin, rad, and its voxels.
    struct Bin {
      double predicted = 0, observed = 0;
      std::int64_t voxels = 0;
    };
    std::vector<Bin> bins;
    std::vector<float> angle;          // [n] as predicted at the last step, rad
    std::vector<std::uint8_t> within;  // [n] within the 90 % radius at the last step
    double calibration_error = 0;  // rad: mean over voxels of |predicted - observed| of their bin
    double correlation = 0;        // Spearman's, over voxels, of predicted angle and error at the last step
  };
  std::optional<Uncertainty> uncertainty;
  // Where the run stands to the model's domain of training (domain.h).
  struct Trust {
    DomainJudgement judgement;
    std::vector<float> measure;         // [n] DomainJudge::measure, the worst over the steps
    std::vector<std::uint8_t> verdict;  // [n] the worst over the steps, of the voxels alone
    double mean = 0;                    // of `measure`
    std::array<double, 3> part{};       // of the voxels by verdict
    std::optional<double> radius_fine;  // part of the fine voxels within the 90 % radius at the last step
    // How well `measure` tells this run's voxels from those of runs inside the domain (auc.h), and how well `mean` tells the
    // runs. Empty where there are none to compare with.
    std::optional<double> auc_voxels, auc_runs;
  };
  std::optional<Trust> trust;
  // Sum over steps of the voxels' mean increment less the load's spin, rad: what the grid turns by as a whole.
  Vec3<double> drift_true, drift_predicted;
  // Under tension along a grid axis: part of the voxels with a crystal direction within 15 degrees of that axis.
  struct Fibre {
    std::string name;
    double random = 0, start = 0, truth = 0, predicted = 0;
    std::optional<double> taylor;
  };
  std::vector<Fibre> fibres;
  int fibre_axis = 2;
  std::optional<Equivariance> equivariance;
  std::optional<EndDifference> crystal_symmetry, half_step;
  std::vector<std::string> notes;  // what was left out, and why
  // For pictures: the last step, rad, [n].
  std::vector<float> error_last, persistence_last;
};

// Of a prediction by this model, which states a domain of training; nothing for the local family, whose voxels are judged tile
// by tile, and where none is stated.
std::optional<Evaluation::Trust> evaluate_trust(const ModelSpec& spec, const RunFields& truth, const Prediction& prediction, int threads);
// Fills auc_voxels and auc_runs of `trust` from runs inside the domain.
void compare(Evaluation::Trust& trust, const std::vector<const Evaluation::Trust*>& inside);

// Checks of the model that run it again.
enum class Checks : int {
  kNone = 0,
  kAuto = 1,  // the nonlocal family: on grids up to 4096 voxels, equivariance by three generators of the cube's group
  kAll = 2,   // on any grid, all operations
};

struct EvaluationOptions {
  int threads = 0;
  bool taylor = true, texture = true, equivariance = true;
  Checks checks = Checks::kAuto;
  OdfKernel kernel;
  // [T] mean Cauchy stress of the training runs under this load, Pa; empty: not known.
  std::vector<StressComponents> training_curve;
  Progress progress;
};

// `surrogate` is needed for the checks only (may be null).
Evaluation evaluate(const RunFields& truth, const Prediction& prediction, const Surrogate* surrogate,
                    const EvaluationOptions& options);

}  // namespace grainspin
