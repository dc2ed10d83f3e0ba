// Slices as EBSD maps: the columns against the field they came from, axes, and what each format takes for x of a hexagon.
// That orix reads them is tested in formats_test.py.
#include "state_files.h"

#include <sstream>

#include "grainspin/orientation.h"
#include "grainspin/symmetry.h"
#include "src/io/convert.h"

namespace grainspin {
namespace {

struct MapRow {
  double e[3], x, y;
  int phase;
};

std::vector<MapRow> ang_rows(const std::string& path) {
  std::vector<MapRow> rows;
  std::istringstream in(text_of(path));
  for (std::string line; std::getline(in, line);) {
    if (line[0] == '#') continue;
    std::istringstream words(line);
    MapRow r{};
    double iq, ci;
    words >> r.e[0] >> r.e[1] >> r.e[2] >> r.x >> r.y >> iq >> ci >> r.phase;
    EXPECT_FALSE(words.fail()) << line;
    EXPECT_EQ(ci, r.phase > 0 ? 1 : -1);
    rows.push_back(r);
  }
  return rows;
}

std::vector<MapRow> ctf_rows(const std::string& path) {
  std::vector<MapRow> rows;
  const std::string text = text_of(path);
  std::istringstream in(text.substr(text.find("\nPhase\tX")+1));
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::istringstream words(line);
    MapRow r{};
    double bands, error;
    words >> r.phase >> r.x >> r.y >> bands >> error >> r.e[0] >> r.e[1] >> r.e[2];
    EXPECT_FALSE(words.fail()) << line;
    for (double& e : r.e) e *= std::atan(1.0) / 45;
    rows.push_back(r);
  }
  return rows;
}

Quatd quaternion(const MapRow& r) { return from_bunge(Vec3<double>{r.e[0], r.e[1], r.e[2]}); }

double angle_between(const Quatd& a, const Quatd& b) {
  return disorientation_angle(PointGroup::named("1"), a, b);
}

struct Case {
  StateFields state = read_state(kFormats + "damask.vti");
  Folder folder;
  Quatd at(int x, int y, int z) const {
    const float* q = &state.q[std::size_t(((z * 3 + y) * 4 + x) * 4)];
    return normalised(Quatd{q[0], q[1], q[2], q[3]});
  }
  std::string make(const std::string& name, int axis, int index) const {
    convert(kFormats + "damask.vti", folder / name, {.slice = {axis, index}});
    return folder / name;
  }
};

TEST(Slice, AlongZHoldsTheFieldAsItIs) {
  const Case c;
  const auto rows = ang_rows(c.make("z.ang", 2, 1));
  ASSERT_EQ(rows.size(), 12u);
  for (int y = 0; y < 3; ++y)
    for (int x = 0; x < 4; ++x) {
      const MapRow& r = rows[std::size_t(y * 4 + x)];
      EXPECT_NEAR(r.x, 0.5 * x, 1e-9);  // micrometres
      EXPECT_NEAR(r.y, 1.0 * y, 1e-9);
      EXPECT_LT(angle_between(quaternion(r), c.at(x, y, 1)), 1e-6);
      EXPECT_EQ(r.phase, c.state.phase[std::size_t((3 + y) * 4 + x)] + 1);
    }
}

// A vector of the crystal, seen in the sample and in the map: the map's axes are y z x (slice x) and z x y (slice y).
TEST(Slice, TurnsTheFrameWithTheSection) {
  const Case c;
  const auto x_rows = ang_rows(c.make("x.ang", 0, 3)), y_rows = ang_rows(c.make("y.ang", 1, 2));
  ASSERT_EQ(x_rows.size(), 6u);  // y z
  ASSERT_EQ(y_rows.size(), 8u);  // z x
  const auto compare = [](const MapRow& r, const Quatd& q, std::array<int, 3> axes) {
    const auto in_map = matrix(quaternion(r)), in_sample = matrix(q);
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) EXPECT_NEAR(in_map(i, j), in_sample(axes[std::size_t(i)], j), 2e-7);
  };
  for (int z = 0; z < 2; ++z)
    for (int y = 0; y < 3; ++y) {
      const MapRow& r = x_rows[std::size_t(z * 3 + y)];
      EXPECT_NEAR(r.x, 1.0 * y, 1e-9);
      EXPECT_NEAR(r.y, 1.5 * z, 1e-9);
      compare(r, c.at(3, y, z), {1, 2, 0});
    }
  for (int x = 0; x < 4; ++x)
    for (int z = 0; z < 2; ++z) compare(y_rows[std::size_t(x * 2 + z)], c.at(x, 2, z), {2, 0, 1});
}

TEST(Slice, CtfTurnsHexagonalCrystalsByThirtyDegrees) {
  const Case c;
  const auto ang = ang_rows(c.make("z.ang", 2, 0)), ctf = ctf_rows(c.make("z.ctf", 2, 0));
  ASSERT_EQ(ctf.size(), ang.size());
  int hexagonal = 0;
  for (std::size_t i = 0; i < ctf.size(); ++i) {
    EXPECT_EQ(ctf[i].phase, ang[i].phase);
    const double angle = angle_between(quaternion(ctf[i]), quaternion(ang[i]));
    EXPECT_NEAR(angle, ang[i].phase == 2 ? std::atan(1.0) * 2 / 3 : 0, 1e-6);
    hexagonal += ang[i].phase == 2;
  }
  EXPECT_GT(hexagonal, 0);
  EXPECT_LT(hexagonal, 12);
}

TEST(Slice, HeadersNamePhasesAndSymmetries) {
  const Case c;
  const std::string ang = text_of(c.make("z.ang", 2, 0)), ctf = text_of(c.make("z.ctf", 2, 0));
  EXPECT_TRUE(contains(ang, "# Phase 1\n# MaterialName  \tKupfer\n"));
  EXPECT_TRUE(contains(ang, "# Symmetry              62\n# LatticeConstants      1 1 1.587 90.000 90.000 120.000\n"));
  EXPECT_TRUE(contains(ctf, "Phases\t2\n1;1;1\t90;90;90\tKupfer\t11\t0\n1;1;1.587\t90;90;120\tTitan\t9\t0\n"));
  EXPECT_TRUE(contains(ctf, "XCells\t4\nYCells\t3\nXStep\t0.5\nYStep\t1\n"));
}

TEST(Slice, RefusesWhatIsNotThere) {
  const Folder folder;
  EXPECT_EQ(error_of([] { parse_slice("w=1"); }).first, int(Errc::kArgument));
  EXPECT_EQ(error_of([] { parse_slice("z=-1"); }).first, int(Errc::kArgument));
  EXPECT_EQ(error_of([] { parse_slice("z="); }).first, int(Errc::kArgument));
  EXPECT_EQ(parse_slice("y=12").index, 12);
  const auto [status, what] = error_of([&] { convert(kFormats + "damask.vti", folder / "a.ang", {.slice = {2, 2}}); });
  EXPECT_EQ(status, int(Errc::kArgument));
  EXPECT_TRUE(contains(what, "layer 2 along z of 0..1"));
  const auto missing = error_of([&] { convert(kFormats + "evpfft.txt", folder / "a.ctf", {}); });
  EXPECT_EQ(missing.first, int(Errc::kFormat));
  EXPECT_TRUE(contains(missing.second, "phase 'phase_1' is not stated (--lattice)"));
  EXPECT_FALSE(std::filesystem::exists(folder / "a.ctf"));
}

}  // namespace
}  // namespace grainspin
