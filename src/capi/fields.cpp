// What the last step gave, into the caller's arrays.
#include "capi/arrays.h"
#include "capi/orientations.h"
#include "capi/state.h"

namespace {

using grainspin::Errc;
using grainspin::capi::DeviceWork;
using grainspin::capi::guarded_on;

void hand_out(const grainspin_state& s, grainspin::Field field, const grainspin_array* out, const char* what) {
  const auto view =
      grainspin::capi::checked(*s.model, out, s.grid.shape, components(field), grainspin::capi::kReal, true, what);
  grainspin::require(s.stepped, Errc::kArgument,
                     std::string(what) + ": no step was taken since the state was created, reverted, restored or set");
  if (view.on_gpu) {
    DeviceWork work(*s.model, s.callbacks.stream);
    work.give(view, s.device_rollout().device_field(field));
    return work.done();
  }
  grainspin::capi::write_fields(view, s.rollout->field(field));
}

}  // namespace

grainspin_status grainspin_get_orientations(const grainspin_state* state, const grainspin_array* out,
                                            const grainspin_convention* convention) {
  return guarded_on(state, [&] {
    state->whole();
    const grainspin::OrientationForm form = grainspin::capi::checked(convention);
    const auto view = grainspin::capi::checked(*state->model, out, state->grid.shape, grainspin::capi::components(form),
                                               grainspin::capi::kReal, true, "orientations");
    if (view.on_gpu) {
      DeviceWork work(*state->model, state->callbacks.stream);
      work.give(view, form, state->device_rollout().device_field(grainspin::Field::kOrientation));
      return work.done();
    }
    grainspin::capi::write_orientations(view, form, state->rollout->orientation());
  });
}

grainspin_status grainspin_get_increments(const grainspin_state* state, const grainspin_array* out) {
  return guarded_on(state, [&] {
    state->whole();
    hand_out(*state, grainspin::Field::kIncrement, out, "increments");
  });
}

grainspin_status grainspin_get_stress(const grainspin_state* state, const grainspin_array* out) {
  return guarded_on(state, [&] {
    state->whole();
    grainspin::require(state->model->gives_stress(), Errc::kArgument, "stress: the model was trained without it");
    hand_out(*state, grainspin::Field::kStress, out, "stress");
  });
}

grainspin_status grainspin_get_log_variance(const grainspin_state* state, const grainspin_array* out) {
  return guarded_on(state, [&] {
    state->whole();
    grainspin::require(state->model->gives_log_variance(), Errc::kArgument,
                       "log variance: the model was trained without it");
    hand_out(*state, grainspin::Field::kLogVariance, out, "log variance");
  });
}

grainspin_status grainspin_get_verdicts(const grainspin_state* state, const grainspin_array* out) {
  return guarded_on(state, [&] {
    state->whole();
    const auto view =
        grainspin::capi::checked(*state->model, out, state->grid.shape, 1, 1u << GRAINSPIN_UINT8, true, "verdicts");
    state->judged();
    if (view.on_gpu) {
      if (!state->judged_there()) DeviceWork(*state->model).place(*state->on_gpu, state->verdicts);
      DeviceWork work(*state->model, state->callbacks.stream);
      work.give(view, *state->on_gpu);
      return work.done();
    }
    if (state->judged_there()) {
      const auto verdicts = DeviceWork(*state->model).verdicts(*state->on_gpu, state->grid.shape.voxels());
      return grainspin::capi::write_bytes(view, verdicts.data());
    }
    grainspin::capi::write_bytes(view, state->verdicts.data());
  });
}
