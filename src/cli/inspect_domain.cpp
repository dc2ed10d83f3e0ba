#include "src/cli/inspect_domain.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

#include "grainspin/core.h"
#include "grainspin/domain.h"

namespace grainspin::cli {
namespace {

constexpr double kDegrees = 180 / std::numbers::pi;
constexpr std::size_t kMostDirections = 4;
constexpr std::int64_t kSample = 10'000;

// "xx -0.866, zz 0.866; free yy"
std::string direction_text(const LoadStep& load) {
  static const char* const names[9] = {"xx", "xy", "xz", "yx", "yy", "yz", "zx", "zy", "zz"};
  std::string values, free;
  for (std::size_t c = 0; c < 9; ++c) {
    if (!load.prescribed[c]) free.append(free.empty() ? "; free " : " ").append(names[c]);
    else if (std::abs(load.L[c]) > 1e-3) values += fmt::format("{}{} {:.3g}", values.empty() ? "" : ", ", names[c], load.L[c]);
  }
  return (values.empty() ? "nothing prescribed but zeros" : values) + free;
}

// How many of all orientations, uniformly drawn, are called fine: what ranges of nine or eighteen numbers mean.
double share_of_all(const ModelSpec& spec, std::size_t phase) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> q(4 * kSample);
  for (std::size_t i = 0; i < q.size(); i += 4) {
    float n = 0;
    for (std::size_t c = i; c < i + 4; ++c) q[c] = normal(random), n += q[c] * q[c];
    for (std::size_t c = i; c < i + 4; ++c) q[c] /= std::sqrt(n);
  }
  const std::vector<std::int32_t> of(kSample, std::int32_t(phase));
  const VoxelVerdicts v = DomainJudge(spec).voxels(kSample, q.data(), nullptr, of.data());
  return double(v.voxels - v.doubtful - v.outside) / double(v.voxels);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> domain_lines(const ModelSpec& spec) {
  TrainingDomain d;
  try {
    d = training_domain(spec);
  } catch (const Error& e) {
    return {{"trained for", e.what()}};
  }
  if (!d.stated()) return {{"trained for", "the model does not state its domain of training"}};
  std::vector<std::pair<std::string, std::string>> out;
  std::string text;
  const auto add = [&](const std::string& more) { text += (text.empty() ? "" : ", ") + more; };
  if (const auto [low, high] = d.step_strain; high > 0)
    add(high > low * 1.001 ? fmt::format("steps of {:.4g} to {:.4g} strain", low, high) : fmt::format("steps of {:.4g} strain", high));
  if (d.total_strain > 0) add(fmt::format("{:.4g} in all", d.total_strain));
  if (d.steps > 0) add(fmt::format("{} steps at most", d.steps));
  if (d.runs > 0) add(fmt::format("from {} runs of {} voxels together", d.runs, d.voxels));
  if (!text.empty()) out.emplace_back("trained for", text);
  for (std::size_t i = 0; i < std::min(d.loads.size(), kMostDirections); ++i)
    out.emplace_back(i == 0 ? "straining" : "", direction_text(d.loads[i]));
  if (d.loads.size() > kMostDirections) out.emplace_back("", fmt::format("and {} more directions", d.loads.size() - kMostDirections));
  if (d.increment > 0)
    out.emplace_back("increments", fmt::format("voxels turn by {}{:.3f} degrees a step at most",
                                               d.increment_rms > 0 ? fmt::format("{:.3f} (root mean square) to ", d.increment_rms * kDegrees) : "",
                                               d.increment * kDegrees));
  for (std::size_t i = 0; i < d.orientations.size(); ++i) {
    const auto& o = d.orientations[i];
    std::size_t phase = 0;
    for (std::size_t p = 0; p < spec.nonlocal.phases.size(); ++p)
      if (spec.nonlocal.phases[p].name == o.phase) phase = p;
    out.emplace_back(i == 0 ? "orientations" : "",
                     fmt::format("{}ranges of {} numbers ({}), in which {:.3g} % of all orientations lie", o.phase.empty() ? "" : o.phase + ": ",
                                 o.low.size(), o.point_group, 100 * share_of_all(spec, phase)));
  }
  return out;
}

}  // namespace grainspin::cli
