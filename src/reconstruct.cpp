#include "grainspin/reconstruct.h"

#include <algorithm>
#include <cstring>

#include "aligned.h"
#include "reconstruct_whole.h"
#include "tiling.h"

namespace grainspin {
namespace {

int wrapped(int i, int n) {
  return (i % n + n) % n;
}

// Calls part(begin on the axis, offset in the stretch, count) for the runs of a stretch that lie together.
template <class F>
void runs(const Stretch& s, int n, F&& part) {
  for (int done = 0; done < s.region_count;) {
    const int begin = wrapped(s.region_begin + done, n), count = std::min(n - begin, s.region_count - done);
    part(begin, done, count);
    done += count;
  }
}

// Brings the voxels of a tile's region together. Rows are read whole: sources like long reads.
class RegionReader {
 public:
  RegionReader(OrientationSource& source, const std::vector<std::uint8_t>& mask)
      : source_(source), mask_(mask), shape_(source.shape()) {}

  void read(const std::array<Stretch, 3>& s, float* q, std::uint8_t* mask) {
    const bool whole_rows = s[0].region_begin == 0 && s[0].region_count == shape_.nx;
    if (!whole_rows && plane_size_ < std::int64_t(shape_.nx) * s[1].region_count) {
      plane_size_ = std::int64_t(shape_.nx) * s[1].region_count;
      plane_ = AlignedFloats(plane_size_ * 4);
    }
    for (int dz = 0; dz < s[2].region_count; ++dz) {
      const std::int64_t z = wrapped(s[2].region_begin + dz, shape_.nz);
      runs(s[1], shape_.ny, [&](int y, int dy, int rows) {
        const std::int64_t from = (z * shape_.ny + y) * shape_.nx,
                           to = (std::int64_t(dz) * s[1].region_count + dy) * s[0].region_count;
        if (whole_rows) {
          source_.read(from, std::int64_t(rows) * shape_.nx, q + to * 4);
        } else {
          source_.read(from, std::int64_t(rows) * shape_.nx, plane_.get());
          for (std::int64_t r = 0; r < rows; ++r)
            runs(s[0], shape_.nx, [&](int x, int dx, int count) {
              std::memcpy(q + (to + r * s[0].region_count + dx) * 4, plane_.get() + (r * shape_.nx + x) * 4,
                          std::size_t(count) * 16);
            });
        }
        if (mask)
          for (std::int64_t r = 0; r < rows; ++r)
            runs(s[0], shape_.nx, [&](int x, int dx, int count) {
              std::copy_n(mask_.begin() + from + r * shape_.nx + x, count,
                          mask + to + r * s[0].region_count + dx);
            });
      });
    }
  }

 private:
  OrientationSource& source_;
  const std::vector<std::uint8_t>& mask_;
  Shape shape_;
  AlignedFloats plane_;
  std::int64_t plane_size_ = 0;
};

}  // namespace

ReconstructPlan plan_reconstruction(const Surrogate& surrogate, Shape shape,
                                    const ReconstructOptions& options) {
  if (surrogate.spec().family == Family::kNonlocal) return plan_whole(surrogate, shape, options);
  const Tiling t = choose_tiling(surrogate, shape, options);
  ReconstructPlan plan;
  plan.tile = t.tile;
  plan.halo = reach(surrogate.spec());
  plan.tiles =
      std::int64_t(t.axis[0].size()) * std::int64_t(t.axis[1].size()) * std::int64_t(t.axis[2].size());
  plan.bytes = t.bytes;
  plan.voxel_steps = t.cost;
  return plan;
}

void reconstruct(const Surrogate& surrogate, OrientationSource& source, OrientationSink& sink,
                 const ReconstructOptions& options) {
  if (surrogate.spec().family == Family::kNonlocal) return reconstruct_whole(surrogate, source, sink, options);
  const Tiling tiling = choose_tiling(surrogate, source.shape(), options);
  const int steps = surrogate.spec().steps();
  const double tiles =
      double(tiling.axis[0].size()) * double(tiling.axis[1].size()) * double(tiling.axis[2].size());
  double done = 0;
  const auto report = [&](double fraction) {
    require(!options.progress || options.progress(std::min(1.0, fraction), "predict"), Errc::kInterrupted,
            "stopped on request");
  };
  RegionReader reader(source, options.mask);
  std::int64_t largest = 0;
  for (const Stretch& z : tiling.axis[2])
    for (const Stretch& y : tiling.axis[1])
      for (const Stretch& x : tiling.axis[0])
        largest = std::max(largest, region_of({x, y, z}).shape.voxels());
  const AlignedFloats q(largest * 4);
  std::vector<std::uint8_t> mask(options.mask.empty() ? 0 : std::size_t(largest));

  report(0);
  for (const Stretch& z : tiling.axis[2])
    for (const Stretch& y : tiling.axis[1])
      for (const Stretch& x : tiling.axis[0]) {
        const Region region = region_of({x, y, z});
        reader.read({x, y, z}, q.get(), mask.empty() ? nullptr : mask.data());
        surrogate.run(region, q.get(), mask.empty() ? nullptr : mask.data(), nullptr,
                      [&](const StepOutput& out) {
                        sink.write({x.begin, y.begin, z.begin}, region.inner, out);
                        report((done + double(out.step) / steps) / tiles);
                      });
        done += 1;
      }
}

}  // namespace grainspin
