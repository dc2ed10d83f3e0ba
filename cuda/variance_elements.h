// What a block of threads does with one tile for the variance head (grainspin/variance.h): a template over the team of
// nonlocal_tile_elements.h, so that it runs without a GPU too.
//
// Reads a voxel's state and memory once more, 768 bytes of a step's 26 kB, for C + H + 2 rows of shared memory; warps then
// share the hidden numbers, and a fixed order of six partial sums gives every run the same bits.
#pragma once

#include "cuda/half.h"
#include "cuda/nonlocal_elements.h"
#include "cuda/nonlocal_launchers.h"
#include "grainspin/variance_inline.h"

namespace grainspin::cuda {

template <bool kHalf, class Team>
class TileVariance {
 public:
  GRAINSPIN_HD TileVariance(const VarianceStep& s, const Team& team, std::int64_t tile, float* scratch)
      : s_(s), team_(team), tile_(tile), at_(scratch) {}

  GRAINSPIN_HD void run() const {
    const int F = s_.features, D = s_.hidden;
    items(F, [&](int k) {
      team_.lanes([&](int v) { number(k, v) = (feature(k, v) - s_.numbers[k]) * s_.numbers[F + k]; });
    });
    team_.sync();
    const float *V = s_.numbers + 2 * F, *v0 = V + D * F, *U = v0 + D, *u0 = U + 4 * D;
    team_.each_warp([&](int w) {
      team_.lanes([&](int v) {
        float o[4] = {};
        for (int d = w; d < D; d += kTileWarps) {
          float a = v0[d];
          for (int k = 0; k < F; ++k) a += V[d * F + k] * number(k, v);
          a = std::tanh(a);
          for (int k = 0; k < 4; ++k) o[k] += U[k * D + d] * a;
        }
        for (int k = 0; k < 4; ++k) number(F + 4 * w + k, v) = o[k];
      });
    });
    team_.sync();
    items(3, [&](int i) {
      const VarianceLoad load = of_load();
      team_.lanes([&](int v) {
        if (tile_ * kTile + v >= s_.tiles.n) return;
        float o[4];
        for (int k = 0; k < 4; ++k) {
          o[k] = u0[k];
          for (int w = 0; w < kTileWarps; ++w) o[k] += number(F + 4 * w + k, v);
        }
        const Vec3<float> beyond = turned_beyond(v);
        const float v_i = i == 0 ? beyond.x : i == 1 ? beyond.y : beyond.z;
        s_.log_variance[3 * voxel(v) + i] = variance_component(o, load, i, v_i, square_of(beyond));
      });
    });
    team_.sync();  // the next tile overwrites
  }

 private:
  GRAINSPIN_HD float& number(int row, int v) const { return at_[row * kTile + v]; }
  // Lanes beyond the last voxel are copies of it.
  GRAINSPIN_HD std::int64_t voxel(int v) const {
    const std::int64_t i = tile_ * kTile + v, last = s_.tiles.n - 1, at = s_.tiles.first + (i < last ? i : last);
    return s_.tiles.voxels ? s_.tiles.voxels[at] : at;
  }
  template <class F>
  GRAINSPIN_HD void items(int n, const F& f) const {
    team_.each_warp([&](int w) {
      for (int i = w; i < n; i += kTileWarps) f(i);
    });
  }
  GRAINSPIN_HD static float square_of(const Vec3<float>& v) { return v.x * v.x + v.y * v.y + v.z * v.z; }
  // What voxel v turned by beyond the grid.
  GRAINSPIN_HD Vec3<float> turned_beyond(int v) const {
    const float *w = s_.increment + 3 * voxel(v), *W = s_.load->spin;
    return {w[0] - W[0], w[1] - W[1], w[2] - W[2]};
  }
  GRAINSPIN_HD VarianceLoad of_load() const {
    VarianceLoad load;
    float E[9];
    tensor_from(s_.load->drive, E);
    for (int i = 0; i < 3; ++i) {
      load.E[i] = E[4 * i];
      load.EE[i] = E[3 * i] * E[3 * i] + E[3 * i + 1] * E[3 * i + 1] + E[3 * i + 2] * E[3 * i + 2];
    }
    load.level = s_.load->size > 0 ? 2 * std::log(s_.load->size) : -30.0f;
    return load;
  }
  // Adapted coordinates are orthogonal ones: sums of squares are those on the slip systems.
  GRAINSPIN_HD float mean_square(const void* state, int channels, int c, int v) const {
    const int N = s_.shape.systems;
    const std::int64_t from = ((tile_ * channels + c) * N) * kTile + v;
    float sum = 0;
    for (int j = 0; j < N; ++j) {
      float x;
      if constexpr (kHalf) x = from_half(static_cast<const std::uint16_t*>(state)[from + std::int64_t(j) * kTile]);
      else x = static_cast<const float*>(state)[from + std::int64_t(j) * kTile];
      sum += x * x;
    }
    return sum / float(N);
  }
  GRAINSPIN_HD float feature(int k, int v) const {
    const int C = s_.shape.channels, last = s_.features - 1;
    if (k < C) return variance_log(mean_square(s_.x, C, k, v));
    if (k < last - 1) return k - C < s_.shape.memory ? mean_square(s_.h, s_.shape.memory, k - C, v) : 0.0f;  // without gates it is never filled
    if (k == last) return s_.load->log_size;
    const float s = s_.load->size;
    const Vec3<float> beyond = turned_beyond(v);
    return variance_log(s > 0 ? square_of(beyond) / (s * s) : 0.0f);
  }

  const VarianceStep& s_;
  const Team& team_;
  std::int64_t tile_;
  float* at_;
};

}  // namespace grainspin::cuda
