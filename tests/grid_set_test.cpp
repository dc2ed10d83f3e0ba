// Whole grids as training data. Expected values are the definitions of core.h, written out again.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "datasets/grid_set.h"
#include "grainspin/nonlocal.h"
#include "training_cases.h"

using namespace grainspin;
using namespace grainspin::testing;

namespace {

PhaseSpec copper() {
  return {"Cu", "432", {"fcc{111}<110>"}, 0};
}
PhaseSpec titanium() {
  return {"Ti", "622", {"hcp-basal<a>"}, 1.587};
}

double uniform(std::mt19937_64& random) {
  return double(random() >> 11) * 0x1p-53 * 2 - 1;
}

LoadStep shear(double size) {
  LoadStep load;
  load.L = {0, 0, size, 0, 0, 0, 0, 0, 0};
  load.prescribed.fill(true);
  return load;
}

// Random orientations, each voxel turned by the same rotation vectors in every step.
GridRun made_grid(Shape s, std::vector<LoadStep> loads, unsigned seed, double size = 0.02) {
  std::mt19937_64 random(seed);
  GridRun run;
  run.path = "grid " + std::to_string(seed);
  run.shape = s;
  run.spacing = {1, 2, 3};
  run.loads = std::move(loads);
  const std::int64_t n = s.voxels();
  std::vector<Quatd> q;
  std::vector<Vec3<double>> w;
  for (std::int64_t i = 0; i < n; ++i) {
    q.push_back(normalised(Quatd{uniform(random), uniform(random), uniform(random), uniform(random)}));
    w.push_back({size * uniform(random), size * uniform(random), size * uniform(random)});
  }
  for (std::size_t t = 0; t <= run.loads.size(); ++t)
    for (std::int64_t i = 0; i < n; ++i) {
      Quatd& v = q[std::size_t(i)];
      run.q.insert(run.q.end(), {float(v.w), float(v.x), float(v.y), float(v.z)});
      v = exp(w[std::size_t(i)]) * v;
    }
  for (std::size_t i = 0; i < run.loads.size() * std::size_t(n) * 6; ++i)
    run.stress.push_back(float(1e8 * uniform(random)));
  return run;
}

Mat3<double> rotation(const float* q) {
  return matrix(normalised(Quatd{q[0], q[1], q[2], q[3]}));
}

std::string refusal(const std::function<void()>& f, Errc code) {
  try {
    f();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), code) << e.what();
    return e.what();
  }
  return "accepted";
}

}  // namespace

// R' = det(Q) Q R at Q x, w' = det(Q) Q w, s' = Q s Q^T, L' = Q L Q^T with its prescribed components.
TEST(GridRun, TurnsWithItsLoad) {
  const std::vector<PhaseSpec> phases{copper(), titanium()};
  GridRun raw = made_grid({3, 4, 5}, {tension(1)[0], shear(0.02)}, 3);
  for (std::int64_t i = 0; i < raw.voxels(); ++i) raw.phase.push_back(std::int32_t(i % 2));
  const GridRun run = make_grid_run(raw, true, phases);
  constexpr int row[6] = {0, 1, 2, 1, 0, 0}, column[6] = {0, 1, 2, 2, 2, 1};
  for (const Operation& op : cube_operations()) {
    const GridRun out = turn(run, op);
    const int n[3] = {run.shape.nx, run.shape.ny, run.shape.nz};
    const int m[3] = {out.shape.nx, out.shape.ny, out.shape.nz};
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(m[i], n[op.axis[i]]);
      EXPECT_EQ(out.spacing[i], run.spacing[std::size_t(op.axis[i])]);
    }
    for (std::size_t t = 0; t < 2; ++t)
      for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j) {
          double L = 0, answer = 0;
          bool prescribed = false;
          for (int k = 0; k < 3; ++k)
            for (int l = 0; l < 3; ++l) {
              const std::size_t from = std::size_t(3 * k + l);
              L += op.Q(i, k) * run.loads[t].L[from] * op.Q(j, l);
              answer += op.Q(i, k) * run.answer[t][from] * op.Q(j, l);
              prescribed = prescribed || (op.Q(i, k) * op.Q(j, l) != 0 && run.loads[t].prescribed[from]);
            }
          EXPECT_DOUBLE_EQ(out.loads[t].L[std::size_t(3 * i + j)], L);
          EXPECT_DOUBLE_EQ(out.answer[t][std::size_t(3 * i + j)], answer);
          EXPECT_EQ(out.loads[t].prescribed[std::size_t(3 * i + j)], prescribed);
        }
    for (int z = 0; z < n[2]; ++z)
      for (int y = 0; y < n[1]; ++y)
        for (int x = 0; x < n[0]; ++x) {
          const int at[3] = {x, y, z};
          int to[3];
          for (std::size_t i = 0; i < 3; ++i) {
            const int a = op.axis[i];
            to[i] = op.sign[i] > 0 ? at[a] : n[a] - 1 - at[a];
          }
          const std::size_t v = std::size_t((z * n[1] + y) * n[0] + x),
                            u = std::size_t((to[2] * m[1] + to[1]) * m[0] + to[0]), N = std::size_t(run.voxels());
          EXPECT_EQ(out.phase[u], run.phase[v]);
          const std::size_t t = 1;
          const Mat3<double> R = rotation(&run.q[4 * (t * N + v)]), S = rotation(&out.q[4 * (t * N + u)]);
          for (int i = 0; i < 3; ++i) {
            double w = 0;
            for (int j = 0; j < 3; ++j) {
              w += op.det * op.Q(i, j) * run.w[3 * (t * N + v) + std::size_t(j)];
              double turned = 0;
              for (int k = 0; k < 3; ++k) turned += op.det * op.Q(i, k) * R(k, j);
              EXPECT_NEAR(S(i, j), turned, 1e-5);
            }
            EXPECT_NEAR(out.w[3 * (t * N + u) + std::size_t(i)], w, 1e-7);
          }
          for (std::size_t c = 0; c < 6; ++c) {
            double s = 0;
            for (std::size_t d = 0; d < 9; ++d) {
              const int k = int(d) / 3, l = int(d) % 3;
              std::size_t e = 0;
              while ((row[e] != std::min(k, l) || column[e] != std::max(k, l))) ++e;
              s += op.Q(row[c], k) * run.stress[6 * (t * N + v) + e] * op.Q(column[c], l);
            }
            EXPECT_NEAR(out.stress[6 * (t * N + u) + c], s, 20);
          }
        }
  }
}

// Each voxel's equivalents are those of its own phase: with them drawn at random in every step, the increments are
// those that the run was made with.
TEST(GridRun, FollowsEachPhaseByItsOwnGroup) {
  const std::vector<PhaseSpec> phases{copper(), titanium()};
  const GridRun made = made_grid({4, 3, 2}, tension(3), 5, 0.05);
  const GridRun plain = make_grid_run(made, true, phases);
  GridRun mixed = made;
  std::mt19937_64 random(2);
  const std::int64_t n = made.voxels();
  for (std::int64_t i = 0; i < n; ++i) mixed.phase.push_back(std::int32_t(i % 2));
  for (std::int64_t i = n; i < 4 * n; ++i) {
    const auto& operators = PointGroup::named(i % n % 2 ? "622" : "432").operators();
    float* q = &mixed.q[std::size_t(4 * i)];
    const Quatd v = Quatd{q[0], q[1], q[2], q[3]} * operators[random() % operators.size()];
    q[0] = float(v.w), q[1] = float(v.x), q[2] = float(v.y), q[3] = float(v.z);
  }
  const GridRun followed = make_grid_run(mixed, true, phases);
  for (std::size_t i = 0; i < plain.w.size(); ++i) EXPECT_NEAR(followed.w[i], plain.w[i], 1e-5);
}

// Free components: 0 in the load, their values only in the answer, which is traceless.
TEST(GridRun, KeepsFreeComponentsOutOfTheLoad) {
  auto loads = tension(2);
  for (LoadStep& load : loads) load.L = {-0.006, 0, 0, 0, -0.003, 0, 0, 0, 0.01};
  const std::vector<PhaseSpec> phases{copper()};
  const GridRun run = make_grid_run(made_grid({2, 2, 2}, loads, 1), true, phases);
  EXPECT_EQ(run.loads[0].L[0], 0);
  EXPECT_EQ(run.loads[0].L[4], 0);
  EXPECT_EQ(run.loads[0].L[8], 0.01);
  ASSERT_EQ(run.answer.size(), 2u);
  EXPECT_NEAR(run.answer[0][0], -0.0065, 1e-15);
  EXPECT_NEAR(run.answer[0][4], -0.0035, 1e-15);
  EXPECT_EQ(run.answer[0][8], 0.01);
  EXPECT_TRUE(make_grid_run(made_grid({2, 2, 2}, loads, 1), false, phases).answer.empty());
  EXPECT_TRUE(make_grid_run(made_grid({2, 2, 2}, {shear(0.01)}, 1), true, phases).answer.empty());
}

TEST(GridRun, RefusesWhatIsNotFinite) {
  const std::vector<PhaseSpec> phases{copper()};
  const float nan = std::numeric_limits<float>::quiet_NaN();
  GridRun run = made_grid({3, 2, 2}, tension(2), 1);
  run.q[4 * (12 + 7)] = nan;
  EXPECT_NE(refusal([&] { make_grid_run(run, true, phases); }, Errc::kFormat).find("step 1, voxel 7"),
            std::string::npos);
  run = made_grid({3, 2, 2}, tension(2), 1);
  run.stress[6 * (12 + 5) + 2] = nan;
  EXPECT_NE(refusal([&] { make_grid_run(run, true, phases); }, Errc::kFormat).find("stress of step 2, voxel 5"),
            std::string::npos);
  run = made_grid({3, 2, 2}, tension(2), 1);
  run.loads[1].L[8] = double(nan);
  EXPECT_NE(refusal([&] { make_grid_run(run, true, phases); }, Errc::kFormat).find("step 2, component 33"),
            std::string::npos);
  run = made_grid({3, 2, 2}, tension(2), 1);
  run.loads[0].prescribed.fill(false);
  EXPECT_NE(refusal([&] { make_grid_run(run, true, phases); }, Errc::kFormat).find("prescribed is not stated"),
            std::string::npos);
}

// Means written out: every voxel of a run turns by the same vectors, so W follows from the vectors; the
// stress is c + d in one half of the voxels and c - d in the other.
TEST(GridScales, AreMeansOverVoxelsAndSteps) {
  const std::vector<PhaseSpec> phases{copper()};
  GridRun run = made_grid({2, 2, 2}, {shear(0.02), shear(0.01)}, 1);
  const double s[2] = {cell_load(shear(0.02)).size, cell_load(shear(0.01)).size};
  EXPECT_NEAR(s[0], 0.02 / std::sqrt(3.0), 1e-15);
  for (std::size_t i = 0; i < run.stress.size(); ++i) {
    constexpr float c[6] = {1e8f, -2e8f, 3e8f, 4e7f, 5e7f, -6e7f}, d[6] = {3e7f, 3e7f, 0, 1e7f, 0, 0};
    run.stress[i] = c[i % 6] + (i / 6 % 2 ? d[i % 6] : -d[i % 6]);
  }
  run = make_grid_run(run, true, phases);
  double rate = 0;
  for (std::size_t i = 0; i < run.w.size(); ++i) rate += std::pow(run.w[i] / s[i / 24], 2) / 16;
  const GridScales scales = grid_scales(std::span(&run, 1));
  EXPECT_NEAR(scales.rate, rate, 1e-9 * rate);
  // |dev(c + d)|^2 and |dev(c - d)|^2 average to |dev c|^2 + |dev d|^2. dev c = (1, -8, 7)/3 1e8 and shears
  // (4, 5, -6) 1e7; dev d = (1, 1, -2) 1e7 and a shear of 1e7: each shear twice in the tensor.
  const double c2 = (1 + 64 + 49) / 9. * 1e16 + 2 * (16 + 25 + 36) * 1e14, d2 = 6e14 + 2e14;
  EXPECT_NEAR(scales.stress / std::sqrt((c2 + d2) / 5), 1, 1e-5);
}

class GridSets : public ::testing::Test {
 protected:
  GridSets() : folder_("grids " + std::to_string(getpid())) {
    write_run(folder_ / "a.h5", {4, 3, 2}, 3, 1);
    write_run(folder_ / "b.h5", {2, 5, 3}, 3, 2);
    write_run(folder_ / "longer.h5", {3, 3, 3}, 5, 3, "432", 0.02);
    write_run(folder_ / "hexagonal.h5", {3, 3, 3}, 3, 4, "622");
  }
  GridSet set(const std::vector<std::string>& names, const SlipChoice& slip = {{"", {"fcc"}}}) const {
    std::vector<std::string> paths;
    for (const std::string& name : names) paths.push_back(folder_ / name);
    return GridSet(paths, StressData::kWhereKnown, slip, 0, 1);
  }
  Scratch folder_;
};

TEST_F(GridSets, MixLoadsAndSteps) {
  const GridSet alike = set({"a.h5", "b.h5"}), mixed = set({"a.h5", "b.h5", "longer.h5"});
  EXPECT_EQ(alike.voxel_steps(), 3 * (24 + 30));
  EXPECT_EQ(mixed.voxel_steps(), 3 * (24 + 30) + 5 * 27);
  EXPECT_FALSE(mixed.has_stress());
  const ModelSpec one = alike.spec({}), many = mixed.spec({});
  EXPECT_EQ(one.family, Family::kNonlocal);
  ASSERT_EQ(one.loads.size(), 3u);
  EXPECT_EQ(one.loads[0].L[0], 0);  // free
  EXPECT_TRUE(many.loads.empty());
  ASSERT_EQ(many.nonlocal.phases.size(), 1u);
  EXPECT_EQ(many.nonlocal.phases[0].name, "Cu");
  EXPECT_EQ(many.nonlocal.phases[0].slip_families, std::vector<std::string>{"fcc{111}<110>"});
  const auto domain = nlohmann::json::parse(many.domain);
  EXPECT_NEAR(domain["step_strain"][0].get<double>(), 0.01, 1e-9);
  EXPECT_NEAR(domain["step_strain"][1].get<double>(), 0.02, 1e-9);
  EXPECT_NEAR(domain["total_strain"][1].get<double>(), 0.1, 1e-9);
  EXPECT_EQ(domain["steps"], 5);
  EXPECT_GT(domain["increment_rad"]["max"].get<double>(), 0.001);
  ASSERT_EQ(domain["loads"].size(), 1u);  // one direction, two step sizes
  EXPECT_NEAR(domain["loads"][0]["L"][8].get<double>(), 1, 1e-9);
  EXPECT_NEAR(domain["loads"][0]["L"][0].get<double>(), -0.5, 1e-9);
  EXPECT_EQ(domain["loads"][0]["prescribed"][0], false);
  EXPECT_EQ(domain["loads"][0]["prescribed"][8], true);
}

TEST_F(GridSets, NameTheirSlipSystems) {
  EXPECT_NE(refusal([&] { set({"a.h5"}, {}); }, Errc::kFormat).find("--slip"), std::string::npos);
  EXPECT_NE(refusal([&] { set({"a.h5"}, parse_slip({"fcx"})); }, Errc::kArgument).find("fcx"), std::string::npos);
  EXPECT_NE(refusal([&] { set({"a.h5"}, parse_slip({"hcp-prism<a>"})); }, Errc::kArgument).find("phase Cu"),
            std::string::npos);
  EXPECT_NE(refusal([&] { set({"a.h5"}, parse_slip({"fcc", "Ni=fcc"})); }, Errc::kArgument).find("phase Ni"),
            std::string::npos);
  EXPECT_NE(refusal([&] { parse_slip({"fcc", "bcc24"}); }, Errc::kArgument).find("twice"), std::string::npos);
  EXPECT_NE(refusal([&] { parse_slip({"Cu="}); }, Errc::kArgument).find("PHASE=SYSTEMS"), std::string::npos);
  const auto slip = parse_slip({"Cu=fcc{111}<110>,fcc{110}<110>", "bcc24"});
  EXPECT_EQ(slip.at("Cu").size(), 2u);
  EXPECT_EQ(slip.at(""), std::vector<std::string>{"bcc24"});
  EXPECT_EQ(set({"a.h5"}, slip).phases()[0].slip_families.size(), 2u);
  // The same name with another symmetry.
  const SlipChoice none{{"", {"fcc"}}};
  const std::string text = refusal([&] { set({"a.h5", "hexagonal.h5"}, none); }, Errc::kArgument);
  EXPECT_NE(text.find("hexagonal.h5"), std::string::npos) << text;
  EXPECT_NE(text.find("622"), std::string::npos) << text;
}

TEST_F(GridSets, StressThatIsWantedMustBeThere) {
  const std::string text = refusal(
      [&] { GridSet({folder_ / "a.h5"}, StressData::kWanted, {{"", {"fcc"}}}, 0, 1); }, Errc::kFormat);
  EXPECT_NE(text.find("no F and P"), std::string::npos) << text;
}

// The project's own results hold the Cauchy stress itself; one set takes runs with and without.
TEST_F(GridSets, ReadStressesOfResults) {
  const Shape shape{3, 2, 2};
  const std::int64_t n = shape.voxels();
  ArchiveInfo info;
  info.creator = "made up";
  info.shape = shape;
  info.size = {3e-6, 2e-6, 2e-6};
  info.phases.resize(1);
  info.phases[0].name = "Cu";
  info.phases[0].point_group = "432";
  info.phases[0].voxels = n;
  info.loads = tension(2);
  info.steps.resize(3);
  info.has_orientation = true;
  WriteOptions options;
  options.stress = true;
  const auto q = follow_law(shape, 2, 7);
  std::vector<float> sigma;
  for (std::int64_t i = 0; i < 2 * n * 6; ++i) sigma.push_back(float(1e6 * double(i * i % 97)));
  const std::string path = folder_ / "stress.h5";
  const auto out = create_archive(path, info, options);
  const std::vector<float> none(std::size_t(n * 6), 0.0f);
  for (int t = 0; t <= 2; ++t) {
    out->orientation(t, 0, n, &q[std::size_t(t * n * 4)]);
    out->stress(t, {0, 0, 0}, shape, t == 0 ? none.data() : &sigma[std::size_t((t - 1) * n * 6)]);
  }
  const std::vector<std::int32_t> zero(std::size_t(n), 0);
  out->phase(0, n, zero.data());
  out->finish();
  GridSet both({folder_ / "a.h5", folder_ / "stress.h5"}, StressData::kWhereKnown, {{"", {"fcc"}}}, 0, 1);
  EXPECT_TRUE(both.has_stress());
  int with = 0;
  for (std::size_t i = 0; i < both.training().size(); ++i) {
    const auto run = both.fields(i);
    if (run->stress.empty()) continue;
    EXPECT_EQ(run->stress, sigma);
    ++with;
  }
  EXPECT_EQ(with, 1);
  EXPECT_EQ(load_run(path, true).stress, sigma);
}
