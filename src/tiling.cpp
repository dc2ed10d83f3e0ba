#include "tiling.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

#include "grainspin/variance.h"
#include "region.h"
#include "tile_pipeline.h"

namespace grainspin {
namespace {

// Work that is not a step of the network, in voxel-steps per voxel: embedding what the region holds,
// and reading a voxel from the source.
constexpr double kEmbedCost = 0.1, kReadCost = 0.02;
// Tiles whose halo costs little stay below this, so that progress and a wish to stop are seen often.
constexpr std::int64_t kSmallTile = 1 << 19;
// Without buffers nothing overlaps; that is taken where it saves more than this leaves of the work.
constexpr double kLean = 0.8;

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

AxisCut axis_cut(const ModelSpec& spec, int n, Boundary boundary, int tile, int halo, std::array<int, 2> part) {
  AxisCut a;
  a.tile = tile;
  a.stretches = cut(n, boundary, tile, halo, part);
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

std::vector<int> edges(int n, const ReconstructOptions& options, int axis) {
  const int of_shape[3] = {options.tile_shape.nx, options.tile_shape.ny, options.tile_shape.nz};
  return edges(n, of_shape[axis] > 0 ? of_shape[axis] : options.tile);
}

std::string megabytes(std::int64_t bytes) {
  return std::to_string((bytes + 999'999) / 1'000'000) + " MB";
}

}  // namespace

std::vector<Stretch> cut(int n, Boundary boundary, int tile, int halo, std::array<int, 2> part) {
  const bool periodic = boundary == Boundary::kPeriodic;
  const int end = part[1] > 0 ? part[1] : n;
  std::vector<Stretch> all;
  for (int begin = part[0]; begin < end; begin += tile) {
    Stretch s;
    s.begin = begin;
    s.count = std::min(tile, end - begin);
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

std::vector<std::uint8_t> wanted_steps(const ReconstructOptions& options, int steps) {
  if (options.wanted.empty()) return {};
  require(options.wanted.size() == std::size_t(steps) + 1, Errc::kShape,
          "the steps asked for are marked among " + std::to_string(options.wanted.size()) + ", the run has " +
              std::to_string(steps + 1) + " states");
  std::vector<std::uint8_t> wanted(options.wanted.begin() + 1, options.wanted.end());
  if (std::ranges::find(wanted, 0) == wanted.end()) wanted.clear();
  return wanted;
}

TileBuffers buffers_of(const ModelSpec& spec, const ReconstructOptions& options, int steps, bool several_tiles, int outputs) {
  const bool nonlocal = spec.family == Family::kNonlocal;
  const bool stress = nonlocal ? spec.nonlocal.stress : spec.local.stress, variance = nonlocal ? calibration(spec).has_value() : spec.local.variance;
  const std::vector<std::uint8_t> wanted = wanted_steps(options, steps);
  TileBuffers b;
  b.inputs = several_tiles ? 2 : 1;
  b.outputs = std::min(outputs, wanted.empty() ? steps : int(std::ranges::count_if(wanted, [](auto w) { return w != 0; })));
  b.floats = 4 + (options.fields.increment || options.judge ? 3 : 0) + (options.fields.stress && stress ? 6 : 0) +
             (options.fields.log_variance && variance ? 3 : 0);
  b.initial = !options.wanted.empty() && options.wanted[0];
  return b;
}

Tiling choose_tiling(const Devices& devices, Shape shape, const ReconstructOptions& options) {
  const Surrogate& surrogate = *devices.at(0);
  const std::int64_t count = std::int64_t(devices.size());
  require(shape.nx >= 1 && shape.ny >= 1 && shape.nz >= 1, Errc::kShape, "the grid has no voxels");
  require(options.tile >= 0, Errc::kArgument, "the tile edge is negative");
  require(options.mask.empty() || std::int64_t(options.mask.size()) == shape.voxels(), Errc::kShape,
          "the mask has " + std::to_string(options.mask.size()) + " voxels, the grid " +
              std::to_string(shape.voxels()));
  const std::array<int, 2> planes = options.planes[1] > 0 ? options.planes : std::array<int, 2>{0, shape.nz};
  require(planes[0] >= 0 && planes[0] < planes[1] && planes[1] <= shape.nz, Errc::kArgument,
          "planes " + std::to_string(planes[0]) + " to " + std::to_string(planes[1]) + " are asked for of " + std::to_string(shape.nz));
  const ModelSpec& spec = surrogate.spec();
  const int halo = reach(spec);
  const int n[3] = {shape.nx, shape.ny, shape.nz};
  const Boundary along[3] = {options.boundaries.x, options.boundaries.y, options.boundaries.z};
  std::array<std::vector<AxisCut>, 3> cuts;
  const std::array<int, 2> part[3] = {{0, shape.nx}, {0, shape.ny}, planes};
  for (int a = 0; a < 3; ++a)
    for (int edge : edges(part[a][1] - part[a][0], options, a))
      cuts[a].push_back(axis_cut(spec, n[a], along[a], edge, halo, part[a]));

  const std::vector<std::uint8_t> wanted = wanted_steps(options, spec.steps());
  // The largest region of a tiling; what its edges are does not change its size in memory.
  const auto largest = [&](const AxisCut& x, const AxisCut& y, const AxisCut& z) {
    Region r;
    r.shape = {x.largest_region, y.largest_region, z.largest_region};
    r.inner = {std::min(x.tile, n[0]), std::min(y.tile, n[1]), std::min(z.tile, n[2])};
    r.wanted = wanted;
    return r;
  };
  // `initial` and `own` give the results of all steps at once, at the end of a tile.
  const auto buffers = [&](const AxisCut& x, const AxisCut& y, const AxisCut& z, bool lean) {
    TileBuffers b = buffers_of(spec, options, spec.steps(), !lean && x.stretches.size() * y.stretches.size() * z.stretches.size() > 1,
                               lean ? 0 : coupled(spec) ? 3 : spec.steps());
    const std::int64_t tiles = std::int64_t(x.stretches.size() * y.stretches.size() * z.stretches.size());
    b.inputs = int(std::min(tiles, b.inputs + count - 1));
    return b;
  };
  const auto workspace = [&](const Region& r) {
    std::int64_t sum = 0;
    for (const Surrogate* device : devices) sum += device->workspace(r);
    return sum;
  };
  const auto fits = [&](const Region& r) {
    return std::ranges::all_of(devices, [&](const Surrogate* device) { return device->fits(r, !options.mask.empty()); });
  };
  // What the devices wait for each other at the end, as a factor of the work.
  const auto idle = [&](const AxisCut& x, const AxisCut& y, const AxisCut& z) {
    const std::int64_t tiles = std::int64_t(x.stretches.size() * y.stretches.size() * z.stretches.size());
    return double((tiles + count - 1) / count * count) / double(tiles);
  };
  const auto bytes = [&](const AxisCut& x, const AxisCut& y, const AxisCut& z, bool lean) {
    const Region r = largest(x, y, z);
    const std::int64_t held = r.shape.voxels(), plane = x.whole ? 0 : std::int64_t(n[0]) * y.largest_region;
    return plane * 4 * std::int64_t(sizeof(float)) + (options.mask.empty() ? 0 : shape.voxels()) + workspace(r) +
           buffer_bytes(buffers(x, y, z, lean), held, r.inner.voxels(), !options.mask.empty());
  };
  const auto cost = [&](const AxisCut& x, const AxisCut& y, const AxisCut& z) {
    double work = kEmbedCost * x.region * y.region * z.region;
    for (int t = 0; t < spec.steps(); ++t) work += x.width[t] * y.width[t] * z.width[t];
    return work + kReadCost * (x.whole ? 1.0 : double(x.stretches.size())) * n[0] * y.region * z.region;
  };

  struct Found {
    const AxisCut* axis[3] = {};
    std::int64_t bytes = 0;
    double cost = std::numeric_limits<double>::max();
  };
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  const auto search = [&](bool lean) {
    Found best;
    for (const AxisCut& x : cuts[0])
      for (const AxisCut& y : cuts[1])
        for (const AxisCut& z : cuts[2]) {
          const std::int64_t b = bytes(x, y, z, lean);
          least = std::min(least, b);
          if (options.memory > 0 && b > options.memory) continue;
          const bool large = !coupled(spec) && options.tile == 0 && options.tile_shape.voxels() == 0 &&
                             std::int64_t(x.tile) * y.tile * z.tile > kSmallTile;
          const double c = cost(x, y, z) * idle(x, y, z);
          if (large || c >= best.cost || !fits(largest(x, y, z))) continue;
          best = {{&x, &y, &z}, b, c};
        }
    return best;
  };
  Found best = search(false);
  bool lean = false;
  if (options.memory > 0) {
    const Found other = search(true);
    lean = other.axis[0] && other.cost < kLean * best.cost;
    if (lean) best = other;
  }
  const std::string with_tiles = options.tile > 0 ? " with tiles of " + std::to_string(options.tile) : "";
  require(
      best.axis[0] != nullptr || (options.memory > 0 && least > options.memory), Errc::kMemory,
      "the run does not fit into the memory of the device (" + surrogate.description() + ")" + with_tiles);
  require(best.axis[0] != nullptr, Errc::kMemory,
          "the run does not fit into " + megabytes(options.memory) + ": it takes at least " +
              megabytes(least) + with_tiles);
  Tiling tiling;
  for (int a = 0; a < 3; ++a) tiling.axis[a] = best.axis[a]->stretches;
  tiling.buffers = buffers(*best.axis[0], *best.axis[1], *best.axis[2], lean);
  tiling.tile = {best.axis[0]->tile, best.axis[1]->tile, best.axis[2]->tile};
  tiling.bytes = best.bytes;
  tiling.cost = cost(*best.axis[0], *best.axis[1], *best.axis[2]);
  return tiling;
}

}  // namespace grainspin
