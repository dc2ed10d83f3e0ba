#include "tiling.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include "region.h"

namespace grainspin {
namespace {

// Work that is not a step of the network, in voxel-steps per voxel: embedding what the region holds,
// and reading a voxel from the source.
constexpr double kEmbedCost = 0.1, kReadCost = 0.02;
// Tiles whose halo costs little stay below this, so that progress and a wish to stop are seen often.
constexpr std::int64_t kSmallTile = 1 << 19;

bool coupled(const ModelSpec& spec) {
  return spec.local.feedback == Feedback::kNeighbours;
}

// One way to cut one axis, with what the cost needs: sums over the stretches of the widths computed.
struct AxisCut {
  int tile = 0, largest_region = 0;
  bool whole = false;  // no stretch is cut out of the axis
  std::vector<Stretch> stretches;
  std::vector<double> width;  // [T]: computed at step t + 1
  double region = 0;
};

AxisCut axis_cut(const ModelSpec& spec, int n, Boundary boundary, int tile, int halo) {
  AxisCut a;
  a.tile = tile;
  a.stretches = cut(n, boundary, tile, halo);
  a.whole = a.stretches.size() == 1;
  a.width.assign(std::size_t(spec.steps()), 0);
  for (const Stretch& s : a.stretches) {
    a.largest_region = std::max(a.largest_region, s.region_count);
    a.region += s.region_count;
    for (int t = 1; t <= spec.steps(); ++t) {
      const std::int64_t layers = coupled(spec) ? std::int64_t(spec.local.radius) * (spec.steps() - t) : 0;
      a.width[std::size_t(t - 1)] += double(std::min<std::int64_t>(s.region_count, s.count + 2 * layers));
    }
  }
  return a;
}

// Distinct tile edges worth trying: the axis cut into 1, 2, 3 ... equal parts.
std::vector<int> edges(int n, int fixed) {
  if (fixed > 0) return {std::min(fixed, n)};
  std::vector<int> all;
  for (int parts = 1; parts <= n; ++parts) {
    const int edge = (n + parts - 1) / parts;
    if (all.empty() || all.back() != edge)
      all.push_back(edge);
    else
      parts = (n + edge - 2) / std::max(1, edge - 1) - 1;  // on to the first cut into smaller parts
  }
  return all;
}

std::string megabytes(std::int64_t bytes) {
  return std::to_string((bytes + 999'999) / 1'000'000) + " MB";
}

}  // namespace

std::vector<Stretch> cut(int n, Boundary boundary, int tile, int halo) {
  const bool periodic = boundary == Boundary::kPeriodic;
  std::vector<Stretch> all;
  for (int begin = 0; begin < n; begin += tile) {
    Stretch s;
    s.begin = begin;
    s.count = std::min(tile, n - begin);
    const std::int64_t wanted = std::int64_t(s.count) + 2 * std::int64_t(halo);
    if (s.count == n || (periodic && wanted >= n)) {
      s.region_begin = 0;
      s.region_count = n;
      s.edge.fill(periodic ? Edge::kWrap : Edge::kFace);
    } else if (periodic) {
      s.region_begin = begin - halo;
      s.region_count = int(wanted);
      s.edge.fill(Edge::kCut);
    } else {
      const int low = int(std::max<std::int64_t>(0, std::int64_t(begin) - halo));
      const int high = int(std::min<std::int64_t>(n, std::int64_t(begin) + s.count + halo));
      s.region_begin = low;
      s.region_count = high - low;
      s.edge = {low == 0 ? Edge::kFace : Edge::kCut, high == n ? Edge::kFace : Edge::kCut};
    }
    all.push_back(s);
  }
  return all;
}

Region region_of(const std::array<Stretch, 3>& s) {
  Region r;
  r.shape = {s[0].region_count, s[1].region_count, s[2].region_count};
  r.inner = {s[0].count, s[1].count, s[2].count};
  for (int a = 0; a < 3; ++a) {
    r.edge[a] = s[a].edge;
    r.inner_lo[a] = s[a].begin - s[a].region_begin;
  }
  return r;
}

Tiling choose_tiling(const Surrogate& surrogate, Shape shape, const ReconstructOptions& options) {
  require(shape.nx >= 1 && shape.ny >= 1 && shape.nz >= 1, Errc::kShape, "the grid has no voxels");
  require(options.tile >= 0, Errc::kArgument, "the tile edge is negative");
  require(options.mask.empty() || std::int64_t(options.mask.size()) == shape.voxels(), Errc::kShape,
          "the mask has " + std::to_string(options.mask.size()) + " voxels, the grid " +
              std::to_string(shape.voxels()));
  const ModelSpec& spec = surrogate.spec();
  const int halo = reach(spec);
  const int n[3] = {shape.nx, shape.ny, shape.nz};
  const Boundary along[3] = {options.boundaries.x, options.boundaries.y, options.boundaries.z};
  std::array<std::vector<AxisCut>, 3> cuts;
  for (int a = 0; a < 3; ++a)
    for (int edge : edges(n[a], options.tile)) cuts[a].push_back(axis_cut(spec, n[a], along[a], edge, halo));

  // The largest region of a tiling; what its edges are does not change its size in memory.
  const auto largest = [&](const AxisCut& x, const AxisCut& y, const AxisCut& z) {
    Region r;
    r.shape = {x.largest_region, y.largest_region, z.largest_region};
    r.inner = {std::min(x.tile, n[0]), std::min(y.tile, n[1]), std::min(z.tile, n[2])};
    return r;
  };
  const auto bytes = [&](const AxisCut& x, const AxisCut& y, const AxisCut& z) {
    const Region r = largest(x, y, z);
    const std::int64_t held = r.shape.voxels(), plane = x.whole ? 0 : std::int64_t(n[0]) * y.largest_region;
    return (held + plane) * 4 * std::int64_t(sizeof(float)) +
           (options.mask.empty() ? 0 : held + shape.voxels()) + surrogate.workspace(r);
  };
  const auto cost = [&](const AxisCut& x, const AxisCut& y, const AxisCut& z) {
    double work = kEmbedCost * x.region * y.region * z.region;
    for (int t = 0; t < spec.steps(); ++t) work += x.width[t] * y.width[t] * z.width[t];
    return work + kReadCost * (x.whole ? 1.0 : double(x.stretches.size())) * n[0] * y.region * z.region;
  };

  const AxisCut* best[3] = {};
  std::int64_t best_bytes = 0, least = std::numeric_limits<std::int64_t>::max();
  double best_cost = std::numeric_limits<double>::max();
  for (const AxisCut& x : cuts[0])
    for (const AxisCut& y : cuts[1])
      for (const AxisCut& z : cuts[2]) {
        const std::int64_t b = bytes(x, y, z);
        least = std::min(least, b);
        if (options.memory > 0 && b > options.memory) continue;
        const bool large =
            !coupled(spec) && options.tile == 0 && std::int64_t(x.tile) * y.tile * z.tile > kSmallTile;
        const double c = cost(x, y, z);
        if (large || c >= best_cost || !surrogate.fits(largest(x, y, z), !options.mask.empty())) continue;
        best_cost = c;
        best_bytes = b;
        best[0] = &x, best[1] = &y, best[2] = &z;
      }
  const std::string with_tiles = options.tile > 0 ? " with tiles of " + std::to_string(options.tile) : "";
  require(
      best[0] != nullptr || (options.memory > 0 && least > options.memory), Errc::kMemory,
      "the run does not fit into the memory of the device (" + surrogate.description() + ")" + with_tiles);
  require(best[0] != nullptr, Errc::kMemory,
          "the run does not fit into " + megabytes(options.memory) + ": it takes at least " +
              megabytes(least) + with_tiles);
  Tiling tiling;
  for (int a = 0; a < 3; ++a) tiling.axis[a] = best[a]->stretches;
  tiling.tile = {best[0]->tile, best[1]->tile, best[2]->tile};
  tiling.bytes = best_bytes;
  tiling.cost = best_cost;
  return tiling;
}

}  // namespace grainspin
