// What a state handle holds: the grid, its rollout, the last step and the accepted one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "capi/device.h"
#include "capi/model.h"
#include "capi/status.h"
#include "grainspin/rollout.h"

namespace grainspin::capi {

// The grid of a state, as its options or a saved state give it.
struct Grid {
  Shape shape;
  Boundaries boundaries;
  int padding = 8;
  std::array<double, 3> spacing{1, 1, 1};
  std::vector<std::uint8_t> mask;   // [voxels] or empty
  std::vector<std::int32_t> phase;  // [voxels] or empty
  Region region() const;            // with pointers to `phase`
  const std::uint8_t* masked() const { return mask.empty() ? nullptr : mask.data(); }
};

// Of a state's options: what every call on it uses.
struct Callbacks {
  grainspin_progress progress = nullptr;
  grainspin_log log = nullptr;
  void* user = nullptr;
  Stream stream = nullptr;  // of arrays in GPU memory
};

// The step that revert goes back to. Not `any`: the undeformed grid, whose orientations say all.
struct Accepted {
  std::int64_t step = 0;
  double strain = 0;
  std::vector<float> orientation;  // on a GPU: DevicePart::start
  std::vector<std::byte> carried;  // on a GPU with room for it: DevicePart::carried
  std::optional<PathError> error;  // grainspin_state::error; none: that of the beginning, 0
  bool any = false;
};

}  // namespace grainspin::capi

struct grainspin_state {
  using Floats = std::vector<float>;
  // Error kArgument where an error within a step has left it half done.
  void whole() const;
  // The error that the model expects of itself starts from 0, where it is kept.
  void believe();
  // What a step gave last, and what belongs to it, is not there any more.
  void forget();
  // Verdicts of the voxels as they are now; counted once.
  const grainspin::VoxelVerdicts& judged() const;
  // They lie in the GPU's memory (DevicePart::verdict), not in `verdicts`.
  bool judged_there() const;
  // Where the model runs on a GPU.
  grainspin::DeviceRollout& device_rollout() const { return static_cast<grainspin::DeviceRollout&>(*rollout); }

  std::shared_ptr<const grainspin::capi::LoadedModel> model;
  grainspin::capi::Grid grid;
  grainspin::capi::Callbacks callbacks;
  std::unique_ptr<grainspin::capi::DevicePart> on_gpu;  // null on the CPU
  std::unique_ptr<grainspin::Rollout> rollout;          // before `model` ends
  bool stepped = false;                         // a step was the last that happened to the orientations
  grainspin::LoadStep load;                     // of it, completed (load.h)
  double strain = 0;                            // von Mises, summed over the steps
  std::optional<grainspin::PathError> error;    // where it is kept: of the path so far
  grainspin::capi::Accepted accepted;
  bool broken = false;
  grainspin::Verdict told = grainspin::Verdict::kFine;  // to the log
  std::string reason;                                   // of the last verdict
  mutable std::vector<std::uint8_t> verdicts;
  mutable grainspin::VoxelVerdicts counts;
  mutable bool counted = false;
};

namespace grainspin::capi {

// Of options whose grid must be complete; arrays are not read.
Grid checked_grid(const grainspin_state_options& options, const LoadedModel& model);
void check_stream(const void* stream, const LoadedModel& model);
Callbacks callbacks_of(const grainspin_state_options& options);
grainspin_state_options taken(const grainspin_state_options* options);
grainspin_state_options state_defaults();
// Bytes of a saved state; error: the estimated one is kept.
std::int64_t saved_bytes(const Grid& grid, bool masked, bool phases, std::int64_t carried, bool error);
inline std::int64_t error_bytes(const Grid& grid, bool kept) {
  return kept ? grid.shape.voxels() * PathError::kCarried * std::int64_t(sizeof(float)) : 0;
}
// The edge of a call on a state: as guarded(), with its GPU current.
template <class Work>
grainspin_status guarded_on(const grainspin_state* state, const Work& work) noexcept {
  return guarded([&] {
    required(state, "state");
    const CurrentGpu current(*state->model);
    work();
  });
}
// A state whose rollout starts from q[voxels, 4], of the host or of its GPU.
std::unique_ptr<grainspin_state> make_state(const std::shared_ptr<const LoadedModel>& model, Grid grid,
                                            const Callbacks& callbacks, const float* q);

}  // namespace grainspin::capi
