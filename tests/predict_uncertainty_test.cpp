// grainspin predict --uncertainty as a user calls it: the field against the sums of variance.h, taken here in double from the
// engine's own variances.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <numbers>

#include "dadf5_files.h"
#include "grainspin/archive.h"
#include "grainspin/surrogate.h"
#include "nonlocal_models.h"
#include "random_head.h"
#include "src/io/hdf5.h"

namespace grainspin {
namespace {

using testing::named_phase;

constexpr int kSteps = 3;
constexpr std::int64_t kVoxels = 5 * 6 * 4;

struct Called {
  int status = -1;
  std::string said;
};
Called call(const std::string& arguments) {
  std::FILE* pipe = popen(("'" GRAINSPIN_PROGRAM "' " + arguments + " 2>&1").c_str(), "r");
  Called out;
  char buffer[4096];
  for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.said.append(buffer, n);
  out.status = WEXITSTATUS(pclose(pipe));
  return out;
}

NonlocalSpec small() {
  NonlocalSpec s;
  s.passes = 2, s.channels = 3, s.width = 4, s.polarisations = 2, s.memory = 2;
  s.phases = {named_phase("fcc")};
  s.phases[0].name = "Cu";
  return s;
}

std::vector<float> estimated(const std::string& path, hsize_t states) {
  const h5::Dataset data = h5::File::open(path).dataset("VTKHDF/CellData/estimated_error");
  EXPECT_EQ(data.shape(), (std::vector<hsize_t>{states, 4, 6, 5}));
  std::vector<float> out(states * kVoxels);
  data.read(out.data(), {0, 0, 0, 0}, data.shape());
  return out;
}

TEST(PredictUncertainty, IsWhatTheVariancesAddUpTo) {
  Folder folder;
  const std::string model = folder / "m.safetensors", input = folder / "in.h5", output = folder / "out.h5", some = folder / "some.h5";
  const Model m = testing::with_random_head(testing::random_nonlocal(small(), kSteps, 4), 5, 4);
  write_model(model, m);
  ASSERT_EQ(call("make voronoi -o '" + input + "' --cells 5 6 4 --grains 9 --lattice cF --phase Cu").status, 0);
  const std::string from = "predict '" + model + "' '" + input + "' --device cpu --uncertainty -o '";
  const Called ran = call(from + output + "'"), last = call(from + some + "' --steps last");
  ASSERT_EQ(ran.status, 0) << ran.said;
  ASSERT_EQ(last.status, 0) << last.said;

  std::vector<float> q(4 * kVoxels);
  open_archive(input)->orientation(0, 0, kVoxels, q.data());
  const Calibration c = *calibration(m.spec);
  std::vector<double> run(3 * kVoxels), sum(3 * kVoxels), expected(kVoxels);  // state 0: nothing is off
  const std::vector<float> found = estimated(output, kSteps + 1);
  for (std::int64_t i = 0; i < kVoxels; ++i) EXPECT_EQ(found[std::size_t(i)], 0);
  make_engine(m, {.threads = 1})->run(whole({5, 6, 4}, {}), q.data(), nullptr, nullptr, [&](const StepOutput& o) {
    for (std::size_t i = 0; i < 3 * kVoxels; ++i) {
      const double sigma = std::exp(0.5 * double(o.log_variance[i]));
      sum[i] += sigma * sigma + 2 * sigma * c.correlation * run[i];
      run[i] = c.correlation * run[i] + sigma;
    }
    for (std::size_t i = 0; i < kVoxels; ++i) {
      expected[i] = c.expected * std::sqrt((sum[3 * i] + sum[3 * i + 1] + sum[3 * i + 2]) / 3) * 180 / std::numbers::pi;
      EXPECT_NEAR(found[std::size_t(o.step) * kVoxels + i], expected[i], 1e-4 * expected[i]);
    }
  });
  const std::vector<float> end = estimated(some, 2);  // it adds up over the steps that are not written too
  for (std::size_t i = 0; i < kVoxels; ++i) EXPECT_EQ(end[kVoxels + i], found[kSteps * kVoxels + i]);
}

TEST(PredictUncertainty, RefusesAModelWithoutAnEstimate) {
  Folder folder;
  const std::string model = folder / "m.safetensors", input = folder / "in.h5", output = folder / "out.h5";
  write_model(model, testing::random_nonlocal(small(), kSteps, 4));
  ASSERT_EQ(call("make voronoi -o '" + input + "' --cells 5 6 4 --grains 9 --lattice cF --phase Cu").status, 0);
  const Called ran = call("predict '" + model + "' '" + input + "' --uncertainty -o '" + output + "'");
  EXPECT_EQ(ran.status, int(Errc::kArgument));
  EXPECT_NE(ran.said.find("makes no estimate of its error"), std::string::npos) << ran.said;
  EXPECT_FALSE(std::filesystem::exists(output));
}

// The bytes of a cell array of a .vti file.
std::string array_of(const std::string& path, const std::string& name, std::size_t bytes) {
  std::ifstream in(path, std::ios::binary);
  const std::string file(std::istreambuf_iterator<char>(in), {});
  const std::size_t at = file.find("Name=\"" + name + "\""), from = file.find("offset=\"", at);
  EXPECT_NE(at, std::string::npos) << name;
  const std::size_t begin = file.find("_", file.find("encoding=\"raw\"")) + 1 + std::stoul(file.substr(from + 8));
  std::uint64_t size = 0;
  std::memcpy(&size, file.data() + begin, 8);
  EXPECT_EQ(size, bytes) << name;
  return file.substr(begin + 8, bytes);
}

// What predict adds is told by inspect, and goes along into the files of older VTK.
TEST(PredictUncertainty, InspectAndConvertKnowTheFields) {
  Folder folder;
  const std::string model = folder / "m.safetensors", input = folder / "in.h5", output = folder / "out.h5", vti = folder / "out.vti";
  Model m = testing::with_random_head(testing::random_nonlocal(small(), kSteps, 4), 5, 4);
  m.spec.domain = with_calibration(
      R"({"embedding":[{"phase":"Cu","point_group":"432","low":[-0.1,-1,-1,-1,-1,-1,-1,-1,-1],"high":[0.1,1,1,1,1,1,1,1,1]}]})", *calibration(m.spec));
  write_model(model, m);
  ASSERT_EQ(call("make voronoi -o '" + input + "' --cells 5 6 4 --grains 9 --lattice cF --phase Cu").status, 0);
  const Called ran = call("predict '" + model + "' '" + input + "' --device cpu --uncertainty --verdict -o '" + output + "'");
  ASSERT_EQ(ran.status, 0) << ran.said;
  EXPECT_NE(ran.said.find("not to be relied on outside the domain"), std::string::npos) << ran.said;
  EXPECT_NE(h5::File::open(output).string("grainspin", "estimated_error").find("not to be relied on"), std::string::npos);
  const Called told = call("inspect '" + output + "'");
  EXPECT_NE(told.said.find("stress grain estimated_error verdict"), std::string::npos) << told.said;
  EXPECT_EQ(told.said.find("time does not grow"), std::string::npos) << told.said;  // it has none
  EXPECT_NE(call("inspect --json '" + output + "'").said.find("\"verdict\": true"), std::string::npos);
  EXPECT_NE(call("inspect --json '" + input + "'").said.find("\"verdict\": false"), std::string::npos);

  for (const int step : {1, kSteps}) {
    ASSERT_EQ(call("convert '" + output + "' '" + vti + "' --step " + std::to_string(step)).status, 0);
    const auto all = estimated(output, kSteps + 1);
    const std::string error = array_of(vti, "estimated_error", 4 * kVoxels), verdict = array_of(vti, "verdict", kVoxels);
    EXPECT_EQ(0, std::memcmp(error.data(), all.data() + step * kVoxels, 4 * kVoxels));
    std::vector<std::uint8_t> want(kVoxels);
    h5::File::open(output).dataset("VTKHDF/CellData/verdict").read(want.data(), {hsize_t(step), 0, 0, 0}, {1, 4, 6, 5});
    EXPECT_GT(std::ranges::count(want, 2), 0);
    EXPECT_GT(std::ranges::count(want, 0), 0);
    EXPECT_EQ(0, std::memcmp(verdict.data(), want.data(), kVoxels));
    std::vector<float> sigma(6 * kVoxels);
    open_archive(output)->stress(step, 0, kVoxels, sigma.data());
    EXPECT_EQ(0, std::memcmp(array_of(vti, "stress", 24 * kVoxels).data(), sigma.data(), 24 * kVoxels));
  }
}

}  // namespace
}  // namespace grainspin
