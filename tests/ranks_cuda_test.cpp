// Mirrors src/ranks/coupled.h where each rank has a GPU: the launchers are on the host (host_cuda.cpp), which pretend three.
// Expected: the run over the whole grid on one of them, the same bits.
#include <gtest/gtest.h>

#include <cstring>

#include "grainspin/reconstruct.h"
#include "host_cuda_test.h"
#include "local_oracle.h"
#include "src/ranks/coupled.h"
#include "thread_ranks.h"

namespace grainspin {
namespace {

constexpr Shape kGrid{5, 4, 8};
constexpr int kSteps = 3;

class PlanesInMemory final : public OrientationSource, public OrientationSink {
 public:
  PlanesInMemory(const std::vector<float>& q0, const Slab& slab, std::vector<float>& result) : q0_(q0), slab_(slab), result_(result) {}
  Shape shape() const override { return {kGrid.nx, kGrid.ny, slab_.count}; }
  void read(std::int64_t begin, std::int64_t count, float* q) override {
    for (std::int64_t i = begin; i < begin + count; ++i) {
      const std::int64_t z = fold(slab_.first + int(i / kPlane), kGrid.nz, Boundary::kPeriodic);
      std::memcpy(q + (i - begin) * 4, &q0_[std::size_t((z * kPlane + i % kPlane) * 4)], 16);
    }
  }
  void write(std::array<int, 3> lo, Shape extent, const StepOutput& out) override {
    const std::int64_t to = (out.step - 1) * kGrid.voxels() + (slab_.own[0] + lo[2]) * kPlane;
    std::memcpy(&result_[std::size_t(to * 4)], out.orientation, std::size_t(extent.voxels()) * 16);
  }

 private:
  static constexpr std::int64_t kPlane = 20;
  const std::vector<float>& q0_;
  const Slab& slab_;
  std::vector<float>& result_;
};

using RanksCuda = testing::HostCudaTest;

TEST_F(RanksCuda, EachWithAGpuGiveTheBitsOfOne) {
  host_->presence.devices = 3;
  const auto q0 = testing::random_orientations(kGrid.voxels(), 1);
  for (const Cell cell : {Cell::kLstm, Cell::kGru})
    for (const Boundary along_z : {Boundary::kPeriodic, Boundary::kClamped}) {
      const Model model = testing::random_model({cell, 1, 32, 1, Feedback::kNeighbours}, "432", kSteps, 5);
      std::vector<std::unique_ptr<Surrogate>> gpus;
      for (int gpu = 0; gpu < 3; ++gpu) gpus.push_back(make_engine(model, {.device = Device::kCuda, .gpu = gpu}));
      const Boundaries boundaries{Boundary::kPeriodic, Boundary::kClamped, along_z};
      std::vector<float> want;
      gpus[0]->run(whole(kGrid, boundaries), q0.data(), nullptr, nullptr,
                   [&](const StepOutput& o) { want.insert(want.end(), o.orientation, o.orientation + kGrid.voxels() * 4); });
      std::vector<float> got(want.size());
      host_->to_host = host_->to_device = 0;
      testing::on_threads(3, [&](Ranks& ranks) {
        const Slab slab = slab_of(kGrid.nz, along_z, ranks.rank(), ranks.size(), 1);
        PlanesInMemory planes(q0, slab, got);
        ReconstructOptions options;
        options.boundaries = boundaries;
        options.fields = {false, false, false};
        reconstruct_coupled(*gpus[std::size_t(ranks.rank())], ranks, slab, planes, planes, options);
        EXPECT_FALSE(ranks.settle(std::nullopt, false));
      });
      EXPECT_EQ(0, std::memcmp(want.data(), got.data(), want.size() * sizeof(float))) << name(cell);
      // Once the wide slabs to the GPUs; after each step but the last the planes of the halo, one on each side that has a
      // neighbour, and the slabs to the host as they are written. 16 bytes a voxel.
      const std::int64_t plane = kGrid.nx * kGrid.ny * 16, halo = along_z == Boundary::kPeriodic ? 6 : 4, wide = 8 + halo;
      EXPECT_EQ(host_->to_device, (wide + (kSteps - 1) * halo) * plane);
      EXPECT_EQ(host_->to_host, (kSteps * wide + (kSteps - 1) * halo) * plane);
    }
  host_->presence.devices = 1;
}

}  // namespace
}  // namespace grainspin
