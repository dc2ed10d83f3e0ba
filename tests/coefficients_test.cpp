// Learned coefficients by interaction type: closed values for equal ones, and the norm of the matrix itself.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "grainspin/coefficients.h"
#include "grainspin/nonlocal.h"
#include "local_oracle.h"
#include "random_nonlocal.h"

namespace grainspin {
namespace {

using testing::phase_of;
using testing::random_cell;
using testing::small_nonlocal;

const CoefficientMap& find(const std::vector<CoefficientMap>& maps, const std::string& part, const std::string& map) {
  for (const CoefficientMap& m : maps)
    if (m.part == part && m.map == map) return m;
  ADD_FAILURE() << "no map " << part << " " << map;
  return maps.front();
}

// Every coefficient 1: the matrix on 12 systems is all ones but for signs.
TEST(Coefficients, EqualOnesShareAsTheirPairsDo) {
  Model m = random_cell(small_nonlocal(), 1);
  for (auto& [name, tensor] : m.tensors) std::fill(tensor.values.begin(), tensor.values.end(), 1.0f);
  const CoefficientTable t = coefficient_tables(m).at(0);
  EXPECT_EQ(t.systems, 12);
  // Self, coplanar, collinear, .. of a system: 1, 2, 1, 2, 2, 2, 2 others (Franciosi & Zaoui 1982: one collinear, two each of the rest).
  std::vector<double> pairs = t.odd_pairs;
  std::sort(pairs.begin(), pairs.end());
  for (std::size_t o = 0; o < 7; ++o) EXPECT_NEAR(pairs[o], o < 2 ? 1.0 / 12 : 2.0 / 12, 1e-12);
  for (const CoefficientMap& map : t.maps) {
    const std::vector<double>& expected = map.odd ? t.odd_pairs : t.even_pairs;
    for (std::size_t o = 0; o < map.share.size(); ++o) {
      EXPECT_NEAR(map.share[o], expected[o], 1e-12) << map.tensor;
      EXPECT_NEAR(map.strength[o], 1, 1e-12) << map.tensor;
    }
  }
  const NonlocalSpec& s = m.spec.nonlocal;
  EXPECT_NEAR(find(t.maps, "pass", "from state").gain, std::sqrt(12.0 * s.channels), 1e-12);
  EXPECT_NEAR(find(t.maps, "pass", "from rotation").gain, std::sqrt(12.0 * s.polarisations), 1e-12);
  EXPECT_NEAR(find(t.maps, "start", "from load").gain, std::sqrt(12.0), 1e-12);
}

// By the definition: the matrix written out.
TEST(Coefficients, SharesArePartsOfTheMatrixNorm) {
  const PhaseSpec phase = phase_of("bcc24");
  const Model m = random_cell(small_nonlocal({phase}), 2);
  const NonlocalSpec& s = m.spec.nonlocal;
  const SlipMaps maps = slip_maps(phase);
  const CoefficientTable t = coefficient_tables(m).at(0);
  const Tensor& w = m.tensors.at("phase0.pass1.odd");
  const std::size_t O = std::size_t(maps.odd.count), n = maps.P.size();
  std::vector<double> norm(O, 0);
  double self = 0, all = 0;
  for (int d = 0; d < s.width; ++d)
    for (int c = s.channels; c < s.channels + s.polarisations; ++c)
      for (std::size_t e = 0; e < n * n; ++e) {
        if (maps.odd.of[e] < 0) continue;
        const std::size_t o = std::size_t(maps.odd.of[e]);
        const double v = w.values[std::size_t((d * w.shape[1] + c)) * O + o];
        norm[o] += v * v, all += v * v;
        if (e / n == e % n) self += v * v / double(n);
      }
  const CoefficientMap* map = nullptr;
  for (const CoefficientMap& x : t.maps)
    if (x.tensor == "phase0.pass1.odd" && x.map == "from strain") map = &x;
  ASSERT_NE(map, nullptr);
  for (std::size_t o = 0; o < O; ++o) {
    EXPECT_NEAR(map->share[o], norm[o] / all, 1e-9);
    EXPECT_NEAR(map->strength[o], std::sqrt(norm[o] / double(maps.odd.size[o]) / self), 1e-6);
    EXPECT_EQ(maps.odd.of[std::size_t(t.odd_first[o])], int(o));
  }
  EXPECT_NEAR(map->gain, std::sqrt(all / double(n * std::size_t(s.width))), 1e-6);
  for (const CoefficientMap& x : t.summary) EXPECT_NEAR(std::accumulate(x.share.begin(), x.share.end(), 0.0), 1, 1e-9);
}

// The passes together weigh by their squares.
TEST(Coefficients, ASummaryIsOverThePasses) {
  Model m = random_cell(small_nonlocal(), 3);
  for (auto& [name, tensor] : m.tensors)
    if (name.find("polarise") != std::string::npos) std::fill(tensor.values.begin(), tensor.values.end(), 0.0f);
  Tensor& w = m.tensors.at("phase0.pass1.polarise");
  for (std::size_t i = 0; i < w.values.size(); i += 7) w.values[i] = 2;  // the first orbit, which holds entry (0, 0): self
  const CoefficientTable t = coefficient_tables(m).at(0);
  const CoefficientMap& all = find(t.summary, "pass", "polarise");
  EXPECT_NEAR(all.share[0], 1, 1e-12);
  EXPECT_NEAR(all.strength[1], 0, 1e-12);
  // 12 M C entries of 4, over 12 M rows of each of the two passes.
  EXPECT_NEAR(all.gain, std::sqrt(4.0 * m.spec.nonlocal.channels / 2), 1e-12);
}

TEST(Coefficients, TheLocalFamilyHasNone) {
  EXPECT_THROW(coefficient_tables(testing::random_model({}, "432", 2, 1)), Error);
}

}  // namespace
}  // namespace grainspin
