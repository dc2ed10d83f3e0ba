// The error that the model expects of itself along the path so far.
#include "capi/arrays.h"
#include "capi/state.h"
#include "capi/versioned.h"

namespace {

using grainspin::PathError;
using grainspin::capi::DeviceWork;
using grainspin::capi::guarded_on;

constexpr std::size_t kEstimate = 40;  // size of the first version
static_assert(sizeof(grainspin_error_estimate) == kEstimate);

const PathError& kept(const grainspin_state& s) {
  s.whole();
  grainspin::require(s.error.has_value(), grainspin::Errc::kArgument,
                     "the estimated error: the state was created without it (estimate_error of its options)");
  return *s.error;
}

bool counts(const grainspin_state& s, std::int64_t voxel) { return s.grid.mask.empty() || s.grid.mask[std::size_t(voxel)] != 0; }

}  // namespace

grainspin_status grainspin_state_error(const grainspin_state* state, grainspin_error_estimate* estimate) {
  return guarded_on(state, [&] {
    const PathError& error = kept(*state);
    grainspin_error_estimate out{};
    std::int64_t voxels = 0;
    for (std::int64_t i = 0; i < error.voxels(); ++i) {
      if (!counts(*state, i)) continue;
      ++voxels;
      out.expected += error.expected(i);
      for (std::size_t level = 0; level < 3; ++level) out.radius[level] += error.radius(i, level);
    }
    for (double* sum : {&out.expected, &out.radius[0], &out.radius[1], &out.radius[2]}) *sum /= double(voxels > 0 ? voxels : 1);
    grainspin::capi::given(estimate, out, kEstimate, "grainspin_error_estimate");
  });
}

grainspin_status grainspin_get_estimated_error(const grainspin_state* state, const grainspin_array* out) {
  return guarded_on(state, [&] {
    const PathError& error = kept(*state);
    const auto view =
        grainspin::capi::checked(*state->model, out, state->grid.shape, 1, grainspin::capi::kReal, true, "estimated error");
    std::vector<float> angles(static_cast<std::size_t>(error.voxels()));
    for (std::int64_t i = 0; i < error.voxels(); ++i)
      if (counts(*state, i)) angles[std::size_t(i)] = float(error.expected(i));
    if (!view.on_gpu) return grainspin::capi::write_fields(view, angles.data());
    const auto there = DeviceWork(*state->model).place(*state->on_gpu, state->grid.shape, angles);
    DeviceWork work(*state->model, state->callbacks.stream);
    work.give(view, there);
    work.done();
  });
}
