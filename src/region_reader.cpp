#include "region_reader.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace grainspin {
namespace {

constexpr std::int64_t kPart = 1 << 20;  // voxels read at once, so that a source that converts needs no second grid

int wrapped(int i, int n) { return (i % n + n) % n; }

// Calls part(begin on the axis, offset in the stretch, count) for the runs of a stretch that lie together.
template <class F>
void runs(const Stretch& s, int n, F&& part) {
  for (int done = 0; done < s.region_count;) {
    const int begin = wrapped(s.region_begin + done, n), count = std::min(n - begin, s.region_count - done);
    part(begin, done, count);
    done += count;
  }
}

}  // namespace

void RegionReader::from_source(std::int64_t begin, std::int64_t count, float* q) {
  const auto start = std::chrono::steady_clock::now();
  for (std::int64_t done = 0; done < count; done += kPart)
    source_.read(begin + done, std::min(kPart, count - done), q + done * 4);
  seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  bytes_ += count * 16;
}

void RegionReader::read(const std::array<Stretch, 3>& s, float* q, std::uint8_t* mask) {
  const bool whole_rows = s[0].region_begin == 0 && s[0].region_count == shape_.nx,
             whole_planes = whole_rows && s[1].region_begin == 0 && s[1].region_count == shape_.ny;
  const std::int64_t row = shape_.nx, plane = row * shape_.ny, region_row = s[0].region_count,
                     region_plane = region_row * s[1].region_count;
  if (!whole_rows && plane_size_ < row * s[1].region_count) {
    plane_size_ = row * s[1].region_count;
    plane_ = AlignedFloats(plane_size_ * 4);
  }
  runs(s[2], shape_.nz, [&](int z0, int dz0, int layers) {
    if (whole_planes) {
      from_source(z0 * plane, layers * plane, q + dz0 * plane * 4);
      if (mask) std::copy_n(mask_.begin() + z0 * plane, layers * plane, mask + dz0 * plane);
      return;
    }
    for (int layer = 0; layer < layers; ++layer)
      runs(s[1], shape_.ny, [&](int y, int dy, int rows) {
        const std::int64_t from = (z0 + layer) * plane + y * row, to = (dz0 + layer) * region_plane + dy * region_row;
        if (whole_rows) {
          from_source(from, rows * row, q + to * 4);
        } else {
          from_source(from, rows * row, plane_.get());
          for (std::int64_t r = 0; r < rows; ++r)
            runs(s[0], shape_.nx, [&](int x, int dx, int count) {
              std::memcpy(q + (to + r * region_row + dx) * 4, plane_.get() + (r * row + x) * 4, std::size_t(count) * 16);
            });
        }
        if (mask)
          for (std::int64_t r = 0; r < rows; ++r)
            runs(s[0], shape_.nx, [&](int x, int dx, int count) {
              std::copy_n(mask_.begin() + from + r * row + x, count, mask + to + r * region_row + dx);
            });
      });
  });
}

}  // namespace grainspin
