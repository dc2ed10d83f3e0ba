// Terms of the density law: their grammar, parity and features.
#include "grainspin/interactions/terms.h"

#include <gtest/gtest.h>

#include <cmath>

namespace grainspin::interactions {
namespace {

DddData two_rows() {
  DddData d;
  d.slip = named_slip_set("fcc");
  const int n = d.slip.count();
  d.material.burgers.assign(std::size_t(n), 2.5e-10);
  DddRun run;
  run.id = "a";
  run.time = {0, 1};
  for (int t = 0; t < 2; ++t)
    for (int s = 0; s < n; ++s) {
      run.density.push_back(1e12 * (1 + s + 20 * t));
      run.slip_rate.push_back((s % 2 ? -1e-3 : 2e-3) * (1 + s));
      run.shear.push_back(s - 5.0);
    }
  run.columns["dose"] = {3, 4};
  d.runs.push_back(run);
  return d;
}

TEST(Terms, NamedOnes) {
  EXPECT_EQ(parse_term("H").text, "rho[j]");
  EXPECT_EQ(parse_term("H").arity(), 1);
  for (const char* p : {"P1", "P2", "P3"}) EXPECT_EQ(parse_term(p).arity(), 2) << p;
  EXPECT_FALSE(parse_term("P1").symmetric_jk());
  EXPECT_FALSE(parse_term("P2").symmetric_jk());
  EXPECT_TRUE(parse_term("P3").symmetric_jk());
  EXPECT_EQ(parse_term("P2").features(39), 1521);
  EXPECT_EQ(parse_term("time").arity(), 0);
}

TEST(Terms, Parity) {
  EXPECT_FALSE(parse_term("P2").odd(Over::kK));
  EXPECT_TRUE(parse_term("rho[j] * gdot[k]").odd(Over::kK));
  EXPECT_FALSE(parse_term("rho[j]*gdot[k]").odd(Over::kJ));
  EXPECT_FALSE(parse_term("rho[j]*gdot[k]^2").odd(Over::kK));
  EXPECT_TRUE(parse_term("rho[j]*gdot[k]^3").odd(Over::kK));
  EXPECT_FALSE(parse_term("rho[j]*gdot[k]*tau[k]").odd(Over::kK));  // the product of two odd ones is even
  EXPECT_TRUE(parse_term("gdot[j]*gdot[k]").symmetric_jk());
  EXPECT_FALSE(parse_term("gdot[j]*|gdot[k]|").symmetric_jk());
  const TieOptions o = tie_options(parse_term("gdot[j]*gdot[k]"));
  EXPECT_EQ(o.order, 3);
  EXPECT_TRUE(o.jk && o.odd_j && o.odd_k && !o.odd_i);
}

TEST(Terms, FeaturesAreTheirFormula) {
  const DddData d = two_rows();
  const DddRun& r = d.runs[0];
  const int n = 12;
  std::vector<double> x;
  features(d, r, {parse_term("P1"), parse_term("H"), parse_term("dose^2*time"), parse_term("|tau[j]|^1.5*gdot[k]")}, x);
  const std::size_t width = 144 + 12 + 1 + 144;
  ASSERT_EQ(x.size(), 2 * width);
  for (int t = 0; t < 2; ++t)
    for (int j = 0; j < n; ++j) {
      const double* row = x.data() + std::size_t(t) * width;
      const auto at = [&](const std::vector<double>& v, int s) { return v[std::size_t(t * n + s)]; };
      EXPECT_DOUBLE_EQ(row[144 + j], at(r.density, j));
      for (int k = 0; k < n; ++k) {
        EXPECT_NEAR(row[j * n + k] / (std::sqrt(at(r.density, j)) * std::abs(at(r.slip_rate, k)) / 2.5e-10), 1, 1e-14);
        EXPECT_NEAR(row[157 + j * n + k], std::pow(std::abs(at(r.shear, j)), 1.5) * at(r.slip_rate, k), 1e-14);
      }
      EXPECT_DOUBLE_EQ(row[156], t == 0 ? 0.0 : 16.0);
    }
  // A block of rows is that part of it.
  std::vector<double> second;
  features(d, r, {parse_term("P2")}, 1, 1, second);
  features(d, r, {parse_term("P2")}, x);
  EXPECT_EQ(second, std::vector<double>(x.begin() + 144, x.end()));
}

std::string refusal(const std::string& text) {
  try {
    parse_term(text);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Errc::kArgument);
    return e.what();
  }
  return "accepted";
}

TEST(Terms, RefusalsNameThePart) {
  EXPECT_NE(refusal("rho[k]").find("k without j"), std::string::npos);
  EXPECT_NE(refusal("rho[j]*gdot[k]^0.5").find("|gdot|"), std::string::npos);
  EXPECT_NE(refusal("rho[i]").find("j or k"), std::string::npos);
  EXPECT_NE(refusal("rho").find("rho[j]"), std::string::npos);
  EXPECT_NE(refusal("dose[j]").find("dose"), std::string::npos);
  EXPECT_NE(refusal("rho[j]*").find("at its end"), std::string::npos);
  EXPECT_NE(refusal("rho[j]^x").find("power"), std::string::npos);
  EXPECT_NE(refusal("rho[j]^0").find("power"), std::string::npos);
  EXPECT_NE(refusal("rho[j] gdot[k]").find("gdot[k]"), std::string::npos);
  EXPECT_NE(refusal("|rho[j]").find("|"), std::string::npos);
  EXPECT_NE(refusal("").find("column"), std::string::npos);
}

TEST(Terms, MissingColumnsAndNumbersThatAreNone) {
  DddData d = two_rows();
  std::vector<double> x;
  const auto error = [&](const char* term) {
    try {
      features(d, d.runs[0], {parse_term(term)}, x);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Errc::kArgument);
      return std::string(e.what());
    }
    return std::string("accepted");
  };
  EXPECT_NE(error("g[j]").find("run 'a' has no column g"), std::string::npos);
  EXPECT_NE(error("heat*rho[j]").find("heat"), std::string::npos);
  EXPECT_NE(error("heat*rho[j]").find("dose"), std::string::npos);  // what there is
  EXPECT_NE(error("time^-1").find("row 1"), std::string::npos);
  EXPECT_NE(error("time^-1").find("not finite"), std::string::npos);
}

}  // namespace
}  // namespace grainspin::interactions
