#include "capi/model.h"

#include <cmath>
#include <cstring>
#include <fstream>

#include "backend.h"
#include "capi/device.h"
#include "capi/versioned.h"
#include "checksum.h"
#include "grainspin/ensemble.h"
#include "grainspin/load_path.h"
#include "model_settings.h"

namespace grainspin::capi {
namespace {

// Sizes of the first version.
constexpr std::size_t kOptions = 40, kInfo = 104, kPhase = 40;
static_assert(sizeof(grainspin_model_options) == kOptions + 8 && sizeof(grainspin_model_info) == kInfo + 8 &&
              sizeof(grainspin_phase_info) == kPhase);

grainspin_model_options defaults() {
  grainspin_model_options o{};
  o.device = GRAINSPIN_AUTO;
  return o;
}

// members: 0 where all of the file's run.
std::uint64_t fingerprint_of(const std::string& path, std::uint32_t members) {
  std::ifstream in(path, std::ios::binary);
  Checksum sum;
  if (members > 0) sum.add(&members, sizeof members);
  std::vector<char> part(1 << 20);
  while (in.read(part.data(), std::streamsize(part.size())), in.gcount() > 0) sum.add(part.data(), std::size_t(in.gcount()));
  require(in.eof() && !in.bad(), Errc::kIo, path + ": cannot be read");
  return sum.value();
}

Device device_of(const grainspin_model_options& o) {
  switch (o.device) {
    case GRAINSPIN_HOST: return Device::kCpu;
    case GRAINSPIN_CUDA: return Device::kCuda;
    case GRAINSPIN_AUTO: break;
    default: throw Error(Errc::kArgument, "the device " + std::to_string(o.device) + " is not known");
  }
  const std::string why = cuda_unavailable();
  if (why.empty()) return Device::kCuda;
  if (o.log) o.log(o.user, GRAINSPIN_LOG_NOTE, ("runs on the CPU: " + why).c_str());
  return Device::kCpu;
}

Model of_members(const Model& model, int members, const std::string& path) {
  try {
    return with_members(model, members);
  } catch (const Error& e) {
    throw Error(e.code(), path + ": " + e.what());
  }
}

std::shared_ptr<const LoadedModel> load(const std::string& path, const grainspin_model_options& o) {
  require(o.gpu >= 0, Errc::kArgument, "the GPU's number is " + std::to_string(o.gpu));
  require(o.threads >= 0 && o.threads <= 4096, Errc::kArgument,
          std::to_string(o.threads) + " threads: 0 to 4096 are possible");
  require(o.precision == GRAINSPIN_STRICT || o.precision == GRAINSPIN_FAST, Errc::kArgument,
          "the precision " + std::to_string(o.precision) + " is not known");
  require(o.members >= 0, Errc::kArgument, std::to_string(o.members) + " members: 0 (all) or 1 are possible");
  require(o.reserved == 0, Errc::kArgument, "grainspin_model_options.reserved is " + std::to_string(o.reserved) + ", not 0");
  const Model whole = read_model(path), model = of_members(whole, o.members, path);
  auto loaded = std::make_shared<LoadedModel>(model.spec);
  loaded->path = path;
  if (is_ensemble(model.spec)) loaded->members = int(members_of(model).size());
  loaded->fingerprint = fingerprint_of(path, is_ensemble(whole.spec) && !is_ensemble(model.spec));
  loaded->device = device_of(o);
  loaded->gpu = o.gpu;
  loaded->threads = o.threads;
  const CurrentGpu current(loaded->device == Device::kCuda ? &cuda_table(o.gpu) : nullptr, o.gpu);
  loaded->engine = make_engine(model, {.device = loaded->device,
                                       .gpu = o.gpu,
                                       .threads = o.threads,
                                       .precision = Precision(o.precision)});
  loaded->on_device = dynamic_cast<const OnDevice*>(loaded->engine.get());
  loaded->description = loaded->engine->description();
  if (o.precision == GRAINSPIN_FAST) {  // what it carries depends on the processor
    Checksum kernels;
    kernels.add(loaded->description.data(), loaded->description.rfind(", "));
    loaded->kernels = kernels.value();
  }
  loaded->settings = settings_json(model.spec).dump();
  for (int p = 0; p < loaded->phases(); ++p) {
    std::string all;
    for (const std::string& f : loaded->nonlocal() ? model.spec.nonlocal.phases[std::size_t(p)].slip_families
                                                   : model.spec.slip_families)
      all += (all.empty() ? "" : " ") + f;
    loaded->slip_families.push_back(all);
  }
  return loaded;
}

grainspin_model_info info_of(const LoadedModel& m) {
  grainspin_model_info info{};
  info.family = m.nonlocal() ? GRAINSPIN_NONLOCAL : GRAINSPIN_LOCAL;
  info.feedback = m.nonlocal() ? GRAINSPIN_EVERYTHING : int(m.spec.local.feedback);
  info.device = m.device == Device::kCuda ? GRAINSPIN_CUDA : GRAINSPIN_HOST;
  info.takes_load = m.nonlocal();
  info.takes_orientations = info.feedback != GRAINSPIN_INITIAL;
  info.gives_stress = m.gives_stress();
  info.gives_log_variance = m.gives_log_variance();
  info.radius = m.nonlocal() ? 0 : m.spec.local.radius;
  info.phases = m.phases();
  info.states_domain = m.judge.stated();
  info.own_steps = m.spec.steps();
  info.description = m.description.c_str();
  info.point_group = m.spec.point_group.c_str();
  info.settings = m.settings.c_str();
  info.domain = m.spec.domain.c_str();
  info.provenance = m.spec.provenance.c_str();
  info.scores = m.spec.scores.c_str();
  info.members = m.members;
  info.estimates_error = m.calibrated.has_value();
  return info;
}

void hand_out(const std::vector<LoadStep>& from, std::int64_t capacity, grainspin_load* loads, std::int64_t* count) {
  required(count, "count");
  require(capacity >= 0, Errc::kArgument, "the capacity is " + std::to_string(capacity));
  require(loads || capacity == 0, Errc::kArgument, "loads is NULL, but the capacity is not 0");
  *count = std::int64_t(from.size());
  for (std::size_t i = 0; i < from.size() && std::int64_t(i) < capacity; ++i) loads[i] = c_load(from[i]);
}

}  // namespace

grainspin_load c_load(const LoadStep& load) {
  grainspin_load out{};
  for (std::size_t i = 0; i < 9; ++i) out.L[i] = load.L[i], out.prescribed[i] = load.prescribed[i];
  return out;
}

LoadStep engine_load(const grainspin_load& load, std::int64_t step) {
  const std::string where = "the load of step " + std::to_string(step) + " of the call: ";
  LoadStep out;
  for (std::size_t i = 0; i < 9; ++i) {
    require(std::isfinite(load.L[i]), Errc::kArgument, where + "component " + std::to_string(i) + " is not finite");
    require(load.prescribed[i] <= 1, Errc::kArgument,
            where + "the mark of component " + std::to_string(i) + " is " + std::to_string(load.prescribed[i]) +
                ", 1 is prescribed and 0 free");
    out.L[i] = load.L[i];
    out.prescribed[i] = load.prescribed[i] != 0;
  }
  for (const std::uint8_t r : load.reserved) require(r == 0, Errc::kArgument, where + "`reserved` is not 0");
  return completed(out);
}

}  // namespace grainspin::capi

using grainspin::capi::guarded;
using grainspin::capi::required;

grainspin_status grainspin_model_options_init(grainspin_model_options* options, size_t size) {
  return guarded([&] {
    grainspin::capi::initialise(options, grainspin::capi::defaults(), size, grainspin::capi::kOptions,
                                "grainspin_model_options");
  });
}

grainspin_status grainspin_model_load(const char* path, const grainspin_model_options* options, grainspin_model** model) {
  if (model) *model = nullptr;
  return guarded([&] {
    required(path, "path");
    required(model, "model");
    grainspin_model_options o = grainspin::capi::defaults();
    if (options) o = grainspin::capi::taken(options, o, grainspin::capi::kOptions, "grainspin_model_options");
    *model = new grainspin_model{grainspin::capi::load(path, o)};
  });
}

void grainspin_model_free(grainspin_model* model) {
  if (!model) return;
  const grainspin::capi::CurrentGpu current(*model->loaded);
  delete model;
}

grainspin_status grainspin_model_query(const grainspin_model* model, grainspin_model_info* info) {
  return guarded([&] {
    required(model, "model");
    grainspin::capi::given(info, grainspin::capi::info_of(*model->loaded), grainspin::capi::kInfo, "grainspin_model_info");
  });
}

grainspin_status grainspin_model_phase(const grainspin_model* model, int32_t index, grainspin_phase_info* info) {
  return guarded([&] {
    required(model, "model");
    const auto& m = *model->loaded;
    grainspin::require(index >= 0 && index < m.phases(), grainspin::Errc::kArgument,
                       "phase " + std::to_string(index) + ": the model has " + std::to_string(m.phases()) + " from 0");
    grainspin_phase_info p{};
    p.name = "";
    p.point_group = m.spec.point_group.c_str();
    p.c_over_a = m.spec.c_over_a;
    p.slip_families = m.slip_families[std::size_t(index)].c_str();
    if (m.nonlocal()) {
      const auto& phase = m.spec.nonlocal.phases[std::size_t(index)];
      p.name = phase.name.c_str(), p.point_group = phase.point_group.c_str(), p.c_over_a = phase.c_over_a;
    }
    grainspin::capi::given(info, p, grainspin::capi::kPhase, "grainspin_phase_info");
  });
}

grainspin_status grainspin_model_loads(const grainspin_model* model, int64_t capacity, grainspin_load* loads,
                                       int64_t* count) {
  return guarded([&] {
    required(model, "model");
    grainspin::capi::hand_out(model->loaded->spec.loads, capacity, loads, count);
  });
}

grainspin_status grainspin_named_loads(const grainspin_model* model, const char* text, int64_t capacity,
                                       grainspin_load* loads, int64_t* count) {
  return guarded([&] {
    required(model, "model");
    required(text, "text");
    grainspin::capi::hand_out(grainspin::named_load(text, grainspin::load_defaults(model->loaded->spec)), capacity, loads,
                              count);
  });
}
