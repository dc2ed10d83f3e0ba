// The local family on blocks of voxels: what a whole run and a run step by step share. No voxel's arithmetic depends
// on its place in a block, so cuts, threads and the order of blocks and steps do not change a bit.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <type_traits>
#include <vector>

#include "aligned.h"
#include "block_network.h"
#include "grainspin/orientation.h"
#include "grainspin/surrogate.h"
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
  // Voxels `first` .. of step slot `slot` from `n` lanes of a block, `lane` the first of them.
  void put(std::int64_t slot, std::int64_t first, int lane, int n, const float (*q)[4], const float* heads) {
    const std::int64_t at = slot * count + first;
    std::memcpy(orientation.get() + at * 4, q[lane], std::size_t(n) * sizeof *q);
    const auto copy = [&](const AlignedFloats& to, auto rows) {
      if (!to.get()) return;
      float* out = to.get() + at * rows;
      for (int i = lane; i < lane + n; ++i)
        for (int r = 0; r < rows; ++r) *out++ = heads[r * kBlock + i];
      heads += rows * kBlock;
    };
    copy(increment, std::integral_constant<int, 3>{});
    copy(stress, std::integral_constant<int, 6>{});
    copy(log_variance, std::integral_constant<int, 3>{});
  }

  std::int64_t count;
  AlignedFloats orientation, increment, stress, log_variance;
};

// What one thread needs.
struct LocalScratch {
  LocalScratch(const BlockNetwork& net, bool own_state)
      : patch(net.patch_floats()),
        start(net.start_floats()),
        hidden(net.scratch_floats()),
        heads(net.head_rows() * kBlock),
        own(net.own_floats()),
        state(own_state ? net.state_floats() : 0) {}
  static std::int64_t floats(const BlockNetwork& net, bool own_state) {
    return net.patch_floats() + net.head_rows() * kBlock + net.own_floats() + net.start_floats() + net.scratch_floats() +
           (own_state ? net.state_floats() : 0);
  }
  AlignedFloats patch, start, hidden, heads, own, state;
};

// Weights, threads and the steps of blocks.
class LocalWork {
 public:
  LocalWork(const Model& model, int threads, const RecurrentKernels& kernels)
      : spec(model.spec), pool(threads), network_(block_network(model, kernels)), net(*network_) {}

  std::vector<LocalScratch> scratch(bool own_state) const;
  // Embeddings of the voxels of a box, to their places among the region's.
  void embed_box(const Region& region, const Box& box, const float* q, float* e) const;

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
  mutable ThreadPool pool;

 private:
  const std::unique_ptr<BlockNetwork> network_;

 public:
  const BlockNetwork& net;
  mutable std::mutex busy;  // one at a time: the threads are shared
};

// A grid step by step. `work` outlives it.
std::unique_ptr<Rollout> start_local(const LocalWork& work, const Region& region, const float* q0,
                                     const std::uint8_t* mask);
RolloutSize local_rollout_size(const LocalWork& work, const Region& region, bool masked);

}  // namespace grainspin
