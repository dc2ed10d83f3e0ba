#include "src/cli/predict_summary.h"

#include <fmt/format.h>

#include "src/cli/predict_plan.h"

namespace grainspin::cli {

void print_summary(const PredictCase& c, const PredictArguments& a, const RunFacts& facts) {
  fmt::print("{}: {} voxels, {} states, {:.1f} s, {:.2f} M voxel-steps/s ({})\n", a.output, c.input().shape.voxels(), c.steps.size(),
             facts.seconds, facts.voxel_steps / facts.seconds / 1e6, facts.computed);
  if (c.nonlocal()) {
    fmt::print("load: {} steps, von Mises strain {:.4g}\n", c.loads.size(), strain_of(c.loads));
    const std::string padded = padded_axes(c.boundaries);
    if (!padded.empty()) fmt::print("padding: {} mirrored layers beyond the faces along {}\n", a.padding, padded);
  }
  const DomainJudgement& domain = facts.domain;
  if (domain.stated)
    fmt::print("verdict: {}{}{}\n", domain.verdict == Verdict::kOutside ? "" : std::string(name(domain.verdict)) + ", ", text(domain),
               facts.voxels);
  if (!facts.error.empty()) fmt::print("estimated error: {}\n", facts.error);
  if (facts.von_mises >= 0) fmt::print("stress: {:.4g} MPa von Mises of the mean at the last step\n", facts.von_mises / 1e6);
  if (!a.curve.empty()) fmt::print("curve: {}\n", a.curve);
}

}  // namespace grainspin::cli
