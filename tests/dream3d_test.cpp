// DREAM.3D 7.0 and 8.0, and arrays that the caller names: what DAMASK's package reads from the same files, and files
// that are wrong.
#include "state_files.h"

#include <set>

namespace grainspin {
namespace {

void expect_as_damask(const std::string& file) {
  const auto wanted = oracle()[file];
  const auto state = read_state(kFormats + file + ".dream3d");
  EXPECT_LT(farthest(state.q, wanted["q"]), 1e-6) << file;  // the file's angles are float32
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(state.info.size[i] * 1e6, wanted["size"][i].get<double>(), 1e-5);  // DAMASK leaves micrometres as they are
    EXPECT_NEAR(state.info.origin[i] * 1e6, wanted["origin"][i].get<double>(), 1e-5);
  }
  for (std::size_t v = 0; v < state.phase.size(); ++v) {
    const std::string& name = state.info.phases[std::size_t(state.phase[v])].name;
    EXPECT_EQ(name == "unindexed" ? "Unknown Phase Type" : name, wanted["phase"][v].get<std::string>()) << v;
  }
  ASSERT_EQ(state.info.phases.size(), 3u);
  EXPECT_EQ(state.info.phases[0].name, "unindexed");
  EXPECT_EQ(state.info.phases[0].voxels, 1);
  EXPECT_EQ(state.info.phases[1].point_group, "432");
  EXPECT_EQ(state.info.phases[2].name, "Titan α");
  EXPECT_EQ(state.info.phases[2].point_group, "622");
  EXPECT_EQ(std::set<std::int32_t>(state.grain.begin(), state.grain.end()).size(), 6u);
  EXPECT_EQ(state.info.boundaries.y, Boundary::kClamped);
  EXPECT_TRUE(state.info.problems.empty());
}

TEST(Dream3d, GivesWhatDamaskReads) {
  expect_as_damask("v7");
  expect_as_damask("v8");
}

// The trap: its quaternions are x y z w of the opposite rotation.
TEST(Dream3d, ReadsQuaternionsAsTheAnglesBesideThem) {
  const auto state = read_state(kFormats + "quats.dream3d");
  EXPECT_LT(farthest(state.q, oracle()["v8"]["q"]), 1e-6);
  ASSERT_EQ(state.info.problems.size(), 1u);
  EXPECT_TRUE(contains(state.info.problems[0], "no EulerAngles"));
  // Where both are there, either can be asked for.
  const auto asked = read_state(kFormats + "v8.dream3d", {.orientations = "DataStructure/Image Geometry/CellData/Quats"});
  EXPECT_EQ(asked.q, state.q);
}

TEST(Dream3d, TakesTheOrientationsOfFeaturesWhereCellsHaveNone) {
  const auto state = read_state(kFormats + "features.dream3d");
  EXPECT_LT(farthest(state.q, oracle()["v7"]["q"]), 1e-6);
  EXPECT_TRUE(contains(state.info.problems.at(0), "of the features"));
}

// What DAMASK's own package exports of a result, against the result.
TEST(Dream3d, ReadsWhatDamaskExports) {
  const std::string file = kFormats + "damask_export.dream3d";
  const auto state = read_state(file, {.unit = 1});
  const auto source = open_archive(GRAINSPIN_SOURCE_DIR "/tests/data/dual_native.hdf5");
  const auto wanted = fields_of(*source, 2);
  EXPECT_TRUE(state.info.shape == wanted.info.shape);
  ASSERT_EQ(state.q.size(), wanted.q.size());
  for (std::size_t i = 0; i < state.q.size(); i += 4) {
    double dot = 0;
    for (std::size_t c = 0; c < 4; ++c) dot += double(state.q[i + c]) * wanted.q[i + c];
    EXPECT_NEAR(std::abs(dot), 1, 1e-6);
  }
  for (std::size_t v = 0; v < state.phase.size(); ++v)
    EXPECT_EQ(state.info.phases[std::size_t(state.phase[v])].name, wanted.info.phases[std::size_t(wanted.phase[v])].name);
  EXPECT_EQ(state.info.phases[0].point_group, "432");
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(state.info.size[i] / wanted.info.size[i], 1, 1e-6);
  EXPECT_TRUE(contains(read_state(file).info.problems.at(0), "DAMASK's exports are in metres"));
}

TEST(Dream3d, LengthsCanBeToldOtherwise) {
  const auto state = read_state(kFormats + "v7.dream3d", {.unit = 1e-3});
  EXPECT_NEAR(state.info.size[1], 3e-3, 1e-12);
  EXPECT_NEAR(read_state(kFormats + "v7.dream3d", {.spacing = {1e-9, 2e-9, 3e-9}}).info.size[1], 6e-9, 1e-18);
}

// A DREAM.3D 8.0 file with one array, right or wrong.
struct Maker {
  std::vector<std::int64_t> dimensions{2, 1, 1};
  std::string version = "8.0";
  std::vector<hsize_t> shape{1, 1, 2, 3};
  bool write = true, spacing = true, ids = true;
  std::vector<float> values{0, 0, 0, 0, 0, 0};
  std::vector<std::int32_t> features{1, 1};
  void make(const std::string& path) const {
    h5::File file = h5::File::create(path);
    file.put("/", "FileVersion", version);
    const std::string group = "DataStructure/Geometry";
    file.make_group(group + "/CellData");
    file.put(group, "_DIMENSIONS", dimensions);
    if (spacing) file.put(group, "_SPACING", std::vector<double>{1, 1, 1});
    const auto data = file.make_dataset(group + "/CellData/EulerAngles", H5T_IEEE_F32LE, {shape, {}, {}, false});
    if (write) data.write(values.data(), std::vector<hsize_t>(shape.size(), 0), shape);
    if (ids) {
      const auto made = file.make_dataset(group + "/CellData/FeatureIds", H5T_STD_I32LE, {{1, 1, 2}, {}, {}, false});
      made.write(features.data(), {0, 0, 0}, {1, 1, 2});
    }
  }
};

TEST(Dream3d, RefusesByName) {
  const Folder folder;
  const std::string path = folder / "ü x.dream3d";
  const auto refused = [&](const Maker& maker, Errc code, const std::string& part, const SourceOptions& source = {}) {
    maker.make(path);
    const auto [status, what] = error_of([&] { read_state(path, source); });
    EXPECT_EQ(status, int(code)) << what;
    EXPECT_TRUE(contains(what, part)) << what << "\nwanted: " << part;
  };
  Maker().make(path);
  EXPECT_EQ(read_state(path).q[0], 1);
  EXPECT_TRUE(contains(read_state(path).info.problems[0], "no array Phases"));
  refused({.version = "6.0"}, Errc::kFormat, "version 6.0 is not supported");
  refused({.spacing = false}, Errc::kFormat, "no image geometry");
  refused({.dimensions = {3, 1, 1}}, Errc::kShape, "wanted the shape 1 x 1 x 3");
  refused({.dimensions = {1000000, 1000000, 1}}, Errc::kShape, "wanted the shape");
  refused({.dimensions = {-2, 1, 1}}, Errc::kShape, "at least one voxel");
  refused({.dimensions = {std::int64_t(1) << 40, 1, 1}}, Errc::kShape, "at least one voxel");
  refused({.dimensions = {2, 1}}, Errc::kFormat, "wanted 3 numbers");
  refused({.shape = {1, 1, 2, 2}}, Errc::kShape, "wanted the shape 1 x 1 x 2 x 4");
  refused({.write = false}, Errc::kFormat, "was not written");
  refused({}, Errc::kFormat, "no image geometry holds", {.orientations = "DataStructure/Other/x"});
  refused({}, Errc::kFormat, "is missing", {.orientations = "DataStructure/Geometry/x"});
  // A declared grid of 10^12 voxels that holds nothing.
  refused({.dimensions = {10000, 10000, 10000}, .shape = {10000, 10000, 10000, 3}, .write = false, .ids = false}, Errc::kFormat, "was not written");
  Maker({.values = {0, 0, 0, NAN, 0, 0}}).make(path);
  EXPECT_TRUE(std::isnan(read_state(path).q[4]));  // inspect counts them, predict refuses them
  for (const std::size_t size : {100u, 800u, 1500u, 3000u}) {
    write_text(path, text_of(kFormats + "v8.dream3d").substr(0, size));
    EXPECT_NE(error_of([&] { read_state(path); }).first, 0) << size;
  }
}

TEST(Hdf5Arrays, ReadsWhatIsNamed) {
  const std::string file = kFormats + "arrays.h5";
  const SourceOptions named{.orientations = "run/bunge", .representation = "bunge", .angles = "degrees", .grains = "run/grain",
                            .phases = "run/phase", .lattices = {"phase_1=cF"}, .spacing = {1, 2, 3}};
  const auto state = read_state(file, named);
  EXPECT_LT(farthest(state.q, oracle()["damask"]), 1e-7);
  EXPECT_EQ(nlohmann::json(state.grain), oracle()["grain"]);
  ASSERT_EQ(state.info.phases.size(), 2u);
  EXPECT_EQ(state.info.phases[0].point_group, "432");
  EXPECT_EQ(state.info.phases[1].name, "phase_2");
  EXPECT_EQ(state.info.size, (std::array<double, 3>{4, 6, 6}));
  const auto matrices = read_state(file, {.orientations = "/run/g", .representation = "matrix"});
  EXPECT_LT(farthest(matrices.q, oracle()["damask"]), 1e-7);
  const auto layer = read_state(file, {.orientations = "run/layer", .representation = "quaternion"});
  EXPECT_TRUE((layer.info.shape == Shape{4, 3, 1}));
  EXPECT_TRUE(std::equal(layer.q.begin(), layer.q.end(), state.q.begin()));
}

TEST(Hdf5Arrays, RefusesWhatIsNotThere) {
  const std::string file = kFormats + "arrays.h5";
  const auto refused = [&](const SourceOptions& source, Errc code, const std::string& part) {
    const auto [status, what] = error_of([&] { read_state(file, source); });
    EXPECT_EQ(status, int(code)) << what;
    EXPECT_TRUE(contains(what, part)) << what << "\nwanted: " << part;
  };
  refused({}, Errc::kFormat, "--orientations");
  refused({.orientations = "run/bunge"}, Errc::kArgument, "what run/bunge holds is not stated");
  refused({.orientations = "run/bunge", .representation = "bunge"}, Errc::kArgument, "unit of the angles");
  refused({.orientations = "run/bunge", .representation = "eulers"}, Errc::kArgument, "'eulers'");
  refused({.orientations = "run/bunge", .representation = "quaternion"}, Errc::kShape, "nz x ny x nx x 4, found 2 x 3 x 4 x 3");
  refused({.orientations = "run/none", .representation = "quaternion"}, Errc::kFormat, "run/none: is missing");
  refused({.orientations = "run/g", .representation = "matrix", .grains = "run/g"}, Errc::kShape, "run/g");
  refused({.orientations = "run/g", .representation = "matrix", .phases = "run/layer"}, Errc::kShape, "run/layer");
}

}  // namespace
}  // namespace grainspin
