#include "nonlocal_cell.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "grainspin/nonlocal_inline.h"
#include "region.h"

namespace grainspin {
namespace {

std::array<int, 3> extents(Shape s) { return {s.nx, s.ny, s.nz}; }

std::array<int, 3> mirror_layers_of(const Region& region) {
  const auto n = extents(region.shape);
  std::array<int, 3> layers{};
  for (int a = 0; a < 3; ++a)
    if (region.edge[a][0] == Edge::kFace) layers[a] = mirror_layers(region.padding, n[a]);
  return layers;
}

}  // namespace

void check_nonlocal_grid(const Region& region, const ModelSpec& spec) {
  check(region);
  for (const auto& ends : region.edge)
    require(ends[0] != Edge::kCut && ends[1] != Edge::kCut, Errc::kArgument,
            "the nonlocal family takes whole grids: every voxel acts on every other, so none may be cut off");
  require(region.padding >= 0, Errc::kArgument, "the padding is " + std::to_string(region.padding) + " layers");
  for (int a = 0; a < 3; ++a)
    require(std::isfinite(region.spacing[a]) && region.spacing[a] > 0, Errc::kArgument,
            std::string("the voxel spacing along ") + "xyz"[a] + " is not above 0");
  const auto cell = extents(cell_shape(region));
  for (const int n : cell)
    require(n <= 32768, Errc::kShape, "an axis of " + std::to_string(n) + " voxels, at most 32768 can be transformed");
  const auto phases = std::int32_t(spec.nonlocal.phases.size());
  if (region.phase)
    for (std::int64_t v = 0; v < region.shape.voxels(); ++v)
      require(region.phase[v] >= 0 && region.phase[v] < phases, Errc::kArgument,
              "voxel " + std::to_string(v) + " is of phase " + std::to_string(region.phase[v]) + ", the model has " +
                  std::to_string(phases) + " from 0");
}

void check_nonlocal(const Region& region, const ModelSpec& spec) {
  check_nonlocal_grid(region, spec);
  require(!region.loads.empty() || !spec.loads.empty(), Errc::kArgument,
          "no load: none was given for the run, and the model states none of its own");
}

Shape cell_shape(const Region& region) {
  const auto n = extents(region.shape), layers = mirror_layers_of(region);
  return {n[0] + 2 * layers[0], n[1] + 2 * layers[1], n[2] + 2 * layers[2]};
}

NonlocalCell::NonlocalCell(const Region& region, const std::uint8_t* mask, const std::vector<PhaseView>& phases)
    : region_(region), shape_(cell_shape(region)), layers_(mirror_layers_of(region)) {
  const int masked_phase = int(phases.size());
  std::vector<std::vector<std::int32_t>> of(phases.size() + 1);
  const std::size_t most = std::size_t(most_blocks(region, int(phases.size())));
  blocks_.reserve(most);
  order_.reserve(most * kNonlocalBlock);
  if (mask) masked_.reserve(std::size_t(shape_.voxels()));
  for (int z = 0; z < shape_.nz; ++z) {
    first_.push_back(std::int64_t(blocks_.size()));
    first_masked_.push_back(std::int64_t(masked_.size()));
    for (auto& places : of) places.clear();
    for (int y = 0; y < shape_.ny; ++y)
      for (int x = 0; x < shape_.nx; ++x) {
        const std::int32_t place = y * row() + x;
        const std::int64_t from = source(z, place);
        const bool hidden = mask && !mask[from];
        of[std::size_t(hidden ? masked_phase : region.phase ? region.phase[from] : 0)].push_back(place);
      }
    masked_.insert(masked_.end(), of.back().begin(), of.back().end());
    for (int p = 0; p < masked_phase; ++p) {
      const std::vector<std::int32_t>& places = of[std::size_t(p)];
      const std::int64_t systems = phases[std::size_t(p)].systems;
      unmasked_ += std::int64_t(places.size());
      for (std::size_t i = 0; i < places.size(); i += kNonlocalBlock) {
        const int count = int(std::min<std::size_t>(kNonlocalBlock, places.size() - i));
        blocks_.push_back({p, count, z, count == kNonlocalBlock && places[i + count - 1] - places[i] == count - 1,
                           std::int64_t(order_.size()), x_floats_, h_floats_});
        for (int k = 0; k < kNonlocalBlock; ++k) order_.push_back(places[i + std::min(k, count - 1)]);
        x_floats_ += systems * phases[std::size_t(p)].channels * kNonlocalBlock;
        h_floats_ += systems * phases[std::size_t(p)].memory * kNonlocalBlock;
      }
    }
  }
  first_.push_back(std::int64_t(blocks_.size()));
  first_masked_.push_back(std::int64_t(masked_.size()));
}

std::int64_t NonlocalCell::source(int z, std::int32_t place) const {
  const int x = mirrored(place % row() - layers_[0], region_.shape.nx),
            y = mirrored(place / row() - layers_[1], region_.shape.ny), w = mirrored(z - layers_[2], region_.shape.nz);
  return (std::int64_t(w) * region_.shape.ny + y) * region_.shape.nx + x;
}

std::int64_t NonlocalCell::inner(int z, std::int32_t place) const {
  const int x = place % row() - layers_[0] - region_.inner_lo[0], y = place / row() - layers_[1] - region_.inner_lo[1],
            w = z - layers_[2] - region_.inner_lo[2];
  const Shape& n = region_.inner;
  if (x < 0 || y < 0 || w < 0 || x >= n.nx || y >= n.ny || w >= n.nz) return -1;
  return (std::int64_t(w) * n.ny + y) * n.nx + x;
}

std::int64_t NonlocalCell::most_blocks(const Region& region, int phases) {
  const Shape cell = cell_shape(region);
  const std::int64_t plane = std::int64_t(cell.nx) * cell.ny;
  return cell.nz * ((plane + kNonlocalBlock - 1) / kNonlocalBlock + (region.phase ? phases - 1 : 0));
}

// The masked voxels' places may be all; the last two terms are a plane's places while they are sorted by phase, and
// where planes begin.
std::int64_t NonlocalCell::bytes(const Region& region, int phases) {
  const Shape cell = cell_shape(region);
  return most_blocks(region, phases) * std::int64_t(sizeof(Block) + kNonlocalBlock * sizeof(std::int32_t)) +
         (cell.voxels() + 2 * (phases + 1) * std::int64_t(cell.nx) * cell.ny) * std::int64_t(sizeof(std::int32_t)) +
         cell.nz * 16 + 4096;
}

}  // namespace grainspin
