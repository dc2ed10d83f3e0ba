// Mirrors include/grainspin/model.h. The layout's expected bytes are the format description written out
// (github.com/huggingface/safetensors, README "Format"); hostile files are made by hand here.
#include "grainspin/model.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <clocale>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "grainspin/core.h"

namespace grainspin {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// A folder of its own, with a blank and an umlaut in its name, removed at the end.
class ModelFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder = fs::temp_directory_path() / ("grainspin mödel " + std::to_string(::getpid()));
    fs::create_directories(folder);
    path = (folder / "a model.safetensors").string();
  }
  void TearDown() override { fs::remove_all(folder); }

  void write_raw(std::uint64_t length, const std::string& header, const std::string& data) {
    std::ofstream out(path, std::ios::binary);
    out.write(reinterpret_cast<const char*>(&length), 8);
    out << header << data;
  }
  void write_raw(const json& header, const std::string& data) {
    const std::string text = header.dump();
    write_raw(text.size(), text, data);
  }
  std::string read_raw() {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // The header of the file and what follows it.
  std::pair<json, std::string> split() {
    const std::string bytes = read_raw();
    std::uint64_t length = 0;
    std::memcpy(&length, bytes.data(), 8);
    return {json::parse(bytes.substr(8, length)), bytes.substr(8 + length)};
  }

  fs::path folder;
  std::string path;
};

Tensor ramp(std::vector<std::int64_t> shape, float start) {
  std::int64_t n = 1;
  for (auto d : shape) n *= d;
  Tensor t{std::move(shape), {}};
  for (std::int64_t i = 0; i < n; ++i) t.values.push_back(start + 0.0001f * float(i % 1000));
  return t;
}

// LSTM, 1 layer, hidden 32, radius 0, own: P = 9 + 9.
Model small_model() {
  Model m;
  m.spec.local = {Cell::kLstm, 1, 32, 0, Feedback::kOwn, true, false};
  m.spec.point_group = "432";
  m.spec.slip_families = {"{111}<1-10>"};
  m.spec.c_over_a = 0.1;
  m.spec.loads.resize(2);
  m.spec.loads[1].L = {-0.5e-2, 0, 1e-300, 0, -0.5e-2, 0, 0, 0, 1.0 / 3.0};
  m.spec.loads[1].prescribed = {false, true, true, true, false, true, true, true, true};
  m.spec.input_mean.assign(9, 0.1f);
  m.spec.input_scale.assign(9, 0.7f);
  m.spec.increment_scale = {0.01f, 0.02f, 0.03f};
  m.spec.stress_scale = {1e8f, 1e8f, 1e8f, 2e8f, 2e8f, 2e8f};
  m.spec.domain = R"({"strain": [0, 0.13]})";
  m.spec.provenance = R"({"archives": ["Körner.hdf5"]})";
  m.tensors = {{"rnn.weight_ih_l0", ramp({128, 18}, 0.1f)},    {"rnn.weight_hh_l0", ramp({128, 32}, 0.2f)},
               {"rnn.bias_ih_l0", ramp({128}, 0.3f)},          {"rnn.bias_hh_l0", ramp({128}, 0.4f)},
               {"head.increment.weight", ramp({3, 32}, 0.5f)}, {"head.increment.bias", ramp({3}, 0.6f)},
               {"head.stress.weight", ramp({6, 32}, 0.7f)},    {"head.stress.bias", ramp({6}, 0.8f)}};
  return m;
}

template <class F>
std::string refusal(F&& f, Errc code) {
  try {
    f();
  } catch (const Error& e) {
    EXPECT_EQ(int(e.code()), int(code)) << e.what();
    return e.what();
  }
  ADD_FAILURE() << "was not refused";
  return {};
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(ModelFile, RoundTripKeepsEveryBit) {
  const Model m = small_model();
  write_model(path, m);
  const Model r = read_model(path);
  EXPECT_EQ(r.spec.format_version, 1);
  EXPECT_EQ(int(r.spec.family), int(Family::kLocal));
  EXPECT_EQ(int(r.spec.local.cell), int(Cell::kLstm));
  EXPECT_EQ(r.spec.local.layers, 1);
  EXPECT_EQ(r.spec.local.hidden, 32);
  EXPECT_EQ(r.spec.local.radius, 0);
  EXPECT_EQ(int(r.spec.local.feedback), int(Feedback::kOwn));
  EXPECT_TRUE(r.spec.local.stress);
  EXPECT_FALSE(r.spec.local.variance);
  EXPECT_EQ(r.spec.point_group, "432");
  EXPECT_EQ(r.spec.slip_families, m.spec.slip_families);
  EXPECT_EQ(r.spec.c_over_a, 0.1);
  ASSERT_EQ(r.spec.steps(), 2);
  for (int k = 0; k < 2; ++k) {
    EXPECT_EQ(r.spec.loads[k].L, m.spec.loads[k].L);
    EXPECT_EQ(r.spec.loads[k].prescribed, m.spec.loads[k].prescribed);
  }
  EXPECT_EQ(r.spec.input_mean, m.spec.input_mean);
  EXPECT_EQ(r.spec.input_scale, m.spec.input_scale);
  EXPECT_EQ(r.spec.increment_scale, m.spec.increment_scale);
  EXPECT_EQ(r.spec.stress_scale, m.spec.stress_scale);
  EXPECT_EQ(r.spec.domain, m.spec.domain);
  EXPECT_EQ(r.spec.provenance, m.spec.provenance);
  ASSERT_EQ(r.tensors.size(), m.tensors.size());
  for (const auto& [name, t] : m.tensors) {
    EXPECT_EQ(r.tensors.at(name).shape, t.shape) << name;
    EXPECT_EQ(r.tensors.at(name).values, t.values) << name;
  }
}

TEST_F(ModelFile, LayoutIsSafetensors) {
  const Model m = small_model();
  write_model(path, m);
  const std::string bytes = read_raw();
  std::uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | std::uint8_t(bytes[i]);
  EXPECT_EQ(length % 8, 0u);
  const json header = json::parse(bytes.substr(8, length));
  for (const auto& [key, value] : header["__metadata__"].items()) EXPECT_TRUE(value.is_string()) << key;
  std::size_t total = 0;
  for (const auto& [name, t] : m.tensors) {
    const json& j = header[name];
    EXPECT_EQ(j["dtype"], "F32");
    EXPECT_EQ(j["shape"], json(t.shape));
    const std::size_t begin = j["data_offsets"][0], end = j["data_offsets"][1];
    ASSERT_EQ(end - begin, 4 * t.values.size());
    EXPECT_EQ(0, std::memcmp(bytes.data() + 8 + length + begin, t.values.data(), end - begin)) << name;
    total += end - begin;
  }
  EXPECT_EQ(bytes.size(), 8 + length + total);
}

TEST_F(ModelFile, CommaLocaleChangesNothing) {
  const Model m = small_model();
  write_model(path, m);
  const std::string plain = read_raw();
  const char* got = nullptr;
  for (const char* locale : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"})
    if ((got = std::setlocale(LC_ALL, locale))) break;
  if (!got) GTEST_SKIP() << "no locale with a decimal comma is installed";
  write_model(path, m);
  const Model r = read_model(path);
  std::setlocale(LC_ALL, "C");
  EXPECT_EQ(read_raw(), plain);
  EXPECT_EQ(r.spec.c_over_a, 0.1);
  EXPECT_EQ(r.spec.increment_scale, m.spec.increment_scale);
}

TEST_F(ModelFile, InputWidthFollowsTheFeedback) {
  ModelSpec s = small_model().spec;
  EXPECT_EQ(input_width(s), 18);
  s.local.radius = 1;
  EXPECT_EQ(input_width(s), 27 * 9 + 9);
  s.local.feedback = Feedback::kInitial;
  EXPECT_EQ(input_width(s), 243);
  s.local.radius = 3;
  s.local.feedback = Feedback::kNeighbours;
  EXPECT_EQ(input_width(s), 343 * 9);
}

TEST_F(ModelFile, CheckNamesTheTensor) {
  Model m = small_model();
  m.tensors["rnn.bias_hh_l0"].values[5] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(has(refusal([&] { check(m); }, Errc::kFormat), "rnn.bias_hh_l0"));
  m = small_model();
  m.tensors["rnn.weight_ih_l0"].shape = {128, 17};
  const std::string text = refusal([&] { check(m); }, Errc::kFormat);
  EXPECT_TRUE(has(text, "rnn.weight_ih_l0") && has(text, "[128,17]") && has(text, "[128,18]")) << text;
  m = small_model();
  m.tensors.erase("head.stress.bias");
  EXPECT_TRUE(has(refusal([&] { check(m); }, Errc::kFormat), "head.stress.bias"));
  m = small_model();
  m.tensors["rnn.weight_ih_l1"] = ramp({2}, 0);
  EXPECT_TRUE(has(refusal([&] { check(m); }, Errc::kFormat), "rnn.weight_ih_l1"));
}

TEST_F(ModelFile, CheckRefusesSettingsOutOfRange) {
  const auto refused = [](auto change) {
    Model m = small_model();
    change(m.spec);
    EXPECT_THROW(check(m), Error);
  };
  refused([](ModelSpec& s) { s.format_version = 2; });
  refused([](ModelSpec& s) { s.family = Family::kNonlocal; });
  refused([](ModelSpec& s) { s.local.layers = 3; });
  refused([](ModelSpec& s) { s.local.hidden = 40; });
  refused([](ModelSpec& s) { s.local.hidden = 0; });
  refused([](ModelSpec& s) { s.local.radius = 4; });
  refused([](ModelSpec& s) { s.local.radius = -1; });
  refused([](ModelSpec& s) { s.loads.clear(); });
  refused([](ModelSpec& s) { s.input_mean.pop_back(); });
  refused([](ModelSpec& s) { s.input_scale[3] = 0; });
  refused([](ModelSpec& s) { s.increment_scale[1] = -1; });
  refused([](ModelSpec& s) { s.loads[0].L[4] = std::numeric_limits<double>::infinity(); });
  refused([](ModelSpec& s) { s.scores = "{"; });
}

TEST_F(ModelFile, AnInvalidModelIsNotWritten) {
  Model m = small_model();
  m.tensors.erase("head.increment.bias");
  EXPECT_TRUE(has(refusal([&] { write_model(path, m); }, Errc::kFormat), path));
  EXPECT_TRUE(fs::is_empty(folder));
}

TEST_F(ModelFile, AFailedWriteLeavesTheOldFileAndNothingElse) {
  write_model(path, small_model());
  const std::string before = read_raw();
  fs::create_directory(path + "x");
  std::ofstream(fs::path(path + "x") / "inside") << "1";
  refusal([&] { write_model(path + "x", small_model()); },
          Errc::kIo);  // a folder that is not empty: rename fails
  refusal([&] { write_model((folder / "absent" / "m").string(), small_model()); }, Errc::kIo);
  EXPECT_EQ(read_raw(), before);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 2);
}

TEST_F(ModelFile, WhatIsNotKnownIsRefused) {
  write_model(path, small_model());
  const auto [header, data] = split();
  const auto refused = [&, &header = header, &data = data](auto change, const std::string& part) {
    json h = header;
    change(h["__metadata__"]);
    write_raw(h, data);
    const std::string text = refusal([&] { read_model(path); }, Errc::kFormat);
    EXPECT_TRUE(has(text, part) && has(text, path)) << text;
  };
  refused([](json& m) { m["format_version"] = "3"; }, "version 3");
  refused([](json& m) { m["family"] = "graph"; }, "graph");
  refused([](json& m) { m["family"] = "nonlocal"; }, "passes");  // the settings are the local family's
  refused([](json& m) { m["format"] = "pt"; }, "not a grainspin model");
  refused([](json& m) { m.erase("format"); }, "not a grainspin model");
  refused([](json& m) { m["surprise"] = "1"; }, "surprise");
  refused([](json& m) { m["conventions"] = "another"; }, "conventions");
  refused([](json& m) { m.erase("loads"); }, "loads");
  refused([](json& m) { m["loads"] = R"([{"L":[1],"prescribed":[true]}])"; }, "9 components");
  refused([](json& m) { m["normaliser"] = "[]"; }, "__metadata__");
  const auto setting = [&](const char* key, const json& value, const std::string& part) {
    refused(
        [&](json& m) {
          json s = json::parse(m["settings"].get<std::string>());
          s[key] = value;
          m["settings"] = s.dump();
        },
        part);
  };
  setting("cell", "rwkv", "rwkv");
  setting("feedback", 3, "feedback");
  setting("attention", true, "attention");
  setting("hidden", 64.5, "hidden");
  setting("hidden", 1e18, "hidden");
  setting("layers", true, "layers");
  setting("hidden", 64, "[3,64]");  // the tensors are of 32
}

TEST_F(ModelFile, HostileHeadersAreBounded) {
  const auto refused = [&](const std::string& part) {
    const std::string text = refusal([&] { read_model(path); }, Errc::kFormat);
    EXPECT_TRUE(has(text, part) && has(text, path)) << text << " (wanted: " << part << ")";
  };
  std::ofstream(path, std::ios::binary) << "abc";
  refused("3 bytes");
  write_raw(~0ull, "{}", "");
  refused("claims");
  write_raw(99'999'999, "{}", "");
  refused("claims");
  write_raw(2, "[]", "");
  refused("not a JSON object");
  write_raw(3, "{,}", "");
  refused("not JSON");
  const std::string deep(5000, '[');
  write_raw(deep.size(), deep, "");
  refused("nested");
  const std::string twice =
      R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  write_raw(twice.size(), twice, "1234");
  refused("twice");
  write_raw({{"__metadata__", {{"k", 1}}}}, "");
  refused("not a string");

  const auto tensor = [&](const json& j, const std::string& part) {
    write_raw({{"w", j}}, std::string(16, 'x'));
    refused(part);
  };
  const auto f32 = [](const json& shape, const json& offsets) {
    return json{{"dtype", "F32"}, {"shape", shape}, {"data_offsets", offsets}};
  };
  tensor(json{{"dtype", "I64"}, {"shape", {2}}, {"data_offsets", {0, 16}}}, "I64");
  tensor(json{{"dtype", "F32"}}, "'w'");
  tensor(f32({4}, {0, 32}), "outside the file");
  tensor(f32({4}, {16, 0}), "outside the file");
  tensor(f32({-4}, {0, 16}), "whole number");
  tensor(f32({4}, {0.5, 16}), "whole number");
  tensor(f32({4294967296, 4294967296, 4294967296}, {0, 16}), "larger than the file");
  tensor(f32({0, 4294967296}, {0, 16}), "larger than the file");
  tensor(f32({3}, {0, 16}), "12 bytes");
  tensor(f32({1, 1, 1, 1, 1, 1, 1, 1, 4}, {0, 16}), "at most 8");
  tensor(f32({2}, {8, 16}), "hole");
  tensor(f32({2}, {0, 8}), "belong to no tensor");
  write_raw({{"a", f32({3}, {0, 12})}, {"b", f32({2}, {8, 16})}}, std::string(16, 'x'));
  refused("overlaps");
}

TEST_F(ModelFile, EveryTruncationIsRefused) {
  write_model(path, small_model());
  const std::string bytes = read_raw();
  for (std::size_t keep = 0; keep < bytes.size(); keep += bytes.size() / 37) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes.substr(0, keep);
    refusal([&] { read_model(path); }, Errc::kFormat);
  }
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes << "tail";
  refusal([&] { read_model(path); }, Errc::kFormat);
}

TEST_F(ModelFile, MissingFilesAndFoldersAreIoErrors) {
  EXPECT_TRUE(has(refusal([&] { read_model(path); }, Errc::kIo), path));
  refusal([&] { read_model(folder.string()); }, Errc::kIo);
}

}  // namespace
}  // namespace grainspin
