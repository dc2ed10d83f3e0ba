#include "src/ranks/coupled.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "aligned.h"

namespace grainspin {
namespace {

int owner(int nz, int plane, int ranks) {
  int rank = int(std::int64_t(plane) * ranks / nz);  // right or one off: slabs differ by one plane
  while (own_planes(nz, rank, ranks)[0] > plane) --rank;
  while (own_planes(nz, rank, ranks)[1] <= plane) ++rank;
  return rank;
}

// Calls f(place in the wide slab, plane of the grid) for the planes of the halo, in order.
template <class F>
void halo_planes(const Slab& slab, F&& f) {
  const auto [begin, end] = slab.inner();
  for (int w = 0; w < slab.count; ++w)
    if (w < begin || w >= end) f(w, fold(slab.first + w, slab.nz, Boundary::kPeriodic));
}

// What goes to and comes from the other ranks after a step. A plane of the halo that is the whole axis is computed here
// as everywhere, so nobody sends it.
struct Halo {
  std::vector<RankMessage> send, receive;

  // q[wide slab, 4]
  Halo(const Slab& slab, Boundary along_z, int radius, const Ranks& ranks, std::int64_t plane_voxels, float* q) {
    const std::int64_t floats = plane_voxels * 4, bytes = floats * std::int64_t(sizeof(float));
    for (int r = 0; r < ranks.size(); ++r) {
      const Slab theirs = slab_of(slab.nz, along_z, r, ranks.size(), radius);
      if (r == ranks.rank() || theirs.boundary == Boundary::kPeriodic) continue;
      halo_planes(theirs, [&](int, int plane) {
        if (plane >= slab.own[0] && plane < slab.own[1])
          send.push_back({r, q + (plane - slab.own[0] + slab.inner()[0]) * floats, bytes});
      });
    }
    if (slab.boundary == Boundary::kPeriodic) return;
    halo_planes(slab, [&](int w, int plane) { receive.push_back({owner(slab.nz, plane, ranks.size()), q + w * floats, bytes}); });
  }
};

}  // namespace

Region coupled_region(const Slab& slab, Shape grid, const Boundaries& boundaries) {
  return whole({grid.nx, grid.ny, slab.count}, {boundaries.x, boundaries.y, slab.boundary});
}

std::int64_t coupled_bytes(const Surrogate& surrogate, const Region& region, bool masked) {
  const std::int64_t voxels = region.shape.voxels();
  const RolloutSize size = surrogate.rollout_size(region, masked);
  require(surrogate.fits(region, masked), Errc::kMemory, surrogate.description() + ": has no room for the planes of this rank");
  return size.host + voxels * 4 * std::int64_t(sizeof(float)) + (masked ? voxels : 0);
}

void reconstruct_coupled(const Surrogate& surrogate, Ranks& ranks, const Slab& slab, OrientationSource& source,
                         OrientationSink& sink, const ReconstructOptions& options) {
  const Region region = coupled_region(slab, source.shape(), options.boundaries);
  const std::int64_t plane = std::int64_t(region.shape.nx) * region.shape.ny, n = region.shape.voxels();
  const int steps = surrogate.spec().steps();
  const auto report = [&](double fraction) {
    require(!options.progress || options.progress(fraction, "predict"), Errc::kInterrupted, "stopped on request");
  };
  report(0);
  const AlignedFloats q(n * 4);
  constexpr std::int64_t kPart = 1 << 20;
  for (std::int64_t begin = 0; begin < n; begin += kPart) source.read(begin, std::min(kPart, n - begin), q.get() + begin * 4);
  const auto rollout = surrogate.start(region, q.get(), options.mask.empty() ? nullptr : options.mask.data());
  const Halo halo(slab, options.boundaries.z, surrogate.spec().local.radius, ranks, plane, q.get());
  const Shape own{region.shape.nx, region.shape.ny, slab.planes()};
  const std::vector<std::uint8_t>& wanted = options.wanted;
  const auto give = [&](int step, const float* orientation) {
    StepOutput out;
    out.step = step;
    const std::int64_t skip = slab.inner()[0] * plane;
    out.orientation = orientation + skip * 4;
    const auto field = [&](bool read, Field which) {
      const float* const all = step > 0 && read ? rollout->field(which) : nullptr;
      return all ? all + skip * components(which) : nullptr;
    };
    out.increment = field(options.fields.increment || options.judge, Field::kIncrement);
    out.stress = field(options.fields.stress, Field::kStress);
    out.log_variance = field(options.fields.log_variance, Field::kLogVariance);
    sink.write({0, 0, 0}, own, out);
  };
  if (!wanted.empty() && wanted[0]) give(0, q.get());
  // Of the halo no more is copied than what is sent and received: on a GPU the planes stay where they are.
  const auto voxel = [&](const RankMessage& m) { return (static_cast<const float*>(m.data) - q.get()) / 4; };
  const auto voxels = [](const RankMessage& m) { return m.bytes / std::int64_t(4 * sizeof(float)); };
  for (int t = 1; t <= steps; ++t) {
    rollout->advance(nullptr);
    if (wanted.empty() || wanted[std::size_t(t)]) give(t, rollout->orientation());
    if (t < steps) {
      for (const RankMessage& m : halo.send) rollout->read_part(voxel(m), voxels(m), static_cast<float*>(m.data));
      ranks.exchange(halo.send, halo.receive);
      for (const RankMessage& m : halo.receive) rollout->set_part(voxel(m), voxels(m), static_cast<const float*>(m.data));
    }
    report(double(t) / steps);
  }
}

}  // namespace grainspin
