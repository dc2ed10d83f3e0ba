// DAMASK's input texts, loads from deformation gradients, and .vti geometry. Expected values: closed forms, or the
// texts read by eye.
#include <gtest/gtest.h>
#include <zlib.h>

#include <clocale>
#include <cmath>
#include <cstring>
#include <locale>
#include <random>

#include "src/io/damask_setup.h"
#include "src/io/kinematics.h"
#include "src/io/numbers.h"
#include "src/io/vti.h"

namespace grainspin {
namespace {

using Mat = std::array<double, 9>;

TEST(Kinematics, LogarithmOfSimpleDeformations) {
  const Mat I{1, 0, 0, 0, 1, 0, 0, 0, 1};
  const auto expect = [](const Mat& got, const Mat& wanted) {
    for (int c = 0; c < 9; ++c) EXPECT_NEAR(got[c], wanted[c], 1e-14) << c;
  };
  expect(load_between(I, {1, 0.3, 0, 0, 1, 0, 0, 0, 1}), {0, 0.3, 0, 0, 0, 0, 0, 0, 0});  // simple shear
  expect(load_between(I, {std::exp(-0.2), 0, 0, 0, 1, 0, 0, 0, std::exp(0.2)}), {-0.2, 0, 0, 0, 0, 0, 0, 0, 0.2});
  const double c = std::cos(0.7), s = std::sin(0.7);  // a turn of 0.7 about z
  expect(load_between(I, {c, -s, 0, s, c, 0, 0, 0, 1}), {0, -0.7, 0, 0.7, 0, 0, 0, 0, 0});
  expect(load_between({2, 0, 0, 0, 3, 0, 0, 0, 4}, {2, 0, 0, 0, 3, 0, 0, 0, 4}), {});
  // F1 F0^-1, not F0^-1 F1: shear by y after stretch of y
  expect(load_between({1, 0, 0, 0, 2, 0, 0, 0, 1}, {1, 0.2, 0, 0, 2, 0, 0, 0, 1}), {0, 0.1, 0, 0, 0, 0, 0, 0, 0});
}

TEST(Kinematics, ImpossibleDeformationsAreRefused) {
  const Mat I{1, 0, 0, 0, 1, 0, 0, 0, 1};
  EXPECT_THROW(load_between(I, {-1, 0, 0, 0, 1, 0, 0, 0, 1}), Error);
  for (const double large : {1e4, 1e100, 1e300}) {  // no step of any solver; products of these overflow
    EXPECT_THROW(load_between(I, {large, large, 0, 1, large, 0, 0, large, 1}), Error) << large;
    EXPECT_THROW(load_between({large, 0, 0, 0, 1 / large, 0, 0, 0, 1}, I), Error) << large;
  }
  EXPECT_THROW(load_between(I, {0, 0, 0, 0, 0, 0, 0, 0, 0}), Error);
  EXPECT_THROW(load_between(I, {std::nan(""), 0, 0, 0, 1, 0, 0, 0, 1}), Error);
}

constexpr const char* kLoad = R"(---
solver: {mechanical: spectral_basic}
loadstep:
  - boundary_conditions:
      mechanical:
        dot_F: [[1.0e-3, 0, 0], [0, x, 0], [x, 0, x]]
        P: [[x, x, x], [x, 0, x], [0, x, 0]]
    discretization: {t: 10, N: 40}
    f_out: 41
  - boundary_conditions:
      mechanical:
        L:
        - [x, x, x]
        - [0, 0, 0]
        - [+1e-3, 0, .5]
        P: [[0, 0, 0], [x, x, x], [x, x, x]]
    discretization: {t: 60, N: 60}
)";

TEST(LoadCase, PrescribedComponentsOfEachLoadstep) {
  const auto steps = read_load_case(kLoad, "load.yaml");
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0].increments, 40);
  EXPECT_EQ(steps[0].prescribed, (std::array<bool, 9>{1, 1, 1, 1, 0, 1, 0, 1, 0}));
  EXPECT_EQ(steps[1].prescribed, (std::array<bool, 9>{0, 0, 0, 1, 1, 1, 1, 1, 1}));
}

TEST(LoadCase, AStepAcrossLoadstepsHasWhatBothPrescribe) {
  const auto steps = read_load_case(kLoad, "load.yaml");
  EXPECT_EQ(prescribed_between(steps, 0, 40), steps[0].prescribed);
  EXPECT_EQ(prescribed_between(steps, 40, 100), steps[1].prescribed);
  EXPECT_EQ(prescribed_between(steps, 0, 100), (std::array<bool, 9>{0, 0, 0, 1, 0, 1, 0, 1, 0}));
  EXPECT_EQ(prescribed_between(steps, 39, 41), prescribed_between(steps, 0, 100));
  EXPECT_FALSE(prescribed_between(steps, 90, 101));  // beyond what the load case tells
  EXPECT_FALSE(prescribed_between({}, 0, 1));
}

TEST(LoadCase, BrokenTextsAreNamed) {
  for (const char* text : {"loadstep: [", "loadstep:\n- {discretization: {t: 1}}", "loadstep:\n- {discretization: {N: -3}}",
                           "loadstep:\n- {discretization: {N: 3}, boundary_conditions: {mechanical: {F: [1, 2]}}}",
                           "loadstep:\n- 5"}) {
    try {
      read_load_case(text, "setup/load.yaml");
      FAIL() << text;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Errc::kFormat);
      EXPECT_NE(std::string(e.what()).find("setup/load.yaml"), std::string::npos);
    }
  }
}

constexpr const char* kMaterial = R"(homogenization:
  RGC: {N_constituents: 2}
# a comment at the margin
phase:
  Ti:
    lattice: hP
    c/a: 1.587
    mechanical:
      elastic: {type: Hooke, C_11: 160.0e9, C_12: 90.0e9, C_13: 66.0e9, C_33: 181.7e9, C_44: 46.5e9}
      plastic:
        type: phenopowerlaw
        N_sl: [3, 3, 0, 6]
        a_sl: 2.0
        dot_gamma_0_sl: 0.001
        n_sl: [20, 21, 22, 23]
        h_0_sl-sl: 200e6
        xi_0_sl: [0.3e9, 0.2e9, 0, 0.8e9]
        xi_inf_sl: [0.6e9, 1.6e9, 0, 3.4e9]
        h_sl-sl: [1, 1.5]
  Al:
    lattice: cF
    mechanical: {plastic: {type: isotropic}}
material:
- homogenization: RGC
  constituents: [{phase: Ti, v: 0.25, O: [1, 0, 0, 0]}, {phase: Al, v: 0.75, O: [1, 0, 0, 0]}]
- homogenization: RGC
  constituents:
  - {phase: Al, v: 1.0, O: [1, 0, 0, 0]}
)";

TEST(Material, PhasesAndLaws) {
  EXPECT_TRUE(is_material(kMaterial));
  EXPECT_FALSE(is_load_case(kMaterial));
  EXPECT_TRUE(is_load_case(kLoad));
  EXPECT_FALSE(is_material(kLoad));
  const auto phases = read_phases(kMaterial, "material.yaml");
  ASSERT_EQ(phases.size(), 2u);
  const auto& ti = phases.at("Ti");
  EXPECT_EQ(ti.lattice, "hP");
  EXPECT_EQ(ti.c_over_a, 1.587);
  EXPECT_EQ(ti.elastic, (std::vector<double>{160e9, 90e9, 46.5e9, 66e9, 181.7e9}));
  ASSERT_TRUE(ti.law);
  EXPECT_EQ(ti.law->N_sl, (std::vector<int>{3, 3, 0, 6}));
  EXPECT_EQ(ti.law->a, (std::vector<double>{2, 2, 2, 2}));  // one value for all families
  EXPECT_EQ(ti.law->n, (std::vector<double>{20, 21, 22, 23}));
  EXPECT_EQ(ti.law->h0, (std::vector<double>(4, 200e6)));
  EXPECT_FALSE(phases.at("Al").law);
  EXPECT_EQ(read_fractions(kMaterial, "material.yaml"), (std::vector<std::vector<double>>{{0.25, 0.75}, {1}}));
}

// A locale that groups digits and writes 1,5: what a German desktop sets for the whole program.
class CommaLocale : public testing::Test {
 protected:
  struct Comma : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
  };
  void SetUp() override {
    old_ = std::locale::global(std::locale(std::locale::classic(), new Comma));
    for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8"})
      if (std::setlocale(LC_ALL, name)) break;  // where the machine has one
  }
  void TearDown() override {
    std::locale::global(old_);
    std::setlocale(LC_ALL, "C");
  }
  std::locale old_;
};

TEST_F(CommaLocale, NumbersStayTheSame) {
  EXPECT_EQ(parse_number<double>(" 1.5 "), 1.5);
  EXPECT_EQ(parse_number<double>("+1.0e-3"), 1e-3);
  EXPECT_FALSE(parse_number<double>("1,5"));
  EXPECT_FALSE(parse_number<double>("x"));
  EXPECT_EQ(number_text(1234567.5), "1234567.5");
  EXPECT_EQ(read_phases(kMaterial, "m").at("Ti").c_over_a, 1.587);
  EXPECT_TRUE(read_load_case(kLoad, "l")[0].prescribed[0]);
  EXPECT_EQ(read_vti_head("<VTKFile><ImageData WholeExtent='0 1000 0 1 0 1' Origin='0.5 0 0' Spacing='1e-3 0.25 1'/>"
                          "</VTKFile>", "g").spacing[1], 0.25);
}

std::string base64(const std::string& bytes) {
  static const char* const k = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned v = 0;
    for (std::size_t j = 0; j < 3; ++j) v = v << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j) out += i + j > bytes.size() ? '=' : k[v >> (18 - 6 * j) & 63];
  }
  return out;
}

template <class T>
std::string raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

template <class Header>
std::string zlib_text(const std::string& bytes, std::size_t block) {
  std::vector<Header> head{0, Header(block), Header(bytes.size() % block)};
  std::string body;
  for (std::size_t at = 0; at < bytes.size(); at += block) {
    const std::string part = bytes.substr(at, block);
    uLongf size = compressBound(uLong(part.size()));
    std::string packed(size, '\0');
    compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(part.data()), uLong(part.size()));
    body += packed.substr(0, size);
    head.push_back(Header(size));
    ++head[0];
  }
  return base64(raw(head)) + base64(body);
}

std::string vti(const std::string& type, const std::string& format, const std::string& file_attributes,
                const std::string& text, const std::string& extent = "0 17 0 5 0 3") {
  return "<?xml version=\"1.0\"?>\n<VTKFile type=\"ImageData\" byte_order=\"LittleEndian\" " + file_attributes +
         "><ImageData WholeExtent=\"" + extent + "\" Origin=\"0 0 0\" Spacing=\"1 1 1\"><Piece Extent=\"" + extent +
         "\"><CellData><DataArray type=\"Float32\" Name=\"other\" format=\"ascii\">1</DataArray><DataArray type=\"" + type +
         "\" Name=\"material\" format=\"" + format + "\">\n   " + text + "\n</DataArray></CellData></Piece></ImageData></VTKFile>";
}

class Geometry : public testing::Test {
 protected:
  void SetUp() override {
    std::mt19937 random(1);
    for (int i = 0; i < 17 * 5 * 3; ++i) {
      wide.push_back(random() % 40);
      narrow.push_back(std::int32_t(wide.back()));
    }
  }
  std::vector<std::int64_t> wide;
  std::vector<std::int32_t> narrow;
  const std::string zlib32 = "header_type=\"UInt32\" compressor=\"vtkZLibDataCompressor\"",
                    zlib64 = "header_type=\"UInt64\" compressor=\"vtkZLibDataCompressor\"";
};

TEST_F(Geometry, EveryEncodingThatVtkWritesInline) {
  const std::string bytes = raw(wide);
  EXPECT_EQ(read_vti_material(vti("Int64", "binary", zlib32, zlib_text<std::uint32_t>(bytes, 32768)), "g"), wide);
  EXPECT_EQ(read_vti_material(vti("Int64", "binary", zlib32, zlib_text<std::uint32_t>(bytes, 256)), "g"), wide);   // 8 blocks
  EXPECT_EQ(read_vti_material(vti("Int64", "binary", zlib64, zlib_text<std::uint64_t>(bytes, 680)), "g"), wide);   // 3 whole ones
  EXPECT_EQ(read_vti_material(vti("Int32", "binary", zlib64, zlib_text<std::uint64_t>(raw(narrow), 100)), "g"), wide);
  EXPECT_EQ(read_vti_material(vti("Int64", "binary", "header_type=\"UInt32\"", base64(raw(std::vector<std::uint32_t>{2040}) + bytes)), "g"), wide);
  EXPECT_EQ(read_vti_material(vti("Int32", "binary", "header_type=\"UInt64\"", base64(raw(std::vector<std::uint64_t>{1020}) + raw(narrow))), "g"), wide);
  std::string ascii;
  for (const auto v : wide) ascii += std::to_string(v) + "\n ";
  EXPECT_EQ(read_vti_material(vti("Int64", "ascii", "", ascii), "g"), wide);
}

TEST_F(Geometry, DamagedOnesAreRefused) {
  const std::string good = zlib_text<std::uint32_t>(raw(wide), 256);
  const auto refuse = [](const std::string& xml) {
    try {
      read_vti_material(xml, "setup/geom.vti");
      ADD_FAILURE() << xml.substr(0, 300);
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find("setup/geom.vti"), std::string::npos);
    }
  };
  refuse("no xml <");
  refuse(vti("Int64", "binary", zlib32, good.substr(0, good.size() / 2)));
  refuse(vti("Int64", "binary", zlib32, good.substr(0, 10)));
  refuse(vti("Int64", "binary", zlib32, ""));
  refuse(vti("Int64", "binary", zlib32, "%%%%" + good.substr(4)));
  refuse(vti("Int64", "binary", zlib32, good, "0 2000000000 0 2000000000 0 2000000000"));  // asks for more than was sent
  refuse(vti("Int64", "binary", zlib32, good, "0 18 0 5 0 3"));
  refuse(vti("Int64", "binary", zlib32, good, "0 0 0 5 0 3"));
  refuse(vti("Int64", "appended", zlib32, good));
  refuse(vti("Int64", "binary", "compressor=\"vtkLZ4DataCompressor\"", good));
  refuse(vti("Int64", "ascii", "", "1 2 3"));
  std::string spoilt = good;
  spoilt[good.size() - 20] = spoilt[good.size() - 20] == 'A' ? 'B' : 'A';
  refuse(vti("Int64", "binary", zlib32, spoilt));
}

}  // namespace
}  // namespace grainspin
