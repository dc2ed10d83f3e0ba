#include "grainspin/gather.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "stream_store.h"

namespace grainspin {

namespace {

constexpr std::int64_t kBlockFloats = 1024;          // two of 4 KB: stay in L1 beside the field's rows
constexpr std::int64_t kStreamFloats = 1 << 24;      // 64 MB: beyond what a consumer could find in a cache
constexpr std::int64_t kFloatsPerThread = 1 << 18;   // 1 MB: below, starting a thread costs more than it gives

// dst[n] = src[n] for the short runs of a patch: 16 bytes at a time, the last ones overlapping.
inline float* copy_run(float* dst, const float* src, int n) {
  if (n < 4) {
    for (int i = 0; i < n; ++i) dst[i] = src[i];
    return dst + n;
  }
  for (int i = 0; i + 4 <= n; i += 4) std::memcpy(dst + i, src + i, 16);
  std::memcpy(dst + n - 4, src + n - 4, 16);
  return dst + n;
}

struct Centre {
  int x, y, z;
};

Centre centre(Shape s, std::int64_t v) {
  return {int(v % s.nx), int(v / s.nx % s.ny), int(v / s.nx / s.ny)};
}

// One patch: whole runs along x where the cube does not leave the axis, else tap by tap.
void gather_one(const Neighbourhood& hood, int channels, const float* field, Centre at, float* patch) {
  const Shape s = hood.shape;
  const int r = hood.radius, side = 2 * r + 1;
  if (hood.mask || at.x < r || at.x + r >= s.nx) {
    for (int k = 0; k < taps(r); ++k)
      patch = copy_run(patch, field + tap(hood, at.x, at.y, at.z, k) * channels, channels);
    return;
  }
  for (int dz = -r; dz <= r; ++dz) {
    const std::int64_t plane = std::int64_t(fold(at.z + dz, s.nz, hood.boundaries.z)) * s.ny;
    for (int dy = -r; dy <= r; ++dy) {
      const std::int64_t row = (plane + fold(at.y + dy, s.ny, hood.boundaries.y)) * s.nx;
      patch = copy_run(patch, field + (row + at.x - r) * channels, side * channels);
    }
  }
}

void gather_range(const Neighbourhood& hood, int channels, const float* field, std::int64_t n,
                  const std::int64_t* centres, std::int64_t first, float* patches, bool streamed) {
  const std::int64_t size = std::int64_t(taps(hood.radius)) * channels;
  Centre at = centre(hood.shape, first);
  const auto next = [&](std::int64_t i) {
    if (centres) return centre(hood.shape, centres[i]);
    const Centre now = at;  // counted on: three divisions a voxel would cost as much as its copies
    if (++at.x == hood.shape.nx) {
      at.x = 0;
      if (++at.y == hood.shape.ny) at.y = 0, ++at.z;
    }
    return now;
  };
  if (!streamed) {
    for (std::int64_t i = 0; i < n; ++i) gather_one(hood, channels, field, next(i), patches + i * size);
    return;
  }
  LineWriter writer(patches, size, std::max<std::int64_t>(1, kBlockFloats / size));
  for (std::int64_t i = 0; i < n; ++i) {
    gather_one(hood, channels, field, next(i), writer.item());
    writer.item_done();
  }
  writer.finish();
}

}  // namespace

void check(const Neighbourhood& hood) {
  const Shape s = hood.shape;
  require(s.nx >= 1 && s.ny >= 1 && s.nz >= 1, Errc::kShape,
          "a grid has at least one voxel along each axis, not " + std::to_string(s.nx) + " x " +
              std::to_string(s.ny) + " x " + std::to_string(s.nz));
  require(hood.radius >= 0 && hood.radius <= 3, Errc::kArgument,
          "the radius of a neighbourhood is 0 to 3, not " + std::to_string(hood.radius));
}

void gather_patches(const Neighbourhood& hood, int channels, const float* field, std::int64_t n,
                    const std::int64_t* centres, std::int64_t first, float* patches, int threads) {
  check(hood);
  require(channels >= 1, Errc::kArgument, "a field has at least one channel");
  require(n >= 0 && (centres || (first >= 0 && first + n <= hood.shape.voxels())), Errc::kShape,
          "the voxels asked for are not all in the grid");
  const std::int64_t size = std::int64_t(taps(hood.radius)) * channels;
  const bool streamed = n * size >= kStreamFloats;
  const std::int64_t useful = std::max<std::int64_t>(1, n * size / kFloatsPerThread);
  const std::int64_t parts = std::clamp<std::int64_t>(threads, 1, useful);
  std::vector<std::jthread> workers;
  for (std::int64_t p = parts - 1; p >= 0; --p) {
    const std::int64_t lo = n * p / parts, hi = n * (p + 1) / parts;
    const auto part = [=] {
      gather_range(hood, channels, field, hi - lo, centres ? centres + lo : nullptr, centres ? 0 : first + lo,
                   patches + lo * size, streamed);
    };
    if (p) workers.emplace_back(part);
    else part();
  }
}

}  // namespace grainspin
