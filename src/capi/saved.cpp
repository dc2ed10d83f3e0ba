// Saved states: a header, mask, phases, what the model carries from step to step, what its error adds up to, and a checksum of all that.
#include <sys/stat.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>

#include "capi/state.h"
#include "capi/versioned.h"
#include "checksum.h"
#include "new_file.h"

namespace grainspin::capi {
namespace {

static_assert(std::endian::native == std::endian::little, "states are saved as they lie in memory");

constexpr char kMagic[8] = {'g', 's', 'p', 'n', 's', 't', 'a', 't'};
constexpr std::uint32_t kVersion = 2;  // counted up when what is saved changes

struct Header {
  char magic[8];
  std::uint32_t version, device;
  std::uint64_t model, kernels;  // LoadedModel::fingerprint, kernels
  std::int64_t extent[3];
  std::int32_t boundary[3], padding;
  double spacing[3];
  std::int64_t step;
  double strain;
  std::int64_t mask, phase, carried, error;  // bytes of each part
};
static_assert(sizeof(Header) == 8 + 8 + 16 + 24 + 16 + 24 + 16 + 32);

using Bytes = std::vector<std::byte>;

void damaged(bool sound, const std::string& what) {
  require(sound, Errc::kFormat, "not a sound saved state: " + what);
}

// The whole of a saved state but the checksum, part by part.
template <class Part>
void parts(const grainspin_state& s, const Part& part) {
  s.whole();
  Bytes carried(std::size_t(s.rollout->size().carried));
  s.rollout->carry(carried.data());
  Header h{};
  std::memcpy(h.magic, kMagic, sizeof kMagic);
  h.version = kVersion;
  h.device = std::uint32_t(s.model->device);
  h.model = s.model->fingerprint;
  h.kernels = s.model->kernels;
  const Grid& g = s.grid;
  const int extent[3] = {g.shape.nx, g.shape.ny, g.shape.nz};
  const Boundary boundary[3] = {g.boundaries.x, g.boundaries.y, g.boundaries.z};
  for (int a = 0; a < 3; ++a)
    h.extent[a] = extent[a], h.boundary[a] = int(boundary[a]), h.spacing[a] = g.spacing[std::size_t(a)];
  h.padding = g.padding;
  h.step = s.rollout->step();
  h.strain = s.strain;
  h.mask = std::int64_t(g.mask.size());
  h.phase = std::int64_t(g.phase.size() * sizeof(std::int32_t));
  h.carried = std::int64_t(carried.size());
  h.error = error_bytes(g, s.error.has_value());
  std::vector<float> error(std::size_t(h.error) / sizeof(float));
  if (s.error) s.error->carry(error.data());
  part(&h, sizeof h);
  part(g.mask.data(), g.mask.size());
  part(g.phase.data(), std::size_t(h.phase));
  part(carried.data(), carried.size());
  part(error.data(), std::size_t(h.error));
}

// As parts(), the checksum last.
template <class Part>
void all_parts(const grainspin_state& s, const Part& part) {
  Checksum sum;
  parts(s, [&](const void* data, std::size_t bytes) {
    sum.add(data, bytes);
    if (bytes > 0) part(data, bytes);
  });
  const std::uint64_t value = sum.value();
  part(&value, sizeof value);
}

std::int64_t bytes_of(const grainspin_state& s) {
  return saved_bytes(s.grid, !s.grid.mask.empty(), !s.grid.phase.empty(), s.rollout->size().carried, s.error.has_value());
}

Grid grid_of(const Header& h, const std::byte* at, const LoadedModel& model) {
  grainspin_state_options o = state_defaults();
  for (int a = 0; a < 3; ++a)
    o.extent[a] = h.extent[a], o.boundary[a] = h.boundary[a], o.spacing[a] = h.spacing[a];
  o.padding = h.padding;
  Grid grid;
  try {
    grid = checked_grid(o, model);
  } catch (const Error& e) {
    damaged(false, e.what());
  }
  const std::int64_t n = grid.shape.voxels();
  damaged(h.carried / 16 >= n && (h.mask == 0 || h.mask == n) && (h.phase == 0 || h.phase == 4 * n),
          "its parts are of another size than its grid");
  damaged(h.error == 0 || (h.error == error_bytes(grid, true) && model.calibrated), "an estimated error that is none of the model's");
  grid.mask.resize(std::size_t(h.mask));
  if (h.mask) std::memcpy(grid.mask.data(), at, std::size_t(h.mask));
  grid.phase.resize(std::size_t(h.phase / 4));
  if (h.phase) std::memcpy(grid.phase.data(), at + h.mask, std::size_t(h.phase));
  for (const std::int32_t p : grid.phase) damaged(p >= 0 && p < model.phases(), "a phase that the model does not have");
  return grid;
}

std::unique_ptr<grainspin_state> restored(const std::shared_ptr<const LoadedModel>& model, const std::byte* data,
                                          std::size_t bytes, const Callbacks& callbacks) {
  Header h;
  std::uint64_t sum;
  damaged(bytes >= sizeof h + sizeof sum, std::to_string(bytes) + " bytes are too few");
  std::memcpy(&h, data, sizeof h);
  damaged(std::memcmp(h.magic, kMagic, sizeof kMagic) == 0, "it does not begin as one");
  damaged(h.version == kVersion, "of version " + std::to_string(h.version) + ", this library reads version " +
                                     std::to_string(kVersion));
  const std::size_t rest = bytes - sizeof h - sizeof sum;
  const auto fits = [&](std::int64_t part) { return part >= 0 && std::size_t(part) <= rest; };
  damaged(fits(h.mask) && fits(h.phase) && fits(h.carried) && fits(h.error) && std::size_t(h.mask + h.phase + h.carried + h.error) == rest,
          "it has another length than its header says");
  std::memcpy(&sum, data + bytes - sizeof sum, sizeof sum);
  Checksum found;
  found.add(data, bytes - sizeof sum);
  damaged(found.value() == sum, "its checksum is wrong: it was damaged");
  require(h.model == model->fingerprint, Errc::kFormat,
          "the state was saved with another model file than " + model->path + ", or another number of its members");
  require(h.device == std::uint32_t(model->device), Errc::kFormat,
          std::string("the state was saved on ") + (h.device == 0 ? "the CPU" : "a GPU") + ", the model runs on " +
              (model->device == Device::kCpu ? "the CPU" : "a GPU") + ": load it there");
  require(h.kernels == model->kernels, Errc::kFormat,
          "the state was saved with another precision, or on another processor, than the model has: " + model->description);
  Grid grid = grid_of(h, data + sizeof h, *model);
  damaged(h.step >= 0 && h.step < (1 << 30) && std::isfinite(h.strain) && h.strain >= 0, "its step or its strain");
  damaged(model->nonlocal() || h.step <= model->spec.steps(), "more steps than the model has");
  const std::byte* const carried = data + sizeof h + h.mask + h.phase;
  Region region = grid.region();
  damaged(h.carried <= model->engine->rollout_size(region, h.mask > 0).carried, "it carries more than its grid can");
  // What is carried begins with orientations of all voxels.
  std::vector<float> q(std::size_t(grid.shape.voxels()) * 4);
  std::memcpy(q.data(), carried, q.size() * sizeof(float));
  std::unique_ptr<grainspin_state> state;
  try {
    state = make_state(model, std::move(grid), callbacks, q.data());
  } catch (const Error& e) {
    if (e.code() != Errc::kArgument) throw;
    damaged(false, e.what());
  }
  damaged(state->rollout->size().carried == h.carried, "it carries another amount than its grid needs");
  if (h.error > 0) {
    std::vector<float> error(std::size_t(h.error) / sizeof(float));
    std::memcpy(error.data(), carried + h.carried, std::size_t(h.error));
    state->error.emplace(state->grid.shape.voxels(), *model->calibrated);
    state->error->resume(error.data());
  }
  state->accepted = {h.step, h.strain, {}, Bytes(carried, carried + h.carried), state->error, true};
  state->rollout->resume(state->accepted.carried.data(), int(h.step));
  state->strain = h.strain;
  return state;
}

Callbacks callbacks_of_restored(const grainspin_state_options* options, const LoadedModel& model) {
  if (!options) return {};
  const grainspin_state_options o = taken(options), d = state_defaults();
  bool grid = o.orientation || o.mask || o.phase || o.padding != d.padding || o.estimate_error != 0 || o.reserved != 0;
  for (int a = 0; a < 3; ++a) grid |= o.extent[a] != 0 || o.boundary[a] != 0 || o.spacing[a] != 1;
  grid |= o.convention.representation != 0 || o.convention.direction != 0;
  require(!grid, Errc::kArgument, "the grid and its estimated error come from the saved state: their options are to stay as they were initialised");
  check_stream(o.stream, model);
  return callbacks_of(o);
}

Bytes read_file(const std::string& path) {
  struct stat info {};
  require(::stat(path.c_str(), &info) == 0, Errc::kIo, path + ": cannot open: " + std::strerror(errno));
  require(S_ISREG(info.st_mode), Errc::kIo, path + ": is no regular file");
  std::ifstream in(path, std::ios::binary);
  require(bool(in), Errc::kIo, path + ": cannot open: " + std::strerror(errno));
  Bytes bytes(std::size_t(info.st_size));
  in.read(reinterpret_cast<char*>(bytes.data()), std::streamsize(bytes.size()));
  require(in.gcount() == std::streamsize(bytes.size()), Errc::kIo, path + ": cannot read");
  return bytes;
}

}  // namespace

std::int64_t saved_bytes(const Grid& grid, bool masked, bool phases, std::int64_t carried, bool error) {
  const std::int64_t n = grid.shape.voxels();
  return std::int64_t(sizeof(Header) + sizeof(std::uint64_t)) + (masked ? n : 0) + (phases ? 4 * n : 0) + carried + error_bytes(grid, error);
}

}  // namespace grainspin::capi

using grainspin::capi::guarded;
using grainspin::capi::guarded_on;
using grainspin::capi::required;

grainspin_status grainspin_state_save(const grainspin_state* state, const char* path) {
  return guarded_on(state, [&] {
    required(path, "path");
    state->whole();
    grainspin::NewFile file(path);
    grainspin::capi::all_parts(*state, [&](const void* data, std::size_t bytes) { file.write(data, bytes); });
    file.commit();
  });
}

grainspin_status grainspin_state_save_memory(const grainspin_state* state, void* buffer, int64_t capacity,
                                             int64_t* bytes) {
  return guarded_on(state, [&] {
    required(bytes, "bytes");
    state->whole();
    *bytes = grainspin::capi::bytes_of(*state);
    if (!buffer) return;
    grainspin::require(capacity >= *bytes, grainspin::Errc::kShape,
                       "the buffer has " + std::to_string(capacity) + " bytes, the state takes " + std::to_string(*bytes));
    auto* to = static_cast<std::byte*>(buffer);
    grainspin::capi::all_parts(*state, [&](const void* data, std::size_t count) {
      std::memcpy(to, data, count);
      to += count;
    });
  });
}

grainspin_status grainspin_state_restore(const grainspin_model* model, const char* path,
                                         const grainspin_state_options* options, grainspin_state** state) {
  if (state) *state = nullptr;
  return guarded([&] {
    required(model, "model");
    required(path, "path");
    required(state, "state");
    const grainspin::capi::CurrentGpu current(*model->loaded);
    const auto callbacks = grainspin::capi::callbacks_of_restored(options, *model->loaded);
    const auto bytes = grainspin::capi::read_file(path);
    try {
      *state = grainspin::capi::restored(model->loaded, bytes.data(), bytes.size(), callbacks).release();
    } catch (const grainspin::Error& e) {
      throw grainspin::Error(e.code(), std::string(path) + ": " + e.what());
    }
  });
}

grainspin_status grainspin_state_restore_memory(const grainspin_model* model, const void* buffer, int64_t bytes,
                                                const grainspin_state_options* options, grainspin_state** state) {
  if (state) *state = nullptr;
  return guarded([&] {
    required(model, "model");
    required(buffer, "buffer");
    required(state, "state");
    const grainspin::capi::CurrentGpu current(*model->loaded);
    grainspin::require(bytes >= 0, grainspin::Errc::kArgument, "the buffer has " + std::to_string(bytes) + " bytes");
    const auto callbacks = grainspin::capi::callbacks_of_restored(options, *model->loaded);
    *state = grainspin::capi::restored(model->loaded, static_cast<const std::byte*>(buffer), std::size_t(bytes), callbacks)
                 .release();
  });
}
