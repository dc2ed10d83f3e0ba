// What a model must be: ranges of its settings, shapes and values of its tensors.
#include <cmath>
#include <nlohmann/json.hpp>

#include "grainspin/core.h"
#include "grainspin/ensemble.h"
#include "grainspin/grid.h"
#include "grainspin/nonlocal.h"
#include "grainspin/variance.h"
#include "model_settings.h"

namespace grainspin {
namespace {

using nlohmann::json;
using Shapes = std::map<std::string, std::vector<std::int64_t>>;

// Embeddings have at most this many numbers (embedding.h: EmbeddingSpec::kMaxSize).
constexpr std::size_t kMaxChannels = 32;

std::string text(const std::vector<std::int64_t>& shape) { return json(shape).dump(); }

void require_finite(const auto& values, const std::string& what, bool positive = false) {
  for (const auto v : values)
    require(std::isfinite(v) && (!positive || v > 0), Errc::kFormat,
            what + (positive ? " has a value that is not finite and above 0"
                             : " has a value that is not finite"));
}

void require_range(int value, int low, int high, const char* what) {
  require(value >= low && value <= high, Errc::kFormat,
          std::string(what) + " is " + std::to_string(value) + ", wanted " + std::to_string(low) + " to " +
              std::to_string(high));
}

void check_local(const ModelSpec& s) {
  require_range(s.local.layers, 1, 2, "layers");
  require_range(s.local.hidden, 32, 256, "hidden");
  require(s.local.hidden % 16 == 0, Errc::kFormat,
          "hidden is " + std::to_string(s.local.hidden) + ", wanted a multiple of 16");
  require_range(s.local.radius, 0, 3, "radius");
  require(!s.loads.empty(), Errc::kFormat, "the load has 0 steps");
  require(!s.input_mean.empty() && s.input_mean.size() <= kMaxChannels &&
              s.input_mean.size() == s.input_scale.size(),
          Errc::kFormat,
          "normaliser: input_mean has " + std::to_string(s.input_mean.size()) + " numbers, input_scale " +
              std::to_string(s.input_scale.size()));
}

void check_nonlocal(const ModelSpec& spec) {
  const NonlocalSpec& s = spec.nonlocal;
  require_range(s.passes, 0, 32, "passes");
  require_range(s.channels, 1, 64, "channels");
  require_range(s.width, 1, 64, "width");
  require_range(s.polarisations, 1, 8, "polarisations");
  require_range(s.memory, 0, 16, "memory");
  require_range(s.warmup, 0, 8, "warmup");
  require(s.beta > 0 && s.beta <= 1, Errc::kFormat, "beta is " + json(s.beta).dump() + ", wanted above 0, to 1");
  require_range(int(s.phases.size()), 1, 8, "the number of phases");
  require(spec.input_mean.empty() && spec.input_scale.empty(), Errc::kFormat,
          "normaliser: the nonlocal family has no input_mean and input_scale");
  const PhaseSpec& first = s.phases.front();
  require(spec.point_group == first.point_group && spec.slip_families == first.slip_families &&
              spec.c_over_a == first.c_over_a,
          Errc::kFormat, "point group, slip families and c/a of the model are not those of its phase 0");
  for (const PhaseSpec& p : s.phases)
    require(std::isfinite(p.c_over_a) && p.c_over_a >= 0, Errc::kFormat, "phase '" + p.name + "': c/a is not a ratio");
}

Shapes local_shapes(const ModelSpec& spec) {
  const LocalSpec& s = spec.local;
  const std::int64_t h = s.hidden, gates = (s.cell == Cell::kLstm ? 4 : 3) * h;
  Shapes shapes;
  for (int l = 0; l < s.layers; ++l) {
    const std::string suffix = "_l" + std::to_string(l);
    shapes["rnn.weight_ih" + suffix] = {gates, l == 0 ? input_width(spec) : h};
    shapes["rnn.weight_hh" + suffix] = {gates, h};
    shapes["rnn.bias_ih" + suffix] = shapes["rnn.bias_hh" + suffix] = {gates};
  }
  const auto head = [&](const std::string& which, std::int64_t rows) {
    shapes["head." + which + ".weight"] = {rows, h};
    shapes["head." + which + ".bias"] = {rows};
  };
  head("increment", 3);
  if (s.stress) head("stress", 6);
  if (s.variance) head("variance", 3);
  return shapes;
}

Shapes nonlocal_shapes(const NonlocalSpec& s) {
  const std::int64_t C = s.channels, D = s.width, M = s.polarisations, H = s.memory;
  Shapes shapes;
  for (std::size_t i = 0; i < s.phases.size(); ++i) {
    const std::string phase = "phase" + std::to_string(i) + ".";
    SlipMaps maps;
    try {
      maps = slip_maps(s.phases[i]);
    } catch (const Error& e) {
      throw Error(Errc::kFormat, "phase '" + s.phases[i].name + "': " + e.what());
    }
    const std::int64_t O = maps.odd.count, E = maps.even.count;
    const auto gated = [&](const std::string& which, std::int64_t from, std::int64_t to) {
      shapes[phase + which + ".odd"] = {D, from, O};
      shapes[phase + which + ".out"] = {to, D, O};
      if (!s.gated) return;
      shapes[phase + which + ".even"] = {D, from + H, E};
      shapes[phase + which + ".bias"] = shapes[phase + which + ".rate"] = {D};
    };
    gated("in", s.carried ? 1 + C : 1, C);
    if (s.carried) shapes[phase + "carry"] = {C};
    for (int k = 0; k < s.passes; ++k) {
      const std::string pass = "pass" + std::to_string(k);
      shapes[phase + pass + ".polarise"] = {M, C, O};
      gated(pass, C + 2 * M, C);
    }
    gated("head", C, s.stress ? 2 : 1);
    if (H > 0)
      for (const char* which : {"update", "candidate"}) {
        shapes[phase + "memory." + which] = {H, C + H, E};
        shapes[phase + "memory." + which + "_bias"] = {H};
      }
  }
  if (s.passes > 0) {
    shapes["spin"] = shapes["free"] = {s.passes, M};
    if (s.stress) shapes["pressure"] = {s.passes, M};
    if (s.green == Green::kLearned) shapes["beta"] = {s.passes, M};
  }
  return shapes;
}

}  // namespace

void check(const ModelSpec& s) {
  require(s.format_version == 1 || s.format_version == 2, Errc::kFormat,
          "format version " + std::to_string(s.format_version) + ", this program knows versions 1 and 2");
  if (s.family == Family::kLocal)
    check_local(s);
  else
    check_nonlocal(s);
  require(!s.point_group.empty(), Errc::kFormat, "the point group is not stated");
  require(std::isfinite(s.c_over_a) && s.c_over_a >= 0, Errc::kFormat, "c/a is not a ratio");
  require(s.loads.size() <= 100'000, Errc::kFormat, "the load has " + std::to_string(s.loads.size()) + " steps");
  for (const LoadStep& l : s.loads) require_finite(l.L, "load");
  require_finite(s.input_mean, "normaliser: input_mean");
  require_finite(s.input_scale, "normaliser: input_scale", true);
  require_finite(s.increment_scale, "normaliser: increment_scale", true);
  require_finite(s.stress_mean, "normaliser: stress_mean");
  require_finite(s.stress_scale, "normaliser: stress_scale", true);
  for (const auto& [what, json_text] :
       {std::pair{"domain", &s.domain}, {"provenance", &s.provenance}, {"scores", &s.scores}})
    require(json::accept(*json_text), Errc::kFormat, std::string(what) + " is not JSON text");
}

int input_width(const ModelSpec& spec) {
  if (spec.family != Family::kLocal) return 0;
  const int c = int(spec.input_mean.size());
  return (taps(spec.local.radius) + (spec.local.feedback == Feedback::kOwn ? 1 : 0)) * c;
}

std::map<std::string, std::vector<std::int64_t>> tensor_shapes(const ModelSpec& spec) {
  Shapes shapes = spec.family == Family::kLocal ? local_shapes(spec) : nonlocal_shapes(spec.nonlocal);
  for (const auto& [name, shape] : variance_tensors(spec)) shapes[name] = shape;
  return shapes;
}

void check(const Model& model) {
  check(model.spec);
  if (is_ensemble(model.spec)) return check_members(model);
  const auto wanted = tensor_shapes(model.spec);
  for (const auto& [name, shape] : wanted) {
    const auto found = model.tensors.find(name);
    require(found != model.tensors.end(), Errc::kFormat, "tensor '" + name + "' is missing");
    const Tensor& t = found->second;
    require(t.shape == shape, Errc::kFormat,
            "tensor '" + name + "' has shape " + text(t.shape) + ", wanted " + text(shape));
    std::int64_t count = 1;
    for (auto d : shape) count *= d;
    require(std::int64_t(t.values.size()) == count, Errc::kFormat,
            "tensor '" + name + "' has " + std::to_string(t.values.size()) + " values, wanted " +
                std::to_string(count));
    require_finite(t.values, "tensor '" + name + "'");
  }
  for (const auto& [name, tensor] : model.tensors)
    require(wanted.contains(name), Errc::kFormat, "tensor '" + name + "' is not known to these settings");
}

}  // namespace grainspin
