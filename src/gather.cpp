#include "grainspin/gather.h"

#include <algorithm>
#include <cstring>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "stream_runs.h"
#include "stream_store.h"

namespace grainspin {

namespace {

constexpr int kMaxTaps = taps(3);
constexpr std::int64_t kBlockFloats = 1024;          // two of 4 KB: stay in L1 beside the field's rows
constexpr std::int64_t kStreamFloats = 1 << 24;      // 64 MB: beyond what a consumer could find in a cache
constexpr std::int64_t kFloatsPerThread = 1 << 18;   // 1 MB: below, starting a thread costs more than it gives

// dst[n] = src[n] for the short runs of a patch: 16 bytes at a time, the last ones overlapping.
inline float* copy_run(float* dst, Run run) {
  const auto [src, n] = run;
  if (n < 4) {
    for (int i = 0; i < n; ++i) dst[i] = src[i];
  } else {
    for (int i = 0; i + 4 <= n; i += 4) std::memcpy(dst + i, src + i, 16);
    std::memcpy(dst + n - 4, src + n - 4, 16);
  }
  return dst + n;
}

struct Centre {
  int x, y, z;
};

Centre centre(Shape s, std::int64_t v) {
  return {int(v % s.nx), int(v / s.nx % s.ny), int(v / s.nx / s.ny)};
}

// Patches first, first + 1, ... or those of a list, each as the runs of floats that it is made of: whole rows of the
// cube where it does not leave the x axis, else tap by tap.
class PatchRuns {
 public:
  PatchRuns(const Neighbourhood& hood, int channels, const float* field, const std::int64_t* centres,
            std::int64_t first)
      : hood_(hood), channels_(channels), field_(field), centres_(centres), at_(centre(hood.shape, first)) {}

  // Appends the next patch at `out`, which has room for a run a tap; returns the end.
  Run* next(Run* out) {
    const Shape s = hood_.shape;
    const int r = hood_.radius, side = 2 * r + 1;
    if (centres_) at_ = centre(s, *centres_++), known_ = false;
    if (hood_.mask || at_.x < r || at_.x + r >= s.nx) {
      for (int k = 0; k < taps(r); ++k)
        *out++ = {field_ + tap(hood_, at_.x, at_.y, at_.z, k) * channels_, channels_};
    } else {
      if (!known_) find_rows();
      const std::int64_t x = std::int64_t(at_.x - r) * channels_;
      for (int d = 0; d < side * side; ++d) *out++ = {rows_[d] + x, side * channels_};
    }
    if (!centres_ && ++at_.x == s.nx) {  // counted on: divisions would cost as much as the copies
      at_.x = 0, known_ = false;
      if (++at_.y == s.ny) at_.y = 0, ++at_.z;
    }
    return out;
  }

 private:
  void find_rows() {
    const Shape s = hood_.shape;
    const int r = hood_.radius, side = 2 * r + 1;
    for (int d = 0; d < side * side; ++d) {
      const std::int64_t z = fold(at_.z + d / side - r, s.nz, hood_.boundaries.z);
      rows_[d] = field_ + (z * s.ny + fold(at_.y + d % side - r, s.ny, hood_.boundaries.y)) * s.nx * channels_;
    }
    known_ = true;
  }

  const Neighbourhood& hood_;
  int channels_;
  const float* field_;
  const std::int64_t* centres_;
  Centre at_;
  bool known_ = false;        // rows_ are those of the line of at_
  const float* rows_[49];     // the cube's rows at x = 0
};

void gather_range(PatchRuns patches, std::int64_t n, float* out) {
  Run runs[kMaxTaps];
  for (std::int64_t i = 0; i < n; ++i) {
    const Run* end = patches.next(runs);
    for (const Run* run = runs; run < end; ++run) out = copy_run(out, *run);
  }
}

// The same, written past the caches.
void gather_range_streamed(PatchRuns patches, std::int64_t n, std::int64_t size, float* out) {
#if GRAINSPIN_STREAM_RUNS
  if (can_stream_runs()) {
    constexpr int kMany = 1024;
    Run runs[kMany + kMaxTaps];
    RunStream stream(out);
    for (std::int64_t i = 0; i < n;) {
      Run* end = runs;
      while (i < n && end - runs < kMany) end = patches.next(end), ++i;
      stream.append(runs, int(end - runs));
    }
    return stream.finish();
  }
#endif
  Run runs[kMaxTaps];
  LineWriter writer(out, size, std::max<std::int64_t>(1, kBlockFloats / size));
  for (std::int64_t i = 0; i < n; ++i) {
    const Run* end = patches.next(runs);
    float* item = writer.item();
    for (const Run* run = runs; run < end; ++run) item = copy_run(item, *run);
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
    const auto part = [=, &hood] {
      const PatchRuns runs(hood, channels, field, centres ? centres + lo : nullptr, centres ? 0 : first + lo);
      if (streamed) gather_range_streamed(runs, hi - lo, size, patches + lo * size);
      else gather_range(runs, hi - lo, patches + lo * size);
    };
    if (p) workers.emplace_back(part);
    else part();
  }
}

}  // namespace grainspin
