// The kernels of tile_kernels.h one by one: products exact where bf16 is, activations against tanh, patches and embeddings against
// their definition, conversions against their bounds. Whole runs: engine_bf16_test.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "src/activation_halves.h"
#include "src/bf16.h"
#include "src/block_network.h"
#include "src/tile_kernels.h"
#include "tests/local_oracle.h"

namespace grainspin {
namespace {

using testing::random_model;
using testing::random_orientations;

TEST(Halves, RoundToTheNearest) {
  // IEEE 754 binary16: 1 is 0x3c00, the largest 65504 is 0x7bff, the smallest normal 2^-14 0x0400, the smallest 2^-24 0x0001.
  EXPECT_EQ(half(1), 0x3c00);
  EXPECT_EQ(half(-2), 0xc000);
  EXPECT_EQ(half(65504), 0x7bff);
  EXPECT_EQ(half(std::ldexp(1, -14)), 0x0400);
  EXPECT_EQ(half(std::ldexp(1, -24)), 0x0001);
  EXPECT_EQ(half(1 + 0.4 / 1024), 0x3c00);
  EXPECT_EQ(half(1 + 0.6 / 1024), 0x3c01);
  EXPECT_EQ(half(0), 0);
  for (const int h : {0x0000, 0x0001, 0x03ff, 0x0400, 0x3bff, 0x3c00, 0x7bff, 0x8001, 0xbc01})
    EXPECT_EQ(half(from_half(std::uint16_t(h))), h);
}

class TileNetworkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const RecurrentKernels* k : recurrent_kernels_bf16())
      if (k->tiles) kernels_ = k;
    if (!kernels_) GTEST_SKIP() << "this processor has no tiles, or no arithmetic in fp16";
  }
  const RecurrentKernels* kernels_ = nullptr;
};

TEST_F(TileNetworkTest, ActivationsAreWithinTheirBound) {
  constexpr int kCount = 1 << 14;
  const AlignedFloats sums(kCount);
  std::vector<float> x(kCount);
  const AlignedFloats out(kCount / 2);
  for (int i = 0; i < kCount; ++i) {
    x[std::size_t(i)] = float(double(i) / kCount * 24 - 12);
    sums.get()[i] = kWholeOffset + std::rint(float(kHalfUnit) * x[std::size_t(i)]);
  }
  const auto* y = reinterpret_cast<const std::uint16_t*>(out.get());
  kernels_->tiles->tanh(kCount, sums.get(), reinterpret_cast<std::uint16_t*>(out.get()));
  for (int n = 0; n < kCount; n += 32)
    for (int j = 0; j < 4; ++j)
      for (int i = 0; i < 8; ++i) {
        const int from = n + 4 * j + i % 4 + (i < 4 ? 0 : 16);
        ASSERT_NEAR(from_half(y[n + 8 * j + i]), std::tanh(double(x[std::size_t(from)])), 7e-4) << "at " << x[std::size_t(from)];
      }
}

// Weights of 16 bits in two parts of bf16, a state that bf16 holds: what is off is the rounding of sums in fp32.
TEST_F(TileNetworkTest, HeadsAreExactToFp32) {
  for (const int groups : {1, 2, 3, 8}) {
    const int rows = 12, hidden = 32 * groups;
    const AlignedFloats weight(groups * 512), bias(16), h(groups * kBlock * 16), out(rows * kBlock);
    auto* w = reinterpret_cast<std::uint16_t*>(weight.get());
    auto* state = reinterpret_cast<std::uint16_t*>(h.get());
    const auto value = [](int r, int k) { return double((r * 31 + k * 7) % 41 - 20) + 1.0 / 256; };  // needs what bf16 leaves
    for (int rest = 0; rest < 2; ++rest)
      for (int t = 0; t < groups; ++t)
        for (int pair = 0; pair < 16; ++pair)
          for (int r = 0; r < 16; ++r)
            for (int e = 0; e < 2; ++e) {
              const float v = float(value(r, 32 * t + 2 * pair + e));
              w[((((rest * groups + t) * 16) + pair) * 16 + r) * 2 + e] = bf16(rest ? v - from_bf16(bf16(v)) : v);
            }
    for (int r = 0; r < 16; ++r) bias.get()[r] = float(r) / 4;
    for (int t = 0; t < groups; ++t)
      for (int v = 0; v < kBlock; ++v)
        for (int u = 0; u < 32; ++u) state[(t * kBlock + v) * 32 + u] = bf16(float((v * 5 + (32 * t + u) * 3) % 17 - 8) / 8);
    kernels_->tiles->begin();
    kernels_->tiles->heads(rows, groups, w, bias.get(), state, out.get());
    kernels_->tiles->end();
    for (int r = 0; r < rows; ++r)
      for (int v = 0; v < kBlock; ++v) {
        double want = r / 4.0;
        for (int k = 0; k < hidden; ++k) want += value(r, k) * (((v * 5 + k * 3) % 17 - 8) / 8.0);
        ASSERT_NEAR(out.get()[r * kBlock + v], want, 1e-3) << "row " << r << ", voxel " << v << ", " << groups << " groups";
      }
  }
}

// Every boundary, a mask, blocks that end within a row: the patch of each voxel is its neighbours' embeddings, tap after tap; where it
// is multiplied once, then what bf16 left of them, so that both together are the embedding to 2^-16.
TEST_F(TileNetworkTest, PatchesAreTheNeighboursEmbeddings) {
  for (const Shape shape : {Shape{7, 5, 3}, Shape{67, 2, 2}})  // blocks of several rows, and within one
    for (const char* group : {"432", "622", "422"})
      for (const int radius : {0, 1, 2})
        for (const auto& [masked, feedback] : {std::pair{false, Feedback::kInitial}, {true, Feedback::kInitial}, {true, Feedback::kNeighbours}}) {
          const std::int64_t n = shape.voxels();
          const Model model = random_model({Cell::kLstm, 1, 32, radius, feedback}, group, 2, 1);
          const auto net = block_network(model, *kernels_);
          const auto q = random_orientations(n, 3);
          const EmbeddingSpec& spec = embedding(PointGroup::named(group));
          std::vector<float> want(std::size_t(n * spec.size));
          embed(spec, n, q.data(), want.data());
          const AlignedFloats e(net->embedded_floats(n)), patch(net->patch_floats());
          net->embed(0, n, n, q.data(), e.get());
          std::vector<std::uint8_t> mask(std::size_t(n), 1);
          for (std::size_t i = 0; i < mask.size(); i += 3) mask[i] = 0;
          const Region region = whole(shape, {});
          const RegionTaps taps(region, radius);
          const int side = 2 * radius + 1, count = side * side * side, columns = count * spec.size, tiled = (columns + 31) / 32 * 32, parts = feedback == Feedback::kInitial ? 2 : 1;
          for (std::int64_t first = 0; first < n; first += kBlock) {
            const Lanes lanes(region, inner_box(region), first);
            net->gather(taps, lanes, masked ? mask.data() : nullptr, e.get(), n, patch.get());
            const auto* rows = reinterpret_cast<const std::uint16_t*>(patch.get());
            for (int v = 0; v < kBlock; ++v) {
              const auto [x, y, z] = lanes.at[std::size_t(v)];
              for (int k = 0; k < tiled; ++k) {
                const std::uint16_t* got = rows + v * tiled * parts + k;
                if (k >= columns) {
                  ASSERT_EQ(got[0], 0) << "behind the last column";
                  ASSERT_EQ(got[tiled * (parts - 1)], 0) << "behind the last column";
                  continue;
                }
                const int tap = k / spec.size, c = k % spec.size;
                const auto wrap = [](int i, int extent) { return (i + extent) % extent; };
                std::int64_t at = (std::int64_t(wrap(z + tap / side / side - radius, shape.nz)) * shape.ny + wrap(y + tap / side % side - radius, shape.ny)) * shape.nx +
                                  wrap(x + tap % side - radius, shape.nx);
                if (masked && !mask[std::size_t(at)]) at = lanes.place[std::size_t(v)];
                const double value = (want[std::size_t(at * spec.size + c)] - model.spec.input_mean[std::size_t(c)]) / double(model.spec.input_scale[std::size_t(c)]);
                ASSERT_NEAR(from_bf16(got[0]), value, std::abs(value) / 256 + 1e-6) << group << ", radius " << radius << ", voxel " << first + v << ", column " << k;
                const double whole = double(from_bf16(got[0])) + (parts == 2 ? double(from_bf16(got[tiled])) : value - double(from_bf16(got[0])));
                ASSERT_NEAR(whole, value, std::abs(value) / 65536 + 2e-6) << group << ", voxel " << first + v << ", column " << k;
              }
            }
          }
        }
}

}  // namespace
}  // namespace grainspin
