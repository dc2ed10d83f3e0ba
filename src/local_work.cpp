#include "local_work.h"

namespace grainspin {
namespace {

// A block's orientations turned by the increment rows of its heads; masked voxels stay as they are, and their heads become zero.
void turn_block(const BlockNetwork& net, const Lanes& lanes, const std::uint8_t* mask, const float (*q)[4], float* heads,
                float (*next)[4]) {
  const std::uint32_t far = net.turn(heads, q[0], next[0]);
  for (int i = 0; i < kBlock && far >> i; ++i)
    if (far >> i & 1) {
      const Quat turned = normalised(exp(Vec3<float>{heads[i], heads[kBlock + i], heads[2 * kBlock + i]}) * Quat{q[i][0], q[i][1], q[i][2], q[i][3]});
      next[i][0] = turned.w, next[i][1] = turned.x, next[i][2] = turned.y, next[i][3] = turned.z;
    }
  if (!mask) return;
  for (int i = 0; i < kBlock; ++i)
    if (!mask[lanes.place[std::size_t(i)]]) {
      std::memcpy(next[i], q[i], sizeof next[i]);
      for (int r = 0; r < net.head_rows(); ++r) heads[r * kBlock + i] = 0;
    }
}

// The blocks of the region, in order, that hold a voxel of the box.
std::vector<std::int64_t> blocks_of(const Region& region, const Box& box) {
  std::vector<std::int64_t> blocks;
  for (std::int64_t z = box.lo[2]; z < box.hi[2]; ++z)
    for (std::int64_t y = box.lo[1]; y < box.hi[1]; ++y) {
      const std::int64_t row = (z * region.shape.ny + y) * region.shape.nx;
      std::int64_t b = (row + box.lo[0]) / kBlock;
      if (!blocks.empty() && blocks.back() >= b) b = blocks.back() + 1;
      for (; b <= (row + box.hi[0] - 1) / kBlock; ++b) blocks.push_back(b);
    }
  return blocks;
}

}  // namespace

void LocalWork::embed_box(const Region& region, const Box& box, const float* q, float* e) const {
  const int rows = box.hi[1] - box.lo[1];
  const std::int64_t n = region.shape.voxels();
  pool.run(std::int64_t(rows) * (box.hi[2] - box.lo[2]), [&](std::int64_t row, int) {
    const std::int64_t z = box.lo[2] + row / rows, y = box.lo[1] + row % rows;
    const std::int64_t at = (z * region.shape.ny + y) * region.shape.nx + box.lo[0];
    net.embed(at, box.hi[0] - box.lo[0], n, q + at * 4, e);
  });
}

std::vector<LocalScratch> LocalWork::scratch(bool own_state) const {
  std::vector<LocalScratch> all;
  for (int t = 0; t < pool.size(); ++t) all.emplace_back(net, own_state);
  return all;
}

void LocalWork::step_alone(const Lanes& lanes, std::int64_t block, const float* start, float* state, float* q,
                           const std::uint8_t* mask, const LocalScratch& s, LocalResults& results,
                           std::int64_t slot) const {
  const bool own = spec.local.feedback == Feedback::kOwn;
  if (own) net.embed_own(q, s.own.get());
  net.step(start, own ? s.own.get() : nullptr, state, s.hidden.get(), s.heads.get());
  alignas(64) float next[kBlock][4];
  turn_block(net, lanes, mask, reinterpret_cast<const float (*)[4]>(q), s.heads.get(), next);
  if (slot >= 0) results.put(slot, block * kBlock, 0, lanes.count, next, s.heads.get());
  std::memcpy(q, next, sizeof next);
}

void LocalWork::step_coupled(const Region& region, const RegionTaps& taps, const Box& box, const std::uint8_t* mask,
                             const float* e, float* q, float* state, const std::vector<LocalScratch>& all,
                             LocalResults& results) const {
  const std::int64_t n = region.shape.voxels();
  const Box inner = inner_box(region), all_voxels{{0, 0, 0}, {region.shape.nx, region.shape.ny, region.shape.nz}};
  const std::vector<std::int64_t> active = blocks_of(region, box);
  pool.run(std::int64_t(active.size()), [&](std::int64_t a, int thread) {
    const LocalScratch& s = all[thread];
    const BlockNetwork::Busy busy(net);
    const std::int64_t block = active[a];
    const Lanes lanes(region, all_voxels, block * kBlock);
    net.gather(taps, lanes, mask, e, n, s.patch.get());
    net.step(nullptr, s.patch.get(), state + block * net.state_floats(), s.hidden.get(), s.heads.get());
    alignas(64) float before[kBlock][4], next[kBlock][4];
    for (int i = 0; i < kBlock; ++i) std::memcpy(before[i], q + lanes.place[i] * 4, sizeof before[i]);
    turn_block(net, lanes, mask, before, s.heads.get(), next);
    for (int i = 0; i < lanes.count; ++i) std::memcpy(q + lanes.place[i] * 4, next[i], sizeof next[i]);
    for (int i = 0, n = 1; i < lanes.count; i += n, n = 1) {
      const std::int64_t x = lanes.at[i][0] - inner.lo[0], y = lanes.at[i][1] - inner.lo[1],
                         z = lanes.at[i][2] - inner.lo[2];
      if (!(x >= 0 && x < region.inner.nx && y >= 0 && y < region.inner.ny && z >= 0 && z < region.inner.nz)) continue;
      while (i + n < lanes.count && x + n < region.inner.nx) ++n;  // the rest of the row
      results.put(0, (z * region.inner.ny + y) * region.inner.nx + x, i, n, next, s.heads.get());
    }
  });
}

}  // namespace grainspin
