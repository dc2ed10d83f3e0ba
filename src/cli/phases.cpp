#include "src/cli/phases.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "grainspin/core.h"
#include "src/cli/verbs.h"
#include "src/phase_match.h"

namespace grainspin::cli {
namespace {

// By name or number; -1 for neither.
std::int32_t by_name(const NonlocalSpec& spec, const std::string& name) {
  const auto found = std::ranges::find(spec.phases, name, &PhaseSpec::name);
  if (found != spec.phases.end()) return std::int32_t(found - spec.phases.begin());
  std::int32_t number = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error == std::errc() && end == name.data() + name.size() && number >= 0 && number < std::int32_t(spec.phases.size()))
    return number;
  return -1;
}

}  // namespace

PhaseMatch match_phases(const ArchiveInfo& info, const NonlocalSpec& spec, const std::vector<std::string>& named,
                        const std::vector<std::string>& masks) {
  const std::size_t n = info.phases.size();
  std::vector<std::int32_t> chosen(n, -1);
  for (const std::string& item : named) {
    const std::size_t at = item.rfind('=');
    require(at != std::string::npos && at > 0, Errc::kArgument, "--phase: '" + item + "', wanted NAME=MODEL'S PHASE");
    const auto found = std::ranges::find(info.phases, item.substr(0, at), &PhaseInfo::name);
    require(found != info.phases.end(), Errc::kArgument, info.path + ": has no phase '" + item.substr(0, at) + "' (--phase)");
    const std::int32_t model = by_name(spec, item.substr(at + 1));
    require(model >= 0, Errc::kArgument,
            "--phase: '" + item.substr(at + 1) + "' is none of the model's phases: " + phase_names(spec));
    chosen[std::size_t(found - info.phases.begin())] = model;
  }
  const auto masked = [&](const PhaseInfo& p) { return std::ranges::find(masks, "phase=" + p.name) != masks.end(); };
  const bool alone = std::ranges::count_if(info.phases, [&](auto& p) { return !masked(p); }) == 1;

  PhaseMatch out;
  for (std::size_t i = 0; i < n; ++i) {
    const PhaseInfo& phase = info.phases[i];
    if (masked(phase)) {
      out.model.push_back(-1);
      continue;
    }
    const std::string hint = n > 1 ? " (--mask phase=" + phase.name + " leaves the phase out)" : "";
    const bool by_hand = chosen[i] >= 0;
    const std::int32_t m = by_hand ? chosen[i] : phase_of_model(phase, spec, alone);
    require(m >= 0, Errc::kArgument,
            fmt::format("{}: phase '{}' ({}) is none of the model's: {}; --phase {}=NAME says which it is{}", info.path,
                        phase.name, phase.point_group, phase_names(spec), phase.name, hint));
    const PhaseSpec& model = spec.phases[std::size_t(m)];
    if (!by_hand && phase.name != model.name && phase.point_group == model.point_group)
      out.notes.push_back(fmt::format("phase '{}' is taken for the model's '{}'", phase.name, model.name));
    require(!phase.point_group.empty() || by_hand, Errc::kFormat,
            fmt::format("{}: the crystal symmetry of phase '{}' is not stated; --phase {}={} if it is the model's {}{}",
                        info.path, phase.name, phase.name, model.name, model.point_group, hint));
    require(phase.point_group.empty() || phase.point_group == model.point_group, Errc::kArgument,
            fmt::format("{}: phase '{}' has crystal symmetry {}, the model's '{}' {}{}", info.path, phase.name,
                        phase.point_group, model.name, model.point_group, hint));
    if (model.c_over_a > 0 && phase.c_over_a > 0 && std::abs(phase.c_over_a / model.c_over_a - 1) > 0.01)
      out.notes.push_back(fmt::format("c/a of phase '{}' is {:.4f}, of the model's '{}' {:.4f}", phase.name, phase.c_over_a,
                                      model.name, model.c_over_a));
    out.model.push_back(m);
  }
  return out;
}

std::vector<std::int32_t> read_model_phases(FieldReader& reader, const PhaseMatch& match) {
  if (std::ranges::all_of(match.model, [](std::int32_t m) { return m <= 0; })) return {};
  constexpr std::int64_t kSlab = 1 << 20;
  const std::int64_t n = reader.info().shape.voxels();
  std::vector<std::int32_t> out(static_cast<std::size_t>(n));
  for (std::int64_t at = 0; at < n; at += kSlab) {
    require(!stop_requested(), Errc::kInterrupted, "stopped on request");
    const std::int64_t count = std::min(kSlab, n - at);
    reader.phase(at, count, out.data() + at);
    for (std::int64_t i = at; i < at + count; ++i)
      out[std::size_t(i)] = std::max(0, match.model[std::size_t(out[std::size_t(i)])]);
  }
  return out;
}

}  // namespace grainspin::cli
