// Grains of an archive that has no ids: connected voxels of one orientation.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "grainspin/archive.h"
#include "grainspin/symmetry.h"

namespace grainspin {
namespace {

// Joined sets with path halving; the smaller index stays the root, so roots come in voxel order.
class Sets {
 public:
  explicit Sets(std::int64_t n) : parent_(std::size_t(n)) { std::iota(parent_.begin(), parent_.end(), 0); }
  std::int64_t root(std::int64_t i) {
    while (parent_[std::size_t(i)] != i) {
      auto& up = parent_[std::size_t(i)];
      up = parent_[std::size_t(up)];
      i = up;
    }
    return i;
  }
  void join(std::int64_t a, std::int64_t b) {
    a = root(a);
    b = root(b);
    parent_[std::size_t(std::max(a, b))] = std::min(a, b);
  }

 private:
  std::vector<std::int64_t> parent_;
};

}  // namespace

std::vector<std::int32_t> label_grains(Shape shape, Boundaries boundaries, const float* q,
                                       const std::string& point_group, double tolerance) {
  require(shape.nx >= 1 && shape.ny >= 1 && shape.nz >= 1, Errc::kShape, "label_grains: wanted at least one voxel");
  const PointGroup& group = PointGroup::named(point_group);
  const auto at = [q](std::int64_t i) {
    return Quatd{q[4 * i], q[4 * i + 1], q[4 * i + 2], q[4 * i + 3]};
  };
  const auto same = [&](std::int64_t a, std::int64_t b) {
    // Most neighbours are bit for bit alike: no need to go through the symmetries.
    if (std::equal(q + 4 * a, q + 4 * a + 4, q + 4 * b)) return true;
    const auto finite = [q](std::int64_t i) { return std::isfinite(q[4 * i] + q[4 * i + 1] + q[4 * i + 2] + q[4 * i + 3]); };
    if (!finite(a) || !finite(b)) return false;
    return disorientation_angle(group, normalised(at(a)), normalised(at(b))) <= tolerance;
  };
  const std::int64_t N = shape.voxels();
  Sets sets(N);
  const std::int64_t row = shape.nx, plane = row * shape.ny;
  for (std::int64_t i = 0; i < N; ++i) {
    const int x = int(i % row), y = int(i / row % shape.ny), z = int(i / plane);
    const auto visit = [&](int coordinate, int n, Boundary boundary, std::int64_t stride) {
      std::int64_t neighbour = i + stride;
      if (coordinate + 1 == n) {
        if (boundary != Boundary::kPeriodic || n == 1) return;
        neighbour = i - stride * (n - 1);
      }
      if (same(i, neighbour)) sets.join(i, neighbour);
    };
    visit(x, shape.nx, boundaries.x, 1);
    visit(y, shape.ny, boundaries.y, row);
    visit(z, shape.nz, boundaries.z, plane);
  }
  std::vector<std::int32_t> ids(static_cast<std::size_t>(N));
  std::int32_t next = 0;
  for (std::int64_t i = 0; i < N; ++i) {
    const std::int64_t root = sets.root(i);
    ids[std::size_t(i)] = root == i ? next++ : ids[std::size_t(root)];
  }
  return ids;
}

}  // namespace grainspin
