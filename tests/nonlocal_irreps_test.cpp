// Mirrors src/nonlocal_irreps.h: in adapted coordinates every orbit matrix is its blocks, and the kinds of parts are
// those of the group's characters.
#include "nonlocal_irreps.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "grainspin/orbits.h"

namespace grainspin {
namespace {

using Matrices = std::vector<std::vector<double>>;

// The basis matrices of the signed (odd) or plain orbits of a slip set under a group.
Matrices matrices_of(const SlipSet& set, const std::string& group, bool odd) {
  const SlipAction action = slip_action(set, PointGroup::named(group));
  const std::size_t entries = std::size_t(set.count()) * set.count();
  const SignedOrbits s = signed_pair_orbits(action);
  const Orbits p = pair_orbits(action);
  Matrices all(std::size_t(odd ? s.count : p.count), std::vector<double>(entries, 0));
  for (std::size_t e = 0; e < entries; ++e) {
    const int of = odd ? s.of[e] : p.of[e];
    if (of >= 0) all[of][e] = odd ? s.sign[e] : 1;
  }
  return all;
}

void expect_blocks(const AdaptedBasis& b, const Matrices& matrices) {
  const int n = b.n;
  int covered = 0, numbers = 0;
  for (const IrrepKind& k : b.kinds) {
    EXPECT_EQ(k.first, covered);
    covered += k.multiplicity * k.dimension;
    numbers += k.multiplicity * k.multiplicity;
  }
  EXPECT_EQ(covered, n);
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) {
      double dot = 0;
      for (int k = 0; k < n; ++k) dot += b.U[i * n + k] * b.U[j * n + k];
      ASSERT_NEAR(dot, i == j, 1e-10);
    }
  ASSERT_EQ(b.blocks.size(), matrices.size());
  for (std::size_t o = 0; o < matrices.size(); ++o) {
    ASSERT_EQ(int(b.blocks[o].size()), numbers);
    std::vector<double> D(std::size_t(n) * n, 0), DU = D, back = D;  // U^T D U is the matrix
    int at = 0;
    for (const IrrepKind& k : b.kinds)
      for (int p = 0; p < k.multiplicity; ++p)
        for (int q = 0; q < k.multiplicity; ++q, ++at)
          for (int i = 0; i < k.dimension; ++i)
            D[(k.first + p * k.dimension + i) * n + k.first + q * k.dimension + i] = b.blocks[o][at];
    for (int i = 0; i < n; ++i)
      for (int k = 0; k < n; ++k)
        for (int j = 0; j < n; ++j) DU[i * n + j] += D[i * n + k] * b.U[k * n + j];
    for (int i = 0; i < n; ++i)
      for (int k = 0; k < n; ++k)
        for (int j = 0; j < n; ++j) back[i * n + j] += b.U[k * n + i] * DU[k * n + j];
    for (int e = 0; e < n * n; ++e) ASSERT_NEAR(back[e], matrices[o][e], 1e-9);
  }
}

// Sum of squared multiplicities is the number of matrices, so no smaller blocks exist.
TEST(AdaptedBasis, EverySlipSetFallsIntoTheSmallestBlocks) {
  for (const char* name : {"fcc", "fcc18", "bcc24", "bcc48", "hcp18", "hcp24", "hcp30", "hcp39"})
    for (const bool odd : {true, false}) {
      SCOPED_TRACE(std::string(name) + (odd ? ", odd" : ", even"));
      const SlipSet set = named_slip_set(name, 1.6);
      const Matrices matrices = matrices_of(set, set.point_group, odd);
      const AdaptedBasis basis = adapted_basis(set.count(), matrices);
      EXPECT_FALSE(basis.identity);
      std::size_t numbers = 0;
      for (const IrrepKind& k : basis.kinds) numbers += std::size_t(k.multiplicity * k.multiplicity);
      EXPECT_EQ(numbers, matrices.size());
      expect_blocks(basis, matrices);
    }
}

// Characters of 432 on the 12 FCC systems: 12 at the identity, -2 (odd) or 2 (even) at the six half turns about <110>,
// else 0. With the group's table: odd is A2 + E + 2 T1 + T2, even A1 + E + T1 + 2 T2.
TEST(AdaptedBasis, KindsOfFcc) {
  const SlipSet set = named_slip_set("fcc");
  for (const bool odd : {true, false}) {
    std::vector<std::pair<int, int>> kinds;  // dimension, multiplicity
    for (const IrrepKind& k : adapted_basis(12, matrices_of(set, "432", odd)).kinds)
      kinds.push_back({k.dimension, k.multiplicity});
    std::sort(kinds.begin(), kinds.end());
    EXPECT_EQ(kinds, (std::vector<std::pair<int, int>>{{1, 1}, {2, 1}, {3, 1}, {3, 2}}));
  }
}

// Rotation groups without the half turns across: parts come in pairs of complex type.
TEST(AdaptedBasis, NaturalWhereNoBlocksOfThisFormExist) {
  const SlipSet set = named_slip_set("fcc");
  for (const char* group : {"23", "4"}) {
    const Matrices matrices = matrices_of(set, group, true);
    const AdaptedBasis basis = adapted_basis(12, matrices);
    EXPECT_TRUE(basis.identity) << group;
    expect_blocks(basis, matrices);
  }
}

}  // namespace
}  // namespace grainspin
