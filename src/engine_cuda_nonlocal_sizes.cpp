// Memory of the nonlocal family's runs on a GPU, and what makes no sense.
#include <algorithm>
#include <cmath>
#include <string>

#include "engine_cuda_nonlocal.h"
#include "region.h"

namespace grainspin {
namespace {

std::string gigabytes(std::int64_t bytes) {
  const std::int64_t hundredths = bytes / 10'000'000;
  const std::string rest = std::to_string(hundredths % 100);
  return std::to_string(hundredths / 100) + (rest.size() == 1 ? ".0" : ".") + rest + " GB";
}

// Without large prime factors: what transforms are fastest at, with the smallest work area.
bool smooth(int n) {
  for (const int p : {2, 3, 5, 7})
    while (n % p == 0) n /= p;
  return n == 1;
}

}  // namespace

// Device memory and pinned host memory together: what does not fit in either is refused before it starts.
std::int64_t CudaNonlocalEngine::workspace(const Region& region) const {
  check_region(region);
  const WorkspaceSize size = sized(region, false);
  return device_bytes(region, size) + output_floats(region, size) * kFloat;
}

bool CudaNonlocalEngine::fits(const Region& region, bool masked) const {
  check_region(region);
  return device_bytes(region, sized(region, masked)) <= room();
}

RolloutSize CudaNonlocalEngine::rollout_size(const Region& region, bool masked) const {
  const Region one = one_step(region);
  check_whole(one);
  check_region(one);
  const PaddedCell padded = padded_cell(one);
  int systems = 0;
  for (const PhasePlace& p : place_.phases) systems = std::max(systems, p.shape.systems);
  RolloutSize size;
  size.device = device_bytes(padded.whole, masked || place_.phases.size() > 1, 1) +
                spectral_streams(cell()) * transform_bytes(padded.whole);
  size.host = (kFound + set_floats(one)) * kFloat;
  // Each phase's last tile may have fewer voxels.
  const std::int64_t rows = (tiles_of(padded.whole.voxels()) + std::int64_t(place_.phases.size())) * cuda::kTile;
  size.carried = region.shape.voxels() * 16 + padded.whole.voxels() * 16 +
                 rows * systems * (cell().channels + cell().memory) * (half_ ? 2 : kFloat) + 4096;
  return size;
}

void CudaNonlocalEngine::check_region(const Region& region) const {
  check(region);
  for (const auto& axis : region.edge)
    require(axis[0] != Edge::kCut && axis[1] != Edge::kCut, Errc::kArgument,
            "the nonlocal family takes whole grids, not tiles: every voxel sees every other one");
  for (const double s : region.spacing)
    require(std::isfinite(s) && s > 0, Errc::kArgument, "the spacing of the voxels is not a positive number");
  require(region.padding >= 0, Errc::kArgument, "the padding is negative");
  require(!loads(region).empty(), Errc::kArgument, "no load is given, and the model has none of its own");
}

void CudaNonlocalEngine::check_phases(const Region& region) const {
  if (!region.phase || phases(region)) return;  // several are checked where their lists are made
  for (std::int64_t v = 0; v < region.shape.voxels(); ++v)
    require(region.phase[v] == 0, Errc::kArgument,
            "voxel " + std::to_string(v) + " is of phase " + std::to_string(region.phase[v]) +
                ", the model has 1, counted from 0");
}

std::int64_t CudaNonlocalEngine::transform_bytes(Shape whole) const {
  if (cell().passes == 0 || whole.voxels() == 1) return 0;
  return gpu_->spectral_bytes(gpu_, spectral_of(spectrum_of(whole)));
}

WorkspaceSize CudaNonlocalEngine::sized(const Region& region, bool masked) const {
  const PaddedCell padded = padded_cell(region);
  WorkspaceSize size;
  size.counts = phase_counts(cell(), padded, phases(region));
  for (const PhasePlace& p : place_.phases) size.systems.push_back(p.shape.systems);
  size.listed = masked || phases(region);
  size.steps = int(loads(region).size());
  size.half = half_;
  size.scratch_bytes = scratch_bytes();
  size.transform_bytes = transform_bytes(padded.whole);
  size.variance = variance();
  return size;
}

std::int64_t CudaNonlocalEngine::scratch_bytes() const {
  const cuda::SweepRoom room = gpu_->sweep_room(gpu_);
  std::int64_t most = 0;
  for (const PhasePlace& p : place_.phases)
    most = std::max<std::int64_t>(most, cuda::TileRows(p.shape).count * cuda::kTile * kFloat);
  return most <= room.shared_bytes ? 0 : most * room.blocks;
}

std::int64_t CudaNonlocalEngine::device_bytes(const Region& region, const WorkspaceSize& size) const {
  return workspace_of(cell(), padded_cell(region), size).bytes;
}

std::int64_t CudaNonlocalEngine::device_bytes(Shape whole, bool listed, int steps) const {
  WorkspaceSize size{{whole.voxels()}, {0}, listed, half_, steps, scratch_bytes(), 0, variance()};
  for (const PhasePlace& p : place_.phases) size.systems[0] = std::max(size.systems[0], p.shape.systems);
  return workspace_of(cell(), {whole, whole, {}}, size).bytes;
}

WorkspaceSize CudaNonlocalEngine::required(const Region& region, const void* mask) const {
  const std::int64_t room = this->room();
  const PaddedCell padded = padded_cell(region);
  const bool listed = mask || phases(region);
  const int steps = int(loads(region).size());
  const auto cube_bytes = [&](int n) { return device_bytes({n, n, n}, listed, steps); };
  // What cannot fit in any case is refused before its phases are read and its transforms are planned.
  std::int64_t wanted = place_.phases.size() == 1 ? device_bytes(padded.whole, listed, steps) : 0;
  if (wanted <= room) {
    WorkspaceSize size = sized(region, mask);
    wanted = device_bytes(region, size);
    if (wanted <= room) return size;
  }
  int fits = 0;
  for (int step = 1 << 12; step; step /= 2)
    if (cube_bytes(fits + step) <= room) fits += step;
  while (fits > 0 && (!smooth(fits) || cube_bytes(fits) + spectral_streams(cell()) * transform_bytes({fits, fits, fits}) > room)) --fits;
  const Shape n = padded.whole;
  throw Error(Errc::kMemory, std::to_string(n.nx) + " x " + std::to_string(n.ny) + " x " + std::to_string(n.nz) +
                                 " voxels" + (padded.padded() ? " with their padding" : "") + " need " +
                                 gigabytes(wanted) + " of GPU memory, " + gigabytes(std::max<std::int64_t>(room, 0)) +
                                 " are free: " +
                                 (fits ? "a grid of " + std::to_string(fits) + " voxels an edge, padding included, fits"
                                       : std::string("not even one voxel fits")));
}

}  // namespace grainspin
