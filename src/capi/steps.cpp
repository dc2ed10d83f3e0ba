// Steps of a state: forward, accepted, taken back, set.
#include <algorithm>

#include "capi/arrays.h"
#include "capi/orientations.h"
#include "capi/state.h"
#include "capi/versioned.h"
#include "grainspin/nonlocal.h"

namespace grainspin::capi {
namespace {

constexpr std::size_t kVerdict = 48;  // size of the first version
static_assert(sizeof(grainspin_verdict) == kVerdict);

// The loads of a call, all checked before the first step. A model's own where none are given.
std::vector<LoadStep> loads_of(const grainspin_state& s, std::int64_t steps, const grainspin_load* loads) {
  const LoadedModel& m = *s.model;
  const std::vector<LoadStep>& own = m.spec.loads;
  const std::int64_t done = s.rollout->step();
  require(steps >= 1, Errc::kArgument, std::to_string(steps) + " steps: at least one is to be taken");
  require(!loads || m.nonlocal(), Errc::kArgument,
          "loads were given, but the model is of the local family, which knows the load it was trained on only");
  require(loads || steps <= std::int64_t(own.size()) - done, Errc::kArgument,
          own.empty() ? "no loads were given, and the model states none of its own"
                      : "the model's own load has " + std::to_string(own.size()) + " steps, " + std::to_string(done) +
                            " are done and " + std::to_string(steps) + " more were asked for" +
                            (m.nonlocal() ? " without loads" : ""));
  std::vector<LoadStep> all;
  for (std::int64_t i = 0; i < steps; ++i) {
    all.push_back(loads ? engine_load(loads[i], i) : completed(own[std::size_t(done + i)]));
    if (m.nonlocal()) (void)cell_load(all.back());
  }
  return all;
}

// Tells the log once where loads leave the domain of training.
void tell(grainspin_state& s, const LoadStep& load) {
  if (!s.callbacks.log) return;
  const StepJudgement j = s.model->judge.load(load, s.strain);
  if (j.verdict > s.told)
    s.callbacks.log(s.callbacks.user, GRAINSPIN_LOG_WARNING,
                    ("step " + std::to_string(s.rollout->step() + 1) + " is " + name(j.verdict) +
                     " for its load: " + j.reason).c_str());
  s.told = std::max(s.told, j.verdict);
}

// One step. `verdict`: it is judged.
void step(grainspin_state& s, const LoadStep& load, grainspin_load* found, grainspin_verdict* verdict) {
  tell(s, load);
  s.forget();
  s.broken = true;  // until it is through
  const LoadStep* const given = s.rollout->advance(s.model->nonlocal() ? &load : nullptr);
  if (s.error) s.error->add(s.rollout->field(Field::kLogVariance));
  s.broken = false;
  s.stepped = true;
  s.load = load;
  const double before = s.strain;
  s.strain += load.von_mises();
  if (found) *found = c_load(given ? *given : load);
  if (!verdict) return;
  const StepJudgement j = s.model->judge.step(load, before, s.judged());
  const bool worse = int(j.verdict) > verdict->verdict;
  verdict->verdict = std::max(verdict->verdict, std::int32_t(j.verdict));
  verdict->voxels_doubtful = j.voxels.doubtful;
  verdict->voxels_outside = j.voxels.outside;
  if (worse) s.reason = j.reason;
}

void advance(grainspin_state& s, const std::vector<LoadStep>& loads, grainspin_load* found, grainspin_verdict* verdict,
             std::int64_t* done) {
  std::string reason;  // of the worst step
  for (std::size_t i = 0; i < loads.size(); ++i) {
    step(s, loads[i], found ? found + i : nullptr, verdict);
    if (s.reason.empty()) s.reason = reason;
    else reason = s.reason;
    ++*done;
    const bool stop = s.callbacks.progress && s.callbacks.progress(s.callbacks.user, double(i + 1) / double(loads.size()),
                                                                   "advance") != 0;
    require(!stop, Errc::kInterrupted,
            "stopped on request after " + std::to_string(i + 1) + " of " + std::to_string(loads.size()) + " steps");
  }
}

}  // namespace
}  // namespace grainspin::capi

using grainspin::capi::guarded_on;

grainspin_status grainspin_advance(grainspin_state* state, int64_t steps, const grainspin_load* loads,
                                   grainspin_load* found, grainspin_verdict* verdict) {
  return guarded_on(state, [&] {
    state->whole();
    grainspin_verdict v{};
    v.stated = state->model->judge.stated();
    v.reason = "";
    if (verdict) grainspin::capi::given(verdict, v, grainspin::capi::kVerdict, "grainspin_verdict");
    const auto all = grainspin::capi::loads_of(*state, steps, loads);
    const auto hand_out = [&] {
      v.reason = state->reason.c_str();
      if (verdict) grainspin::capi::given(verdict, v, grainspin::capi::kVerdict, "grainspin_verdict");
    };
    try {
      grainspin::capi::advance(*state, all, found, verdict ? &v : nullptr, &v.steps);
    } catch (...) {
      hand_out();
      throw;
    }
    hand_out();
  });
}

grainspin_status grainspin_accept(grainspin_state* state) {
  return guarded_on(state, [&] {
    state->whole();
    grainspin::capi::Accepted& a = state->accepted;
    const std::int64_t bytes = state->rollout->size().carried;
    std::byte* const there = state->on_gpu ? state->on_gpu->room_for_accepted(bytes) : nullptr;
    if (there) std::vector<std::byte>().swap(a.carried);
    else a.carried.resize(std::size_t(bytes));
    state->rollout->carry(there ? there : a.carried.data());
    a.any = true;
    a.step = state->rollout->step();
    a.strain = state->strain;
    a.error = state->error;
    std::vector<float>().swap(a.orientation);  // what is assigned {} keeps its memory
  });
}

grainspin_status grainspin_revert(grainspin_state* state) {
  return guarded_on(state, [&] {
    const grainspin::capi::Accepted& a = state->accepted;
    state->forget();
    state->broken = true;
    const grainspin::capi::DevicePart* const gpu = state->on_gpu.get();
    if (!a.any) state->rollout->restart(gpu ? gpu->start.get() : a.orientation.data());
    else state->rollout->resume(gpu && gpu->carried.get() ? gpu->carried.get() : a.carried.data(), int(a.step));
    state->broken = false;
    state->strain = a.strain;
    if (a.error) state->error = a.error;
    else state->believe();
    state->told = grainspin::Verdict::kFine;
  });
}

grainspin_status grainspin_set_orientations(grainspin_state* state, const grainspin_array* orientation,
                                            const grainspin_convention* convention) {
  return guarded_on(state, [&] {
    using namespace grainspin::capi;
    state->whole();
    const grainspin::ModelSpec& spec = state->model->spec;
    grainspin::require(spec.family != grainspin::Family::kLocal || spec.local.feedback != grainspin::Feedback::kInitial,
                       grainspin::Errc::kArgument,
                       "the model's feedback is `initial`: the initial orientations drive all its steps, others would not "
                       "be seen; a model that was trained with `own` or `neighbours`, or of the nonlocal family, takes them");
    const grainspin::OrientationForm form = checked(convention);
    const std::int64_t n = state->grid.shape.voxels();
    const std::uint8_t* const mask = state->grid.masked();
    const View from = checked(*state->model, orientation, state->grid.shape, components(form), kReal, false, "orientation");
    if (from.on_gpu) {
      grainspin::DeviceRollout& rollout = state->device_rollout();
      DeviceWork work(*state->model, state->callbacks.stream);
      work.take(from, form, work.mask(*state->on_gpu, mask, n), false, rollout.device_field(grainspin::Field::kOrientation));
      rollout.orientation_placed();
      work.done();
    } else {
      std::vector<float> q(std::size_t(n) * 4);
      if (mask) std::copy_n(state->rollout->orientation(), n * 4, q.data());  // masked voxels keep theirs
      read_orientations(from, form, mask, false, q.data());
      state->rollout->set_orientation(q.data());
    }
    state->forget();
    state->believe();
  });
}
