// The program's subcommands that make and use DDD runs: simulate, import, taylor.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "grainspin/interactions/data.h"
#include "grainspin/interactions/law.h"
#include "grainspin/interactions/planted.h"

namespace grainspin::interactions {
namespace {

namespace fs = std::filesystem;

class DataCli : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("interactions cli ö " + std::to_string(::getpid()) + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string file(const std::string& name) const { return (folder_ / name).string(); }
  std::string quoted(const std::string& name) const { return std::string("'").append(file(name)).append("'"); }
  static int run(const std::string& arguments, std::string& out) {
    out.clear();
    std::FILE* pipe = popen(std::string("'" GRAINSPIN_PROGRAM "' interactions ").append(arguments).append(" 2>&1").c_str(), "r");
    std::array<char, 4096> buffer;
    for (std::size_t n; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) out.append(buffer.data(), n);
    return WEXITSTATUS(pclose(pipe));
  }
  fs::path folder_;
};

TEST_F(DataCli, SimulateWritesRunsAndTheirTruth) {
  std::string out;
  ASSERT_EQ(run("simulate fcc --h-fraction 1 --k-entries 96 --runs 4 --per-run 6 --seed 3 -o " + quoted("runs.h5"), out), 0) << out;
  const DddData data = read_ddd({file("runs.h5")});
  const DislocationLaw law = read_planted(file("runs.planted.json"));
  ASSERT_EQ(data.runs.size(), 4u);
  std::vector<double> rate(12);
  for (const DddRun& r : data.runs) {
    density_rate(law, &r.density[12 * 5], &r.slip_rate[12 * 5], rate.data());
    for (std::size_t i = 0; i < 12; ++i) EXPECT_EQ(r.density_rate[12 * 5 + i], rate[i]);
  }
  // The same law again, other runs, as CSV.
  ASSERT_EQ(run("simulate --law " + quoted("runs.planted.json") + " --runs 2 --per-run 3 --seed 4 --quiet -o " + quoted("more.csv"), out), 0) << out;
  EXPECT_EQ(out, "");
  const DddData more = read_ddd({file("more.csv")});
  EXPECT_EQ(more.slip.name, "fcc");
  EXPECT_NE(more.runs[0].density, std::vector<double>(data.runs[0].density.begin(), data.runs[0].density.begin() + 36));
  EXPECT_EQ(run("simulate fcc -o " + quoted("runs.txt"), out), 1);
  EXPECT_EQ(run("simulate -o " + quoted("runs.h5"), out), 1);
  EXPECT_NE(out.find("wanted a slip set"), std::string::npos) << out;
}

TEST_F(DataCli, ImportReadsAPropertyTable) {
  std::ofstream(folder_ / "stress_strain_dens.dat") << "# Step Strain Stress Density Walltime\n0 0 0 1e12 0\n10 1e-3 1e7 1.2e12 1\n";
  std::string out;
  ASSERT_EQ(run("import --from exadis " + quoted("stress_strain_dens.dat") + " --set fcc --axis 0 0 1 --burgers 2.55e-10 --shear-modulus 5e10 --strain-rate 1e3 -o " +
                    quoted("runs.csv"), out), 0) << out;
  EXPECT_NE(out.find("total density only"), std::string::npos) << out;
  const DddData data = read_ddd({file("runs.csv")});
  EXPECT_DOUBLE_EQ(data.runs[0].density[12], 1e11);
  EXPECT_EQ(run("import --from exadis " + quoted("no.dat") + " --set fcc --axis 0 0 1 --burgers 2.55e-10 --shear-modulus 5e10 --strain-rate 1e3 -o " + quoted("x.csv"), out), 3) << out;
}

TEST_F(DataCli, TaylorDrawsTheCurveOfALaw) {
  std::string out;
  ASSERT_EQ(run("simulate fcc --h-fraction 1 --k-entries 96 --runs 1 --per-run 2 -o " + quoted("runs.csv"), out), 0) << out;
  ASSERT_EQ(run("taylor " + quoted("runs.planted.json") + " --grains 12 --load uniaxial:z:0.02:0.01 -o " + quoted("curve.csv") + " --picture " + quoted("curve.svg"), out), 0) << out;
  std::ifstream in(file("curve.csv"));
  std::string line;
  int lines = 0;
  double strain = 0, stress = 0, first = 0;
  while (std::getline(in, line)) {
    if (lines++ == 0) continue;
    int step = 0;
    ASSERT_EQ(std::sscanf(line.c_str(), "%d,%lf,%lf", &step, &strain, &stress), 3) << line;
    if (step == 1) first = stress;
  }
  EXPECT_EQ(lines, 3);
  EXPECT_GE(strain, 0.02 * (1 - 1e-6));  // least where both lateral strains are equal, which few grains do not make them
  EXPECT_LT(strain, 0.0225);
  // Between Taylor's bounds of FCC: the factor of random grains is 2.2 to 3.7 (Taylor 1938: 3.06 in the mean) times g.
  const DislocationLaw law = read_planted(file("runs.planted.json"));
  std::vector<double> g(12);
  resistance(law, law.density0.data(), g.data());
  EXPECT_GT(first, 2.2 * *std::min_element(g.begin(), g.end()) * 0.8);
  EXPECT_LT(first, 3.7 * *std::max_element(g.begin(), g.end()) * 1.3);
  std::ifstream svg(file("curve.svg"));
  std::getline(svg, line);
  EXPECT_NE(line.find("xml"), std::string::npos);
  EXPECT_EQ(run("taylor " + quoted("curve.csv") + " -o " + quoted("x.csv"), out), 4) << out;
}

TEST_F(DataCli, AFitIsALawForTaylor) {
  // A fit of noise-free runs gives the curve of the law that they came from.
  std::string out;
  ASSERT_EQ(run("simulate fcc --h-fraction 1 --k-entries 60 --runs 20 --per-run 20 --quiet -o " + quoted("runs.h5"), out), 0) << out;
  ASSERT_EQ(run("fit " + quoted("runs.h5") + " -o " + quoted("fit.json"), out), 0) << out;
  const auto last = [&](const std::string& law) {
    EXPECT_EQ(run("taylor " + law + " --density 1e12 --grains 5 --load uniaxial:z:0.02:0.01 --strain-rate 100 --quiet -o " + quoted("curve.csv"), out), 0) << out;
    std::ifstream in(file("curve.csv"));
    std::string line, end;
    while (std::getline(in, line)) end = line;
    int step = 0;
    double strain = 0, stress = 0;
    EXPECT_EQ(std::sscanf(end.c_str(), "%d,%lf,%lf", &step, &strain, &stress), 3) << end;
    return stress;
  };
  const double truth = last(quoted("runs.planted.json"));
  EXPECT_NEAR(last(quoted("fit.json")), truth, 0.02 * truth);
}

}  // namespace
}  // namespace grainspin::interactions
