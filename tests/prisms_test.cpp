// PRISMS-Plasticity's input: the layout that its solver reads, and files that are wrong.
#include "state_files.h"

namespace grainspin {
namespace {

struct Copy {
  Folder folder;
  Copy() {
    for (const char* name : {"prm.prm", "grainID.txt", "orientations.txt"}) write_text(folder / name, text_of(from + name));
  }
  const std::string from = kFormats + "prisms/";
  void change(const std::string& name, const std::string& a, const std::string& b) const {
    write_text(folder / name, replaced(text_of(from + name), a, b));
  }
  // The error of reading, after which the files are as they were.
  std::string error(Errc code) const {
    const auto [status, what] = error_of([&] { read_state(folder / "prm.prm"); });
    EXPECT_EQ(status, int(code)) << what;
    for (const char* name : {"prm.prm", "grainID.txt", "orientations.txt"}) write_text(folder / name, text_of(from + name));
    return what;
  }
};

TEST(Prisms, GivesWhatDamaskMakesOfTheRodriguesVectors) {
  const auto state = read_state(kFormats + "prisms/prm.prm", {.lattices = {"cF"}, .unit = 1e-6});
  EXPECT_TRUE((state.info.shape == Shape{4, 3, 2}));
  EXPECT_LT(farthest(state.q, oracle()["prisms"]), 1e-7);
  EXPECT_EQ(nlohmann::json(state.grain), oracle()["grain"]);  // z was fastest in the file
  EXPECT_EQ(state.info.boundaries.x, Boundary::kClamped);
  EXPECT_NEAR(state.info.size[0], 2e-6, 1e-18);
  EXPECT_EQ(state.info.phases[0].point_group, "432");
}

TEST(Prisms, ReadsSeveralPhases) {
  const Copy copy;
  write_text(copy.folder / "prm.prm", text_of(copy.from + "prm.prm") + "set Enable Multiphase = true\n");
  std::string rows = "header\n";
  for (int g = 1; g <= 5; ++g) rows += std::to_string(g) + "\t0 0 0 " + (g == 2 ? "2" : "1") + " 0.5\n";
  write_text(copy.folder / "orientations.txt", rows);
  const auto state = read_state(copy.folder / "prm.prm");
  ASSERT_EQ(state.info.phases.size(), 2u);
  EXPECT_EQ(state.info.phases[1].name, "phase_2");
  for (std::size_t v = 0; v < state.phase.size(); ++v) EXPECT_EQ(state.phase[v], state.grain[v] == 1 ? 1 : 0);
}

TEST(Prisms, RefusesByNameAndLine) {
  const Copy copy;
  copy.change("prm.prm", "set Voxels in Z direction", "set Voxels in W direction");
  EXPECT_TRUE(contains(copy.error(Errc::kFormat), "'Voxels in z direction' is missing"));
  copy.change("prm.prm", "= 4", "= 1000000000000");
  EXPECT_TRUE(contains(copy.error(Errc::kShape), "1000000000000 x 3 x 2"));
  copy.change("prm.prm", "= 4", "= 1000000");
  EXPECT_TRUE(contains(copy.error(Errc::kShape), "more than the file can hold"));
  copy.change("prm.prm", "= 4", "= four");
  EXPECT_TRUE(contains(copy.error(Errc::kFormat), "'four'"));
  copy.change("prm.prm", "= 4", "= -4");
  EXPECT_NE(copy.error(Errc::kShape), "");
  copy.change("prm.prm", "= 4", "= 5");
  EXPECT_TRUE(contains(copy.error(Errc::kShape), "ends after 24 of 30"));
  copy.change("prm.prm", "= 4", "= 3");
  EXPECT_TRUE(contains(copy.error(Errc::kFormat), "more grain ids"));
  copy.change("prm.prm", "File    = 2", "File    = 200");
  EXPECT_TRUE(contains(copy.error(Errc::kFormat), "header lines"));
  copy.change("prm.prm", "grainID.txt", "nicht da.txt");
  EXPECT_TRUE(contains(copy.error(Errc::kIo), "nicht da.txt"));
  copy.change("prm.prm", "Domain size X                = 2.0", "Domain size X                = nan");
  EXPECT_TRUE(contains(copy.error(Errc::kFormat), "edge"));
  copy.change("grainID.txt", "lines\n", "lines\n9 ");
  EXPECT_TRUE(contains(copy.error(Errc::kFormat), "grain 9 has no orientation"));
  copy.change("grainID.txt", "lines\n", "lines\nx ");
  EXPECT_TRUE(contains(copy.error(Errc::kFormat), "line 3: wanted a grain's number, found 'x'"));
  copy.change("orientations.txt", "\n3\t", "\n3\tnan ");
  EXPECT_TRUE(contains(copy.error(Errc::kFormat), "line 4"));
  copy.change("orientations.txt", "\n3\t", "\n3.5\t");
  EXPECT_TRUE(contains(copy.error(Errc::kFormat), "line 4"));
  write_text(copy.folder / "orientations.txt", "header\n1 2\n");
  EXPECT_TRUE(contains(copy.error(Errc::kFormat), "line 2: wanted grain and Rodrigues vector"));
}

}  // namespace
}  // namespace grainspin
