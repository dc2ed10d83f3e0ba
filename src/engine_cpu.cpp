#include "engine_cpu.h"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "aligned.h"
#include "cpu_network.h"
#include "grainspin/core.h"
#include "grainspin/orientation.h"
#include "region.h"
#include "thread_pool.h"

namespace grainspin {
namespace {

// Results of `steps` steps for `count` voxels, [steps][count][numbers].
struct Results {
  Results(const LocalSpec& spec, std::int64_t steps, std::int64_t count)
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

Quat quat(const float* q) {
  return {q[0], q[1], q[2], q[3]};
}

// exp(w) q with w the increment rows of column `lane`.
Quat turned(const Quat& q, const float* heads, int lane, bool masked) {
  if (masked) return q;
  return normalised(exp(Vec3<float>{heads[lane], heads[kBlock + lane], heads[2 * kBlock + lane]}) * q);
}

// What one thread needs.
struct Scratch {
  Scratch(const CpuNetwork& net, bool own_state)
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

class CpuEngine final : public Surrogate {
 public:
  CpuEngine(const Model& model, const EngineOptions& options, const RecurrentKernels& kernels)
      : spec_(model.spec), kernels_(kernels), net_(model, kernels), pool_(options.threads) {}

  const ModelSpec& spec() const override { return spec_; }
  std::string description() const override {
    return std::string("engine, CPU ") + kernels_.name + ", " + std::to_string(pool_.size()) +
           (pool_.size() == 1 ? " thread" : " threads");
  }

  void run(const Region& region, const float* q0, const std::uint8_t* mask, const float* teacher,
           const std::function<void(const StepOutput&)>& sink) const override {
    check(region);
    const std::lock_guard lock(busy_);
    if (spec_.local.feedback == Feedback::kNeighbours)
      run_coupled(region, q0, mask, teacher, sink);
    else
      run_alone(region, q0, mask, teacher, sink);
  }

  std::int64_t workspace(const Region& region) const override {
    const std::int64_t n = region.shape.voxels(), inner = region.inner.voxels(),
                       blocks = (n + kBlock - 1) / kBlock;
    const bool coupled = spec_.local.feedback == Feedback::kNeighbours;
    std::int64_t floats = n * net_.channels() + pool_.size() * Scratch::floats(net_, !coupled) +
                          Results::floats(spec_.local) * inner * (coupled ? 1 : spec_.steps());
    if (coupled) floats += n * 4 + blocks * net_.state_floats();
    return floats * std::int64_t(sizeof(float)) + (1 << 16);
  }

 private:
  // The patch of a block from planar embeddings e[channels][n].
  void gather(const RegionTaps& taps, const Lanes& lanes, const std::uint8_t* mask, const float* e,
              std::int64_t n, float* patch) const {
    const int channels = net_.channels();
    std::int64_t places[kBlock];
    for (int k = 0; k < net_.taps(); ++k) {
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

  // Planar embeddings of the voxels of a box.
  void embed_box(const Region& region, const Box& box, const float* q, float* e) const {
    const int rows = box.hi[1] - box.lo[1];
    const std::int64_t n = region.shape.voxels();
    pool_.run(std::int64_t(rows) * (box.hi[2] - box.lo[2]), [&](std::int64_t row, int) {
      const std::int64_t z = box.lo[2] + row / rows, y = box.lo[1] + row % rows;
      const std::int64_t at = (z * region.shape.ny + y) * region.shape.nx + box.lo[0];
      net_.embed(box.hi[0] - box.lo[0], q + at * 4, e + at, n);
    });
  }

  std::vector<Scratch> scratch(bool own_state) const {
    std::vector<Scratch> all;
    for (int t = 0; t < pool_.size(); ++t) all.emplace_back(net_, own_state);
    return all;
  }

  // `initial` and `own`: each block runs through all steps by itself; the neighbours enter once.
  void run_alone(const Region& region, const float* q0, const std::uint8_t* mask, const float* teacher,
                 const std::function<void(const StepOutput&)>& sink) const {
    const std::int64_t n = region.shape.voxels(), inner = region.inner.voxels();
    const int steps = spec_.steps();
    const bool own = spec_.local.feedback == Feedback::kOwn;
    const Box box = inner_box(region);
    const AlignedFloats e(n * net_.channels());
    embed_box(region, grown(region, box, spec_.local.radius), q0, e.get());
    Results results(spec_.local, steps, inner);
    const RegionTaps taps(region, spec_.local.radius);
    const std::vector<Scratch> all = scratch(true);

    pool_.run((inner + kBlock - 1) / kBlock, [&](std::int64_t block, int thread) {
      const Scratch& s = all[thread];
      const Lanes lanes(region, box, block * kBlock);
      gather(taps, lanes, mask, e.get(), n, s.patch.get());
      net_.project(s.patch.get(), s.start.get());
      std::fill_n(s.state.get(), net_.state_floats(), 0.0f);
      float q[kBlock][4];
      for (int i = 0; i < kBlock; ++i) std::memcpy(q[i], q0 + lanes.place[i] * 4, sizeof q[i]);
      for (int t = 0; t < steps; ++t) {
        if (teacher)
          for (int i = 0; i < kBlock; ++i)
            std::memcpy(q[i], teacher + (t * n + lanes.place[i]) * 4, sizeof q[i]);
        if (own) net_.embed(kBlock, q[0], s.own.get(), kBlock);
        net_.step(s.start.get(), own ? s.own.get() : nullptr, s.state.get(), s.hidden.get(), s.heads.get());
        for (int i = 0; i < kBlock; ++i) {
          const bool masked = mask && !mask[lanes.place[i]];
          const Quat next = turned(quat(q[i]), s.heads.get(), i, masked);
          if (i < lanes.count) results.put(t, block * kBlock + i, next, s.heads.get(), i, masked);
          q[i][0] = next.w, q[i][1] = next.x, q[i][2] = next.y, q[i][3] = next.z;
        }
      }
    });
    for (int t = 0; t < steps; ++t) sink(results.output(t, t + 1));
  }

  // `neighbours`: all blocks do a step before any does the next; the state of the whole region is kept.
  // Next to cuts the box that is still worth something shrinks by the radius a step.
  void run_coupled(const Region& region, const float* q0, const std::uint8_t* mask, const float* teacher,
                   const std::function<void(const StepOutput&)>& sink) const {
    const std::int64_t n = region.shape.voxels(), blocks = (n + kBlock - 1) / kBlock,
                       state_floats = net_.state_floats();
    const int steps = spec_.steps(), radius = spec_.local.radius;
    const Box inner = inner_box(region);
    const Box all_voxels{{0, 0, 0}, {region.shape.nx, region.shape.ny, region.shape.nz}};
    const AlignedFloats e(n * net_.channels()), q(n * 4), state(blocks * state_floats);
    std::memcpy(q.get(), q0, std::size_t(n) * 4 * sizeof(float));
    pool_.run(blocks,
              [&](std::int64_t b, int) { std::fill_n(state.get() + b * state_floats, state_floats, 0.0f); });
    Results results(spec_.local, 1, region.inner.voxels());
    const RegionTaps taps(region, radius);
    const std::vector<Scratch> all = scratch(false);

    for (int t = 1; t <= steps; ++t) {
      const Box box = teacher ? inner : grown(region, inner, radius * (steps - t));
      if (teacher) std::memcpy(q.get(), teacher + (t - 1) * n * 4, std::size_t(n) * 4 * sizeof(float));
      embed_box(region, grown(region, box, radius), q.get(), e.get());
      const std::vector<std::int64_t> active = blocks_of(region, box);
      pool_.run(std::int64_t(active.size()), [&](std::int64_t a, int thread) {
        const Scratch& s = all[thread];
        const std::int64_t block = active[a];
        const Lanes lanes(region, all_voxels, block * kBlock);
        gather(taps, lanes, mask, e.get(), n, s.patch.get());
        net_.step(nullptr, s.patch.get(), state.get() + block * state_floats, s.hidden.get(), s.heads.get());
        for (int i = 0; i < lanes.count; ++i) {
          const bool masked = mask && !mask[lanes.place[i]];
          float* own = q.get() + lanes.place[i] * 4;
          const Quat next = turned(quat(own), s.heads.get(), i, masked);
          own[0] = next.w, own[1] = next.x, own[2] = next.y, own[3] = next.z;
          const std::int64_t x = lanes.at[i][0] - inner.lo[0], y = lanes.at[i][1] - inner.lo[1],
                             z = lanes.at[i][2] - inner.lo[2];
          if (x >= 0 && x < region.inner.nx && y >= 0 && y < region.inner.ny && z >= 0 && z < region.inner.nz)
            results.put(0, (z * region.inner.ny + y) * region.inner.nx + x, next, s.heads.get(), i, masked);
        }
      });
      sink(results.output(0, t));
    }
  }

  // The blocks of the region, in order, that hold a voxel of the box.
  static std::vector<std::int64_t> blocks_of(const Region& region, const Box& box) {
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

  ModelSpec spec_;
  const RecurrentKernels& kernels_;
  CpuNetwork net_;
  mutable ThreadPool pool_;
  mutable std::mutex busy_;  // one run at a time: the threads are shared
};

}  // namespace

std::unique_ptr<Surrogate> make_cpu_engine(const Model& model, const EngineOptions& options,
                                           const RecurrentKernels* kernels) {
  check(model);
  require(model.spec.family == Family::kLocal, Errc::kArgument, "the CPU engine runs the local family");
  return std::make_unique<CpuEngine>(model, options, kernels ? *kernels : *recurrent_kernels().front());
}

}  // namespace grainspin
