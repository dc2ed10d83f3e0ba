// The local family on blocks of voxels: what a whole run and a run step by step share. No voxel's arithmetic depends
// on its place in a block, so cuts, threads and the order of blocks and steps do not change a bit.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <vector>

#include "aligned.h"
#include "cpu_network.h"
#include "grainspin/orientation.h"
#include "grainspin/surrogate.h"
#include "region.h"
#include "thread_pool.h"

namespace grainspin {

// Results of `steps` steps for `count` voxels, [steps][count][numbers].
struct LocalResults {
  LocalResults(const LocalSpec& spec, std::int64_t steps, std::int64_t count)
      : count(count),
        orientation(steps * count * 4),
        increment(steps * count * 3),
        stress(spec.stress ? AlignedFloats(steps * count * 6) : AlignedFloats()),
        log_variance(spec.variance ? AlignedFloats(steps * count * 3) : AlignedFloats()) {}

  static std::int64_t floats(const LocalSpec& spec) {
    return 7 + (spec.stress ? 6 : 0) + (spec.variance ? 3 : 0);
  }

  // `slot` counts the steps held here, `step` the steps of the run.
  StepOutput output(std::int64_t slot, int step) const {
    const auto part = [&](const AlignedFloats& a, int n) {
      return a.get() ? a.get() + slot * count * n : nullptr;
    };
    return {step, part(orientation, 4), part(increment, 3), part(stress, 6), part(log_variance, 3)};
  }
  // Voxel `i` of step slot `slot` from column `lane` of heads[rows][kBlock]; zeros where masked.
  void put(std::int64_t slot, std::int64_t i, const Quat& q, const float* heads, int lane, bool masked) {
    const std::int64_t at = slot * count + i;
    const float four[4] = {q.w, q.x, q.y, q.z};
    std::memcpy(orientation.get() + at * 4, four, sizeof four);
    const auto copy = [&](const AlignedFloats& to, int n) {
      if (!to.get()) return;
      for (int r = 0; r < n; ++r) to.get()[at * n + r] = masked ? 0.0f : heads[r * kBlock + lane];
      heads += n * kBlock;
    };
    copy(increment, 3);
    copy(stress, 6);
    copy(log_variance, 3);
  }

  std::int64_t count;
  AlignedFloats orientation, increment, stress, log_variance;
};

// What one thread needs.
struct LocalScratch {
  LocalScratch(const CpuNetwork& net, bool own_state)
      : patch(std::int64_t(net.taps()) * net.channels() * kBlock),
        start(net.start_floats()),
        hidden(net.scratch_floats()),
        heads(net.head_rows() * kBlock),
        own(net.channels() * kBlock),
        state(own_state ? net.state_floats() : 0) {}
  static std::int64_t floats(const CpuNetwork& net, bool own_state) {
    return (std::int64_t(net.taps()) * net.channels() + net.head_rows() + net.channels()) * kBlock +
           net.start_floats() + net.scratch_floats() + (own_state ? net.state_floats() : 0);
  }
  AlignedFloats patch, start, hidden, heads, own, state;
};

// Voxels of one block: position and place in the region; lanes beyond `count` repeat the last voxel.
struct Lanes {
  int count = 0;
  std::array<std::array<int, 3>, kBlock> at;
  std::array<std::int64_t, kBlock> place;

  // Voxels first .. of a box, x fastest.
  Lanes(const Region& region, const Box& box, std::int64_t first) {
    const std::int64_t w = box.hi[0] - box.lo[0], h = box.hi[1] - box.lo[1];
    count = int(std::min<std::int64_t>(kBlock, box.voxels() - first));
    for (int i = 0; i < kBlock; ++i) {
      const std::int64_t v = first + std::min(i, count - 1);
      at[i] = {box.lo[0] + int(v % w), box.lo[1] + int(v / w % h), box.lo[2] + int(v / w / h)};
      place[i] = (std::int64_t(at[i][2]) * region.shape.ny + at[i][1]) * region.shape.nx + at[i][0];
    }
  }
};

// Weights, threads and the steps of blocks.
class LocalWork {
 public:
  LocalWork(const Model& model, int threads, const RecurrentKernels& kernels)
      : spec(model.spec), net(model, kernels), pool(threads) {}

  std::vector<LocalScratch> scratch(bool own_state) const;
  // Planar embeddings e[channels][region.shape] of the voxels of a box.
  void embed_box(const Region& region, const Box& box, const float* q, float* e) const;
  // The patch of a block from them.
  void gather(const RegionTaps& taps, const Lanes& lanes, const std::uint8_t* mask, const float* e, std::int64_t n,
              float* patch) const;

  // `initial` and `own`: one step of block `block` of the inner box; its neighbours entered once, in `start`. Turns
  // q[kBlock][4]; results at voxel block * kBlock of step slot `slot`; slot -1: none are kept.
  void step_alone(const Lanes& lanes, std::int64_t block, const float* start, float* state, float* q,
                  const std::uint8_t* mask, const LocalScratch& s, LocalResults& results, std::int64_t slot) const;
  // `neighbours`: one step of the blocks that hold a voxel of `box`; e is of the orientations q[region.shape, 4], which
  // are turned. state [blocks of the region].
  void step_coupled(const Region& region, const RegionTaps& taps, const Box& box, const std::uint8_t* mask,
                    const float* e, float* q, float* state, const std::vector<LocalScratch>& all,
                    LocalResults& results) const;

  const ModelSpec spec;
  const CpuNetwork net;
  mutable ThreadPool pool;
  mutable std::mutex busy;  // one at a time: the threads are shared
};

// A grid step by step. `work` outlives it.
std::unique_ptr<Rollout> start_local(const LocalWork& work, const Region& region, const float* q0,
                                     const std::uint8_t* mask);
RolloutSize local_rollout_size(const LocalWork& work, const Region& region, bool masked);

}  // namespace grainspin
