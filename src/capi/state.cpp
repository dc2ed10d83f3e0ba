#include "capi/state.h"

#include <cmath>
#include <limits>

#include "capi/arrays.h"
#include "capi/orientations.h"
#include "capi/versioned.h"
#include "engine_cuda_results.h"  // kernels_judge

namespace grainspin::capi {
namespace {

constexpr std::size_t kOptions = 136, kInfo = 56;  // sizes of the first version
static_assert(sizeof(grainspin_state_options) == kOptions + 8 && sizeof(grainspin_state_info) == kInfo);

constexpr std::int64_t kMostVoxels = std::int64_t(1) << 40;

// One number a voxel.
template <class T>
std::vector<T> marks_of(const LoadedModel& model, const grainspin_array* array, Shape shape, std::int32_t type,
                        Stream stream, const char* what) {
  const View v = checked(model, array, shape, 1, 1u << type, false, what);
  if (v.on_gpu) {
    DeviceWork work(model, stream);
    std::vector<T> marks = work.marks<T>(v);
    work.done();
    return marks;
  }
  std::vector<T> marks(std::size_t(shape.voxels()));
  each_voxel(v, [&](std::int64_t i, std::int64_t at) { marks[std::size_t(i)] = static_cast<const T*>(v.data)[at]; });
  return marks;
}

void take_mask(const LoadedModel& model, const grainspin_array* array, Stream stream, Grid& grid) {
  grid.mask = marks_of<std::uint8_t>(model, array, grid.shape, GRAINSPIN_UINT8, stream, "mask");
  for (std::uint8_t& m : grid.mask) m = m != 0;
}

void take_phases(const LoadedModel& model, const grainspin_array* array, Stream stream, Grid& grid) {
  grid.phase = marks_of<std::int32_t>(model, array, grid.shape, GRAINSPIN_INT32, stream, "phase");
  for (std::size_t i = 0; i < grid.phase.size(); ++i) {
    std::int32_t& p = grid.phase[i];
    if (!grid.mask.empty() && !grid.mask[i]) p = 0;
    require(p >= 0 && p < model.phases(), Errc::kArgument,
            "phase: voxel " + std::to_string(i) + " is of phase " + std::to_string(p) + ", the model has " +
                std::to_string(model.phases()) + " from 0");
  }
}

// On a GPU: orientations go there once, and the state starts, and is taken back to, from there.
std::unique_ptr<grainspin_state> create_on_gpu(const std::shared_ptr<const LoadedModel>& model, Grid grid,
                                               const Callbacks& callbacks, const View& from, const OrientationForm& form) {
  const std::int64_t n = grid.shape.voxels();
  const Gpu& gpu = model->on_device->gpu();
  auto part = std::make_unique<DevicePart>(model);
  if (from.on_gpu) {
    DeviceWork work(*model, callbacks.stream);
    part->start = {gpu, n * 4};
    work.take(from, form, work.mask(*part, grid.masked(), n), true, {part->start.get(), {grid.shape, {}, grid.shape}});
    work.done();
  } else {
    std::vector<float> q(std::size_t(n) * 4);
    read_orientations(from, form, grid.masked(), true, q.data());
    const std::lock_guard lock(model->on_device->busy());
    part->start = on_device(gpu, q.data(), n * 4);
    gpu->synchronise(gpu);  // q ends here
  }
  auto state = make_state(model, std::move(grid), callbacks, part->start.get());
  state->on_gpu = std::move(part);
  return state;
}

std::unique_ptr<grainspin_state> create(const grainspin_model& model, const grainspin_state_options& o) {
  const LoadedModel& m = *model.loaded;
  const CurrentGpu current(m);
  Grid grid = checked_grid(o, m);
  const Callbacks callbacks = callbacks_of(o);
  required(o.orientation, "orientation");
  const OrientationForm form = checked(&o.convention);
  const View from = checked(m, o.orientation, grid.shape, components(form), kReal, false, "orientation");
  if (o.mask) take_mask(m, o.mask, callbacks.stream, grid);
  if (o.phase) take_phases(m, o.phase, callbacks.stream, grid);
  std::unique_ptr<grainspin_state> state;
  if (m.on_device) {
    state = create_on_gpu(model.loaded, std::move(grid), callbacks, from, form);
  } else {
    std::vector<float> q(std::size_t(grid.shape.voxels()) * 4);
    read_orientations(from, form, grid.masked(), true, q.data());
    state = make_state(model.loaded, std::move(grid), callbacks, q.data());
    state->accepted.orientation = std::move(q);
  }
  if (o.estimate_error) state->error.emplace(state->grid.shape.voxels(), *m.calibrated);
  return state;
}

}  // namespace

Region Grid::region() const {
  Region r = whole(shape, boundaries);
  r.spacing = spacing;
  r.padding = padding;
  r.phase = phase.empty() ? nullptr : phase.data();
  return r;
}

grainspin_state_options state_defaults() {
  grainspin_state_options o{};
  o.padding = 8;
  for (double& s : o.spacing) s = 1;
  return o;
}

grainspin_state_options taken(const grainspin_state_options* options) {
  return taken(options, state_defaults(), kOptions, "grainspin_state_options");
}

Callbacks callbacks_of(const grainspin_state_options& o) {
  return {o.progress, o.log, o.user, static_cast<Stream>(o.stream)};
}

void check_stream(const void* stream, const LoadedModel& model) {
  require(!stream || model.device == Device::kCuda, Errc::kArgument, "a stream was given, but the model runs on the CPU");
}

Grid checked_grid(const grainspin_state_options& o, const LoadedModel& model) {
  Grid grid;
  std::int64_t voxels = 1;
  for (int a = 0; a < 3; ++a) {
    require(o.extent[a] >= 1 && o.extent[a] <= std::numeric_limits<int>::max() / 4, Errc::kShape,
            std::string("the extent along ") + "xyz"[a] + " is " + std::to_string(o.extent[a]) + " voxels");
    require(voxels <= kMostVoxels / o.extent[a], Errc::kShape, "the grid has more than 2^40 voxels");
    voxels *= o.extent[a];
    require(o.boundary[a] == GRAINSPIN_PERIODIC || o.boundary[a] == GRAINSPIN_CLAMPED, Errc::kArgument,
            std::string("the boundary along ") + "xyz"[a] + " is neither PERIODIC nor CLAMPED");
    require(std::isfinite(o.spacing[a]) && o.spacing[a] > 0, Errc::kArgument,
            std::string("the spacing of the voxels along ") + "xyz"[a] + " is not above 0");
    grid.spacing[std::size_t(a)] = o.spacing[a];
  }
  require(o.estimate_error == 0 || o.estimate_error == 1, Errc::kArgument,
          "estimate_error is " + std::to_string(o.estimate_error) + ", neither 0 nor 1");
  require(o.reserved == 0, Errc::kArgument, "grainspin_state_options.reserved is " + std::to_string(o.reserved) + ", not 0");
  require(!o.estimate_error || model.calibrated, Errc::kArgument,
          "estimate_error: " + model.path + " makes no estimate of its error (grainspin calibrate gives it one)");
  require(o.padding >= 0, Errc::kArgument, "the padding is " + std::to_string(o.padding) + " layers");
  check_stream(o.stream, model);
  grid.shape = {int(o.extent[0]), int(o.extent[1]), int(o.extent[2])};
  grid.boundaries = {Boundary(o.boundary[0]), Boundary(o.boundary[1]), Boundary(o.boundary[2])};
  grid.padding = o.padding;
  return grid;
}

std::unique_ptr<grainspin_state> make_state(const std::shared_ptr<const LoadedModel>& model, Grid grid,
                                            const Callbacks& callbacks, const float* q) {
  auto state = std::make_unique<grainspin_state>();
  state->model = model;
  state->grid = std::move(grid);
  state->callbacks = callbacks;
  if (model->on_device) state->on_gpu = std::make_unique<DevicePart>(model);
  state->rollout = model->engine->start(state->grid.region(), q, state->grid.masked());
  return state;
}

}  // namespace grainspin::capi

using grainspin::capi::guarded;
using grainspin::capi::required;

void grainspin_state::whole() const {
  grainspin::require(!broken, grainspin::Errc::kArgument,
                     "an error within a step has left the state half done: revert it, or free it");
}

void grainspin_state::believe() {
  if (error) error.emplace(grid.shape.voxels(), *model->calibrated);
}

void grainspin_state::forget() {
  stepped = false;
  counted = false;
  reason.clear();
}

bool grainspin_state::judged_there() const { return on_gpu && grainspin::kernels_judge(model->judge); }

const grainspin::VoxelVerdicts& grainspin_state::judged() const {
  if (counted) return counts;
  using grainspin::Field;
  const std::int64_t n = grid.shape.voxels();
  const std::int32_t* const phase = grid.phase.empty() ? nullptr : grid.phase.data();
  if (judged_there()) {
    grainspin::capi::DeviceWork work(*model);
    const grainspin::DeviceRollout& there = device_rollout();
    counts = work.judge(*on_gpu, there.device_field(Field::kOrientation),
                        stepped ? there.device_field(Field::kIncrement) : grainspin::DeviceField{},
                        work.phase(*on_gpu, model->phases() > 1 ? phase : nullptr, n), work.mask(*on_gpu, grid.masked(), n));
  } else {
    verdicts.resize(std::size_t(n));
    counts = model->judge.grid({grid.shape, grid.boundaries, rollout->orientation(), stepped ? rollout->field(Field::kIncrement) : nullptr,
                                phase, grid.masked(), stepped ? &load : nullptr},
                               verdicts.data(), model->threads);
  }
  counted = true;
  return counts;
}

grainspin_status grainspin_state_options_init(grainspin_state_options* options, size_t size) {
  return guarded([&] {
    grainspin::capi::initialise(options, grainspin::capi::state_defaults(), size, grainspin::capi::kOptions,
                                "grainspin_state_options");
  });
}

grainspin_status grainspin_state_create(const grainspin_model* model, const grainspin_state_options* options,
                                        grainspin_state** state) {
  if (state) *state = nullptr;
  return guarded([&] {
    required(model, "model");
    required(state, "state");
    *state = grainspin::capi::create(*model, grainspin::capi::taken(options)).release();
  });
}

void grainspin_state_free(grainspin_state* state) {
  if (!state) return;
  const grainspin::capi::CurrentGpu current(*state->model);
  delete state;
}

grainspin_status grainspin_state_query(const grainspin_state* state, grainspin_state_info* info) {
  return guarded([&] {
    required(state, "state");
    grainspin_state_info out{};
    const grainspin::Shape s = state->grid.shape;
    out.extent[0] = s.nx, out.extent[1] = s.ny, out.extent[2] = s.nz;
    out.step = state->rollout->step();
    out.accepted = state->accepted.step;
    out.total_strain = state->strain;
    grainspin::capi::given(info, out, grainspin::capi::kInfo, "grainspin_state_info");
  });
}
