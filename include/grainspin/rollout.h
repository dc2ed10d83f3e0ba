// A grid carried step by step, for a solver that has its own time loop: Surrogate::start gives one, Surrogate::run does
// the same steps in one go, bit for bit.
#pragma once

#include <cstddef>
#include <cstdint>

#include "grainspin/load.h"

namespace grainspin {

struct VoxelVerdicts;  // domain.h

// What one step gives, for the inner part of a region, x fastest. Null where not computed.
struct StepOutput {
  int step = 0;                         // 1 .. T
  const float* orientation = nullptr;   // [inner, 4]
  const float* increment = nullptr;     // [inner, 3] rad, sample frame
  const float* stress = nullptr;        // [inner, 6] Pa, Cauchy
  const float* log_variance = nullptr;  // [inner, 3]
  // Nonlocal: the step's mean velocity gradient with the components that the load leaves free predicted;
  // `prescribed` as in the load.
  const LoadStep* load = nullptr;
  // Where Region::packing asks for it and the backend packs: [inner, packed_bytes] in place of `orientation`. Where
  // Region::judge asks and the backend judges: [inner] 0, 1, 2 as DomainJudge::voxels(), and their counts.
  const std::uint8_t* packed = nullptr;
  const std::uint8_t* verdict = nullptr;
  const VoxelVerdicts* verdicts = nullptr;
};

// What a rollout has of every voxel, x fastest: that of StepOutput's name.
enum class Field : int { kOrientation = 0, kIncrement = 1, kStress = 2, kLogVariance = 3 };
constexpr int components(Field field) { return field == Field::kOrientation ? 4 : field == Field::kStress ? 6 : 3; }

// Bytes that a rollout takes: on the host (on a GPU: once every field was asked for) and on the GPU, and what carry()
// writes.
struct RolloutSize {
  std::int64_t host = 0, device = 0, carried = 0;
};

// Of whole grids (no cuts). Used by one thread at a time; must not outlive its surrogate, whose rollouts take turns.
// After an Error of advance(), which may leave a step half done, only restart() and resume() are allowed.
class Rollout {
 public:
  virtual ~Rollout() = default;
  virtual int step() const = 0;  // steps taken
  // The next step. load: nonlocal: null for the model's own (Error kArgument where it has none for this step).
  // local: null; it has the steps of its own load and no more. Returns the load as StepOutput::load, valid until the next
  // step; local: null.
  virtual const LoadStep* advance(const LoadStep* load) = 0;
  // [voxels, components(field)] on the host, valid until the next call that changes the rollout. kOrientation: as it is
  // now, masked voxels too; the others: of the last step (before the first, and once orientations were set otherwise,
  // what they hold means nothing), null where the model gives none. A rollout on a GPU copies a field when it is asked
  // for it first.
  virtual const float* field(Field field) const = 0;
  const float* orientation() const { return field(Field::kOrientation); }
  // q[voxels, 4]: orientations that the next step starts from in place of its own, as Surrogate::run's teacher; what
  // the model carries beside stays. Here and in restart() q may be memory of the GPU that the rollout runs on. Error kArgument by feedback `initial`, which does not read them.
  virtual void set_orientation(const float* q) = 0;
  // The same of voxels first .. first + count alone (q on the host), and their orientations as they are now -> to[count, 4]:
  // the halo of a rank; a GPU copies nothing else. By feedback `neighbours`; Error kArgument by others.
  virtual void set_part(std::int64_t first, std::int64_t count, const float* q);
  virtual void read_part(std::int64_t first, std::int64_t count, float* to) const;
  // As started, from q0[voxels, 4].
  virtual void restart(const float* q0) = 0;
  // What the next step needs of this one: carry() writes size().carried bytes, resume() reads them (those of a rollout
  // of the same model, region and backend) and goes on bit for bit from step `step`. On a GPU `to` and `from` may be its
  // memory.
  virtual RolloutSize size() const = 0;
  virtual void carry(std::byte* to) const = 0;
  virtual void resume(const std::byte* from, int step) = 0;
};

}  // namespace grainspin
