// DAMASK's geometry and material configuration: read as its own package wrote them, written as it starts from them.
#include "state_files.h"

#include <yaml-cpp/yaml.h>

#include "src/io/convert.h"
#include "src/io/damask_setup.h"
#include "src/io/vti.h"

namespace grainspin {
namespace {

const std::string kDual = GRAINSPIN_SOURCE_DIR "/tests/data/dual_native.hdf5";

TEST(DamaskGeometry, GivesWhatDamaskWrote) {
  const auto state = read_state(kFormats + "damask.vti");
  EXPECT_TRUE((state.info.shape == Shape{4, 3, 2}));
  EXPECT_LT(farthest(state.q, oracle()["damask"]), 1e-7);
  EXPECT_EQ(nlohmann::json(state.grain), oracle()["grain"]);
  EXPECT_NEAR(state.info.size[1], 3e-6, 1e-15);
  EXPECT_NEAR(state.info.origin[0], 1e-6, 1e-15);
  ASSERT_EQ(state.info.phases.size(), 2u);
  EXPECT_EQ(state.info.phases[0].name, "Kupfer");
  EXPECT_EQ(state.info.phases[1].lattice, "hP");
  EXPECT_EQ(state.info.phases[1].c_over_a, 1.587);
  EXPECT_EQ(state.info.phases[1].elastic.size(), 5u);
  EXPECT_TRUE(state.info.problems.empty());
  EXPECT_TRUE(contains(state.info.material, "homogenization:") && !contains(state.info.material, "- constituents"));
}

TEST(DamaskGeometry, FindsItsMaterialsBesideItOrWhereTold) {
  const Folder folder;
  write_text(folder / "g.vti", text_of(kFormats + "damask.vti"));
  const auto [status, what] = error_of([&] { read_state(folder / "g.vti"); });
  EXPECT_EQ(status, int(Errc::kIo));
  EXPECT_TRUE(contains(what, "g.yaml") && contains(what, "material.yaml"));
  EXPECT_EQ(read_state(folder / "g.vti", {.material = kFormats + "damask.yaml"}).info.phases.size(), 2u);
  write_text(folder / "material.yaml", text_of(kFormats + "damask.yaml"));
  EXPECT_EQ(read_state(folder / "g.vti").info.phases.size(), 2u);
}

TEST(DamaskGeometry, RefusesByFileAndMaterial) {
  const Folder folder;
  const std::string yaml = text_of(kFormats + "damask.yaml"), vti = text_of(kFormats + "damask.vti");
  const auto refused = [&](const std::string& v, const std::string& y, Errc code, const std::string& part) {
    write_text(folder / "g.vti", v);
    write_text(folder / "g.yaml", y);
    const auto [status, what] = error_of([&] { read_state(folder / "g.vti"); });
    EXPECT_EQ(status, int(code)) << what;
    EXPECT_TRUE(contains(what, part)) << what << "\nwanted: " << part;
  };
  refused(vti, yaml.substr(0, yaml.rfind("- constituents")), Errc::kShape, "g.yaml has 4");
  refused(vti, replaced(yaml, "O: [", "O: [nan, "), Errc::kFormat, "material 0: O is no quaternion");
  refused(vti, replaced(yaml, "O: [", "O: [3"), Errc::kFormat, "material 0: O is no unit quaternion");
  refused(vti, replaced(yaml, "  - phase: Kupfer", "  - fase: Kupfer"), Errc::kFormat, "material 0: no phase");
  refused(vti, "material: [\n", Errc::kFormat, "g.yaml");
  refused(vti, "phase: {}\n", Errc::kFormat, "g.yaml");
  refused(vti.substr(0, 300), yaml, Errc::kFormat, "g.vti");
  refused(replaced(vti, "0 4 0 3 0 2", "0 10000 0 10000 0 10000"), yaml, Errc::kFormat, "binary data end too early");
  refused(replaced(vti, "\"material\"", "\"matter\""), yaml, Errc::kFormat, "no cell array material");
  refused(replaced(vti, "<ImageData", "<RectilinearGrid"), yaml, Errc::kFormat, "g.vti");
}

// From a result: the state, its cell under the mean deformation, its phases.
TEST(DamaskGeometry, WritesWhatDamaskStartsFrom) {
  const Folder folder;
  const auto source = open_archive(kDual);
  const ArchiveInfo& info = source->info();
  convert(kDual, folder / "ü g.vti", {.step = 2, .damask = true});
  const auto state = read_state(folder / "ü g.vti");
  const auto wanted = fields_of(*source, 2);
  ASSERT_EQ(state.q.size(), wanted.q.size());
  for (std::size_t i = 0; i < state.q.size(); i += 4) {
    const float sign = wanted.q[i] < 0 ? -1.0f : 1.0f;
    for (std::size_t c = 0; c < 4; ++c) EXPECT_NEAR(state.q[i + c], sign * wanted.q[i + c], 1.5e-7);
  }
  EXPECT_TRUE(state.info.shape == info.shape);
  // A result of two steps of 1 % true strain along z: F is diagonal.
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_NEAR(state.info.size[i] / info.size[i], info.steps[2].mean_F[4 * i], 1e-12);
  EXPECT_NEAR(state.info.size[2] / info.size[2], std::exp(0.02), 1e-6);
  std::vector<std::string> names;
  for (const PhaseInfo& p : state.info.phases) names.push_back(p.name);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{info.phases[0].name, info.phases[1].name}));
  for (std::size_t v = 0; v < state.phase.size(); ++v)
    EXPECT_EQ(state.info.phases[std::size_t(state.phase[v])].name, info.phases[std::size_t(wanted.phase[v])].name);
  // The phases are those of the result's own configuration, word for word.
  EXPECT_EQ(state.info.material, info.material);
  const YAML::Node yaml = YAML::LoadFile(folder / "ü g.yaml");
  for (const auto& material : yaml["material"]) {
    double norm = 0;
    for (const auto& c : material["constituents"][0]["O"]) norm += c.as<double>() * c.as<double>();
    EXPECT_NEAR(norm, 1, 1e-14);
    EXPECT_EQ(material["constituents"][0]["v"].as<double>(), 1);
    EXPECT_TRUE(bool(yaml["homogenization"][material["homogenization"].as<std::string>()]));
  }
  // The initial state has one orientation a grain: as many materials.
  convert(kDual, folder / "start.vti", {.step = 0, .damask = true});
  EXPECT_EQ(YAML::LoadFile(folder / "start.yaml")["material"].size(), 6u);
  EXPECT_EQ(read_state(folder / "start.vti").info.size, info.size);
}

TEST(DamaskGeometry, AResultKeepsTheConfigurationAndTheWayToItsState) {
  const Folder folder;
  convert(kDual, folder / "r.h5", {});
  EXPECT_EQ(open_archive(folder / "r.h5")->info().material, open_archive(kDual)->info().material);
  convert(kDual, folder / "a.vti", {.damask = true});
  convert(folder / "r.h5", folder / "b.vti", {.damask = true});
  EXPECT_EQ(text_of(folder / "a.vti"), text_of(folder / "b.vti"));
  EXPECT_EQ(text_of(folder / "a.yaml"), text_of(folder / "b.yaml"));
}

// What the shipped archives hold: laws and elastic constants, no text.
TEST(DamaskGeometry, WritesPhasesFromTheirLaws) {
  const Folder folder;
  auto reader = open_archive(kDual);
  ArchiveInfo info = reader->info();
  info.material.clear();
  info.steps.resize(1);
  info.loads.clear();
  info.phases[1].name = "no";  // a word that YAML reads as a truth value
  const auto writer = create_archive(folder / "r.h5", info, {});
  const auto state = fields_of(*reader);
  writer->orientation(0, 0, info.shape.voxels(), state.q.data());
  writer->phase(0, info.shape.voxels(), state.phase.data());
  writer->finish();
  convert(folder / "r.h5", folder / "g.vti", {.damask = true});
  const auto again = read_state(folder / "g.vti").info;
  ASSERT_EQ(again.phases.size(), 2u);
  for (const PhaseInfo& p : again.phases) {
    const PhaseInfo& wanted = info.phases[p.name == "no" ? 1 : 0];
    EXPECT_EQ(p.name, wanted.name);
    EXPECT_EQ(p.elastic, wanted.elastic);
    EXPECT_EQ(p.law->xi_inf, wanted.law->xi_inf);
    EXPECT_EQ(p.law->h_sl_sl, wanted.law->h_sl_sl);
    EXPECT_EQ(p.lattice, wanted.lattice);
  }
}

TEST(DamaskGeometry, RefusesToWriteWhatItCannotSay) {
  const Folder folder;
  const auto refused = [&](const std::string& from, const ConvertOptions& options, Errc code, const std::string& part) {
    const auto [status, what] = error_of([&] { convert(from, folder / "g.vti", options); });
    EXPECT_EQ(status, int(code)) << what;
    EXPECT_TRUE(contains(what, part)) << what << "\nwanted: " << part;
    EXPECT_FALSE(std::filesystem::exists(folder / "g.vti"));
    EXPECT_FALSE(std::filesystem::exists(folder / "g.yaml"));
  };
  refused(kFormats + "evpfft.txt", {.damask = true}, Errc::kFormat, "of phase 'phase_1'; --material");
  SourceOptions wrong;
  wrong.material = kFormats + "damask.yaml";
  refused(kFormats + "evpfft.txt", {.damask = true, .source = wrong}, Errc::kFormat, "defines no phase 'phase_1'");
  // A sheared cell: 10 % simple shear.
  auto reader = open_archive(kDual);
  ArchiveInfo info = reader->info();
  info.steps.resize(2);
  info.has_mean_F = false;
  info.loads.resize(1);
  info.loads[0].L = {0, 0.1, 0, 0, 0, 0, 0, 0, 0};
  const auto state = fields_of(*reader);
  const auto writer = create_archive(folder / "sheared.h5", info, {});
  for (const int step : {0, 1}) writer->orientation(step, 0, info.shape.voxels(), state.q.data());
  writer->phase(0, info.shape.voxels(), state.phase.data());
  writer->finish();
  refused(folder / "sheared.h5", {.damask = true}, Errc::kArgument, "F_xy = 0.1");
  convert(folder / "sheared.h5", folder / "kept.vti", {.damask = true, .undeformed = true});
  EXPECT_EQ(read_state(folder / "kept.vti").info.size, info.size);
}

}  // namespace
}  // namespace grainspin
