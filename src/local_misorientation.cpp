// KAM, GROD and GOS with the grains of the initial state.
#include <algorithm>
#include <cmath>

#include "grainspin/texture.h"
#include "src/parallel_for.h"

namespace grainspin {

namespace {

Quatd load(const float* q) { return normalised(Quatd{q[0], q[1], q[2], q[3]}); }

}  // namespace

std::vector<float> kam(const VoxelSymmetry& symmetry, Shape shape, Boundaries boundaries, const std::int32_t* grain,
                       const float* q, int threads) {
  const std::int64_t n = shape.voxels();
  std::vector<float> out(static_cast<std::size_t>(n));
  parallel_for(n, threads, 256, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const int x = int(i % shape.nx), y = int(i / shape.nx % shape.ny), z = int(i / shape.nx / shape.ny);
      const Quatd a = load(q + 4 * i);
      double sum = 0;
      int count = 0;
      for (int k = 0; k < 27; ++k) {
        const std::int64_t j = tap(shape, boundaries, x, y, z, 1, k);
        // Also leaves out the voxel itself where an axis is short or clamped.
        if (j == i || grain[j] != grain[i]) continue;
        sum += disorientation_angle(symmetry.at(i), a, load(q + 4 * j));
        ++count;
      }
      out[std::size_t(i)] = count ? float(sum / count) : 0;
    }
  });
  return out;
}

std::vector<Quatd> grain_means(const VoxelSymmetry& symmetry, std::int64_t n, const std::int32_t* grain, const float* q) {
  std::int32_t grains = 0;
  for (std::int64_t i = 0; i < n; ++i) grains = std::max(grains, grain[i] + 1);
  std::vector<Quatd> reference(std::size_t(grains), Quatd{0, 0, 0, 0});
  for (std::int64_t i = 0; i < n; ++i) {
    Quatd& r = reference[std::size_t(grain[i])];
    if (r.w == 0 && r.x == 0 && r.y == 0 && r.z == 0) r = load(q + 4 * i);
  }
  for (int pass = 0; pass < 2; ++pass) {
    std::vector<Quatd> sum(reference.size(), Quatd{0, 0, 0, 0});
    for (std::int64_t i = 0; i < n; ++i) {
      const Quatd& r = reference[std::size_t(grain[i])];
      // w >= 0 next to the identity, so the signs of the members agree.
      const Quatd d = exp(disorientation(symmetry.at(i), load(q + 4 * i), r));
      Quatd& s = sum[std::size_t(grain[i])];
      s = {s.w + d.w, s.x + d.x, s.y + d.y, s.z + d.z};
    }
    for (std::size_t g = 0; g < reference.size(); ++g)
      if (sum[g].w > 0) reference[g] = normalised(normalised(sum[g]) * reference[g]);
  }
  return reference;
}

std::vector<float> grod(const VoxelSymmetry& symmetry, std::int64_t n, const std::int32_t* grain, const float* q,
                        int threads) {
  const std::vector<Quatd> mean = grain_means(symmetry, n, grain, q);
  std::vector<float> out(static_cast<std::size_t>(n));
  parallel_for(n, threads, 512, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      out[std::size_t(i)] = float(disorientation_angle(symmetry.at(i), load(q + 4 * i), mean[std::size_t(grain[i])]));
  });
  return out;
}

std::vector<double> gos(std::int64_t n, const std::int32_t* grain, const float* grod) {
  std::vector<double> sum, count;
  for (std::int64_t i = 0; i < n; ++i) {
    if (std::size_t(grain[i]) >= sum.size()) {
      sum.resize(std::size_t(grain[i]) + 1);
      count.resize(sum.size());
    }
    sum[std::size_t(grain[i])] += grod[i];
    count[std::size_t(grain[i])] += 1;
  }
  for (std::size_t g = 0; g < sum.size(); ++g)
    if (count[g] > 0) sum[g] /= count[g];
  return sum;
}

}  // namespace grainspin
