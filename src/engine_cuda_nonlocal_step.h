// A nonlocal run's workspace on the GPU, and what one step of it launches.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "device_memory.h"
#include "engine_cuda_nonlocal_plan.h"
#include "engine_cuda_nonlocal_weights.h"
#include "grainspin/nonlocal.h"

namespace grainspin {

// A model on the GPU: places in `numbers`.
struct NonlocalModel {
  const NonlocalSpec& spec;
  const ModelPlace& place;
  ModelNumbers numbers;
  float stress_scale;  // Pa
};

// Streams of a run: products and sweeps; transforms of every other polarisation; results on their way to the host.
constexpr int kMainStream = 0, kBesideStream = 1, kCopyStream = 2;

// Frees with the context what the context has made.
template <class T, void (*cuda::Table::*release)(cuda::Context*, T*) noexcept>
struct Released {
  const Gpu* gpu;
  void operator()(T* p) const noexcept { ((*gpu).operator->()->*release)(*gpu, p); }
};
using SpectralPlans = std::unique_ptr<cuda::Spectral, Released<cuda::Spectral, &cuda::Table::spectral_destroy>>;
using LaunchGraph = std::unique_ptr<cuda::Graph, Released<cuda::Graph, &cuda::Table::forget>>;

class NonlocalStep {
 public:
  // Allocates the workspace and uploads lists, frequencies and loads; state and memory are zero, orientations unset.
  NonlocalStep(const Gpu& gpu, const NonlocalModel& model, const Region& region, const std::int32_t* phase,
               const std::uint8_t* mask, const std::vector<CellLoad>& loads, const WorkspaceSize& size);
  NonlocalStep(const NonlocalStep&) = delete;
  NonlocalStep& operator=(const NonlocalStep&) = delete;
  ~NonlocalStep();  // waits for the GPU

  // A step at a time: the load of the next one (and of the times that it is run beforehand); what is carried from step to
  // step, to host memory and back, or forgotten. All wait for the GPU.
  void take_load(const CellLoad& load) const;
  std::int64_t carried_bytes() const { return voxels() * 16 + at_.fields - at_.x; }
  void carry(void* to) const;
  void resume(const void* from) const;
  void forget() const;

  void orientations(const float* q) const;  // q[region.shape, 4], host or GPU memory, images included from now on
  void mirror() const;                      // the images, after orientations were written to inner()
  void warm_up() const;                     // before the first step, on its orientations
  // The next step of the loads: all but its last sweep, which leaves outputs and orientations alone; then that. What feeds
  // outputs alone is left out where nobody reads them.
  struct Read {
    bool stress = true, log_variance = true;
    bool operator==(const Read&) const = default;
  };
  void launch(Read read) const { approach(read), arrive(read); }
  void approach(Read read) const;
  void arrive(Read read) const;
  // Of the step that was launched last, on the GPU, whole cell: orientation [voxels, 4], increment [voxels, 3],
  // stress [voxels, 6] or null, log_variance [voxels, 3] or null, what it found of the mean velocity gradient [9].
  const float* orientation() const { return floats(at_.q); }
  const float* increment() const { return floats(at_.increment); }
  const float* stress() const { return model_.spec.stress ? floats(at_.stress) : nullptr; }
  const float* log_variance() const { return model_.place.variance_hidden > 0 ? floats(at_.log_variance) : nullptr; }
  const float* found() const { return floats(at_.found); }
  cuda::SubBox inner() const;  // of the region, in the cell

 private:
  std::int64_t voxels() const { return cell_.whole.voxels(); }
  char* bytes(std::int64_t place) const { return memory_.get() + place; }
  float* floats(std::int64_t place) const { return reinterpret_cast<float*>(bytes(place)); }
  const std::int64_t* list() const {
    return lists_.voxels.empty() ? nullptr : reinterpret_cast<const std::int64_t*>(bytes(at_.voxels));
  }
  cuda::StepLoad* now() const { return reinterpret_cast<cuda::StepLoad*>(bytes(at_.now)); }
  const float* weight(std::int64_t place) const { return model_.numbers.values + place; }
  // The sweep of all tiles that is the start (pass -1) or a pass, with the polarisations of the next one or the step's end.
  void sweep(int pass, bool end, bool stress = false) const;
  void judge() const;  // the variance head
  // Operator of a pass, pairs of polarisations on two streams; the pressure is summed where it is wanted, and taken back by the
  // last one.
  void convolve(int pass, bool pressure) const;
  void before_last(bool pressure) const;  // the load, the start, the passes but the last one's sweep

  const Gpu& gpu_;
  NonlocalModel model_;
  const Region& region_;
  PaddedCell cell_;
  Workspace at_;
  DeviceBuffer<char> memory_;
  VoxelLists lists_;
  cuda::Spectrum spectrum_;
  cuda::SpectralShape batches_;
  SpectralPlans plans_[2];
  bool half_;
  int scratch_blocks_;  // 0: shared memory
};

}  // namespace grainspin
