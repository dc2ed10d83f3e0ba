// Mirrors include/grainspin/interactions/import.h. The files are made by hand from the layouts that ParaDiS' WriteDensFlux.cc
// and ExaDiS' pyexadis_base.py write; they are no output of those codes.
#include "grainspin/interactions/import.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

namespace grainspin::interactions {
namespace {

namespace fs = std::filesystem;

class Import : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("ddd import " + std::to_string(::getpid()) + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  void write(const fs::path& name, const std::string& text) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  template <class Call>
  static std::string error(const Call& call) {
    try {
      call();
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  }
  // Every number tells where it stands: density of Burgers vector b, plane p in row t is b*1e11 + p*1e9 + t*1e12.
  void paradis(const std::string& run, bool full = true) const {
    for (int b = 1; b <= 10; ++b) {
      std::string flux, density;
      for (int t = 0; t < 2; ++t) {
        const std::string strain = std::to_string(1e-3 * t) + " " + std::to_string(2e-3 * (t + 1));
        const int planes = b < 10 ? 4 : 3;
        flux += strain + " 0 ";
        for (const double part : {0.25, 0.75})
          for (int p = 1; p <= 4; ++p) flux += std::to_string(p <= planes ? part * (b * 100 + p) : 0) + " ";
        flux += "1e-9 \n";
        density += strain + " ";
        for (const double part : {0.4, 0.6}) {
          if (!full && part > 0.5) break;
          for (int p = 1; p <= 4; ++p) density += std::to_string(p <= planes ? (full ? part : 1) * (b * 1e11 + p * 1e9 + t * 1e12) : 0) + " ";
          density += "0 ";
        }
        density += full ? "1e-9 \n" : "0 1e-9 \n";
      }
      write(run + "/fluxdata/fluxtot_b" + std::to_string(b), flux);
      write(run + "/fluxdata/Ltot_b" + std::to_string(b) + (full ? "_full_decomp" : "_full_decomp_totals"), density);
    }
  }
  ImportOptions magnesium() const {
    ImportOptions o;
    o.c_over_a = 1.624, o.burgers = 3.2e-10, o.shear_modulus = 17e9, o.strain_rate = 1000;
    return o;
  }
  fs::path folder_;
};

// The system of hcp39 whose plane and direction these are, up to sense.
std::size_t find(const SlipSet& slip, Vec3<double> b, Vec3<double> n) {
  const auto parallel = [](const Vec3<double>& u, const Vec3<double>& v) {
    const double uu = u.x * u.x + u.y * u.y + u.z * u.z, uv = u.x * v.x + u.y * v.y + u.z * v.z;
    return std::abs(uv) > (1 - 1e-9) * std::sqrt(uu);
  };
  for (std::size_t i = 0; i < slip.systems.size(); ++i)
    if (parallel(b, slip.systems[i].b) && parallel(n, slip.systems[i].n)) return i;
  ADD_FAILURE() << "no such system";
  return 0;
}

TEST_F(Import, ParadisFluxFilesAreThe39Systems) {
  paradis("tension_c");
  paradis("tension_a");
  const DddData data = import_paradis_hcp({path("tension_c/fluxdata"), path("tension_a/fluxdata")}, magnesium());
  ASSERT_EQ(data.runs.size(), 2u);
  EXPECT_EQ(data.runs[0].id, "tension_c");
  EXPECT_EQ(data.slip.name, "hcp39");
  const DddRun& run = data.runs[1];
  ASSERT_EQ(run.rows(), 2);
  EXPECT_DOUBLE_EQ(run.time[1], 4e-6);  // strain 0.004 at 1000/s
  EXPECT_DOUBLE_EQ(run.columns.at("plastic_strain")[1], 1e-3);
  const double c = 1.624, h = std::sqrt(0.75);
  struct Case {
    int b, p;
    Vec3<double> burgers, plane;
    double length;
  };
  // By the description files that ParaDiS writes: b2 = [a 0 0], b10 = [0 0 c], b5 = [a 0 c]; planes by their types, basal,
  // 1st pyramidal, prismatic (b2); prismatic, 1st pyramidal, 2nd pyramidal (b5); three prismatic (b10).
  const Case cases[] = {{2, 1, {1, 0, 0}, {0, 0, 1}, 3.2e-10},
                        {2, 3, {1, 0, 0}, {0, 1, 0}, 3.2e-10},
                        {5, 1, {1, 0, c}, {0, 1, 0}, 3.2e-10 * std::hypot(1, c)},
                        {5, 3, {1, 0, c}, {1, 0, -1 / c}, 3.2e-10 * std::hypot(1, c)},
                        {10, 2, {0, 0, 1}, {0, 1, 0}, 3.2e-10 * c},
                        {10, 1, {0, 0, 1}, {h, -0.5, 0}, 3.2e-10 * c}};
  for (const Case& k : cases) {
    const std::size_t i = 39 + find(data.slip, k.burgers, k.plane);
    EXPECT_NEAR(run.density[i], k.b * 1e11 + k.p * 1e9 + 1e12, 1) << k.b << " " << k.p;
    EXPECT_NEAR(std::abs(run.slip_rate[i]), (k.b * 100 + k.p) * k.length, 1e-15) << k.b << " " << k.p;
  }
  // All 39 are different systems: every number is there once.
  double sum = 0, wanted = 0;
  for (std::size_t i = 0; i < 39; ++i) sum += run.density[i];
  for (int b = 1; b <= 10; ++b)
    for (int p = 1; p <= (b < 10 ? 4 : 3); ++p) wanted += b * 1e11 + p * 1e9;
  EXPECT_NEAR(sum, wanted, 100);
}

TEST_F(Import, ParadisTotalsAreSecondChoice) {
  paradis("run", false);
  const DddData data = import_paradis_hcp({path("run/fluxdata")}, magnesium());
  EXPECT_NEAR(data.runs[0].density[find(data.slip, {1, 0, 0}, {0, 0, 1})], 2.01e11, 1);
  ASSERT_FALSE(data.remarks.empty());
  EXPECT_NE(data.remarks.back().find("_full_decomp_totals"), std::string::npos);
}

TEST_F(Import, WhatIsWrongWithFluxFilesIsNamed) {
  paradis("run");
  const auto says = [&](const ImportOptions& o) { return error([&] { import_paradis_hcp({path("run/fluxdata")}, o); }); };
  ImportOptions o = magnesium();
  o.strain_rate = 0;
  EXPECT_NE(says(o).find("wanted a strain rate"), std::string::npos) << says(o);
  o = magnesium();
  write("run/fluxdata/fluxtot_b3", "0 0.002 0 1 2 3 4 5 6 7 8 1e-9\n");
  EXPECT_NE(says(o).find("fluxtot_b3: has 1 rows, fluxtot_b1 has 2"), std::string::npos) << says(o);
  write("run/fluxdata/fluxtot_b3", "0 0.002 0 1 2 3 4 5 6 7 8\n");
  EXPECT_NE(says(o).find("line 1: wanted 12 numbers, found 11"), std::string::npos) << says(o);
  write("run/fluxdata/fluxtot_b3", "0 0.002 0 1 2 x 4 5 6 7 8 1\n");
  EXPECT_NE(says(o).find("line 1: 'x' is not a finite number"), std::string::npos) << says(o);
  fs::remove(folder_ / "run/fluxdata/Ltot_b7_full_decomp");
  paradis("other");
  fs::remove(folder_ / "other/fluxdata/Ltot_b7_full_decomp");
  EXPECT_NE(error([&] { import_paradis_hcp({path("other/fluxdata")}, o); }).find("has neither Ltot_b7_full_decomp"), std::string::npos);
  EXPECT_NE(error([&] { import_paradis_hcp({path("nowhere")}, o); }).find("is no folder"), std::string::npos);
}

TEST_F(Import, PropertyTablesShareTheirTotalDensity) {
  write("cu_001/stress_strain_dens.dat",
        "# Step Strain Stress Density Walltime\n0 0.000000e+00 0.000000e+00 1.200000e+12 0.1\n100 1.000000e-03 5.000000e+07 1.320000e+12 3.5\n");
  ImportOptions o;
  o.slip = "fcc", o.burgers = 2.55e-10, o.shear_modulus = 54.6e9, o.strain_rate = 1000, o.axis = {0, 0, 2};
  const DddData data = import_property_tables({path("cu_001/stress_strain_dens.dat")}, o);
  const DddRun& run = data.runs[0];
  EXPECT_EQ(run.id, "cu_001");
  EXPECT_DOUBLE_EQ(run.time[1], 1e-6);
  EXPECT_DOUBLE_EQ(run.density[12], 1.1e11);
  EXPECT_DOUBLE_EQ(run.stress[6 + 2], 5e7);
  EXPECT_EQ(run.columns.at("density_total")[1], 1.32e12);
  // [001]: eight systems of Schmid factor 1/sqrt6; together they stretch the axis at the strain rate.
  int active = 0;
  double rate = 0;
  for (std::size_t i = 0; i < 12; ++i) {
    active += run.slip_rate[i] != 0;
    rate += run.slip_rate[i] * data.slip.systems[i].b.z * data.slip.systems[i].n.z;
  }
  EXPECT_EQ(active, 8);
  EXPECT_NEAR(rate, 1000, 1e-9);
  EXPECT_NE(data.remarks.back().find("total density only"), std::string::npos);
  o.axis = {0, 0, 0};
  EXPECT_NE(error([&] { import_property_tables({path("cu_001/stress_strain_dens.dat")}, o); }).find("loading axis"), std::string::npos);
}

}  // namespace
}  // namespace grainspin::interactions
