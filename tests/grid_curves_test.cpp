// Mirrors datasets/grid_curves.h: planted stresses, averaged by hand, written and found again.
#include "datasets/grid_curves.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace grainspin {
namespace {

LoadStep tension(double strain, std::size_t axis = 8) {
  LoadStep load;
  load.prescribed.fill(true);
  for (const std::size_t c : {0, 4, 8})
    if (c != axis) load.prescribed[c] = false;
  load.L[axis] = strain;
  return load;
}

// Stress zz of every voxel and step t: size (t + 1), and as much more or less on every other voxel.
GridRun run(std::vector<LoadStep> loads, float size, std::vector<std::int32_t> phase = {}) {
  GridRun out;
  out.shape = {2, 1, 1};
  out.loads = std::move(loads);
  out.phase = std::move(phase);
  for (std::size_t t = 0; t < out.loads.size(); ++t)
    for (const float more : {5.0f, -5.0f}) out.stress.insert(out.stress.end(), {0, 0, size * float(t + 1) + more, 0, 0, 1});
  return out;
}

TEST(GridCurves, AreMeansOfEachLoadAndMaterial) {
  PhaseSpec copper, nickel;
  copper.name = "Cu";
  nickel.name = "Ni";
  const std::vector<PhaseSpec> phases{copper, nickel};
  const std::vector<LoadStep> two{tension(0.01), tension(0.01)}, turned{tension(0.01, 0), tension(0.01, 0)};
  GridRun without = run(two, 99);
  without.stress.clear();
  const std::vector<GridRun> runs{run(two, 100), run(turned, 500), run({tension(0.01005), tension(0.01)}, 120), without,
                                  run(two, 300, {1, 1}), run(two, 700, {0, 1})};
  const auto curves = mean_curves(runs, phases);
  ASSERT_EQ(curves.size(), 4u);
  EXPECT_EQ(curves[0].at("runs"), 2);
  const std::string domain = nlohmann::json{{"mean_curves", curves}}.dump();

  // What the free components really did does not matter.
  std::vector<LoadStep> answered = two;
  answered[0].L[0] = -0.003, answered[0].L[4] = -0.007;
  EXPECT_NEAR(stored_curve(domain, {}, answered, {"Cu"}).at(0)[2], 110, 1e-4);
  // Strains 1 % apart are one load; 10 % are not; another axis or other phases are other curves.
  auto curve = stored_curve(domain, {}, {tension(0.0101), tension(0.01)}, {"Cu"});
  ASSERT_EQ(curve.size(), 2u);
  EXPECT_NEAR(curve[0][2], 110, 1e-4);
  EXPECT_NEAR(curve[1][2], 220, 1e-4);
  EXPECT_NEAR(curve[1][5], 1, 1e-6);
  EXPECT_NEAR(stored_curve(domain, {}, turned, {"Cu"}).at(0)[2], 500, 1e-4);
  EXPECT_NEAR(stored_curve(domain, {}, two, {"Ni"}).at(0)[2], 300, 1e-4);
  EXPECT_NEAR(stored_curve(domain, {}, two, {"Ni", "Cu"}).at(1)[2], 1400, 1e-4);
  EXPECT_TRUE(stored_curve(domain, {}, {tension(0.011), tension(0.011)}, {"Cu"}).empty());
  EXPECT_TRUE(stored_curve(domain, {}, {tension(0.01)}, {"Cu"}).empty());
  EXPECT_TRUE(stored_curve("{}", {}, two, {"Cu"}).empty());
}

TEST(GridCurves, OneCurveOfTheModelsOwnLoad) {
  const std::vector<LoadStep> own{tension(0.01)};
  const std::string domain = R"({"mean_curve": [[0, 0, 7, 0, 0, 0]]})";
  EXPECT_EQ(stored_curve(domain, own, own, {"Cu"}).at(0)[2], 7);
  EXPECT_TRUE(stored_curve(domain, own, {tension(0.02)}, {"Cu"}).empty());
  EXPECT_THROW(stored_curve(R"({"mean_curve": [[1, 2]]})", own, own, {"Cu"}), Error);
}

}  // namespace
}  // namespace grainspin
