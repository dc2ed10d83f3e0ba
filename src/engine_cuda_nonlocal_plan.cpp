#include "engine_cuda_nonlocal_plan.h"

#include <algorithm>
#include <string>

#include "cuda/nonlocal_elements.h"

namespace grainspin {

PaddedCell padded_cell(const Region& region) {
  PaddedCell cell{region.shape, region.shape, {}};
  int* n[3] = {&cell.whole.nx, &cell.whole.ny, &cell.whole.nz};
  for (int a = 0; a < 3; ++a) {
    if (region.edge[std::size_t(a)][0] == Edge::kWrap) continue;
    cell.layers[a] = mirror_layers(region.padding, *n[a]);
    *n[a] += 2 * cell.layers[a];
  }
  return cell;
}

cuda::Spectrum spectrum_of(Shape whole) {
  const int n[3] = {whole.nz, whole.ny, whole.nx};
  cuda::Spectrum s;
  int d = 3;
  bool used[3] = {};
  for (int i = 2; i >= 0; --i)  // fastest first, from the right
    if (n[i] > 1) s.n[--d] = n[i], s.axis[d] = 2 - i, used[i] = true;
  for (int i = 2; i >= 0; --i)
    if (!used[i]) s.n[--d] = 1, s.axis[d] = 2 - i;
  return s;
}

cuda::SpectralShape spectral_of(const cuda::Spectrum& spectrum) {
  constexpr std::int64_t kBatchBytes = std::int64_t(128) << 20;
  const std::int64_t most = std::max<std::int64_t>(1, kBatchBytes / (spectrum.channel() * std::int64_t(sizeof(float))));
  const auto batch = [&](int channels) {
    for (int b = channels; b > 1; --b)
      if (channels % b == 0 && b <= most) return b;
    return 1;
  };
  return {{spectrum.n[0], spectrum.n[1], spectrum.n[2]}, batch(5), batch(8)};
}

std::vector<float> frequencies_of(const cuda::Spectrum& spectrum, int d, const std::array<double, 3>& spacing,
                                  Frequencies kind) {
  // Only ratios matter; with the smallest spacing as the unit nothing leaves the range of a float.
  const double unit = *std::min_element(spacing.begin(), spacing.end());
  std::vector<float> k;
  for (int i = 0; i < spectrum.n[d]; ++i)
    k.push_back(float(frequency(i, spectrum.n[d], spacing[std::size_t(spectrum.axis[d])] / unit, kind)));
  return k;
}

Workspace workspace_of(const NonlocalSpec& spec, const PaddedCell& cell, const WorkspaceSize& size) {
  constexpr std::int64_t kFloat = sizeof(float);
  const std::int64_t V = cell.whole.voxels(), H = spec.gated ? spec.memory : 0, M = spec.passes > 0 ? spec.polarisations : 0;
  const cuda::Spectrum spectrum = spectrum_of(cell.whole);
  std::int64_t state = 0, tiles = 0;  // numbers a channel of the state
  for (std::size_t p = 0; p < size.counts.size(); ++p) {
    state += tiles_of(size.counts[p]) * cuda::kTile * size.systems[p];
    tiles += tiles_of(size.counts[p]);
  }
  Workspace w{};
  const auto take = [&](std::int64_t bytes) {
    const std::int64_t at = w.bytes;
    w.bytes += (bytes + 255) / 256 * 256;
    return at;
  };
  const std::int64_t number = size.half ? 2 : kFloat;
  w.q = take(V * 4 * kFloat);
  w.x = take(spec.channels * state * number);
  w.h = take(H * state * number);
  // Between steps the fields' place serves orientations on their way in.
  const std::int64_t fields = M ? (8 * M + spec.stress) * spectrum.channel() : 0;
  w.fields = take(std::max(fields, cell.padded() ? 4 * cell.inside.voxels() : 0) * kFloat);
  w.spin_sum = take(M ? 3 * V * kFloat : 0);
  w.increment = take(3 * V * kFloat);
  w.stress = take(spec.stress ? 6 * V * kFloat : 0);
  w.log_variance = take(size.variance ? 3 * V * kFloat : 0);
  w.voxels = take(size.listed ? V * std::int64_t(sizeof(std::int64_t)) : 0);
  w.sums = take(tiles * 5 * M * std::int64_t(sizeof(double)));
  w.scratch = take(size.scratch_bytes);
  w.loads = take((size.steps + warmups(spec)) * std::int64_t(sizeof(cuda::StepLoad)));
  w.now = take(sizeof(cuda::StepLoad));
  w.found = take(9 * kFloat);
  w.counter = take(sizeof(int));
  w.mean_gradient = take(spec.passes * M * 9 * kFloat);
  w.partial = take((std::max<std::int64_t>(1, 5 * M) * cuda::kPartials + 1) * std::int64_t(sizeof(double)));
  for (int d = 0; d < 3; ++d) w.k[d] = take(spectrum.n[d] * kFloat);
  for (int i = 0; i < spectral_streams(spec); ++i) w.transform[i] = take(size.transform_bytes);
  return w;
}

double compulsory_bytes(const NonlocalSpec& spec, int systems, bool half) {
  const double number = half ? 2 : 4, state = spec.channels * systems * number, memory = (spec.gated ? spec.memory : 0) * systems * number;
  const double K = spec.passes, M = spec.polarisations, sweeps = K + 1;
  const double transforms = 13 * M * 3 * 8, green = 13 * M * 4 + (spec.stress ? 8 : 0);
  return sweeps * (2 * state + memory + 16) - (spec.carried ? 0 : state)  // an x that is not carried starts as zero
         + K * (5 * M * 4 + 8 * M * 4 + 24 + transforms + green)
         + memory + 16 + 12 + (spec.stress ? 24 + 48 + (K > 0 ? 3 * 8 + 4 : 0) : 0);  // stress: its constant is added behind
}

std::vector<std::int64_t> phase_counts(const NonlocalSpec& spec, const PaddedCell& cell, const std::int32_t* phase) {
  std::vector<std::int64_t> counts(spec.phases.size());
  if (!phase || spec.phases.size() == 1) {
    counts[0] = cell.whole.voxels();
    return counts;
  }
  const Shape& n = cell.inside;
  // Images of an index: one, and one more for each of the two faces whose padding holds it.
  const auto images = [](int i, int size, int layers) { return 1 + (i < layers) + (size - 1 - i < layers); };
  for (int z = 0; z < n.nz; ++z)
    for (int y = 0; y < n.ny; ++y)
      for (int x = 0; x < n.nx; ++x) {
        const std::int32_t p = *phase++;
        counts[p >= 0 && std::size_t(p) < counts.size() ? std::size_t(p) : 0] +=
            std::int64_t(images(x, n.nx, cell.layers[0])) * images(y, n.ny, cell.layers[1]) *
            images(z, n.nz, cell.layers[2]);
      }
  return counts;
}

VoxelLists lists_of(const NonlocalSpec& spec, const PaddedCell& cell, const std::int32_t* phase, const std::uint8_t* mask,
                    const WorkspaceSize& size) {
  const std::int64_t V = cell.whole.voxels();
  const std::size_t phases = spec.phases.size();
  std::vector<std::int64_t> counts = size.counts;
  VoxelLists result;
  if (size.listed) {
    std::vector<std::vector<std::int64_t>> lists(phases + 1);  // the last one: masked
    const cuda::MirrorStep image{cell.whole, cell.inside, {cell.layers[0], cell.layers[1], cell.layers[2]}, nullptr, nullptr};
    for (std::int64_t v = 0; v < V; ++v) {
      const std::int64_t from = mirrored(image, v);
      const bool masked = mask && !mask[from];
      const std::int32_t p = masked ? std::int32_t(phases) : phase ? phase[from] : 0;
      require(masked || (p >= 0 && std::size_t(p) < phases), Errc::kArgument,
              "voxel " + std::to_string(from) + " is of phase " + std::to_string(p) + ", the model has " +
                  std::to_string(phases) + ", counted from 0");
      lists[std::size_t(p)].push_back(v);
    }
    for (std::size_t p = 0; p <= phases; ++p) {
      if (p < phases) counts[p] = std::int64_t(lists[p].size());
      result.voxels.insert(result.voxels.end(), lists[p].begin(), lists[p].end());
      lists[p] = {};
    }
  }
  std::int64_t x = 0, h = 0;
  for (std::size_t p = 0; p < phases; ++p) {
    if (counts[p] == 0) continue;
    result.phases.push_back({int(p), counts[p], result.active, result.tiles, x, h});
    const std::int64_t tiles = tiles_of(counts[p]), numbers = tiles * cuda::kTile * size.systems[p];
    x += numbers * spec.channels;
    h += numbers * (spec.gated ? spec.memory : 0);
    result.active += counts[p];
    result.tiles += tiles;
  }
  return result;
}

}  // namespace grainspin
