#include "reconstruct_whole.h"

#include <algorithm>
#include <string>

#include "aligned.h"
#include "nonlocal_cell.h"

namespace grainspin {
namespace {

std::string megabytes(std::int64_t bytes) { return std::to_string((bytes + 999'999) / 1'000'000) + " MB"; }

std::string text(Shape s) {
  return std::to_string(s.nx) + " x " + std::to_string(s.ny) + " x " + std::to_string(s.nz);
}

Region region_of(Shape shape, const ReconstructOptions& options) {
  Region region = whole(shape, options.boundaries);
  region.spacing = options.spacing;
  region.loads = options.loads;
  region.phase = options.phase.empty() ? nullptr : options.phase.data();
  region.padding = options.padding;
  return region;
}

std::int64_t bytes_of(const Surrogate& surrogate, const Region& region, const ReconstructOptions& options) {
  const std::int64_t voxels = region.shape.voxels();
  return voxels * 4 * std::int64_t(sizeof(float)) + (options.mask.empty() ? 0 : voxels) + surrogate.workspace(region);
}

bool does_fit(const Surrogate& surrogate, const Region& region, const ReconstructOptions& options) {
  return (options.memory == 0 || bytes_of(surrogate, region, options) <= options.memory) &&
         surrogate.fits(region, !options.mask.empty());
}

// The largest grid of about the same proportions that fits, in words.
std::string what_fits(const Surrogate& surrogate, Shape shape, const ReconstructOptions& options) {
  const auto scaled = [&](int thousandth) {
    const auto part = [&](int n) { return std::max(1, int(std::int64_t(n) * thousandth / 1000)); };
    return Shape{part(shape.nx), part(shape.ny), part(shape.nz)};
  };
  int low = 0, high = 1000;  // low fits (0: nothing is known to), high does not
  while (high - low > 1) {
    const int middle = (low + high) / 2;
    (does_fit(surrogate, region_of(scaled(middle), options), options) ? low : high) = middle;
  }
  return low == 0 ? "no grid of these proportions fits" : "a grid of " + text(scaled(low)) + " voxels would fit";
}

}  // namespace

ReconstructPlan plan_whole(const Surrogate& surrogate, Shape shape, const ReconstructOptions& options) {
  const std::int64_t voxels = shape.voxels();
  require(shape.nx >= 1 && shape.ny >= 1 && shape.nz >= 1, Errc::kShape, "the grid has no voxels");
  require(options.tile == 0, Errc::kArgument,
          "the nonlocal family takes the grid whole, since every voxel acts on every other: it cannot be cut into tiles");
  require(options.mask.empty() || std::int64_t(options.mask.size()) == voxels, Errc::kShape,
          "the mask has " + std::to_string(options.mask.size()) + " voxels, the grid " + std::to_string(voxels));
  require(options.phase.empty() || std::int64_t(options.phase.size()) == voxels, Errc::kShape,
          "the phases are of " + std::to_string(options.phase.size()) + " voxels, the grid has " + std::to_string(voxels));
  const Region region = region_of(shape, options);
  check_nonlocal(region, surrogate.spec());
  ReconstructPlan plan;
  plan.tile = shape;
  plan.tiles = 1;
  plan.bytes = bytes_of(surrogate, region, options);
  const std::size_t steps = region.loads.empty() ? surrogate.spec().loads.size() : region.loads.size();
  plan.voxel_steps = double(cell_shape(region).voxels()) * double(steps);
  if (!does_fit(surrogate, region, options)) {
    const std::string limit = options.memory > 0 && plan.bytes > options.memory
                                  ? megabytes(options.memory)
                                  : "the memory of the device (" + surrogate.description() + ")";
    throw Error(Errc::kMemory, "a grid of " + text(shape) + " voxels takes " + megabytes(plan.bytes) +
                                   " and does not fit into " + limit + ": " + what_fits(surrogate, shape, options));
  }
  return plan;
}

void reconstruct_whole(const Surrogate& surrogate, OrientationSource& source, OrientationSink& sink,
                       const ReconstructOptions& options) {
  const Shape shape = source.shape();
  plan_whole(surrogate, shape, options);
  const Region region = region_of(shape, options);
  const std::size_t steps = region.loads.empty() ? surrogate.spec().loads.size() : region.loads.size();
  const auto report = [&](double fraction) {
    require(!options.progress || options.progress(fraction, "predict"), Errc::kInterrupted, "stopped on request");
  };
  report(0);
  const AlignedFloats q(shape.voxels() * 4);
  // In parts, so that a source that converts needs no second grid.
  constexpr std::int64_t kPart = 1 << 20;
  for (std::int64_t begin = 0; begin < shape.voxels(); begin += kPart)
    source.read(begin, std::min(kPart, shape.voxels() - begin), q.get() + begin * 4);
  surrogate.run(region, q.get(), options.mask.empty() ? nullptr : options.mask.data(), nullptr,
                [&](const StepOutput& out) {
                  sink.write({0, 0, 0}, region.inner, out);
                  report(double(out.step) / double(steps));
                });
}

}  // namespace grainspin
