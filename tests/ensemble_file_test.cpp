// An ensemble's file: what is put together comes back member by member to the bit; what does not belong together, and files that
// claim what they do not hold, are refused.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "ensemble_models.h"
#include "grainspin/core.h"
#include "safetensors.h"

namespace grainspin {
namespace {

using namespace testing;
using nlohmann::json;

class EnsembleFile : public ::testing::Test {
 protected:
  void SetUp() override { path = (std::filesystem::temp_directory_path() / ("ensemble ü " + std::to_string(::getpid()))).string(); }
  void TearDown() override { std::filesystem::remove(path); }
  // Written, its metadata and tensors changed, read again: the error's text.
  std::string refusal(const Model& model, const std::function<void(TensorFile&, json& provenance)>& change) {
    write_model(path, model);
    TensorFile file = read_safetensors(path);
    json provenance = json::parse(file.metadata.at("provenance"));
    change(file, provenance);
    file.metadata["provenance"] = provenance.dump();
    write_safetensors(path, file);
    try {
      (void)read_model(path);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Errc::kFormat) << e.what();
      EXPECT_EQ(std::string(e.what()).find(path), 0u) << e.what();
      return e.what();
    }
    return "it was read";
  }
  std::string path;
};

void expect_text(const std::string& text, const std::string& part) { EXPECT_NE(text.find(part), std::string::npos) << text; }

std::string not_together(const Model& a, const Model& b) {
  try {
    (void)ensemble_of({a, b});
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Errc::kArgument);
    return e.what();
  }
  return "they were put together";
}

TEST_F(EnsembleFile, MembersComeBackToTheBit) {
  const std::vector<Model> given{nonlocal_member(3), nonlocal_member(1), nonlocal_member(2)};
  Model all = ensemble_of(given);
  EXPECT_FALSE(calibration(all.spec).has_value());
  const Calibration together{5, 0.25, 1.5, {0.5, 1.5, 2.5}, {1, 2, 3}};
  all.spec.domain = with_calibration(all.spec.domain, together);
  write_model(path, all);
  const Model read = read_model(path);
  EXPECT_TRUE(is_ensemble(read.spec));
  EXPECT_EQ(calibration(read.spec)->expected, 1.5);
  const std::vector<Model> members = members_of(read);
  ASSERT_EQ(members.size(), 3u);
  for (std::size_t m = 0; m < 3; ++m) {
    EXPECT_FALSE(is_ensemble(members[m].spec));
    EXPECT_EQ(json::parse(members[m].spec.provenance), json::parse(given[m].spec.provenance));
    EXPECT_EQ(calibration(members[m].spec)->expected, calibration(given[m].spec)->expected);  // its own
    ASSERT_EQ(members[m].tensors.size(), given[m].tensors.size());
    for (const auto& [name, tensor] : given[m].tensors) EXPECT_TRUE(members[m].tensors.at(name).values == tensor.values) << name;
  }
  // A member taken out is a single model as any other.
  write_model(path, members[1]);
  EXPECT_EQ(read_model(path).spec.format_version, 1);
  // Ensembles are taken apart when they are put together.
  EXPECT_EQ(members_of(ensemble_of({read, nonlocal_member(7)})).size(), 4u);
}

TEST_F(EnsembleFile, ScalesOfTheirOwn) {
  const Model all = ensemble_of({local_member(Feedback::kOwn, 1), local_member(Feedback::kOwn, 2)});
  write_model(path, all);
  const auto members = members_of(read_model(path));
  EXPECT_EQ(members[0].spec.increment_scale[1], 0.06f + 0.001f);
  EXPECT_EQ(members[1].spec.increment_scale[1], 0.06f + 0.002f);
}

TEST_F(EnsembleFile, WhatDoesNotBelongTogether) {
  const Model a = nonlocal_member(1);
  Model b = nonlocal_member(2);
  b.spec.nonlocal.warmup = 0;
  expect_text(not_together(a, b), "member 1 differs from member 0 in its settings");
  b = nonlocal_member(2);
  b.spec.loads[1].L[8] *= 1.01;
  expect_text(not_together(a, b), "load");
  b = nonlocal_member(2);
  b.spec.provenance = R"({"training": [{"sha256": "aa"}, {"sha256": "cc"}]})";
  expect_text(not_together(a, b), "archives of training");
  b.spec.provenance = R"({"training": [{"sha256": "bb"}], "held_out": [{"sha256": "aa"}]})";  // divided otherwise
  EXPECT_EQ(not_together(a, b), "they were put together");
  b.spec.point_group = b.spec.nonlocal.phases[0].point_group = "622";
  b.spec.slip_families = b.spec.nonlocal.phases[0].slip_families = {"hcp-basal<a>"};
  b.spec.c_over_a = b.spec.nonlocal.phases[0].c_over_a = 1.587;
  for (const auto& [name, shape] : tensor_shapes(b.spec)) {
    std::int64_t n = 1;
    for (const std::int64_t s : shape) n *= s;
    b.tensors[name] = {shape, std::vector<float>(std::size_t(n), 0.5f)};
  }
  expect_text(not_together(a, b), "crystal");
  expect_text(not_together(a, local_member(Feedback::kOwn, 1)), "family");
  expect_text(not_together(a, a), "the same model");
  EXPECT_THROW((void)ensemble_of({a}), Error);
  std::vector<Model> many;
  for (unsigned seed = 1; seed <= kMostMembers + 1; ++seed) many.push_back(nonlocal_member(seed, 1, false));
  EXPECT_THROW((void)ensemble_of(many), Error);
}

TEST_F(EnsembleFile, HostileFiles) {
  const Model all = ensemble_of({nonlocal_member(1), nonlocal_member(2)});
  expect_text(refusal(all, [](TensorFile& f, json&) { f.tensors.erase("member1.phase0.head.odd"); }), "member 1: tensor 'phase0.head.odd' is missing");
  expect_text(refusal(all, [](TensorFile& f, json&) { f.tensors.erase("phase0.head.odd"); }), "member 0: tensor 'phase0.head.odd' is missing");
  expect_text(refusal(all, [](TensorFile& f, json&) { f.tensors["member2.spin"] = f.tensors["spin"]; }), "'member2.spin' is of no member");
  for (const char* name : {"member", "member0.spin", "member01.spin", "member1spin", "member-1.spin", "member99999999999999999999.spin"})
    expect_text(refusal(all, [&](TensorFile& f, json&) { f.tensors[name] = f.tensors["spin"]; }), "no member");
  expect_text(refusal(all, [](TensorFile& f, json&) { f.tensors["member1.spin"].values[0] = NAN; }), "member 1");
  expect_text(refusal(all, [](TensorFile&, json& p) { p.erase("members"); }), "lists no members");
  expect_text(refusal(all, [](TensorFile&, json& p) { p = json::array({p}); }), "lists no members");
  expect_text(refusal(all, [](TensorFile&, json& p) { p["members"] = 1'000'000'000; }), "members");
  expect_text(refusal(all, [](TensorFile&, json& p) { p["members"].erase(1); }), "members");
  expect_text(refusal(all, [](TensorFile&, json& p) { p["members"].push_back(p["members"][1]); }), "member 2: tensor");
  expect_text(refusal(all, [](TensorFile&, json& p) { p["members"] = json(std::vector<json>(1000, p["members"][1])); }), "members");
  expect_text(refusal(all, [](TensorFile&, json& p) { p["members"][1] = "x"; }), "member 1: the provenance");
  expect_text(refusal(all, [](TensorFile&, json& p) { p["members"][1].erase("normaliser"); }), "member 1: the provenance");
  expect_text(refusal(all, [](TensorFile&, json& p) { p["members"][1]["normaliser"]["stress_scale"] = {1, 2}; }), "stress_scale");
  expect_text(refusal(all, [](TensorFile&, json& p) { p["members"][1]["uncertainty"]["hidden"] = 100'000; }), "member 1");
  // A program that knows version 1 alone finds tensors of no setting, if it came that far.
  expect_text(refusal(all, [](TensorFile& f, json&) { f.metadata["format_version"] = "1"; }), "is not known to these settings");
  expect_text(refusal(all, [](TensorFile& f, json&) { f.metadata["format_version"] = "3"; }), "format version 3");
  // All together are said to be calibrated, one has no head.
  Model odd = ensemble_of({nonlocal_member(1), nonlocal_member(2, 3, false)});
  odd.spec.domain = with_calibration(odd.spec.domain, {5, 0, 1, {1, 1, 1}, {1, 1, 1}});
  EXPECT_THROW(check(odd), Error);
}

}  // namespace
}  // namespace grainspin
