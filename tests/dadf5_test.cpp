// DAMASK results: the shipped two-phase fixture in two storage variants (tests/data/README.md).
// Expected numbers: h5py and scipy.linalg.logm on the same file, following cell_to by hand.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "grainspin/archive.h"

namespace grainspin {
namespace {

const std::string kData = std::string(GRAINSPIN_SOURCE_DIR) + "/tests/data/";

// Initial orientations of the six materials as material.yaml states them; materials 1, 3, 4 are aluminium.
constexpr float kMaterials[6][4] = {{0.10857087f, -0.96087068f, 0.02961677f, 0.25310619f},
                                    {0.53086861f, -0.01309559f, -0.73362608f, -0.42402799f},
                                    {0.77027647f, 0.09249726f, 0.42351975f, 0.46770658f},
                                    {0.14050983f, -0.79289946f, 0.32085306f, 0.49861883f},
                                    {0.25561839f, 0.20466555f, -0.53602114f, -0.77810834f},
                                    {0.78406927f, 0.58580275f, 0.16037463f, -0.12786903f}};

class Fixture : public testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<FieldReader> reader = open_archive(kData + GetParam());
};

TEST_P(Fixture, TellsGridStepsAndPhases) {
  const ArchiveInfo& info = reader->info();
  EXPECT_EQ(info.format, "DAMASK DADF5 1.1");
  EXPECT_EQ(info.creator, "DAMASK_grid v3.0.2");
  EXPECT_EQ(info.shape, (Shape{8, 6, 4}));
  EXPECT_DOUBLE_EQ(info.size[0], 8e-6);
  EXPECT_DOUBLE_EQ(info.size[2], 4e-6);
  EXPECT_EQ(info.constituents, 1);
  ASSERT_EQ(info.steps.size(), 3u);  // by number: 0, 7, 11, where the text order is 0, 11, 7
  EXPECT_EQ(info.steps[1].name, "increment_7");
  EXPECT_EQ(info.steps[2].name, "increment_11");
  EXPECT_DOUBLE_EQ(info.steps[2].time, 20);
  EXPECT_TRUE(info.has_orientation && info.has_F && info.has_P && info.has_grain);
  EXPECT_TRUE(info.problems.empty()) << info.problems[0];
  ASSERT_EQ(info.phases.size(), 2u);
  EXPECT_EQ(info.phases[0].name, "Aluminum");
  EXPECT_EQ(info.phases[0].voxels, 94);
  EXPECT_EQ(info.phases[1].name, "Cu");
  EXPECT_EQ(info.phases[1].voxels, 98);
  EXPECT_EQ(info.phases[1].lattice, "cF");
  EXPECT_EQ(info.phases[1].point_group, "432");
}

TEST_P(Fixture, TellsTheLawOfEachPhase) {
  const PhaseInfo& copper = reader->info().phases[1];
  EXPECT_EQ(copper.elastic, (std::vector<double>{168.9e9, 121.8e9, 75.8e9}));
  ASSERT_TRUE(copper.law);
  EXPECT_EQ(copper.law->N_sl, (std::vector<int>{12}));
  EXPECT_EQ(copper.law->gdot0, (std::vector<double>{0.003}));
  EXPECT_EQ(copper.law->n, (std::vector<double>{20}));
  EXPECT_EQ(copper.law->a, (std::vector<double>{0.6}));
  EXPECT_EQ(copper.law->xi0, (std::vector<double>{1.6e6}));
  EXPECT_EQ(copper.law->xi_inf, (std::vector<double>{96.4e6}));
  EXPECT_EQ(copper.law->h0, (std::vector<double>{350e6}));
  EXPECT_EQ(copper.law->h_sl_sl, (std::vector<double>{1, 1, 5.123, 0.574, 1.123, 1.123, 1}));
  EXPECT_EQ(copper.law->h_int, (std::vector<double>{0}));
  EXPECT_EQ(reader->info().phases[0].law->h0, (std::vector<double>{75e6}));
}

TEST_P(Fixture, FindsTheLoadAndWhatWasPrescribed) {
  const ArchiveInfo& info = reader->info();
  ASSERT_EQ(info.loads.size(), 2u);
  const double L[2][3] = {{-4.475292281469e-03, -5.318569960878e-03, 1e-2},
                          {-4.724627557705e-03, -5.221206932528e-03, 1e-2}};
  for (int k = 0; k < 2; ++k)
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) {
        EXPECT_NEAR(info.loads[k].L[3 * i + j], i == j ? L[k][i] : 0, 1e-11);
        EXPECT_EQ(info.loads[k].prescribed[3 * i + j], !(i == j && i < 2)) << i << j;
      }
  EXPECT_NEAR(info.steps[2].mean_F[0], 9.908422699433e-01, 1e-12);
  EXPECT_NEAR(info.steps[2].mean_F[8], 1.020201340027e+00, 1e-12);
  EXPECT_NEAR(info.steps[1].mean_P[8], 5.685295404050e+07, 1);
  EXPECT_NEAR(info.steps[2].mean_P[5], -2.625464484210e+06, 1);
  // von Mises of the deviator, by hand: sqrt(2/3 (e1^2 + e2^2 + e3^2)) of both steps
  double strain = 0;
  for (const auto& l : L) {
    const double t = (l[0] + l[1] + l[2]) / 3;
    strain += std::sqrt(2.0 / 3 * ((l[0] - t) * (l[0] - t) + (l[1] - t) * (l[1] - t) + (l[2] - t) * (l[2] - t)));
  }
  EXPECT_NEAR(info.steps[2].strain, strain, 1e-11);
}

TEST_P(Fixture, ReadsFieldsByCell) {
  std::vector<float> q(192 * 4), F(192 * 9), P(192 * 9);
  reader->orientation(2, 0, 192, q.data());
  reader->F(2, 0, 192, F.data());
  reader->P(2, 0, 192, P.data());
  const std::array<float, 4> q77{0.786836992f, 0.583440050f, 0.160180608f, -0.121767930f};
  for (int c = 0; c < 4; ++c) EXPECT_FLOAT_EQ(q[77 * 4 + c], q77[c]);
  EXPECT_FLOAT_EQ(F[191 * 9 + 5], -0.010631867948f);  // F_yz
  EXPECT_FLOAT_EQ(F[191 * 9 + 7], 0.00622541392f);    // F_zy
  EXPECT_FLOAT_EQ(P[1 * 9 + 2], 10028302.689f);
  EXPECT_FLOAT_EQ(P[1 * 9 + 6], 10245191.950f);
}

TEST_P(Fixture, GrainsAreTheMaterialsOfTheGeometry) {
  std::vector<float> q(192 * 4);
  std::vector<std::int32_t> grain(192), phase(192);
  reader->orientation(0, 0, 192, q.data());
  reader->grain(0, 192, grain.data());
  reader->phase(0, 192, phase.data());
  for (int c = 0; c < 192; ++c) {
    ASSERT_TRUE(grain[c] >= 0 && grain[c] < 6);
    for (int i = 0; i < 4; ++i) ASSERT_NEAR(q[4 * c + i], kMaterials[grain[c]][i], 2e-7) << c;
    ASSERT_EQ(phase[c], grain[c] == 1 || grain[c] == 3 || grain[c] == 4 ? 0 : 1);
  }
}

TEST_P(Fixture, AnySlabIsTheSameAsTheWhole) {
  std::vector<float> whole(192 * 9), part(192 * 9);
  std::vector<std::int32_t> grains(192), some(192);
  reader->F(1, 0, 192, whole.data());
  reader->grain(0, 192, grains.data());
  for (const int begin : {0, 1, 77, 190})
    for (const int count : {0, 1, 2, 97, 192 - begin}) {
      if (begin + count > 192) continue;
      reader->F(1, begin, count, part.data());
      EXPECT_TRUE(std::equal(part.begin(), part.begin() + count * 9, whole.begin() + begin * 9));
      reader->grain(begin, count, some.data());
      EXPECT_TRUE(std::equal(some.begin(), some.begin() + count, grains.begin() + begin));
    }
}

TEST_P(Fixture, RefusesStepsAndCellsItDoesNotHave) {
  float q[4];
  EXPECT_THROW(reader->orientation(3, 0, 1, q), Error);
  EXPECT_THROW(reader->orientation(-1, 0, 1, q), Error);
  EXPECT_THROW(reader->orientation(0, 192, 1, q), Error);
  EXPECT_THROW(reader->orientation(0, -1, 1, q), Error);
}

INSTANTIATE_TEST_SUITE_P(Dadf5, Fixture, testing::Values("dual_native.hdf5", "dual_chunked_gzip.hdf5"),
                         [](const auto& i) { return std::string(i.param).substr(5, i.index == 0 ? 6 : 7); });

TEST(Dadf5, WithoutMeansReadsNoFieldAtOpening) {
  const auto reader = open_archive(kData + "dual_native.hdf5", {.means = false});
  EXPECT_TRUE(reader->info().loads.empty());
  EXPECT_EQ(reader->info().steps.size(), 3u);
  EXPECT_TRUE(reader->info().has_F);
}

}  // namespace
}  // namespace grainspin
