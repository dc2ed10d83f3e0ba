// EVPFFT's text: what DAMASK and orix make of the same angles, round trips, and files that are wrong.
#include "state_files.h"

#include "src/io/convert.h"

namespace grainspin {
namespace {

const std::string kFile = kFormats + "evpfft.txt";

TEST(Evpfft, GivesWhatDamaskAndOrixMakeOfTheAngles) {
  const auto state = read_state(kFile, {.lattices = {"cF", "phase_2=hP"}, .spacing = {1e-6, 2e-6, 3e-6}});
  EXPECT_TRUE((state.info.shape == Shape{4, 3, 2}));
  EXPECT_EQ(state.info.format, "EVPFFT text");
  EXPECT_LT(farthest(state.q, oracle()["evpfft"]), 1e-7);
  EXPECT_EQ(nlohmann::json(state.grain), oracle()["grain"]);
  EXPECT_EQ(state.info.boundaries.x, Boundary::kPeriodic);
  EXPECT_DOUBLE_EQ(state.info.size[2], 6e-6);
  ASSERT_EQ(state.info.phases.size(), 2u);
  EXPECT_EQ(state.info.phases[0].name, "phase_1");
  EXPECT_EQ(state.info.phases[0].point_group, "432");
  EXPECT_EQ(state.info.phases[1].point_group, "622");
  EXPECT_EQ(state.info.phases[0].voxels + state.info.phases[1].voxels, 24);
  EXPECT_EQ(state.info.step_count(), 0);
}

TEST(Evpfft, TakesTabsBlankLinesCrlfAndNoLastEnd) {
  const Folder folder;
  std::string text = text_of(kFile);
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 3) text.replace(at, 1, "\r\n ");
  for (char& c : text)
    if (c == ' ') c = '\t';
  text = "\r\n\n" + text.substr(0, text.find_last_not_of("\r\n\t") + 1);
  write_text(folder / "ü.txt", text);
  const auto a = read_state(folder / "ü.txt"), b = read_state(kFile);
  EXPECT_EQ(a.q, b.q);
  EXPECT_EQ(a.phase, b.phase);
}

TEST(Evpfft, RoundTripsWithinSixDecimals) {
  const Folder folder;
  convert(kFile, folder / "a.txt", {});
  convert(folder / "a.txt", folder / "b.txt", {});
  const auto first = read_state(kFile), again = read_state(folder / "b.txt");
  EXPECT_EQ(again.grain, first.grain);
  EXPECT_EQ(again.phase, first.phase);
  EXPECT_LT(farthest(again.q, oracle()["evpfft"]), 2e-7);
  // 5e-7 degrees at most between the texts: the same six decimals as far as the angles are unique.
  EXPECT_EQ(text_of(folder / "a.txt").substr(0, 30), text_of(folder / "b.txt").substr(0, 30));
}

TEST(Evpfft, ReadsAnglesInRadiansWhereToldSo) {
  const Folder folder;
  write_text(folder / "r.txt", "0 0.5235987755982988 0 1 1 1 1 1\n");
  const auto state = read_state(folder / "r.txt", {.angles = "radians"});
  EXPECT_NEAR(state.q[0], std::cos(std::atan(1.0) / 3), 1e-7);  // 30 degrees about x
  EXPECT_NEAR(state.q[1], std::sin(std::atan(1.0) / 3), 1e-7);
}

TEST(Evpfft, RefusesWhatIsNoOrderedGrid) {
  const Folder folder;
  const std::string path = folder / "bad.txt", good = "0 0 0 1 1 1 1 1\n0 0 0 2 1 1 1 1\n0 0 0 1 2 1 1 1\n0 0 0 2 2 1 1 1\n";
  expect_refused(path, good.substr(0, good.size() - 16), Errc::kFormat, {path, "line 3", "within a row"});
  expect_refused(path, good + "0 0 0 1 3 2 1 1\n", Errc::kFormat, {"line 5", "of voxel 1 3 2", "wanted 1 3 1"});
  expect_refused(path, replaced(good, "2 2 1", "3 2 1"), Errc::kFormat, {"line 4"});
  expect_refused(path, replaced(good, "1 2 1", "2 2 1"), Errc::kFormat, {"line 3"});
  expect_refused(path, replaced(good, "0 0 0 2 1", "0 nan 0 2 1"), Errc::kFormat, {"line 2", "eight finite numbers"});
  expect_refused(path, replaced(good, "0 0 0 2 1", "0 inf 0 2 1"), Errc::kFormat, {"line 2"});
  expect_refused(path, replaced(good, "0 0 0 2 1", "0 0 abc 2 1"), Errc::kFormat, {"line 2"});
  expect_refused(path, replaced(good, "2 1 1 1 1", "2 1 1 1"), Errc::kFormat, {"line 2"});
  expect_refused(path, replaced(good, "2 1 1 1 1", "2 1 1 1 1 7"), Errc::kFormat, {"line 2"});
  expect_refused(path, replaced(good, "2 1 1 1 1", "2 1 1 1.5 1"), Errc::kFormat, {"line 2"});
  expect_refused(path, replaced(good, "2 1 1 1 1", "2 1 1 1 -1"), Errc::kFormat, {"line 2", "phase -1"});
  expect_refused(path, replaced(good, "2 1 1 1 1", "2 1 1 99999999999 1"), Errc::kFormat, {"line 2", "grain"});
  expect_refused(path, "0 0 0 1000000 1000000 1 1 1\n", Errc::kFormat, {"line 1", "wanted 1 1 1"});
  expect_refused(path, good, Errc::kArgument, {"no phase 'Cu'"}, {.lattices = {"Cu=cF"}});
  expect_refused(path, good, Errc::kArgument, {"cX"}, {.lattices = {"cX"}});
  expect_refused(path, "", Errc::kFormat, {"no text of a format"});
  expect_refused(path, "1 2 3\n", Errc::kFormat, {"no text of a format"});
}

}  // namespace
}  // namespace grainspin
