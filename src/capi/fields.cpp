// What the last step gave, into the caller's arrays.
#include "capi/arrays.h"
#include "capi/orientations.h"
#include "capi/state.h"

namespace {

using grainspin::Errc;
using grainspin::capi::guarded;
using grainspin::capi::required;

// from[voxels, components], null where no step gave it.
void hand_out(const grainspin_state& s, const float* from, int components, const grainspin_array* out, const char* what) {
  const auto view =
      grainspin::capi::checked(out, s.grid.shape, components, grainspin::capi::kReal, true, what);
  grainspin::require(from, Errc::kArgument,
                     std::string(what) + ": no step was taken since the state was created, reverted, restored or set");
  grainspin::capi::write_fields(view, from);
}

}  // namespace

grainspin_status grainspin_get_orientations(const grainspin_state* state, const grainspin_array* out,
                                            const grainspin_convention* convention) {
  return guarded([&] {
    required(state, "state");
    state->whole();
    const grainspin_convention c = grainspin::capi::checked(convention);
    const auto view = grainspin::capi::checked(out, state->grid.shape, grainspin::capi::components(c.representation),
                                               grainspin::capi::kReal, true, "orientations");
    grainspin::capi::write_orientations(view, c, state->rollout->orientation());
  });
}

grainspin_status grainspin_get_increments(const grainspin_state* state, const grainspin_array* out) {
  return guarded([&] {
    required(state, "state");
    state->whole();
    hand_out(*state, state->last.increment, 3, out, "increments");
  });
}

grainspin_status grainspin_get_stress(const grainspin_state* state, const grainspin_array* out) {
  return guarded([&] {
    required(state, "state");
    state->whole();
    grainspin::require(state->model->gives_stress(), Errc::kArgument, "stress: the model was trained without it");
    hand_out(*state, state->last.stress, 6, out, "stress");
  });
}

grainspin_status grainspin_get_log_variance(const grainspin_state* state, const grainspin_array* out) {
  return guarded([&] {
    required(state, "state");
    state->whole();
    grainspin::require(state->model->gives_log_variance(), Errc::kArgument,
                       "log variance: the model was trained without it");
    hand_out(*state, state->last.log_variance, 3, out, "log variance");
  });
}

grainspin_status grainspin_get_verdicts(const grainspin_state* state, const grainspin_array* out) {
  return guarded([&] {
    required(state, "state");
    state->whole();
    const auto view =
        grainspin::capi::checked(out, state->grid.shape, 1, 1u << GRAINSPIN_UINT8, true, "verdicts");
    state->judged();
    grainspin::capi::write_bytes(view, state->verdicts.data());
  });
}
