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

// dst[n] = src[n] for the short runs of a patch, kWide floats at a time, the last ones overlapping.
template <int kWide>
[[gnu::always_inline]] inline float* copy_run(float* dst, const float* src, int n) {
  typedef float Wide __attribute__((vector_size(kWide * sizeof(float)), aligned(4), may_alias));
  if (n >= kWide) {
    for (int i = 0; i + kWide <= n; i += kWide)
      *reinterpret_cast<Wide*>(dst + i) = *reinterpret_cast<const Wide*>(src + i);
    *reinterpret_cast<Wide*>(dst + n - kWide) = *reinterpret_cast<const Wide*>(src + n - kWide);
  } else if constexpr (kWide > 4) {
    copy_run<kWide / 2>(dst, src, n);
  } else {
    for (int i = 0; i < n; ++i) dst[i] = src[i];
  }
  return dst + n;
}

struct Centre {
  int x, y, z;
};

Centre centre(Shape s, std::int64_t v) {
  return {int(v % s.nx), int(v / s.nx % s.ny), int(v / s.nx / s.ny)};
}

// One patch tap by tap: any mask, any face.
float* gather_taps(const Neighbourhood& hood, int channels, const float* field, Centre at, float* patch) {
  for (int k = 0; k < taps(hood.radius); ++k)
    patch = copy_run<4>(patch, field + tap(hood, at.x, at.y, at.z, k) * channels, channels);
  return patch;
}

// What a range of patches is, and where it goes: through `writer` past the caches, or straight.
struct Job {
  const Neighbourhood& hood;
  int channels;
  const float* field;
  std::int64_t n;
  const std::int64_t* centres;
  std::int64_t first;
  float* patches;
  LineWriter* writer;
};

// Whole runs along x where the cube does not leave the axis. The rows of the cube are looked up once a line of
// the grid.
template <int kWide>
[[gnu::always_inline]] inline void gather_range(const Job& job) {
  constexpr int kMaxRows = 49;
  const Neighbourhood& hood = job.hood;
  const Shape s = hood.shape;
  const int r = hood.radius, side = 2 * r + 1, run = side * job.channels;
  const std::int64_t size = std::int64_t(taps(r)) * job.channels;
  const float* rows[kMaxRows];
  Centre at = centre(s, job.first);
  bool known = false;  // rows are those of the line of `at`
  float* patch = job.patches;
  for (std::int64_t i = 0; i < job.n; ++i) {
    if (job.centres) at = centre(s, job.centres[i]), known = false;
    if (job.writer) patch = job.writer->item();
    if (hood.mask || at.x < r || at.x + r >= s.nx) {
      gather_taps(hood, job.channels, job.field, at, patch);
    } else {
      if (!known)
        for (int d = 0; d < side * side; ++d) {
          const std::int64_t z = fold(at.z + d / side - r, s.nz, hood.boundaries.z);
          rows[d] = job.field + (z * s.ny + fold(at.y + d % side - r, s.ny, hood.boundaries.y)) * s.nx * job.channels;
        }
      known = true;
      float* to = patch;
      const std::int64_t x = std::int64_t(at.x - r) * job.channels;
      for (int d = 0; d < side * side; ++d) to = copy_run<kWide>(to, rows[d] + x, run);
    }
    if (job.writer) job.writer->item_done();
    else patch += size;
    if (!job.centres && ++at.x == s.nx) {
      at.x = 0, known = false;
      if (++at.y == s.ny) at.y = 0, ++at.z;
    }
  }
}

void gather_range_4(const Job& job) { gather_range<4>(job); }
#if defined(__x86_64__)
[[gnu::target("avx2")]] void gather_range_8(const Job& job) { gather_range<8>(job); }
[[gnu::target("avx512f")]] void gather_range_16(const Job& job) { gather_range<16>(job); }
#endif

void gather_range(const Job& job) {
  static const auto best = [] {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return gather_range_16;
    if (__builtin_cpu_supports("avx2")) return gather_range_8;
#endif
    return gather_range_4;
  }();
  best(job);
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
    const auto part = [=, &hood] {
      Job job{hood, channels, field, hi - lo, centres ? centres + lo : nullptr, centres ? 0 : first + lo,
              patches + lo * size, nullptr};
      if (!streamed) return gather_range(job);
      LineWriter writer(job.patches, size, std::max<std::int64_t>(1, kBlockFloats / size));
      job.writer = &writer;
      gather_range(job);
      writer.finish();
    };
    if (p) workers.emplace_back(part);
    else part();
  }
}

}  // namespace grainspin
