#include "src/cli/inspect_nonlocal.h"

#include <fmt/format.h>

#include <string>

#include "grainspin/nonlocal.h"

namespace grainspin::cli {
namespace {

using nlohmann::json;

void line(std::string_view name, const std::string& value) { fmt::print("{:<12} {}\n", name, value); }

}  // namespace

json nonlocal_settings(const NonlocalSpec& s) {
  json out = {{"passes", s.passes},   {"channels", s.channels}, {"width", s.width}, {"polarisations", s.polarisations},
              {"memory", s.memory},   {"carried", s.carried},   {"warmup", s.warmup}, {"gated", s.gated},
              {"stress", s.stress},   {"green", name(s.green)}, {"frequencies", name(s.frequencies)}};
  if (s.green == Green::kCompressible) out["beta"] = s.beta;
  return out;
}

json nonlocal_phases(const Model& model) {
  json out = json::array();
  for (std::size_t i = 0; i < model.spec.nonlocal.phases.size(); ++i) {
    const PhaseSpec& phase = model.spec.nonlocal.phases[i];
    const SlipMaps maps = slip_maps(phase);
    std::int64_t parameters = 0;
    for (const auto& [name, tensor] : model.tensors)
      if (name.starts_with("phase" + std::to_string(i) + ".")) parameters += std::int64_t(tensor.values.size());
    json p = {{"name", phase.name},
              {"point_group", phase.point_group},
              {"slip_families", phase.slip_families},
              {"slip_systems", maps.P.size()},
              {"signed_orbits", maps.odd.count},
              {"plain_orbits", maps.even.count},
              {"parameters", parameters}};
    if (phase.c_over_a > 0) p["c_over_a"] = phase.c_over_a;
    out.push_back(p);
  }
  return out;
}

void print_nonlocal(const json& m) {
  for (const json& p : m.at("phases")) {
    std::string families;
    for (const json& f : p.at("slip_families")) families.append(families.empty() ? "" : ", ").append(f.get<std::string>());
    line("phase", fmt::format("{}: point group {}, {} slip systems ({}){}; {} signed and {} plain orbits of pairs, {} parameters",
                              p.at("name").get<std::string>(), p.at("point_group").get<std::string>(),
                              p.at("slip_systems").get<std::size_t>(), families,
                              p.contains("c_over_a") ? fmt::format(", c/a {:.4g}", p.at("c_over_a").get<double>()) : "",
                              p.at("signed_orbits").get<int>(), p.at("plain_orbits").get<int>(),
                              p.at("parameters").get<std::int64_t>()));
  }
  for (const json& limit : m.at("limits")) line("limit", limit.get<std::string>());
}

}  // namespace grainspin::cli
