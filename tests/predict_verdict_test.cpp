// grainspin predict --verdict and grainspin domain as a user calls them. Expected verdicts: the embedding of what was
// predicted (embedding_test checks it) against the ranges, by the margins that docs/loads.md states.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <nlohmann/json.hpp>

#include "dadf5_files.h"
#include "datasets/sha256.h"
#include "grainspin/archive.h"
#include "grainspin/embedding.h"
#include "grainspin/model.h"
#include "local_oracle.h"
#include "src/io/hdf5.h"
#include "training_cases.h"

namespace grainspin {
namespace {

struct Called {
  int status = -1;
  std::string said;
};

Called call(const std::vector<std::string>& arguments) {
  std::string command = "'" GRAINSPIN_PROGRAM "'";
  for (const std::string& a : arguments) command += " '" + a + "'";
  std::FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  Called out;
  char buffer[4096];
  for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.said.append(buffer, n);
  out.status = WEXITSTATUS(pclose(pipe));
  return out;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

constexpr int kSteps = 3;

// The first number of the embedding was seen from -0.1 to 0.1, the others everywhere.
Model half_seen() {
  Model m = testing::random_model({Cell::kLstm, 1, 32, 1, Feedback::kNeighbours, false, false}, "432", kSteps, 9);
  m.spec.loads = testing::tension(kSteps);
  m.spec.domain = R"({"embedding":[{"phase":"","point_group":"432","low":[-0.1,-1,-1,-1,-1,-1,-1,-1,-1],"high":[0.1,1,1,1,1,1,1,1,1]}]})";
  return m;
}

std::vector<std::uint8_t> verdicts(const std::string& path) {
  const h5::File file = h5::File::open(path);
  const h5::Dataset data = file.dataset("VTKHDF/CellData/verdict");
  EXPECT_EQ(data.shape(), (std::vector<hsize_t>{kSteps + 1, 8, 10, 12}));
  std::vector<std::uint8_t> out((kSteps + 1) * 960);
  data.read(out.data(), {0, 0, 0, 0}, data.shape());
  return out;
}

TEST(PredictVerdict, EachVoxelOfEachStep) {
  Folder folder;
  const std::string model = folder / "m.safetensors", input = folder / "in.h5", output = folder / "out.h5", tiled = folder / "tiled.h5";
  write_model(model, half_seen());
  ASSERT_EQ(call({"make", "voronoi", "-o", input, "--cells", "12", "10", "8", "--grains", "40"}).status, 0);
  const Called ran = call({"predict", model, input, "-o", output, "--verdict", "--device", "cpu"});
  ASSERT_EQ(ran.status, 0) << ran.said;

  const auto found = verdicts(output);
  const auto reader = open_archive(output);
  const EmbeddingSpec& spec = embedding(PointGroup::named("432"));
  std::vector<float> q(960 * 4);
  int count[3] = {};
  double worst = 0;
  for (int step = 0; step <= kSteps; ++step) {
    reader->orientation(step, 0, 960, q.data());
    int outside = 0;
    for (std::size_t i = 0; i < 960; ++i) {
      float e[EmbeddingSpec::kMaxSize];
      embed(spec, 1, &q[4 * i], e);
      const double beyond = std::max(0.0, std::abs(double(e[0])) - 0.1) * 180 / std::numbers::pi;
      const int wanted = step == 0 ? 0 : beyond <= 2 ? 0 : beyond <= 5 ? 1 : 2;
      EXPECT_EQ(found[std::size_t(step) * 960 + i], wanted) << step << " " << i << " " << beyond;
      if (step > 0) ++count[wanted];
      outside += wanted == 2;
    }
    worst = std::max(worst, outside / 960.0);
  }
  for (const int n : count) EXPECT_GT(n, 30);
  ASSERT_GT(worst, 0.1);  // so the run is outside
  EXPECT_TRUE(contains(ran.said, "verdict: outside the domain of training: ")) << ran.said;
  EXPECT_TRUE(contains(ran.said, "of the voxels with orientations up to")) << ran.said;
  const h5::File file = h5::File::open(output);
  EXPECT_EQ(file.string("grainspin", "verdict"), "outside");
  EXPECT_TRUE(file.string("grainspin", "domain").starts_with("outside the domain of training: "));

  // By tiles and with two threads the same bits.
  ASSERT_EQ(call({"predict", model, input, "-o", tiled, "--verdict", "--device", "cpu", "--tile", "5", "--threads", "2"}).status, 0);
  EXPECT_EQ(verdicts(tiled), found);
}

TEST(PredictVerdict, MaskedVoxelsDoNotCount) {
  Folder folder;
  const std::string model = folder / "m.safetensors", input = folder / "in.h5", output = folder / "out.h5";
  Model m = half_seen();
  m.spec.domain = R"({"increment_rad":{"max":1e-7,"rms":1e-8}})";  // every voxel is outside
  write_model(model, m);
  ASSERT_EQ(call({"make", "voronoi", "-o", input, "--cells", "12", "10", "8", "--grains", "5"}).status, 0);
  ASSERT_EQ(call({"predict", model, input, "-o", output, "--verdict", "--device", "cpu", "--mask", "grain=0,3"}).status, 0);
  std::vector<std::int32_t> grain(960);
  open_archive(input)->grain(0, 960, grain.data());
  const auto found = verdicts(output);
  for (std::size_t i = 960; i < found.size(); ++i) {
    const bool masked = grain[i % 960] == 0 || grain[i % 960] == 3;
    EXPECT_EQ(found[i], masked ? 0 : 2);
  }
}

TEST(PredictVerdict, RefusedWithoutADomain) {
  Folder folder;
  const std::string model = folder / "m.safetensors", input = folder / "in.h5", output = folder / "out.h5";
  Model m = half_seen();
  m.spec.domain = "{}";
  write_model(model, m);
  ASSERT_EQ(call({"make", "voronoi", "-o", input, "--cells", "6", "6", "6", "--grains", "5"}).status, 0);
  const Called refused = call({"predict", model, input, "-o", output, "--verdict", "--device", "cpu"});
  EXPECT_EQ(refused.status, int(Errc::kArgument));
  EXPECT_TRUE(contains(refused.said, "does not state its domain")) << refused.said;
  const Called plain = call({"predict", model, input, "-o", output, "--device", "cpu"});
  EXPECT_EQ(plain.status, 0);
  EXPECT_FALSE(contains(plain.said, "verdict")) << plain.said;
}

// The domain of a model that is there, taken anew from its archives; those that were only watched are left out.
TEST(DomainVerb, FillsInWhatTheArchivesTell) {
  Folder folder;
  const std::string model = folder / "m.safetensors", copy = folder / "copy.safetensors", a = folder / "a.h5", b = folder / "b.h5", watched = folder / "w.h5";
  testing::write_run(a, {4, 3, 2}, 3, 1);
  testing::write_run(b, {3, 3, 2}, 3, 2);
  testing::write_run(watched, {3, 3, 3}, 3, 4);
  Model m = half_seen();
  m.spec.domain = R"({"embedding":{"low":[],"high":[]},"load":[],"total_strain":9,"mean_curve":[[1,2,3,4,5,6]],"mine":7})";
  write_model(model, m);
  ASSERT_EQ(call({"domain", model, a, b, "-o", copy}).status, 0);
  const Model filled = read_model(copy);
  const auto d = nlohmann::json::parse(filled.spec.domain);
  EXPECT_EQ(d["runs"], 2);
  EXPECT_EQ(d["voxels"], 24 + 18);
  EXPECT_EQ(d["steps"], 3);
  EXPECT_NEAR(d["step_strain"][0].get<double>(), 0.01, 1e-9);
  EXPECT_NEAR(d["total_strain"][1].get<double>(), 0.03, 1e-9);
  EXPECT_FALSE(d.contains("load"));
  EXPECT_EQ(d["mine"], 7);  // what is not of the schema stays
  EXPECT_EQ(d["mean_curve"][0][5], 6);
  ASSERT_EQ(d["embedding"].size(), 1u);
  // The ranges are those of the stored orientations, any equivalents.
  const EmbeddingSpec& spec = embedding(PointGroup::named("432"));
  std::vector<float> low(9, 9), high(9, -9);
  for (const std::string& path : {a, b}) {
    const auto reader = open_archive(path);
    const std::int64_t n = reader->info().shape.voxels();
    std::vector<float> q(std::size_t(4 * n)), e(std::size_t(9 * n));
    for (int step = 0; step <= 3; ++step) {
      reader->orientation(step, 0, n, q.data());
      embed(spec, n, q.data(), e.data());
      for (std::size_t i = 0; i < e.size(); ++i) low[i % 9] = std::min(low[i % 9], e[i]), high[i % 9] = std::max(high[i % 9], e[i]);
    }
  }
  for (std::size_t c = 0; c < 9; ++c) {
    EXPECT_NEAR(d["embedding"][0]["low"][c].get<double>(), low[c], 1e-5);
    EXPECT_NEAR(d["embedding"][0]["high"][c].get<double>(), high[c], 1e-5);
  }
  for (const auto& [name, tensor] : m.tensors) EXPECT_EQ(filled.tensors.at(name).values, tensor.values) << name;
  EXPECT_TRUE(contains(call({"inspect", copy}).said, "steps of 0.01 strain, 0.03 in all, 3 steps at most, from 2 runs of 42 voxels together"));

  // With a provenance archives are known by their hashes.
  const auto hash = [&](const std::string& path) { return nlohmann::json{{"file", path}, {"sha256", sha256_of_file(path)}}; };
  m.spec.provenance = nlohmann::json{{"training", {hash(a), hash(b)}}, {"held_out", {hash(watched)}}}.dump();
  write_model(model, m);
  const Called known = call({"domain", model, b, watched, a, "-o", copy});
  ASSERT_EQ(known.status, 0) << known.said;
  EXPECT_TRUE(contains(known.said, "domain of 2 archives, 1 more were watched only")) << known.said;
  EXPECT_EQ(nlohmann::json::parse(read_model(copy).spec.domain)["voxels"], 42);
  const Called missing = call({"domain", model, a, "-o", folder / "no.safetensors"});
  EXPECT_EQ(missing.status, int(Errc::kArgument));
  EXPECT_TRUE(contains(missing.said, "missing") && contains(missing.said, "b.h5")) << missing.said;
  testing::write_run(folder / "foreign.h5", {3, 3, 3}, 3, 7);
  const Called foreign = call({"domain", model, a, b, folder / "foreign.h5", "-o", folder / "no.safetensors"});
  EXPECT_EQ(foreign.status, int(Errc::kArgument));
  EXPECT_TRUE(contains(foreign.said, "foreign.h5: not among the archives")) << foreign.said;
  EXPECT_FALSE(std::filesystem::exists(folder / "no.safetensors"));
}

}  // namespace
}  // namespace grainspin
