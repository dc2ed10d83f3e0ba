// Files of fits: what is written is read back, HDF5 and JSON alike; damaged ones are refused by name.
#include "grainspin/interactions/fit_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace grainspin::interactions {
namespace {

namespace fs = std::filesystem;

fs::path folder() {
  const fs::path f = fs::path(testing::TempDir()) / ("grainspin fit größe " + std::to_string(::getpid()));
  fs::create_directories(f);
  return f;
}

Tensor tensor(const SlipSet& slip, const char* symbol, const char* term, std::vector<int> kept) {
  Tensor t;
  t.symbol = symbol;
  t.term = parse_term(term);
  t.orbits = untied(slip.count(), 1 + t.term.arity());
  t.ties = t.orbits;
  t.unknowns.resize(std::size_t(t.ties.count));
  for (std::size_t u = 0; u < t.unknowns.size(); ++u) t.unknowns[u].name = "entry " + std::to_string(u), t.unknowns[std::size_t(u)].entry = "first entry", t.unknowns[u].size = 1;
  for (const int u : kept) t.unknowns[std::size_t(u)].value = 0.1 + u / 3.0, t.unknowns[std::size_t(u)].error = 1e-3;
  std::vector<double> values;
  for (const Unknown& u : t.unknowns) values.push_back(u.value);
  t.value = expand(t.ties, values);
  return t;
}

InteractionFit example() {
  InteractionFit f;
  f.slip = named_slip_set("hcp18", 1.6);
  f.group = "1";
  f.material = {44e9, std::vector<double>(18, 3.2e-10), std::vector<double>(18, 5e6)};
  f.n = 12.5;
  f.density0.assign(18, 1e12);
  f.runs = {"run \"ä\"", "b"};
  f.held_out = {"b"};
  f.scores = {{"b", {0.5, NAN}, {0.25, 1}, NAN, 0.125, NAN, "slip rates"}};
  f.remarks = {"a remark"};
  f.options = R"({"lambda":0.1})";
  f.provenance = R"({"files":[1,2,3,4,5,6]})";
  f.h = FitPart{Target::kResistance, {tensor(f.slip, "H", "H", {0, 5, 300})}, {}, 123, 0.5};
  BlockFit b;
  b.name = "basal<a>";
  b.responses = {0, 1, 2};
  for (int c = 0; c < 6; ++c) b.columns.push_back({0, 0, c});
  b.path.lambda_max = 2;
  for (int p = 0; p < 3; ++p) {
    PathPoint point;
    point.lambda = 2.0 / (1 + p);
    point.explained = 0.3 * p;
    for (int a = 0; a < 2 * p; ++a) point.active.push_back(a), point.value.push_back(1.0 / (1 + a + p));
    b.path.points.push_back(point);
  }
  b.cv_error = {3, 2, 2.5};
  b.cv_se = {0.5, 0.5, 0.5};
  b.at_min = 1, b.at_one_se = 1, b.at = 1;
  f.h->blocks = {b};
  f.k = FitPart{Target::kIncrement, {tensor(f.slip, "K1", "P2", {7, 4000}), tensor(f.slip, "K2", "rho[j]", {})}, {b}, 99, 1};
  return f;
}

std::string text_of(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

TEST(FitFile, ReadsBackWhatWasWritten) {
  const InteractionFit f = example();
  const std::string json = (folder() / "fit.json").string(), h5 = (folder() / "fit.h5").string();
  write_fit(json, f);
  write_fit(h5, f);
  for (const auto& path : {json, h5}) {
    const InteractionFit g = read_fit(path);
    EXPECT_EQ(g.slip.name, "hcp18");
    ASSERT_EQ(g.slip.count(), 18);
    EXPECT_EQ(g.slip.systems[17].b.x, f.slip.systems[17].b.x);
    EXPECT_EQ(g.slip.families, f.slip.families);
    EXPECT_EQ(g.material.friction, f.material.friction);
    EXPECT_EQ(g.n, 12.5);
    EXPECT_EQ(g.runs, f.runs);
    EXPECT_EQ(g.density0, f.density0);
    EXPECT_TRUE(std::isnan(g.scores.at(0).h_r2.at(1)));
    EXPECT_TRUE(std::isnan(g.scores.at(0).density_error));
    EXPECT_EQ(g.scores.at(0).resistance_error, 0.125);
    EXPECT_EQ(nlohmann::json::parse(g.provenance), nlohmann::json::parse(f.provenance));
    ASSERT_TRUE(g.h && g.k);
    EXPECT_EQ(g.h->tensors.at(0).value, f.h->tensors.at(0).value);
    EXPECT_EQ(g.h->tensors[0].unknowns[5].error, 1e-3);
    EXPECT_TRUE(std::isnan(g.h->tensors[0].unknowns[1].error));
    EXPECT_EQ(g.h->tensors[0].ties.of, f.h->tensors[0].ties.of);
    EXPECT_EQ(g.k->target, Target::kIncrement);
    ASSERT_EQ(g.k->tensors.size(), 2u);
    EXPECT_EQ(g.k->tensors[0].value, f.k->tensors[0].value);
    EXPECT_EQ(g.k->tensors[0].term.factors, f.k->tensors[0].term.factors);
    EXPECT_EQ(g.k->tensors[1].symbol, "K2");
    const BlockFit& b = g.k->blocks.at(0);
    ASSERT_EQ(b.path.points.size(), 3u);
    EXPECT_EQ(b.path.points[2].active, (std::vector<std::int32_t>{0, 1, 2, 3}));
    EXPECT_EQ(b.path.points[2].value, f.h->blocks[0].path.points[2].value);
    EXPECT_EQ(b.cv_error, (std::vector<double>{3, 2, 2.5}));
    EXPECT_EQ(b.at, 1);
    EXPECT_EQ(b.columns[4].unknown, 4);
  }
  // Nothing but the two files is left behind.
  int files = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder())) ++files;
  EXPECT_EQ(files, 2);
  fs::remove_all(folder());
}

TEST(FitFile, TheSameFitIsTheSameBytes) {
  const fs::path a = folder() / "a.json", b = folder() / "b.json", h = folder() / "a.h5", i = folder() / "b.h5";
  write_fit(a.string(), example());
  write_fit(b.string(), read_fit(a.string()));
  EXPECT_EQ(text_of(a), text_of(b));
  write_fit(h.string(), example());
  write_fit(i.string(), example());
  EXPECT_EQ(text_of(h), text_of(i));
  const std::string text = text_of(a);
  EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 400);  // arrays are lines
  fs::remove_all(folder());
}

std::string refusal(const fs::path& path) {
  try {
    read_fit(path.string());
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}

TEST(FitFile, DamagedFilesAreRefusedByName) {
  const fs::path path = folder() / "fit.json";
  write_fit(path.string(), example());
  const nlohmann::json good = nlohmann::json::parse(text_of(path));
  const auto with = [&](const std::function<void(nlohmann::json&)>& change) {
    nlohmann::json j = good;
    change(j);
    std::ofstream(path) << j;
    return refusal(path);
  };
  EXPECT_NE(with([](auto& j) { j["format"] = "other"; }).find("no interaction fit"), std::string::npos);
  EXPECT_NE(with([](auto& j) { j["format_version"] = 99; }).find("version 99"), std::string::npos);
  EXPECT_NE(with([](auto& j) { j["H"]["tensors"]["H"]["value"].erase(0); }).find("wanted 324 values, found 323"), std::string::npos);
  EXPECT_NE(with([](auto& j) { j["H"]["tensors"]["H"]["ties"]["of"][3] = 5000; }).find("no such orbit"), std::string::npos);
  EXPECT_NE(with([](auto& j) { j["H"]["blocks"]["0"]["at"] = 17; }).find("at: no such point"), std::string::npos);
  EXPECT_NE(with([](auto& j) { j["H"]["blocks"]["0"]["columns"]["unknown"][2] = 9999; }).find("basal<a>"), std::string::npos);
  EXPECT_NE(with([](auto& j) { j.erase("slip"); }).find("slip"), std::string::npos);
  std::ofstream(path) << "time,rho\n";
  EXPECT_NE(refusal(path).find("neither HDF5 nor JSON"), std::string::npos);
  EXPECT_NE(refusal(folder() / "nothing.json").find("cannot be opened"), std::string::npos);
  EXPECT_THROW(write_fit((folder() / "no such folder" / "a.json").string(), example()), Error);
  EXPECT_THROW(write_fit(folder().string(), example()), Error);
  fs::remove_all(folder());
}

TEST(FitFile, CountsAndEntriesInWords) {
  const InteractionFit f = example();
  const TensorCounts c = counts(f.k->tensors[0]);
  EXPECT_EQ(c.entries, 18 * 18 * 18);
  EXPECT_EQ(c.free_orbits, 5832);
  EXPECT_EQ(c.kept_orbits, 2);
  EXPECT_EQ(c.kept_entries, 2);
  // hcp18: 3 basal, 3 prism, 12 pyramidal. Entry (0,3,17).
  EXPECT_EQ(entry_text(f.slip, f.k->tensors[0], 3 * 18 + 17), "basal<a> 1 <- prism<a> 1 x pyr1<c+a> 12");
  EXPECT_EQ(entry_text(f.slip, f.h->tensors[0], 18 + 5), "basal<a> 2 <- prism<a> 3");
}

TEST(FitFile, AgreementWithATruth) {
  const PlantedScore s = against_truth({1, 0, 3, 0, 2}, {1, 2, 2, 0, 0});
  EXPECT_EQ(s.planted, 3);
  EXPECT_EQ(s.chosen, 3);
  EXPECT_EQ(s.common, 2);
  EXPECT_DOUBLE_EQ(s.f1, 2.0 / 3);
  EXPECT_DOUBLE_EQ(s.relative_error, std::sqrt((4 + 1 + 4) / 9.0));
  EXPECT_THROW(against_truth({1}, {1, 2}), Error);
}

// The first list of this name, wherever it is in the tree.
nlohmann::json* find_list(nlohmann::json& tree, const std::string& name) {
  for (auto& [key, value] : tree.items()) {
    if (key == name && value.is_array()) return &value;
    if (value.is_object())
      if (nlohmann::json* found = find_list(value, name)) return found;
  }
  return nullptr;
}

TEST(FitFile, WholeNumbersAreWholeAndInRange) {
  const std::string path = (folder() / "numbers.json").string();
  for (const char* name : {"sign", "of", "size"})
    for (const double wrong : {1e12, 0.5, -1e300}) {
      if (wrong == 1e12 && std::string(name) == "size") continue;  // an int64 holds it
      auto tree = nlohmann::json::parse([] {
        const std::string file = (folder() / "numbers.json").string();
        write_fit(file, example());
        return text_of(file);
      }());
      nlohmann::json* list = find_list(tree, name);
      ASSERT_TRUE(list) << name;
      list->at(0) = wrong;
      std::ofstream(path) << tree;
      EXPECT_NE(refusal(path).find("wanted a whole number"), std::string::npos) << name << " " << wrong;
    }
}

}  // namespace
}  // namespace grainspin::interactions
