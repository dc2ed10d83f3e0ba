#include "src/cli/predict_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>

#include "src/cli/memory.h"

namespace grainspin::cli {
namespace {

// Voxel-steps a second: the second of two runs.
double measured_rate(const Surrogate& surrogate, const std::vector<LoadStep>& loads) {
  const bool nonlocal = surrogate.spec().family == Family::kNonlocal;
  Region region = whole(nonlocal ? Shape{16, 16, 16} : Shape{32, 32, 8}, {});
  std::size_t steps = loads.size();
  if (nonlocal) {  // a step costs the same as the next
    steps = std::min<std::size_t>(steps, 2);
    region.loads.assign(loads.begin(), loads.begin() + std::ptrdiff_t(steps));
  }
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> q(std::size_t(region.shape.voxels()) * 4);
  for (std::size_t i = 0; i < q.size(); i += 4) {
    float n = 0;
    for (std::size_t c = i; c < i + 4; ++c) q[c] = normal(random), n += q[c] * q[c];
    for (std::size_t c = i; c < i + 4; ++c) q[c] /= std::sqrt(n);
  }
  double seconds = 0;
  for (int run = 0; run < 2; ++run) {
    const auto start = std::chrono::steady_clock::now();
    surrogate.run(region, q.data(), nullptr, nullptr, [](const StepOutput&) {});
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  return double(region.shape.voxels()) * double(steps) / std::max(seconds, 1e-9);
}

}  // namespace

double strain_of(const std::vector<LoadStep>& loads) {
  double strain = 0;
  for (const LoadStep& load : loads) strain += completed(load).von_mises();
  return strain;
}

std::string padded_axes(const Boundaries& boundaries) {
  std::string out;
  for (const auto& [name, b] : {std::pair{"x", boundaries.x}, {"y", boundaries.y}, {"z", boundaries.z}})
    if (b != Boundary::kPeriodic) out.append(out.empty() ? "" : ", ").append(name);
  return out;
}

void print_plan(const Surrogate& surrogate, const ArchiveInfo& info, const ReconstructPlan& plan,
                const PlanFacts& facts) {
  const double rate = measured_rate(surrogate, facts.loads) * facts.count;
  const std::int64_t bytes = info.shape.voxels() * std::int64_t(info.steps.size()) * (packed_bytes(facts.packing) + (facts.stress ? 24 : 0));
  fmt::print("engine      {}\n", facts.devices);
  fmt::print("grid        {} x {} x {} = {} voxels\n", info.shape.nx, info.shape.ny, info.shape.nz, info.shape.voxels());
  fmt::print("steps       {} computed, {} states written\n", facts.loads.size(), info.steps.size());
  if (surrogate.spec().family == Family::kNonlocal) {
    fmt::print("load        von Mises strain {:.4g}{}\n", strain_of(facts.loads),
               facts.domain.empty() ? "" : ", " + facts.domain);
    fmt::print("tiles       none: the grid is run whole\n");
  } else {
    fmt::print("tiles       {} of {} x {} x {}, halo {}\n", plan.tiles, plan.tile.nx, plan.tile.ny, plan.tile.nz,
               plan.halo);
  }
  fmt::print("memory      {} of {}\n", size_text(double(facts.memory)), size_text(double(facts.limit)));
  fmt::print("time        {:.1f} s at {:.2f} M voxel-steps/s (measured)\n", plan.voxel_steps / rate, rate / 1e6);
  fmt::print("output      {}, {}{}\n", facts.output, size_text(double(bytes)),
             facts.compress ? " before compression" : "");
}

}  // namespace grainspin::cli
