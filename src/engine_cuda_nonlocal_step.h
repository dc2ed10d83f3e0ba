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

// A model on the GPU: places in `weights`.
struct NonlocalWeights {
  const NonlocalSpec& spec;
  const ModelPlace& place;
  const float* weights;
  float stress_scale;  // Pa
};

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
  NonlocalStep(const Gpu& gpu, const NonlocalWeights& model, const Region& region, const std::int32_t* phase,
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
  void launch() const;                      // the next step of the loads
  // Of the step that was launched last, on the GPU, whole cell: orientation [voxels, 4], increment [voxels, 3],
  // stress [voxels, 6] or null, what it found of the mean velocity gradient [9].
  const float* orientation() const { return floats(at_.q); }
  const float* increment() const { return floats(at_.fields); }
  const float* stress() const { return model_.spec.stress ? floats(at_.fields) + 3 * voxels() : nullptr; }
  const float* found() const { return now()->found; }
  cuda::SubBox inner() const;  // of the region, in the cell

 private:
  struct Row;  // a block and where its matrices are

  std::int64_t voxels() const { return cell_.whole.voxels(); }
  char* bytes(std::int64_t place) const { return memory_.get() + place; }
  float* floats(std::int64_t place) const { return reinterpret_cast<float*>(bytes(place)); }
  cuda::StepLoad* now() const { return reinterpret_cast<cuda::StepLoad*>(bytes(at_.now)); }
  const float* weight(std::int64_t place) const { return model_.weights + place; }
  Row row(const PhaseBlock& block) const;
  // y (+)= gated of a block; the odd inputs are `drives` channels in the drives' matrix and `states` of x, the drives
  // first or last, magnitudes ready. y is replaced, added to, or added to after it was multiplied by `carry`.
  enum class Into { kReplace, kAdd };
  void gated(const Row& row, const GatedPlace& map, int drives, int states, bool drives_first, int out, Into into,
             float* y, const float* carry = nullptr) const;
  void start(const Row& row) const;
  void pass(int k) const;
  void convolve(int k) const;
  void sweep() const;  // the load, the start and the passes
  void end(const Row& row) const;

  const Gpu& gpu_;
  NonlocalWeights model_;
  const Region& region_;
  PaddedCell cell_;
  Workspace at_;
  DeviceBuffer<char> memory_;
  Blocks blocks_;
  cuda::Spectrum spectrum_;
  cuda::SpectralShape batches_;
  SpectralPlans plans_;
  bool masked_;
};

}  // namespace grainspin
