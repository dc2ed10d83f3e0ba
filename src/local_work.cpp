#include "local_work.h"

namespace grainspin {
namespace {

Quat quat(const float* q) {
  return {q[0], q[1], q[2], q[3]};
}

// A block's orientations turned by the increment rows of its heads.
class Turned {
 public:
  Turned(const CpuNetwork& net, const float (*q)[4], const float* heads) : q_(q), heads_(heads), far_(net.turn(heads, q[0], next_[0])) {}
  Quat operator()(int lane, bool masked) const {
    if (masked) return quat(q_[lane]);
    if (!(far_ >> lane & 1)) return quat(next_[lane]);
    return normalised(exp(Vec3<float>{heads_[lane], heads_[kBlock + lane], heads_[2 * kBlock + lane]}) * quat(q_[lane]));
  }

 private:
  const float (*q_)[4];
  const float* heads_;
  alignas(64) float next_[kBlock][4];
  std::uint32_t far_;
};

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

void LocalWork::gather(const RegionTaps& taps, const Lanes& lanes, const std::uint8_t* mask, const float* e,
            std::int64_t n, float* patch) const {
  const int channels = net.channels();
  std::int64_t places[kBlock];
  for (int k = 0; k < net.taps(); ++k) {
    taps.gather(k, kBlock, lanes.at.data(), mask, places);
    bool row = true;
    for (int i = 1; i < kBlock; ++i) row &= places[i] == places[0] + i;
    for (int c = 0; c < channels; ++c, patch += kBlock) {
      const float* from = e + c * n;
      if (row)
        std::memcpy(patch, from + places[0], kBlock * sizeof(float));
      else
        for (int i = 0; i < kBlock; ++i) patch[i] = from[places[i]];
    }
  }
}

void LocalWork::embed_box(const Region& region, const Box& box, const float* q, float* e) const {
  const int rows = box.hi[1] - box.lo[1];
  const std::int64_t n = region.shape.voxels();
  pool.run(std::int64_t(rows) * (box.hi[2] - box.lo[2]), [&](std::int64_t row, int) {
    const std::int64_t z = box.lo[2] + row / rows, y = box.lo[1] + row % rows;
    const std::int64_t at = (z * region.shape.ny + y) * region.shape.nx + box.lo[0];
    net.embed(box.hi[0] - box.lo[0], q + at * 4, e + at, n);
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
  if (own) net.embed(kBlock, q, s.own.get(), kBlock);
  net.step(start, own ? s.own.get() : nullptr, state, s.hidden.get(), s.heads.get());
  const Turned turned(net, reinterpret_cast<const float (*)[4]>(q), s.heads.get());
  for (int i = 0; i < kBlock; ++i) {
    float* const at = q + i * 4;
    const bool masked = mask && !mask[lanes.place[i]];
    const Quat next = turned(i, masked);
    if (i < lanes.count && slot >= 0) results.put(slot, block * kBlock + i, next, s.heads.get(), i, masked);
    at[0] = next.w, at[1] = next.x, at[2] = next.y, at[3] = next.z;
  }
}

void LocalWork::step_coupled(const Region& region, const RegionTaps& taps, const Box& box, const std::uint8_t* mask,
                             const float* e, float* q, float* state, const std::vector<LocalScratch>& all,
                             LocalResults& results) const {
  const std::int64_t n = region.shape.voxels();
  const Box inner = inner_box(region), all_voxels{{0, 0, 0}, {region.shape.nx, region.shape.ny, region.shape.nz}};
  const std::vector<std::int64_t> active = blocks_of(region, box);
  pool.run(std::int64_t(active.size()), [&](std::int64_t a, int thread) {
    const LocalScratch& s = all[thread];
    const std::int64_t block = active[a];
    const Lanes lanes(region, all_voxels, block * kBlock);
    gather(taps, lanes, mask, e, n, s.patch.get());
    net.step(nullptr, s.patch.get(), state + block * net.state_floats(), s.hidden.get(), s.heads.get());
    float before[kBlock][4];
    for (int i = 0; i < kBlock; ++i) std::memcpy(before[i], q + lanes.place[i] * 4, sizeof before[i]);
    const Turned turned(net, before, s.heads.get());
    for (int i = 0; i < lanes.count; ++i) {
      const bool masked = mask && !mask[lanes.place[i]];
      float* own = q + lanes.place[i] * 4;
      const Quat next = turned(i, masked);
      own[0] = next.w, own[1] = next.x, own[2] = next.y, own[3] = next.z;
      const std::int64_t x = lanes.at[i][0] - inner.lo[0], y = lanes.at[i][1] - inner.lo[1],
                         z = lanes.at[i][2] - inner.lo[2];
      if (x >= 0 && x < region.inner.nx && y >= 0 && y < region.inner.ny && z >= 0 && z < region.inner.nz)
        results.put(0, (z * region.inner.ny + y) * region.inner.nx + x, next, s.heads.get(), i, masked);
    }
  });
}

}  // namespace grainspin
