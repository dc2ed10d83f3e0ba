// grainspin inspect and convert as a person runs them. Numbers of cu_uniaxial_12: the run's curve.csv, computed from the
// full solver output by another program (mean and largest local von Mises stress, mean and largest rotation).
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "dadf5_files.h"
#include "grainspin/archive.h"
#include "grainspin/model.h"

namespace grainspin {
namespace {

const std::string kSource = GRAINSPIN_SOURCE_DIR;

struct Ran {
  int status;
  std::string out;  // both streams
};

std::string quoted(const std::string& text) { return "'" + text + "'"; }

Ran run(const std::string& arguments, const std::string& before = "") {
  const std::string command = before + " " + quoted(GRAINSPIN_PROGRAM) + " " + arguments + " 2>&1";
  std::FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) return {-1, "popen"};
  Ran ran{0, ""};
  std::array<char, 4096> buffer;
  for (std::size_t n; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) ran.out.append(buffer.data(), n);
  const int status = pclose(pipe);
  ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  return ran;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Inspect, TellsWhatTheRunIsKnownToBe) {
  const Ran ran = run("inspect --json " + quoted(kSource + "/datasets/cu_uniaxial/damask/cu_uniaxial_12.hdf5"));
  ASSERT_EQ(ran.status, 0) << ran.out;
  const auto j = nlohmann::json::parse(ran.out);
  EXPECT_EQ(j["kind"], "archive");
  EXPECT_EQ(j["format"], "DAMASK DADF5 1.1");
  EXPECT_EQ(j["cells"], (nlohmann::json{16, 16, 16}));
  EXPECT_EQ(j["grains"]["count"], 60);
  EXPECT_EQ(j["grains"]["labelled_here"], false);
  EXPECT_EQ(j["phases"][0]["point_group"], "432");
  EXPECT_EQ(j["steps"].size(), 14u);
  EXPECT_EQ(j["steps"][1]["free"], (nlohmann::json{"xx", "yy"}));
  EXPECT_NEAR(j["steps"][13]["mean_F"][8].get<double>(), std::exp(0.13), 1e-6);  // what was prescribed
  EXPECT_NEAR(j["rotation_deg"]["mean"].get<double>(), 6.1125485, 1e-4);
  EXPECT_NEAR(j["rotation_deg"]["max"].get<double>(), 16.6265754, 1e-3);
  EXPECT_NEAR(j["mises_Pa"]["mean"].get<double>(), 244.70463e6, 0.01e6);
  EXPECT_NEAR(j["mises_Pa"]["max"].get<double>(), 356.79499e6, 0.2e6);
  EXPECT_TRUE(j["problems"].empty()) << j["problems"];
}

TEST(Inspect, TextAndQuick) {
  const std::string file = quoted(kSource + "/tests/data/dual_native.hdf5");
  const Ran whole = run("inspect " + file), quick = run("inspect --quick " + file);
  EXPECT_EQ(whole.status, 0);
  for (const char* part : {"8 x 6 x 4 = 192 voxels", "Cu: 98 voxels, lattice cF, point group 432", "free: xx yy", "grains       6 of"})
    EXPECT_TRUE(contains(whole.out, part)) << part << "\n" << whole.out;
  EXPECT_EQ(quick.status, 0);
  EXPECT_TRUE(contains(quick.out, "fields were not read")) << quick.out;
}

TEST(Inspect, Models) {
  Folder folder;
  Model model;
  model.spec.local.hidden = 32;
  model.spec.local.radius = 0;
  model.spec.point_group = "432";
  LoadStep load;
  load.L = {-0.005, 0, 0, 0, -0.005, 0, 0, 0, 0.01};
  load.prescribed = {false, true, true, true, false, true, true, true, true};
  model.spec.loads = {load, load};
  model.spec.input_mean.assign(9, 0);
  model.spec.input_scale.assign(9, 1);
  const std::int64_t H = 32, P = input_width(model.spec);
  const auto put = [&](const char* name, std::vector<std::int64_t> shape) {
    std::int64_t n = 1;
    for (const auto s : shape) n *= s;
    model.tensors[name] = {shape, std::vector<float>(std::size_t(n), 0.5f)};
  };
  put("rnn.weight_ih_l0", {4 * H, P});
  put("rnn.weight_hh_l0", {4 * H, H});
  put("rnn.bias_ih_l0", {4 * H});
  put("rnn.bias_hh_l0", {4 * H});
  put("head.increment.weight", {3, H});
  put("head.increment.bias", {3});
  write_model(folder / "Modell.safetensors", model);
  const Ran ran = run("inspect --json " + quoted(folder / "Modell.safetensors"));
  ASSERT_EQ(ran.status, 0) << ran.out;
  const auto j = nlohmann::json::parse(ran.out);
  EXPECT_EQ(j["kind"], "model");
  EXPECT_EQ(j["family"], "local");
  EXPECT_EQ(j["settings"]["hidden"], 32);
  EXPECT_EQ(j["steps"], 2);
  EXPECT_EQ(j["parameters"], 4 * H * P + 4 * H * H + 8 * H + 3 * H + 3);
  EXPECT_NEAR(j["strain"].get<double>(), 0.02, 1e-12);  // the free normal components keep the volume
  // Prescribed in full: the von Mises strains of the steps, sqrt(2/3 E:E) = 0.01 each.
  for (LoadStep& step : model.spec.loads) step.prescribed.fill(true);
  write_model(folder / "Modell.safetensors", model);
  const auto full = nlohmann::json::parse(run("inspect --json " + quoted(folder / "Modell.safetensors")).out);
  EXPECT_NEAR(full["strain"].get<double>(), 0.02, 1e-12);
  const Ran text = run("inspect " + quoted(folder / "Modell.safetensors"));
  EXPECT_EQ(text.status, 0);
  EXPECT_TRUE(contains(text.out, "hidden 32")) << text.out;

  // The training data's own strain goes before; a free shear leaves the load's strain unknown.
  model.spec.domain = R"({"total_strain": 0.0203})";
  model.spec.scores = R"({"validation": [{"file": "a.h5", "skill_persistence": 0.25, "r2_one_step": null}]})";
  write_model(folder / "Modell.safetensors", model);
  EXPECT_EQ(nlohmann::json::parse(run("inspect --json " + quoted(folder / "Modell.safetensors")).out)["strain"], 0.0203);
  EXPECT_TRUE(contains(run("inspect " + quoted(folder / "Modell.safetensors")).out, "0.250"));
  model.spec.domain = "{}";
  model.spec.loads[1].prescribed[1] = false;
  write_model(folder / "Modell.safetensors", model);
  EXPECT_TRUE(nlohmann::json::parse(run("inspect --json " + quoted(folder / "Modell.safetensors")).out)["strain"].is_null());
}

TEST(Inspect, ErrorsAreOneLineWithTheCode) {
  Folder folder;
  const Ran missing = run("inspect " + quoted(folder / "nicht da.h5"));
  EXPECT_EQ(missing.status, int(Errc::kIo));
  EXPECT_TRUE(contains(missing.out, "nicht da.h5: cannot be opened")) << missing.out;
  EXPECT_EQ(std::count(missing.out.begin(), missing.out.end(), '\n'), 1) << missing.out;
  std::ofstream(folder / "kurz.h5") << "x";
  const Ran other = run("inspect " + quoted(folder / "kurz.h5"));
  EXPECT_EQ(other.status, int(Errc::kFormat));
  EXPECT_EQ(std::count(other.out.begin(), other.out.end(), '\n'), 1) << other.out;
}

TEST(Convert, TheShippedArchiveIsThatOfItsSource) {
  Folder folder;
  const std::string damask = kSource + "/datasets/cu_uniaxial/damask/cu_uniaxial_21.hdf5";
  ASSERT_EQ(run("convert " + quoted(damask) + " " + quoted(folder / "cu.h5")).status, 0);
  const auto made = open_archive(folder / "cu.h5"), source = open_archive(damask),
             shipped = open_archive(kSource + "/datasets/cu_uniaxial/train/cu_uniaxial_21.h5");
  const std::int64_t n = source->info().shape.voxels();
  std::vector<float> a(n * 4), b(n * 4);
  std::vector<std::int32_t> g(n), h(n);
  for (const auto* other : {&made, &shipped}) {
    ASSERT_EQ((*other)->info().steps.size(), 14u);
    for (int k = 0; k < 14; ++k) {
      source->orientation(k, 0, n, a.data());
      (*other)->orientation(k, 0, n, b.data());
      ASSERT_EQ(a, b) << k;
      EXPECT_EQ((*other)->info().steps[k].mean_P, source->info().steps[k].mean_P);
    }
    source->grain(0, n, g.data());
    (*other)->grain(0, n, h.data());
    EXPECT_EQ(g, h);
    for (int k = 0; k < 13; ++k) EXPECT_EQ((*other)->info().loads[k].prescribed, source->info().loads[k].prescribed);
  }
}

TEST(Convert, RefusesWhatItCannotDo) {
  Folder folder;
  const std::string in = quoted(kSource + "/tests/data/dual_native.hdf5");
  const auto refused = [&](const std::string& arguments, Errc code, const char* part) {
    const Ran ran = run("convert " + arguments);
    EXPECT_EQ(ran.status, int(code)) << ran.out;
    EXPECT_TRUE(contains(ran.out, part)) << ran.out;
  };
  refused(in + " " + quoted(folder / "x.doc"), Errc::kArgument, "wanted a name that ends with");
  refused(in + " " + quoted(folder / "x.vti") + " --step 3", Errc::kArgument, "of 0..2");
  refused(in + " " + quoted(folder / "no/x.h5"), Errc::kIo, "cannot be created");
  refused(in + " " + quoted(folder / "no/x.vti"), Errc::kIo, "cannot be written");
  ASSERT_EQ(run("convert " + in + " " + quoted(folder / "a.h5")).status, 0);
  refused(quoted(folder / "a.h5") + " " + quoted(folder / "a.h5"), Errc::kArgument, "is the input itself");
  refused(quoted(folder / "a.h5") + " " + quoted(folder / "b.h5") + " --stress", Errc::kFormat, "no F and P");
  auto m = Dadf5Maker::plain({2, 1, 1});
  m.fields.erase(m.fields.begin());
  m.make(folder / "no O.hdf5");
  refused(quoted(folder / "no O.hdf5") + " " + quoted(folder / "b.h5"), Errc::kFormat, "no orientations");
  EXPECT_FALSE(std::filesystem::exists(folder / "b.h5"));
}

// The bound is packed.h's: 2 sqrt3 sqrt2 / (2^15 - 1). What was packed once packs to the same again.
TEST(Convert, PacksOrientationsAndUnpacksThem) {
  Folder folder;
  const std::string in = kSource + "/datasets/cu_uniaxial/train/cu_uniaxial_21.h5", packed = folder / "packed ü.h5", whole = folder / "whole.h5",
                    again = folder / "again.h5";
  ASSERT_EQ(run("convert " + quoted(in) + " " + quoted(packed) + " --orientation packed48").status, 0);
  ASSERT_EQ(run("convert " + quoted(packed) + " " + quoted(whole)).status, 0);
  ASSERT_EQ(run("convert " + quoted(packed) + " " + quoted(again) + " --orientation packed48 --no-compression").status, 0);
  EXPECT_TRUE(contains(run("inspect " + quoted(packed)).out, "orientation (packed48)"));
  EXPECT_TRUE(contains(run("inspect --json --quick " + quoted(packed)).out, "\"orientation\": \"packed48\""));
  EXPECT_TRUE(contains(run("inspect --json --quick " + quoted(whole)).out, "\"orientation\": \"float32\""));
  const auto source = open_archive(in), a = open_archive(packed), b = open_archive(whole), c = open_archive(again);
  const std::int64_t n = source->info().shape.voxels();
  std::vector<float> p(n * 4), q(n * 4), r(n * 4), s(n * 4);
  double most = 0;
  for (int k = 0; k < 14; ++k) {
    source->orientation(k, 0, n, p.data());
    a->orientation(k, 0, n, q.data());
    b->orientation(k, 0, n, r.data());
    c->orientation(k, 0, n, s.data());
    EXPECT_EQ(q, r);
    EXPECT_EQ(q, s);
    for (std::int64_t i = 0; i < n; ++i) {
      double plus = 0, minus = 0;
      for (int d = 0; d < 4; ++d) {
        plus += std::pow(double(p[i * 4 + d]) + q[i * 4 + d], 2);
        minus += std::pow(double(p[i * 4 + d]) - q[i * 4 + d], 2);
      }
      most = std::max(most, 4 * std::asin(std::sqrt(std::min(plus, minus)) / 2));
    }
  }
  EXPECT_LT(most, 2 * std::sqrt(6.0) / 32767 + 5e-7);
  EXPECT_GT(most, 1e-5);
  EXPECT_EQ(a->info().loads.size(), 13u);
  const Ran ran = run("convert " + quoted(packed) + " " + quoted(folder / "x.vti") + " --orientation packed32");
  EXPECT_EQ(ran.status, int(Errc::kArgument));
  EXPECT_TRUE(contains(ran.out, "packed orientations")) << ran.out;
}

// A file size limit stands in for a full disk: writes fail the same way, with another reason.
TEST(Convert, AFullDiskIsOneErrorAndLeavesNothing) {
  Folder folder;
  const std::string in = quoted(kSource + "/datasets/cu_uniaxial/damask/cu_uniaxial_21.hdf5");
  const std::string limit = "trap '' XFSZ; ulimit -f 64;";  // 512-byte or 1 KB blocks
  for (const std::string name : {"x.h5", "x.vti", "x.pvd"})
    for (const std::string flags : {"", " --no-compression"}) {
      const Ran ran = run("convert " + in + " " + quoted(folder / name) + flags, limit);
      EXPECT_EQ(ran.status, int(Errc::kIo)) << name << ran.out;
      EXPECT_TRUE(contains(ran.out, "File too large")) << ran.out;
      EXPECT_EQ(std::count(ran.out.begin(), ran.out.end(), '\n'), 1) << ran.out;
      EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << name;
    }
}

TEST(Convert, ACommaLocaleChangesNothing) {
  Folder folder;
  const std::string in = quoted(kSource + "/tests/data/dual_native.hdf5");
  ASSERT_EQ(run("convert " + in + " " + quoted(folder / "a.pvd")).status, 0);
  ASSERT_EQ(run("convert " + in + " " + quoted(folder / "b.pvd"), "LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8").status, 0);
  const auto bytes = [](const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  EXPECT_EQ(bytes(folder / "a_0002.vti"), bytes(folder / "b_0002.vti"));
  EXPECT_FALSE(contains(bytes(folder / "b.pvd"), "0,"));
}

}  // namespace
}  // namespace grainspin
