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

cuda::SpectralShape spectral_of(const cuda::Spectrum& spectrum, int polarisations, bool pressure) {
  constexpr std::int64_t kBatchBytes = std::int64_t(128) << 20;
  const std::int64_t most = std::max<std::int64_t>(1, kBatchBytes / (spectrum.channel() * std::int64_t(sizeof(float))));
  const auto batch = [&](int channels) {
    for (int b = channels; b > 1; --b)
      if (channels % b == 0 && b <= most) return b;
    return 1;
  };
  return {{spectrum.n[0], spectrum.n[1], spectrum.n[2]}, batch(5 * polarisations),
          batch((pressure ? 9 : 8) * polarisations)};
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
  const std::int64_t V = cell.whole.voxels(), C = spec.channels, D = spec.width, H = spec.memory,
                     M = spec.passes > 0 ? spec.polarisations : 0;
  const cuda::Spectrum spectrum = spectrum_of(cell.whole);
  std::int64_t state = 0, rows = 0, systems = 0;  // floats a channel of the state; of a block; most systems
  for (std::size_t p = 0; p < size.counts.size(); ++p) {
    state += rows_of(size.counts[p], size.batch_rows) * size.systems[p];
    rows = std::max(rows, stride_of(std::min<std::int64_t>(size.counts[p], size.batch_rows)));
    if (size.counts[p] > 0) systems = std::max<std::int64_t>(systems, size.systems[p]);
  }
  Workspace w{};
  const auto take = [&](std::int64_t bytes) {
    const std::int64_t at = w.bytes;
    w.bytes += (bytes + 255) / 256 * 256;
    return at;
  };
  w.q = take(V * 4 * kFloat);
  w.x = take(C * state * kFloat);
  w.h = take(H * state * kFloat);
  // Between steps the fields' place serves the outputs (increment, stress) and orientations on their way in.
  const std::int64_t fields = (spec.stress ? 9 : 8) * M * spectrum.channel();
  w.fields = take(std::max({fields, (spec.stress ? 9 : 3) * V, cell.padded() ? 4 * cell.inside.voxels() : 0}) * kFloat);
  w.spin_sum = take(M ? 3 * V * kFloat : 0);
  w.pressure_sum = take(M && spec.stress ? V * kFloat : 0);
  w.voxels = take(size.listed ? V * std::int64_t(sizeof(std::int64_t)) : 0);
  const std::int64_t row = rows * systems * kFloat;
  w.drives = take(std::max<std::int64_t>(1, 2 * M) * row);
  w.magnitudes = take(spec.gated || H > 0 ? (C + std::max<std::int64_t>(1, 2 * M) + H) * row : 0);
  w.u = take(D * row);
  w.gate = take(std::max(spec.gated ? D : 0, 2 * H) * row);
  w.crystal = take(rows * std::max<std::int64_t>(8, 5 * M) * kFloat);
  w.loads = take((size.steps + warmups(spec)) * std::int64_t(sizeof(cuda::StepLoad)));
  w.now = take(sizeof(cuda::StepLoad));
  w.counter = take(sizeof(int));
  w.mean_gradient = take(spec.passes * M * 9 * kFloat);
  w.partial = take((std::max<std::int64_t>(1, 5 * M) * cuda::kPartials + 1) * std::int64_t(sizeof(double)));
  for (int d = 0; d < 3; ++d) w.k[d] = take(spectrum.n[d] * kFloat);
  w.transform = take(size.transform_bytes);
  return w;
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

Blocks blocks_of(const NonlocalSpec& spec, const PaddedCell& cell, const std::int32_t* phase, const std::uint8_t* mask,
                 const WorkspaceSize& size) {
  const std::int64_t V = cell.whole.voxels();
  const std::size_t phases = spec.phases.size();
  std::vector<std::int64_t> counts = size.counts;
  Blocks result;
  if (size.listed) {
    std::vector<std::vector<std::int64_t>> lists(phases);
    const cuda::MirrorStep image{cell.whole, cell.inside, {cell.layers[0], cell.layers[1], cell.layers[2]}, nullptr, nullptr};
    for (std::int64_t v = 0; v < V; ++v) {
      const std::int64_t from = mirrored(image, v);
      if (mask && !mask[from]) continue;
      const std::int32_t p = phase ? phase[from] : 0;
      require(p >= 0 && std::size_t(p) < phases, Errc::kArgument,
              "voxel " + std::to_string(from) + " is of phase " + std::to_string(p) + ", the model has " +
                  std::to_string(phases) + ", counted from 0");
      lists[std::size_t(p)].push_back(v);
    }
    for (std::size_t p = 0; p < phases; ++p) {
      counts[p] = std::int64_t(lists[p].size());
      result.voxels.insert(result.voxels.end(), lists[p].begin(), lists[p].end());
      lists[p] = {};
    }
  }
  std::int64_t first = 0, x = 0, h = 0;
  for (std::size_t p = 0; p < phases; ++p) {
    for (std::int64_t at = 0; at < counts[p]; at += size.batch_rows) {
      const int n = int(std::min<std::int64_t>(size.batch_rows, counts[p] - at));
      result.blocks.push_back({int(p), n, first + at, x, h});
      x += stride_of(n) * size.systems[p] * spec.channels;
      h += stride_of(n) * size.systems[p] * spec.memory;
    }
    first += counts[p];
  }
  result.active = first;
  return result;
}

}  // namespace grainspin
