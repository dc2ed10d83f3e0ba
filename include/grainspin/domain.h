// The domain of training: what a model has seen, and whether a step of a run lies in it. A verdict says whether to
// believe a result; whether a call worked is another matter.
#pragma once

#include <array>
#include <cstdint>
#include <numbers>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "grainspin/domain_inline.h"
#include "grainspin/grid.h"
#include "grainspin/model.h"

namespace grainspin {

enum class Verdict : std::uint8_t { kFine = 0, kDoubtful = 1, kOutside = 2 };  // doubtful: near the edge
const char* name(Verdict verdict);  // fine, doubtful, outside

// What ModelSpec::domain holds (JSON: docs/file_formats.md). What it does not state stays empty and is not judged.
struct TrainingDomain {
  std::array<double, 2> step_strain{0, 0};  // smallest and largest von Mises strain of a step
  double total_strain = 0;                  // largest sum of them over a run
  double increment = 0, increment_rms = 0;  // rad: a voxel's rotation in a step, at most and in the mean
  std::vector<LoadStep> loads;              // directions of straining with what they leave free
  // Smallest and largest value of every number of the embedding (embedding.h), a phase each, over all voxels and states.
  struct Orientations {
    std::string phase, point_group;
    std::vector<float> low, high;
  };
  std::vector<Orientations> orientations;
  // How the grains of a phase stand to the load (nonlocal family): largest over the slip systems of |P_s : Q^T E0 Q|
  // (nonlocal.h; with E0 of von Mises size 1, so 3/2 m for a Schmid factor m in tension), its mean over the phase's voxels, at
  // least and at most over all states; and the standard deviation of single voxels. A strong texture shows in the mean.
  struct Resolved {
    std::string phase;
    double low = 0, high = 0, spread = 0;
  };
  std::vector<Resolved> resolved;
  // What surrounds a voxel (surroundings.h; nonlocal family): the ranges in which 98 of 100 voxels lie, over all states,
  // wider where runs are few (docs/file_formats.md).
  struct Surrounded {
    std::string phase;
    std::array<double, 2> resolved{}, boundary{}, contrast{};
  };
  std::vector<Surrounded> surroundings;
  int steps = 0, runs = 0;
  std::int64_t voxels = 0;  // of all runs
  bool stated() const;
};

// Both forms of earlier versions are read too. Error kFormat where it is of no known form.
TrainingDomain training_domain(const ModelSpec& spec);

// How far beyond what was seen a thing may lie and still be fine; beyond `doubtful` it is outside, between doubtful.
struct Margin {
  double fine, doubtful;
};
struct DomainMargins {
  static constexpr double kDegree = std::numbers::pi / 180;
  static constexpr Margin kStepStrain{0.01, 0.05};   // share of the nearer end of the range
  static constexpr Margin kTotalStrain{0.01, 0.05};  // share of the largest
  static constexpr Margin kDirection{10 * kDegree, 15 * kDegree};   // between deviators of the strain; with at least
  static constexpr int kManyDirections = 8;  // ... so many trained on (same components free) the largest angle of one to its nearest
  static constexpr Margin kOrientation{2 * kDegree, 5 * kDegree};   // embedding's distance from the ranges: an angle
  static constexpr Margin kIncrement{0, 0.25};                      // share of the largest
  static constexpr Margin kResolved{0.25, 0.6};                     // of the mean, in standard deviations of a voxel
  // Of what surrounds a voxel: its distance from the middle of the range, in halves of the range.
  static constexpr Margin kSurroundingShear{1.5, 2.25}, kSurroundingGrains{1.1, 1.6}, kSurroundingContrast{1.2, 1.7};
  static constexpr Margin kVoxels{0.01, 0.1};  // share of voxels outside, above which a step is doubtful, outside
  static constexpr double kDoubtfulVoxels = 0.1;  // share of voxels not fine, above which a step is doubtful
};

// Verdicts of a step's voxels, counted. Sums of parts (tiles) are those of the whole.
struct VoxelVerdicts {
  std::int64_t voxels = 0, doubtful = 0, outside = 0;  // masked ones are not counted
  std::int64_t orientation = 0, increment = 0;         // not fine for this reason
  double orientation_beyond = 0;                       // rad, the farthest from the ranges
  double increment_largest = 0;                        // rad
  // Not fine for what surrounds them (DomainJudge::grid): how it stands to the load, coarse grains, alike neighbours.
  std::array<std::int64_t, 3> surroundings{};
  // Of each phase whose mean of TrainingDomain::Resolved is judged: its sum in units of 2^-32, and the voxels in it.
  std::array<std::int64_t, 8> resolved_sum{}, resolved_voxels{};
  VoxelVerdicts& operator+=(const VoxelVerdicts& other);
  Verdict verdict() const;
};

struct StepJudgement {
  Verdict verdict = Verdict::kFine;  // the worse of the two below
  Verdict load = Verdict::kFine;
  VoxelVerdicts voxels;
  double strain = 0;   // von Mises strains summed up to the end of this step
  std::string reason;  // empty where it is fine
};

struct DomainJudgement {
  Verdict verdict = Verdict::kFine;           // the worst of the steps
  std::vector<Verdict> steps;                 // [T]
  std::vector<std::string> reasons, doubts;   // for outside and for doubtful; each names the steps it is about
  bool stated = false;                        // the model states a domain at all
};
// "inside the domain of training"; "outside the domain of training: total strain 0.26 > 0.13 from step 14 on; ...";
// "near the edge of the domain of training: ..."; "" where none is stated.
std::string text(const DomainJudgement& judgement);

// A whole grid after a step, for what needs a voxel's neighbours too; null: as in DomainJudge::voxels.
struct GridFields {
  Shape shape;
  Boundaries boundaries;
  const float* q = nullptr;          // [n, 4]
  const float* increment = nullptr;  // [n, 3]
  const std::int32_t* phase = nullptr;
  const std::uint8_t* mask = nullptr;
  const LoadStep* load = nullptr;
};

// Made once for a model, used by any number of threads. The path is the caller's: `strain` is the sum of the von Mises
// strains of the steps before, so that a step that is taken back needs nothing here.
class DomainJudge {
 public:
  explicit DomainJudge(const ModelSpec& spec);  // Error kFormat: training_domain()
  bool stated() const { return domain_.stated(); }
  const TrainingDomain& domain() const { return domain_; }

  // A load is completed first (load.h). Its direction is fine within 10 degrees (or DomainMargins::kManyDirections) of one trained
  // on that leaves the same components free, both up to the 24 rotations of the cube, since a model turns with them; a single free normal
  // component counts as prescribed, since the volume stays.
  StepJudgement load(const LoadStep& load, double strain) const;

  // q[n,4] after the step under `load` (null: how grains stand to it is not judged), increment[n,3] of it (rad, sample frame), or null: not judged. phase[n]: index into
  // NonlocalSpec::phases, null: all 0; mask[n]: 0 where a voxel does not count, null for none. verdict[n] (0, 1, 2; masked
  // voxels 0) is written where it is not null. What is not finite is outside.
  VoxelVerdicts voxels(std::int64_t n, const float* q, const float* increment, const std::int32_t* phase = nullptr,
                       const std::uint8_t* mask = nullptr, std::uint8_t* verdict = nullptr, int threads = 1,
                       const LoadStep* load = nullptr) const;

  // The same with what surrounds the voxels, where the model states it.
  VoxelVerdicts grid(const GridFields& fields, std::uint8_t* verdict = nullptr, int threads = 1) const;

  // How far in or out a voxel is, as one number in place of a verdict: the worst of what is judged of it and of its load, each up
  // to 1 where it is fine, up to 2 where it is doubtful, linear in between and beyond; at least kOutsideMeasure for what has no
  // size (free components or a crystal as in no training). measure[n] is raised to it, so that of several steps the worst
  // stays; masked voxels are left alone. `strain` as in load().
  static constexpr double kOutsideMeasure = 3;
  void measure(const GridFields& fields, double strain, float* measure, int threads = 1) const;

  // Of which crystal a phase of the grid is, where its source tells: lattice (archive.h: cF ...; empty: not told) and c/a (0: not told).
  // Another one than the model's makes every step outside; another c/a by more than 1 % doubtful, by more than 3 % outside.
  void crystal(std::size_t phase, const std::string& name, const std::string& lattice, double c_over_a);

  // What voxels() compares those of a phase with, for kernels that do the same.
  VoxelLimits limits(std::size_t phase) const;

  // Both at once: the verdict of a step.
  StepJudgement step(const LoadStep& load, double strain, const VoxelVerdicts& voxels) const;

  // A whole run; `voxels` [T] or empty (before it is run).
  DomainJudgement run(const std::vector<LoadStep>& loads, std::span<const VoxelVerdicts> voxels = {}) const;

 private:
  // A direction of straining: deviator of norm 1, and which components are free.
  struct Direction {
    std::array<double, 9> E{};
    std::array<bool, 9> free{};
    bool any = false;  // false: no strain at all
  };
  struct Parts;  // what of a step's load lies where
  static Direction direction_of(const LoadStep& load);
  std::pair<double, int> nearest_seen(const Direction& direction, int but) const;
  Parts parts(const LoadStep& load, double strain) const;
  double load_measure(const LoadStep& load, double strain) const;
  // How far a step's means of Resolved lie beyond what was seen, in standard deviations of a voxel; the phase with the most.
  struct Beyond {
    double by = 0, mean = 0;
    int phase = -1;
    Verdict verdict() const;
  };
  Beyond beyond_resolved(const VoxelVerdicts& voxels) const;
  DomainJudgement tell(std::span<const Parts> steps, std::span<const VoxelVerdicts> voxels) const;

  // By phase: the ranges of what surrounds its voxels, null where the model states none.
  const TrainingDomain::Surrounded* surrounded(std::size_t phase) const;
  // Calls fn(i, {three distances, in the units of DomainMargins::kSurrounding...}) for the voxels that are judged.
  template <class Fn>
  void surround(const GridFields& fields, int threads, const Fn& fn) const;

  TrainingDomain domain_;
  std::vector<PhaseSpec> phases_;  // of the nonlocal family
  Verdict crystal_ = Verdict::kFine;
  std::string crystal_reason_;
  std::vector<Direction> seen_;
  std::vector<Margin> direction_;  // [seen] margin of the angle to it
  std::vector<int> range_;  // [phase] index into domain_.orientations, -1: not stated
  std::vector<std::vector<std::array<double, 5>>> slip_;  // [phase] P_s, empty where domain_.resolved does not state it
  std::vector<int> resolved_;                             // [phase] index into domain_.resolved, -1: not stated
};

// Of n orientations: TrainingDomain::Resolved's number of each voxel.
void resolved_shear(std::span<const std::array<double, 5>> P, const std::array<double, 5>& E0, std::int64_t n, const float* q,
                    float* out);

// DomainJudge(spec).run(loads).
DomainJudgement judge_loads(const ModelSpec& spec, const std::vector<LoadStep>& loads);

}  // namespace grainspin
