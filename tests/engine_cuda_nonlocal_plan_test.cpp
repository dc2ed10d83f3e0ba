// Mirrors src/engine_cuda_nonlocal_plan.cpp: memory of large grids; and what nonlocal_tasks.cpp counts.
#include "engine_cuda_nonlocal_plan.h"

#include <gtest/gtest.h>

#include "engine_cuda_nonlocal_weights.h"
#include "nonlocal_oracle.h"

namespace grainspin {
namespace {

NonlocalSpec shipped() {
  NonlocalSpec s;  // the defaults, and the polarisations of the shipped model
  s.polarisations = 4;
  s.phases = {testing::named_phase("fcc")};
  return s;
}

std::int64_t bytes_of(const NonlocalSpec& s, int edge, bool half, bool listed, bool variance = false) {
  const Shape cube{edge, edge, edge};
  WorkspaceSize size{{cube.voxels()}, {12}, listed, half, 13, 0, 0, variance};
  return workspace_of(s, {cube, cube, {}}, size).bytes;
}

// By hand, numbers a voxel: state 12 (12 + 4), fields 33, orientation 4, outputs 9, spins 3; 20 sums in double a tile.
TEST(CudaNonlocalPlan, BytesAVoxelAreTheSumOfItsParts) {
  const double voxels = 512.0 * 512 * 512;
  const double padding = 33 * 4 * 2 / 512.0;  // of real rows
  EXPECT_NEAR(double(bytes_of(shipped(), 512, false, false)) / voxels, 4 * (192 + 33 + 4 + 9 + 3) + 5 + padding, 0.01);
  EXPECT_NEAR(double(bytes_of(shipped(), 512, true, false)) / voxels, 2 * 192 + 4 * (33 + 4 + 9 + 3) + 5 + padding, 0.01);
  EXPECT_NEAR(double(bytes_of(shipped(), 512, false, true) - bytes_of(shipped(), 512, false, false)) / voxels, 8, 0.01);
  EXPECT_NEAR(double(bytes_of(shipped(), 512, false, false, true) - bytes_of(shipped(), 512, false, false)) / voxels, 12, 0.01);
}

// By hand for the shipped model: nine sweeps with 2 x 576 + 192 + 16 bytes; eight passes with 80 out, 128 in, 24 in and out,
// 52 transforms of 3 x 8, the operator 216; the end 192 + 28 + 100.
TEST(CudaNonlocalPlan, CompulsoryTrafficOfAStep) {
  EXPECT_EQ(compulsory_bytes(shipped(), 12, false), 9 * (1152 + 192 + 16) + 8 * (80 + 128 + 24 + 52 * 24 + 216) + 320);
  EXPECT_EQ(compulsory_bytes(shipped(), 12, false) - compulsory_bytes(shipped(), 12, true), 9 * (576 + 96) + 96);
}

// 139 GiB, less two work areas of four channels each (cuFFT asks for less in place, batches are of one channel there).
TEST(CudaNonlocalPlan, TheLargestGridsOfAnH200) {
  const std::int64_t room = std::int64_t(139) << 30;
  const auto fits = [&](int edge, bool half) {
    const cuda::Spectrum spectrum = spectrum_of({edge, edge, edge});
    EXPECT_EQ(spectral_of(spectrum).inverse_batch, 1);
    return bytes_of(shipped(), edge, half, true) + 8 * spectrum.channel() * 4 <= room;
  };
  EXPECT_TRUE(fits(512, false));
  EXPECT_FALSE(fits(540, false));
  EXPECT_TRUE(fits(600, true));
  EXPECT_FALSE(fits(640, true));
}

// Smallest slip set with parts of dimensions 1, 2, 3 and one kind twice: 18 products for a pair of channels in the place of 144.
TEST(CudaNonlocalPlan, WorkOfAStepIsAQuarterOfTheDenseMaps) {
  const NonlocalSpec s = shipped();
  Packed packed;
  const ModelPlace place = pack(testing::random_nonlocal(s, 2, 3), packed);
  const auto dense = [](int rows, int columns) { return std::int64_t(rows) * columns * 144; };
  const std::int64_t pass = dense(12, 20) + dense(12, 24) + dense(12, 12) + 20 * 144;
  const std::int64_t start = dense(12, 13) + dense(12, 17) + dense(12, 12);
  const std::int64_t head = dense(12, 12) + dense(12, 16) + 8 * 144 + 2 * dense(4, 16);
  EXPECT_LT(4 * place.phases[0].work, 8 * pass + start + head);
  // maps by blocks, changes of coordinates (x, |x| and drives; two from, one to) and the drives
  const std::int64_t maps = (12 * 20 + 12 * 24 + 12 * 12) * 18, changes = (12 + 20 + 3 * 12) * 144, drives = 4 * 192;
  EXPECT_GE(place.phases[0].work, 8 * (maps + changes + drives));
}

}  // namespace
}  // namespace grainspin
