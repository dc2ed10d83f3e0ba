// Mirrors include/grainspin/grid.h.
#include "grainspin/grid.h"

#include <gtest/gtest.h>

namespace grainspin {
namespace {

TEST(Grid, FoldWalksBackOntoTheAxis) {
  for (int n = 1; n <= 5; ++n) {
    int periodic = 0;  // counted down from 0, one voxel at a time, and up again
    for (int i = 0; i >= -17; --i, periodic = periodic == 0 ? n - 1 : periodic - 1) {
      EXPECT_EQ(fold(i, n, Boundary::kPeriodic), periodic) << i << " of " << n;
      EXPECT_EQ(fold(i, n, Boundary::kClamped), 0);
    }
    periodic = 0;
    for (int i = 0; i <= 17; ++i, periodic = periodic == n - 1 ? 0 : periodic + 1) {
      EXPECT_EQ(fold(i, n, Boundary::kPeriodic), periodic) << i << " of " << n;
      EXPECT_EQ(fold(i, n, Boundary::kClamped), i < n ? i : n - 1);
    }
  }
}

TEST(Grid, TapsCountTheCube) {
  EXPECT_EQ(taps(0), 1);
  EXPECT_EQ(taps(1), 27);
  EXPECT_EQ(taps(2), 125);
  EXPECT_EQ(taps(3), 343);
}

TEST(Grid, TheMiddleTapIsTheVoxelItself) {
  const Shape s{4, 3, 5};
  for (int r = 0; r <= 3; ++r)
    for (int z = 0; z < s.nz; ++z)
      for (int y = 0; y < s.ny; ++y)
        for (int x = 0; x < s.nx; ++x)
          EXPECT_EQ(tap(s, {}, x, y, z, r, taps(r) / 2), (z * s.ny + y) * s.nx + x);
}

TEST(Grid, CountsBeyond32Bits) {
  const Shape s{2048, 2048, 2048};
  EXPECT_EQ(s.voxels(), std::int64_t(8589934592));
  EXPECT_EQ(tap(s, {}, 2047, 2047, 2047, 1, 13), std::int64_t(8589934591));
  EXPECT_EQ(tap(s, {}, 2047, 2047, 2047, 1, 26), 0);  // one beyond the last corner: the first voxel
}

}  // namespace
}  // namespace grainspin
