// The calibration of an ensemble whose members watched different runs: its factors hold, to the definition of a quantile, of the errors of
// the member that has not learned from a run over the deviations of all together.
#include "datasets/variance_members.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "datasets/grid_run.h"
#include "datasets/sha256.h"
#include "ensemble_models.h"
#include "grainspin/core.h"

namespace grainspin {
namespace {

using namespace testing;
using nlohmann::json;

const std::string kRuns[2] = {std::string(GRAINSPIN_SOURCE_DIR) + "/datasets/cu_uniaxial/train/cu_uniaxial_21.h5",
                              std::string(GRAINSPIN_SOURCE_DIR) + "/datasets/cu_uniaxial/train/cu_uniaxial_22.h5"};

// It watched run `watched` and has learned from the other.
Model member(unsigned seed, std::size_t watched) {
  Model m = nonlocal_member(seed, 2, false);
  m.spec.nonlocal.phases[0].name = "Cu";
  const auto file = [](std::size_t i) { return json::array({{{"file", kRuns[i]}, {"sha256", sha256_of_file(kRuns[i])}}}); };
  m.spec.provenance = json{{"training", file(1 - watched)}, {"held_out", file(watched)}}.dump();
  return m;
}

struct Steps {
  std::vector<float> increment, log_variance, truth;  // all steps
};
Steps follow(const Model& model, const std::string& path) {
  SlipChoice slip{{"Cu", model.spec.nonlocal.phases[0].slip_families}};
  std::vector<PhaseSpec> phases = model.spec.nonlocal.phases;
  const GridRun run = load_grid_run(path, StressData::kNone, slip, phases, false);
  Region region = whole(run.shape, run.boundaries);
  region.spacing = run.spacing;
  region.loads = run.loads;
  Steps out{{}, {}, run.w};
  const std::int64_t n = run.voxels();
  make_engine(model, {})->run(region, run.q.data(), nullptr, nullptr, [&](const StepOutput& o) {
    out.increment.insert(out.increment.end(), o.increment, o.increment + 3 * n);
    out.log_variance.insert(out.log_variance.end(), o.log_variance, o.log_variance + 3 * n);
  });
  return out;
}

VarianceFitOptions quick() {
  VarianceFitOptions o;
  o.samples = 2000;
  o.epochs = 2;
  return o;
}

TEST(VarianceMembers, RunsAreJudgedByWhoHasNotSeenThem) {
  const MembersFit fit = fit_members(ensemble_of({member(1, 0), member(2, 1)}), {kRuns[0], kRuns[1]}, {}, quick());
  EXPECT_EQ(fit.partly_seen, 2);
  ASSERT_EQ(fit.together, (std::vector<std::string>{kRuns[0], kRuns[1]}));
  const auto members = members_of(fit.model);
  ASSERT_TRUE(calibration(fit.model.spec).has_value());
  for (std::size_t m = 0; m < 2; ++m)  // each has its own, of the run that it watched
    EXPECT_EQ(calibration(members[m].spec)->increment, fit.fits[m].calibration.increment);
  std::int64_t within[3] = {}, all = 0;
  for (std::size_t r = 0; r < 2; ++r) {
    const Steps judged = follow(members[r], kRuns[r]), together = follow(fit.model, kRuns[r]);
    for (std::size_t i = 0; i < judged.truth.size(); ++i, ++all)
      for (std::size_t l = 0; l < 3; ++l)
        within[l] += std::abs(double(judged.increment[i]) - judged.truth[i]) <=
                     calibration(fit.model.spec)->increment[l] * std::exp(0.5 * double(together.log_variance[i])) * (1 + 1e-6);
  }
  for (std::size_t l = 0; l < 3; ++l) EXPECT_NEAR(double(within[l]) / double(all), kCoverageLevels[l], 2e-5);
}

// What every member only watched is enough; archives that are named to be set aside take the place of all.
TEST(VarianceMembers, RunsThatAllHaveWatched) {
  const Model model = ensemble_of({member(1, 0), member(2, 0)});
  const MembersFit fit = fit_members(model, {kRuns[0], kRuns[1]}, {}, quick());
  EXPECT_EQ(fit.partly_seen, 0);
  EXPECT_EQ(fit.together, (std::vector<std::string>{kRuns[0]}));
  EXPECT_EQ(calibrate_on(fit.model, {kRuns[0]}, 2, {}).increment, fit.calibration.increment);
  const MembersFit other = fit_members(model, {kRuns[1]}, {kRuns[0]}, quick());
  EXPECT_EQ(other.together, (std::vector<std::string>{kRuns[0]}));
  EXPECT_EQ(other.calibration.increment, fit.calibration.increment);
  EXPECT_THROW((void)fit_members(model, {kRuns[1]}, {}, quick()), Error);  // none set aside
}

}  // namespace
}  // namespace grainspin
