// Which slip systems of two crystals correspond: against the Schmid tensors themselves and DAMASK's interaction types.
#include <gtest/gtest.h>

#include <cmath>

#include "datasets/slip_match.h"
#include "random_nonlocal.h"

namespace grainspin {
namespace {

using testing::phase_of;

SlipMaps maps_of(const std::string& set, double c_over_a = 0) { return slip_maps(phase_of(set, c_over_a)); }

// b (x) n and n (x) b have the same symmetric part and opposite antisymmetric parts.
TEST(SlipMatch, ExchangeKeepsTheStrainAndTurnsTheSpinAround) {
  for (const char* set : {"bcc110", "bcc24", "bcc48"}) {
    const SlipMaps bcc = maps_of(set), fcc = maps_of("fcc");
    const SlipMatch m = match(bcc, fcc);
    EXPECT_EQ(m.kinship, Kinship::kDual);
    EXPECT_EQ(m.systems, 12) << set;
    for (std::size_t s = 0; s < m.of.size(); ++s) {
      if (m.of[s] < 0) continue;
      const std::size_t t = std::size_t(m.of[s]);
      for (std::size_t k = 0; k < 5; ++k) EXPECT_NEAR(bcc.P[s][k], m.sign[s] * fcc.P[t][k], 1e-12);
      for (std::size_t k = 0; k < 3; ++k) EXPECT_NEAR(bcc.a[s][k], -m.sign[s] * fcc.a[t][k], 1e-12);
    }
  }
}

// A map on FCC systems, written on the BCC ones by the match, is the same matrix with systems renamed.
TEST(SlipMatch, OrbitsCarryTheMatrixOver) {
  const SlipMaps bcc = maps_of("bcc110"), fcc = maps_of("fcc");
  const SlipMatch m = match(bcc, fcc);
  const std::size_t n = 12;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      const std::size_t e = i * n + j, f = std::size_t(m.of[i]) * n + std::size_t(m.of[j]);
      ASSERT_GE(bcc.odd.of[e], 0);
      const std::size_t o = std::size_t(bcc.odd.of[e]);
      EXPECT_EQ(m.odd[o], fcc.odd.of[f]);
      EXPECT_EQ(m.odd_sign[o] * bcc.odd.sign[e], m.sign[i] * m.sign[j] * fcc.odd.sign[f]) << i << " " << j;
      EXPECT_EQ(m.even[std::size_t(bcc.even.of[e])], fcc.even.of[f]);
    }
}

// Interaction types after Madec & Kubin 2017 as DAMASK numbers them (fcc: 1 self, 2 coplanar, 3 collinear, 4 Hirth, 5 and 6
// glissile, 7 Lomer; bcc: 1 self, 2 collinear, 3 coplanar): the exchange makes coplanar pairs collinear.
TEST(SlipMatch, CoplanarPairsBecomeCollinear) {
  const SlipMaps bcc = maps_of("bcc110"), fcc = maps_of("fcc");
  const SlipMatch m = match(bcc, fcc);
  const auto types = damask_slip_interaction_types(bcc.set), theirs = damask_slip_interaction_types(fcc.set);
  int pairs = 0;
  for (std::size_t i = 0; i < 12; ++i)
    for (std::size_t j = 0; j < 12; ++j) {
      const int type = types[i * 12 + j], there = theirs[std::size_t(m.of[i]) * 12 + std::size_t(m.of[j])];
      if (type > 3 && there > 3) continue;
      EXPECT_EQ(there, type == 1 ? 1 : type == 2 ? 2 : 3) << "coplanar " << i << " " << j;
      ++pairs;
    }
  EXPECT_EQ(pairs, 12 * (1 + 2 + 1));
}

TEST(SlipMatch, FamiliesOfOneNameMatchWhateverTheAxialRatio) {
  const SlipMaps some = maps_of("hcp18", 1.587), more = maps_of("hcp30", 1.624);
  const SlipMatch m = match(more, some);
  EXPECT_EQ(m.kinship, Kinship::kSame);
  int by_name = 0;
  for (const SlipSystem& s : more.set.systems)
    for (const std::string& family : some.set.families) by_name += more.set.families[std::size_t(s.family)] == family;
  EXPECT_EQ(m.systems, by_name);
  const SlipMatch whole = match(maps_of("bcc24"), maps_of("bcc110"));
  EXPECT_EQ(whole.kinship, Kinship::kSame);
  EXPECT_EQ(whole.systems, 12);
  EXPECT_EQ(describe(whole), "12 of 24 slip systems by name");
}

TEST(SlipMatch, AnotherCrystalSharesNothing) {
  const SlipMatch m = match(maps_of("hcp18", 1.6), maps_of("fcc"));
  EXPECT_EQ(m.kinship, Kinship::kNone);
  EXPECT_EQ(m.systems, 0);
  for (const int o : m.odd) EXPECT_EQ(o, -1);
  for (const int o : m.even) EXPECT_EQ(o, -1);
  EXPECT_EQ(describe(m), "no slip system");
}

}  // namespace
}  // namespace grainspin
