// Neper's raster tessellations: every descriptor and format of data, and files that are wrong.
#include "state_files.h"

namespace grainspin {
namespace {

// The last voxel of the files is void, so that its orientation does not matter.
void expect_oracle(const StateFields& state, const std::string& file) {
  auto wanted = oracle()["tesr"];
  wanted[23] = {1, 0, 0, 0};
  EXPECT_LT(farthest(state.q, wanted), 1e-7) << file;
}

TEST(Tesr, GivesWhatDamaskMakesOfEveryDescriptor) {
  for (const char* file : {"cells_rodrigues.tesr", "cells_rodrigues_active.tesr", "cells_euler-bunge.tesr", "cells_quaternion.tesr",
                           "cells_rotmat.tesr", "cells_rotmat_active.tesr", "cells_axis-angle.tesr", "binary16_big.tesr", "file.tesr"}) {
    const auto state = read_state(kFormats + file, {.unit = 1e-6});
    EXPECT_TRUE((state.info.shape == Shape{4, 3, 2})) << file;
    expect_oracle(state, file);
    ASSERT_EQ(state.info.phases.size(), 2u) << file;
    EXPECT_EQ(state.info.phases[0].point_group, "432");
    EXPECT_EQ(state.info.phases[1].name, "void");
    EXPECT_EQ(state.info.phases[1].voxels, 1);
    EXPECT_EQ(state.phase[23], 1);
    EXPECT_NEAR(state.info.size[2], 3e-6, 1e-18);
    EXPECT_NEAR(state.info.origin[1], 2e-6, 1e-18);
    for (std::size_t v = 0; v < 23; ++v) EXPECT_EQ(state.grain[v], oracle()["grain"][v].get<int>() + 1);
  }
}

TEST(Tesr, ReadsOrientationsOfVoxelsAndWhereTheyAreDefined) {
  const auto state = read_state(kFormats + "oridata.tesr");
  auto wanted = oracle()["tesr"];
  wanted[22] = wanted[23] = {1, 0, 0, 0};
  EXPECT_LT(farthest(state.q, wanted), 1e-7);
  ASSERT_EQ(state.info.phases.size(), 3u);
  EXPECT_EQ(state.info.phases[2].name, "undefined");
  EXPECT_EQ(state.phase[22], 2);
  EXPECT_EQ(state.phase[23], 1);
  EXPECT_EQ(state.info.phases[0].point_group, "");
}

// Neper's documentation, "Orientation Convention": a rotation of 30 degrees about X in every descriptor.
TEST(Tesr, AgreesWithTheTableOfItsDocumentation) {
  const Folder folder;
  const double half = std::atan(1.0) / 3;  // 15 degrees
  for (const auto& [descriptor, values] : std::vector<std::pair<std::string, std::string>>{
           {"rodrigues", "0.267949192 0 0"},
           {"euler-bunge", "0 30 0"},
           {"euler-kocks", "270 30 90"},
           {"euler-roe", "270 30 90"},
           {"rotmat", "1 0 0 0 0.866025404 0.5 0 -0.5 0.866025404"},
           {"axis-angle", "1 0 0 30"},
           {"quaternion:passive", "0.965925826 0.258819045 0 0"},
           {"quaternion:active", "0.965925826 -0.258819045 0 0"}}) {
    write_text(folder / "x.tesr", "***tesr **format 2.1 **general 3 1 1 1 1 1 1 **cell 1 *ori " + descriptor + " " + values +
                                      " **data ascii 1 ***end");
    const auto state = read_state(folder / "x.tesr");
    EXPECT_NEAR(state.q[0], std::cos(half), 1e-7) << descriptor;
    EXPECT_NEAR(state.q[1], std::sin(half), 1e-7) << descriptor;
    EXPECT_NEAR(std::abs(state.q[2]) + std::abs(state.q[3]), 0, 1e-7) << descriptor;
  }
}

TEST(Tesr, ReadsTwoDimensionsAndTheOldFormat) {
  const Folder folder;
  write_text(folder / "x.tesr", "***tesr\r\n**format\r\n2.0 ascii\r\n**general\r\n2\r\n2 1\r\n1 1\r\n**cell\r\n2\r\n*ori\r\n"
                                "rodrigues\r\n0 0 0\r\n1 0 0\r\n**data\r\n2 1\r\n***end\r\n");
  const auto state = read_state(folder / "x.tesr");
  EXPECT_TRUE((state.info.shape == Shape{2, 1, 1}));
  EXPECT_NEAR(state.q[1], std::sqrt(0.5), 1e-7);  // tan(45 degrees)
  EXPECT_EQ(state.q[4], 1);
}

TEST(Tesr, RefusesByLine) {
  const Folder folder;
  const std::string path = folder / "x.tesr";
  const std::string good = "***tesr\n**format\n2.2\n**general\n3\n2 1 1\n1 1 1\n**cell\n2\n*ori\nrodrigues\n0 0 0\n1 0 0\n"
                           "**data\nascii\n1 2\n***end\n";
  write_text(path, good);
  EXPECT_EQ(read_state(path).grain, (std::vector<std::int32_t>{0, 1}));
  expect_refused(path, replaced(good, "2.2", "3.0"), Errc::kFormat, {"line 3", "format 3.0"});
  expect_refused(path, replaced(good, "3\n2 1 1", "4\n2 1 1"), Errc::kFormat, {"dimension"});
  expect_refused(path, replaced(good, "2 1 1", "1000000 1000000 1"), Errc::kShape, {"more than the file can hold"});
  expect_refused(path, replaced(good, "2 1 1", "1000000000000 1 1"), Errc::kShape, {"1000000000000 x 1 x 1"});
  expect_refused(path, replaced(good, "2 1 1", "0 1 1"), Errc::kShape, {"at least one voxel"});
  expect_refused(path, replaced(good, "1 1 1\n", "1 -1 1\n"), Errc::kFormat, {"edge"});
  expect_refused(path, replaced(good, "rodrigues", "homochoric"), Errc::kFormat, {"homochoric"});
  expect_refused(path, replaced(good, "rodrigues", "rodrigues:left"), Errc::kFormat, {"left"});
  expect_refused(path, replaced(good, "1 0 0\n", "1 nan 0\n"), Errc::kFormat, {"line 13", "rotation of cell 2"});
  expect_refused(path, replaced(good, "1 0 0\n", "1 x 0\n"), Errc::kFormat, {"line 13", "'x'"});
  expect_refused(path, replaced(good, "ascii\n1 2", "ascii\n1 3"), Errc::kShape, {"cell 3"});
  expect_refused(path, replaced(good, "ascii\n1 2", "ascii\n1 -2"), Errc::kFormat, {"line 16", "cell -2"});
  expect_refused(path, replaced(good, "ascii\n1 2", "ascii\n1"), Errc::kFormat, {"***end"});
  expect_refused(path, replaced(good, "ascii", "binary64"), Errc::kFormat, {"binary64"});
  expect_refused(path, replaced(good, "ascii\n1 2\n", "ascii\n*file nicht_da.raw\n"), Errc::kIo, {"nicht_da.raw"});
  expect_refused(path, replaced(good, "***end", "**general\n3\n3 1 1\n1 1 1\n***end"), Errc::kFormat, {"second section **general"});
  expect_refused(path, replaced(good, "***end\n", ""), Errc::kFormat, {"ends before ***end"});
  expect_refused(path, replaced(good, "**cell\n2\n*ori\nrodrigues\n0 0 0\n1 0 0\n", ""), Errc::kFormat, {"no orientations"});
  expect_refused(path, replaced(good, "**cell\n2", "**cell\n2000000000"), Errc::kFormat, {"line 14"});
  const std::string binary = text_of(kFormats + "binary16_big.tesr");
  expect_refused(path, binary.substr(0, binary.size() - 40), Errc::kShape, {"24 voxels"});
  expect_refused(path, "***tess\n**format\n3.5\n", Errc::kFormat, {"tessellation of cells", "raster"});
}

}  // namespace
}  // namespace grainspin
