// The nonlocal family on a GPU: the engine whose runs are in engine_cuda_nonlocal.cpp, its rollouts in
// engine_cuda_nonlocal_rollout.cpp, what it takes in engine_cuda_nonlocal_sizes.cpp.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "backend.h"
#include "device_rollout.h"
#include "engine_cuda_nonlocal_step.h"

namespace grainspin {

class CudaNonlocalEngine final : public Surrogate, public OnDevice {
 public:
  CudaNonlocalEngine(const Model& model, const EngineOptions& options);

  const ModelSpec& spec() const override { return spec_; }
  std::string description() const override { return description_; }
  std::int64_t workspace(const Region& region) const override;
  bool fits(const Region& region, bool masked) const override;
  void run(const Region& region, const float* q0, const std::uint8_t* mask, const float* teacher,
           const std::function<void(const StepOutput&)>& sink) const override;
  const Gpu& gpu() const override { return gpu_; }
  std::mutex& busy() const override { return busy_; }
  std::unique_ptr<Rollout> start(const Region& region, const float* q0, const std::uint8_t* mask) const override;
  RolloutSize rollout_size(const Region& region, bool masked) const override;

 private:
  class Steps;
  struct Delivery;
  class StepGraphs;
  enum class Launching { kWholeRun, kGraphsOfAStep, kPlain };

  static constexpr std::int64_t kFloat = sizeof(float);
  static constexpr std::int64_t kFound = 16;  // floats for the 9 that are found of a load
  static constexpr std::int64_t kSlack = std::int64_t(32) << 20;  // of the plans and graphs, and what is rounded up
  static constexpr std::int64_t kGraphLaunches = 30'000;  // instantiating a graph takes some microseconds a launch
  static constexpr std::int64_t kGraphOutputs = std::int64_t(1) << 30;  // pinned bytes of all steps of one graph

  static Region one_step(Region region) {
    region.loads.assign(1, LoadStep{});
    return region;
  }
  const NonlocalSpec& cell() const { return spec_.nonlocal; }
  NonlocalModel model() const {
    return {cell(), place_, {weights_.get(), indices_.get(), tasks_.get()}, spec_.stress_scale[0]};
  }
  const std::vector<LoadStep>& loads(const Region& region) const {
    return region.loads.empty() ? spec_.loads : region.loads;
  }
  // Lists are made of several phases only.
  const std::int32_t* phases(const Region& region) const {
    return cell().phases.size() == 1 ? nullptr : region.phase;
  }
  void check_region(const Region& region) const;
  void check_phases(const Region& region) const;

  std::int64_t transform_bytes(Shape whole) const;  // of one work area
  std::int64_t scratch_bytes() const;  // of the tiles' rows, where shared memory has no room for those of every phase
  WorkspaceSize sized(const Region& region, bool masked) const;
  std::int64_t device_bytes(const Region& region, const WorkspaceSize& size) const;
  // The same of a periodic cell all of whose voxels are of the phase with the most systems, without the transforms.
  std::int64_t device_bytes(Shape whole, bool listed, int steps) const;
  std::int64_t room() const { return gpu_->info(gpu_).free_bytes - kSlack; }
  // Error kMemory with the largest cube that fits.
  WorkspaceSize required(const Region& region, const void* mask) const;
  std::int64_t launches(const Region& region) const;  // of one step, nearly; a transform is a few
  bool variance() const { return place_.variance_hidden > 0; }
  // Of a step's fields that are read, in pinned memory.
  std::int64_t set_floats(const Region& region) const;
  Launching launching(const Region& region, const WorkspaceSize& size) const;
  // What was found of every step's load and the fields of the wanted ones; of two steps where they are handed out one by one.
  std::int64_t output_floats(const Region& region, const WorkspaceSize& size) const;

  Gpu gpu_;
  ModelSpec spec_;
  bool half_;
  ModelPlace place_;
  DeviceBuffer<float> weights_;
  DeviceBuffer<std::int32_t> indices_;
  DeviceBuffer<cuda::MapTask> tasks_;
  std::string description_;
  mutable std::mutex busy_;  // one run at a time: there is one GPU
};

}  // namespace grainspin
