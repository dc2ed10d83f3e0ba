#include "region.h"

#include <algorithm>

namespace grainspin {
namespace {
std::array<int, 3> extents(Shape s) {
  return {s.nx, s.ny, s.nz};
}
}  // namespace

void check(const Region& region) {
  const auto n = extents(region.shape), inner = extents(region.inner);
  for (int a = 0; a < 3; ++a) {
    require(n[a] >= 1 && inner[a] >= 1 && region.inner_lo[a] >= 0 && region.inner_lo[a] <= n[a] - inner[a],
            Errc::kShape, "the inner part of a region does not lie in the region");
    require((region.edge[a][0] == Edge::kWrap) == (region.edge[a][1] == Edge::kWrap), Errc::kShape,
            "a region wraps at one end of an axis only");
  }
}

void check_whole(const Region& region) {
  check(region);
  for (const auto& ends : region.edge)
    require(ends[0] != Edge::kCut && ends[1] != Edge::kCut && region.inner == region.shape, Errc::kShape,
            "step by step whole grids only are run, no parts of one");
}

Box inner_box(const Region& region) {
  const auto inner = extents(region.inner);
  Box box{region.inner_lo, {}};
  for (int a = 0; a < 3; ++a) box.hi[a] = box.lo[a] + inner[a];
  return box;
}

Box grown(const Region& region, const Box& box, int layers) {
  const auto n = extents(region.shape);
  Box g;
  for (int a = 0; a < 3; ++a) {
    const std::int64_t lo = std::int64_t(box.lo[a]) - layers, hi = std::int64_t(box.hi[a]) + layers;
    const bool whole = region.edge[a][0] == Edge::kWrap && (lo < 0 || hi > n[a]);
    g.lo[a] = whole ? 0 : int(std::max<std::int64_t>(lo, 0));
    g.hi[a] = whole ? n[a] : int(std::min<std::int64_t>(hi, n[a]));
  }
  return g;
}

RegionTaps::RegionTaps(const Region& region, int radius) : radius_(radius), shape_(region.shape) {
  const auto n = extents(region.shape);
  for (int a = 0; a < 3; ++a) {
    const Boundary b = region.edge[a][0] == Edge::kWrap ? Boundary::kPeriodic : Boundary::kClamped;
    for (int i = -radius; i < n[a] + radius; ++i) fold_[a].push_back(fold(i, n[a], b));
  }
}

void RegionTaps::gather(int k, int count, const std::array<int, 3>* at, const std::uint8_t* mask,
                        std::int64_t* places) const {
  const int side = 2 * radius_ + 1;
  const int dx = k % side, dy = k / side % side,
            dz = k / side / side;  // counted from -radius: the tables are shifted
  for (int i = 0; i < count; ++i) {
    const auto [x, y, z] = at[i];
    std::int64_t place =
        (std::int64_t(fold_[2][z + dz]) * shape_.ny + fold_[1][y + dy]) * shape_.nx + fold_[0][x + dx];
    if (mask && !mask[place]) place = (std::int64_t(z) * shape_.ny + y) * shape_.nx + x;
    places[i] = place;
  }
}

}  // namespace grainspin
