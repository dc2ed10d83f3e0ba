// The nonlocal family on the CPU (nonlocal.h), step by step: what a whole run and a rollout share. Bit-identical for any
// number of threads: blocks of voxels, transforms and pencils are each one thread's work, and sums over the grid run over
// blocks in their order.
//
// Memory, floats a voxel: state C N + H N (phase of most systems), fields 8 M + 1, orientation 4, spin 3 (the cell's
// voxels, images included); outputs 7, with stress 6 more, with variance 3 more (the inner part).
#pragma once

#include <cstring>
#include <mutex>
#include <vector>

#include "aligned.h"
#include "grainspin/nonlocal.h"
#include "grainspin/surrogate.h"
#include "grainspin/variance.h"
#include "nonlocal_cell.h"
#include "nonlocal_fourier.h"
#include "nonlocal_kernels.h"
#include "nonlocal_weights.h"
#include "thread_pool.h"

namespace grainspin {

// A run's arrays.
struct NonlocalRun {
  NonlocalRun(const Region& region, const std::uint8_t* mask, const ModelSpec& spec, const NonlocalWeights& weights, bool variance)
      : cell(region, mask, weights.phases()),
        fourier(cell.shape(), region.spacing, spec.nonlocal.frequencies, spec.nonlocal.polarisations,
                spec.nonlocal.stress && spec.nonlocal.passes > 0),
        x(cell.x_floats()),
        h(cell.h_floats()),
        q(q_floats()),
        spin(std::int64_t(cell.blocks().size()) * 3 * kNonlocalBlock),
        sums(cell.blocks().size() * std::size_t(5 * spec.nonlocal.polarisations)),
        stress_sums(spec.nonlocal.stress ? cell.blocks().size() : 0),
        orientation(region.inner.voxels() * 4),
        increment(region.inner.voxels() * 3),
        stress(spec.nonlocal.stress ? AlignedFloats(region.inner.voxels() * 6) : AlignedFloats()),
        log_variance(variance ? AlignedFloats(region.inner.voxels() * 3) : AlignedFloats()) {
    std::fill_n(x.get(), cell.x_floats(), 0.0f);
    std::fill_n(h.get(), cell.h_floats(), 0.0f);
    std::fill_n(spin.get(), std::int64_t(cell.blocks().size()) * 3 * kNonlocalBlock, 0.0f);
  }
  std::int64_t q_floats() const { return std::int64_t(cell.blocks().size()) * 4 * kNonlocalBlock; }
  NonlocalCell cell;
  NonlocalFourier fourier;
  AlignedFloats x, h, q, spin;            // by block
  std::vector<double> sums, stress_sums;  // [blocks][5 M], [blocks]
  AlignedFloats orientation, increment, stress, log_variance;  // of the inner part
  AlignedFloats features;  // of the variance head; null unless they are asked for
  AlignedFloats head;      // [inner, most systems of a phase] y of nonlocal.h, first channel, adapted coordinates; likewise
  std::vector<AlignedFloats> scratch;  // by thread
};

// Weights, threads and the parts of a step.
class NonlocalWork {
 public:
  NonlocalWork(const Model& model, int threads, const NonlocalKernels& kernels)
      : spec(model.spec), pool(threads), kernels_(kernels), weights_(model, kernels), variance_(model) {}

  // The arrays of a run; Error kMemory where they do not fit.
  std::unique_ptr<NonlocalRun> prepare(const Region& region, const std::uint8_t* mask) const;
  std::int64_t workspace(const Region& region) const;
  std::int64_t carried_floats(const NonlocalRun& run) const {
    return run.cell.x_floats() + run.cell.h_floats() + run.q_floats();
  }
  std::int64_t most_carried_floats(const Region& region) const;  // whatever the mask
  // Orientations of the blocks' voxels from those of the region.
  void take_orientations(NonlocalRun& r, const float* q) const;
  // Before the first step, on its orientations and its load.
  void warm_up(NonlocalRun& r, const LoadStep& load) const;
  // One step; the load with what was found of its free components. kept[region.shape, 4]: orientations of masked voxels,
  // null: already in r.orientation.
  LoadStep step(NonlocalRun& r, const Region& region, const std::uint8_t* mask, const LoadStep& load,
                const float* kept) const;

  const ModelSpec spec;
  mutable ThreadPool pool;
  mutable std::mutex busy;  // one at a time: the threads are shared

 private:
  struct Step;
  struct Finish;
  std::int64_t scratch_floats(Shape cell) const;
  Step step_of(const LoadStep& load) const;
  BlockView view(const NonlocalRun& r, std::int64_t index, const Step& step, float* scratch) const;
  void sweep(NonlocalRun& r, Step& step, const Finish* finish) const;
  void complete_load(const NonlocalRun& r, Step& step, int pass) const;
  template <class Work>
  void planes(const NonlocalRun& r, int channels, bool inverse, bool forward, const Work& work,
              const Finish* finish) const;
  void keep(const NonlocalRun& r, int z, std::int32_t place, const Finish& finish) const;
  void read_head(const NonlocalRun& r, const NonlocalCell::Block& b, const BlockView& v, const float* scratch) const;
  void end(const NonlocalRun& r, std::int64_t index, const Step& step, float* scratch) const;
  void judge(const NonlocalRun& r, const NonlocalCell::Block& b, const BlockView& v, const Step& step, const float* beyond) const;
  static double mean_of_free(const Step& step, const std::array<double, 9>& s);
  void balance(const NonlocalRun& r, const Region& region, const std::uint8_t* mask, const Step& step) const;

  const NonlocalKernels& kernels_;
  NonlocalWeights weights_;
  VarianceHead variance_;
};

// Features of variance.h after a step on one block: rows of kNonlocalBlock floats. v: 3 rows, what its voxels turn by beyond
// the grid.
void variance_features(const BlockView& b, const float* v, double size, double log_size, float* rows);

// A grid step by step. `work` outlives it.
std::unique_ptr<Rollout> start_nonlocal(const NonlocalWork& work, const Region& region, const float* q0,
                                        const std::uint8_t* mask);
RolloutSize nonlocal_rollout_size(const NonlocalWork& work, const Region& region, bool masked);

}  // namespace grainspin
