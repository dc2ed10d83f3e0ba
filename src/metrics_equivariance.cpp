// How well a model commutes with the operations of the cube that its load allows.
#include <algorithm>
#include <utility>

#include "grainspin/metrics.h"
#include "grainspin/operations.h"

namespace grainspin {

namespace {

// The region after the operation, the load turned along.
Region turned(const Operation& op, const Region& region, std::vector<std::int32_t>& phase) {
  Region out = region;
  out.shape = out.inner = grainspin::turned(op, region.shape);
  out.spacing = grainspin::turned(op, region.spacing);
  out.loads = grainspin::turned(op, region.loads);
  for (std::size_t i = 0; i < 3; ++i) {
    out.edge[i] = region.edge[std::size_t(op.axis[i])];
    if (op.sign[i] < 0) std::swap(out.edge[i][0], out.edge[i][1]);
  }
  if (region.phase) {
    const auto from = turned_voxels(op, region.shape);
    phase.resize(from.size());
    for (std::size_t j = 0; j < from.size(); ++j) phase[j] = region.phase[from[j]];
    out.phase = phase.data();
  }
  return out;
}

// x -> y -> z -> x, a quarter turn about z, the inversion.
bool generator(const Operation& op) {
  using Axes = std::array<int, 3>;
  return (op.axis == Axes{2, 0, 1} && op.sign == Axes{1, 1, 1}) || (op.axis == Axes{1, 0, 2} && op.sign == Axes{-1, 1, 1}) ||
         (op.axis == Axes{0, 1, 2} && op.sign == Axes{-1, -1, -1});
}

}  // namespace

Equivariance equivariance_error(const Surrogate& surrogate, const Region& region, const VoxelSymmetry& symmetry,
                                const float* q0, const float* predicted, int threads, bool all) {
  Equivariance out;
  const std::int64_t n = region.shape.voxels();
  std::vector<float> last(4 * std::size_t(n)), angle(static_cast<std::size_t>(n));
  std::vector<std::int32_t> phase;
  double sum = 0;
  const bool any = surrogate.spec().family == Family::kNonlocal;  // the load is an input
  const auto operations = any ? cube_operations() : load_operations(region.loads);
  for (std::size_t k = 1; k < operations.size(); ++k) {
    const Operation& op = operations[k];
    if (any && !all && !generator(op)) continue;
    const Region to = turned(op, region, phase);
    const auto moved = turned_orientations(op, region.shape, q0);
    surrogate.run(to, moved.data(), nullptr, nullptr,
                  [&](const StepOutput& step) { std::copy_n(step.orientation, last.size(), last.begin()); });
    const auto back = turned_orientations(inverse(op), to.shape, last.data());
    disorientation_angles(symmetry, n, back.data(), predicted, angle.data(), threads);
    for (const float a : angle) {
      sum += a;
      out.max = std::max(out.max, double(a));
    }
    ++out.operations;
  }
  if (out.operations > 0) out.mean = sum / (double(n) * out.operations);
  return out;
}

}  // namespace grainspin
