// Several devices that take tiles from one queue (reconstruct.h, named_device.h). The expected result is the run over the
// whole grid in one piece on one device, the same bits.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <set>
#include <thread>

#include "engine_cpu.h"
#include "grainspin/reconstruct.h"
#include "host_cuda_test.h"
#include "local_oracle.h"
#include "named_device.h"
#include "random_nonlocal.h"

namespace grainspin {
namespace {

using testing::random_model;
using testing::random_orientations;

constexpr Shape kShape{15, 12, 10};
constexpr int kSteps = 3;

class GridSource final : public OrientationSource {
 public:
  explicit GridSource(const std::vector<float>& q) : q_(q) {}
  Shape shape() const override { return kShape; }
  void read(std::int64_t begin, std::int64_t count, float* q) override { std::memcpy(q, &q_[std::size_t(begin * 4)], std::size_t(count) * 16); }

 private:
  const std::vector<float>& q_;
};

// Each voxel of each step once, from one thread at a time.
class GridSink final : public OrientationSink {
 public:
  void write(std::array<int, 3> lo, Shape e, const StepOutput& out) override {
    ASSERT_FALSE(busy.exchange(true));
    for (int z = 0; z < e.nz; ++z)
      for (int y = 0; y < e.ny; ++y)
        for (int x = 0; x < e.nx; ++x) {
          const std::int64_t to = (out.step - 1) * kShape.voxels() + (std::int64_t(lo[2] + z) * kShape.ny + lo[1] + y) * kShape.nx + lo[0] + x;
          std::memcpy(&q[std::size_t(to * 4)], out.orientation + ((std::int64_t(z) * e.ny + y) * e.nx + x) * 4, 16);
          ++times[std::size_t(to)];
        }
    busy = false;
  }
  std::atomic<bool> busy{false};
  std::vector<float> q = std::vector<float>(std::size_t(kShape.voxels() * kSteps * 4));
  std::vector<int> times = std::vector<int>(std::size_t(kShape.voxels() * kSteps));
};

std::vector<float> in_one_piece(const Surrogate& device, const std::vector<float>& q0, const Boundaries& boundaries, const std::uint8_t* mask) {
  std::vector<float> all;
  device.run(whole(kShape, boundaries), q0.data(), mask, nullptr,
             [&](const StepOutput& o) { all.insert(all.end(), o.orientation, o.orientation + kShape.voxels() * 4); });
  return all;
}

void expect_the_same(const Devices& devices, const std::vector<float>& want, const std::vector<float>& q0, const ReconstructOptions& options,
                     const std::string& where) {
  GridSource source(q0);
  GridSink sink;
  reconstruct(devices, source, sink, options);
  for (const int t : sink.times) ASSERT_EQ(t, 1) << where;
  ASSERT_EQ(want.size(), sink.q.size());
  EXPECT_EQ(0, std::memcmp(want.data(), sink.q.data(), want.size() * sizeof(float))) << where;
}

TEST(Devices, AnyNumberGivesTheSameBits) {
  const auto q0 = random_orientations(kShape.voxels(), 1);
  for (const Feedback feedback : {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours}) {
    const Model model = random_model({Cell::kGru, 1, 32, 1, feedback}, "432", kSteps, 5);
    const auto a = make_cpu_engine(model, {.threads = 1}), b = make_cpu_engine(model, {.threads = 2}), c = make_cpu_engine(model, {.threads = 1});
    ReconstructOptions options;
    options.boundaries.y = Boundary::kClamped;
    options.mask.assign(std::size_t(kShape.voxels()), 1);
    for (std::size_t i = 0; i < options.mask.size(); i += 7) options.mask[i] = 0;
    const auto want = in_one_piece(*a, q0, options.boundaries, options.mask.data());
    for (const int tile : {4, 7, 0, 100}) {
      options.tile = tile;
      const std::string where = std::string(name(feedback)) + " tile " + std::to_string(tile);
      expect_the_same({b.get()}, want, q0, options, where);
      expect_the_same({a.get(), b.get()}, want, q0, options, where);
      expect_the_same({c.get(), b.get(), a.get()}, want, q0, options, where);
    }
  }
}

// The engine behind it, with something before each run.
class Before final : public Surrogate {
 public:
  Before(const Surrogate& engine, std::function<void()> before) : engine_(engine), before_(std::move(before)) {}
  const ModelSpec& spec() const override { return engine_.spec(); }
  std::string description() const override { return "a device"; }
  std::int64_t workspace(const Region& region) const override { return engine_.workspace(region); }
  bool fits(const Region& region, bool) const override { return region.shape.voxels() <= most; }
  void run(const Region& region, const float* q0, const std::uint8_t* mask, const float* teacher,
           const std::function<void(const StepOutput&)>& sink) const override {
    before_();
    engine_.run(region, q0, mask, teacher, sink);
  }
  std::int64_t most = kShape.voxels();

 private:
  const Surrogate& engine_;
  std::function<void()> before_;
};

// A device that waits until the other has a tile, too: they run at the same time.
TEST(Devices, RunAtTheSameTime) {
  const auto q0 = random_orientations(kShape.voxels(), 1);
  const Model model = random_model({Cell::kLstm, 1, 32, 0, Feedback::kInitial}, "432", kSteps, 5);
  const auto a = make_cpu_engine(model, {.threads = 1}), b = make_cpu_engine(model, {.threads = 1});
  std::mutex mutex;
  std::condition_variable both;
  std::set<std::thread::id> here;
  const auto meet = [&] {
    std::unique_lock lock(mutex);
    here.insert(std::this_thread::get_id());
    both.notify_all();
    EXPECT_TRUE(both.wait_for(lock, std::chrono::seconds(60), [&] { return here.size() == 2; }));
  };
  const Before first(*a, meet), second(*b, meet);
  ReconstructOptions options;
  options.tile = 5;
  expect_the_same({&first, &second}, in_one_piece(*a, q0, {}, nullptr), q0, options, "");
}

TEST(Devices, AnErrorNamesItsDeviceAndStopsAll) {
  const auto q0 = random_orientations(kShape.voxels(), 1);
  const Model model = random_model({Cell::kLstm, 1, 32, 0, Feedback::kInitial}, "432", kSteps, 5);
  const auto engine = make_cpu_engine(model, {.threads = 1});
  const auto fine = named_device(make_cpu_engine(model, {.threads = 1}), "GPU 0");
  const auto broken = named_device(std::make_unique<Before>(*engine, [] { throw Error(Errc::kDevice, "fell off the bus"); }), "GPU 1");
  ReconstructOptions options;
  options.tile = 2;
  GridSource source(q0);
  GridSink sink;
  try {
    reconstruct({fine.get(), broken.get()}, source, sink, options);
    FAIL() << "ended well";
  } catch (const Error& e) {
    EXPECT_EQ(int(e.code()), int(Errc::kDevice));
    EXPECT_STREQ(e.what(), "GPU 1: fell off the bus");
  }
  const auto no_room = named_device(std::make_unique<Before>(*engine, [] { throw std::bad_alloc(); }), "GPU 1");
  try {
    reconstruct({no_room.get(), no_room.get()}, source, sink, options);
    FAIL() << "ended well";
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "GPU 1: out of memory");
  }
}

// What the sink throws is not the device's.
TEST(Devices, AFullDiskIsNoDevice) {
  const Model model = random_model({Cell::kLstm, 1, 32, 0, Feedback::kInitial}, "432", kSteps, 5);
  const auto device = named_device(make_cpu_engine(model, {.threads = 1}), "GPU 0");
  const auto q0 = random_orientations(8, 1);
  try {
    device->run(whole({2, 2, 2}, {}), q0.data(), nullptr, nullptr, [](const StepOutput&) { throw Error(Errc::kIo, "disk full"); });
    FAIL() << "ended well";
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "disk full");
  }
}

TEST(Devices, MemoryAndTilesAreThoseOfAll) {
  const Model model = random_model({Cell::kLstm, 1, 32, 1, Feedback::kOwn}, "432", kSteps, 5);
  const auto a = make_cpu_engine(model, {.threads = 1}), b = make_cpu_engine(model, {.threads = 1});
  const ReconstructPlan one = plan_reconstruction(Devices{a.get()}, kShape, {}), two = plan_reconstruction(Devices{a.get(), b.get()}, kShape, {});
  EXPECT_EQ(one.tiles, 1);
  EXPECT_GE(two.tiles, 2);  // none stands idle
  EXPECT_EQ(two.tiles % 2, 0);
  ReconstructOptions options;
  options.tile = 8;
  Region region;  // the largest of a tile of 8 with its halo
  region.shape = {10, 10, 10};
  region.inner = {8, 8, 8};
  EXPECT_GE(plan_reconstruction(Devices{a.get(), b.get()}, kShape, options).bytes,
            plan_reconstruction(Devices{a.get()}, kShape, options).bytes + b->workspace(region));
  options = {};
  options.memory = two.bytes * 2 / 3;
  EXPECT_LE(plan_reconstruction(Devices{a.get(), b.get()}, kShape, options).bytes, options.memory);
  Before small(*b, [] {});  // the smallest device decides
  small.most = 700;
  const ReconstructPlan least = plan_reconstruction(Devices{a.get(), &small}, kShape, {});
  EXPECT_LE(least.tile.voxels(), 700);
  EXPECT_THROW(plan_reconstruction(Devices{}, kShape, {}), Error);
}

TEST(Devices, AWholeGridIsForOne) {
  const Model model = testing::random_cell(testing::small_nonlocal(), 1, 2);
  const auto a = make_engine(model, {.threads = 1}), b = make_engine(model, {.threads = 1});
  try {
    plan_reconstruction(Devices{a.get(), b.get()}, {4, 4, 4}, {});
    FAIL() << "two devices share a grid that is coupled as a whole";
  } catch (const Error& e) {
    EXPECT_EQ(int(e.code()), int(Errc::kArgument));
  }
}

using TwoGpus = testing::HostCudaTest;

TEST_F(TwoGpus, GiveTheBitsOfOne) {
  host_->presence.devices = 2;
  const auto q0 = random_orientations(kShape.voxels(), 1);
  for (const Feedback feedback : {Feedback::kInitial, Feedback::kNeighbours}) {
    const Model model = random_model({Cell::kLstm, 1, 32, 1, feedback}, "432", kSteps, 5);
    const auto a = make_engine(model, {.device = Device::kCuda, .gpu = 0}), b = make_engine(model, {.device = Device::kCuda, .gpu = 1});
    ReconstructOptions options;
    options.tile = 6;
    expect_the_same({a.get(), b.get()}, in_one_piece(*a, q0, {}, nullptr), q0, options, name(feedback));
    EXPECT_THROW(make_engine(model, {.device = Device::kCuda, .gpu = 2}), Error);
  }
  host_->presence.devices = 1;
}

}  // namespace
}  // namespace grainspin
