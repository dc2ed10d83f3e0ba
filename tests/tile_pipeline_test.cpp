// Mirrors src/tile_pipeline.h: reading, computing and writing at the same time, what is asked for, errors of any thread.
// That the results are the whole run's, bit for bit, is reconstruct_test's matter.
#include "tile_pipeline.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <set>
#include <thread>

#include "engine_cpu.h"
#include "local_oracle.h"

namespace grainspin {
namespace {

using testing::random_model;
using testing::random_orientations;

constexpr Shape kShape{12, 6, 5};

class Source final : public OrientationSource {
 public:
  explicit Source(std::function<void()> each = [] {}) : each_(std::move(each)), q_(random_orientations(kShape.voxels(), 1)) {}
  Shape shape() const override { return kShape; }
  void read(std::int64_t begin, std::int64_t count, float* q) override {
    each_();
    std::memcpy(q, &q_[std::size_t(begin) * 4], std::size_t(count) * 16);
  }
  const std::vector<float>& q() const { return q_; }

 private:
  std::function<void()> each_;
  std::vector<float> q_;
};

class Sink final : public OrientationSink {
 public:
  using Write = std::function<void(std::array<int, 3>, Shape, const StepOutput&)>;
  explicit Sink(Write write) : write_(std::move(write)) {}
  void write(std::array<int, 3> lo, Shape extent, const StepOutput& out) override { write_(lo, extent, out); }
  void whole(std::int64_t tile, std::array<int, 3>) override { whole_.push_back(tile); }
  std::vector<std::int64_t> whole_;

 private:
  Write write_;
};

// An engine that tells when it begins a region.
class Told final : public Surrogate {
 public:
  Told(const Surrogate& engine, std::function<void()> begins) : engine_(engine), begins_(std::move(begins)) {}
  const ModelSpec& spec() const override { return engine_.spec(); }
  std::string description() const override { return engine_.description(); }
  std::int64_t workspace(const Region& region) const override { return engine_.workspace(region); }
  void run(const Region& region, const float* q0, const std::uint8_t* mask, const float* teacher,
           const std::function<void(const StepOutput&)>& sink) const override {
    begins_();
    engine_.run(region, q0, mask, teacher, sink);
  }

 private:
  const Surrogate& engine_;
  std::function<void()> begins_;
};

Model model(Feedback feedback) { return random_model({Cell::kLstm, 1, 32, 1, feedback}, "432", 3, 5); }

class Pipeline : public ::testing::TestWithParam<Feedback> {
 protected:
  std::unique_ptr<Surrogate> engine = make_cpu_engine(model(GetParam()), {.threads = 2});
  ReconstructOptions options;
};

// While a step of the first tile is being written, the second is begun: were they done in turns, the wait would end by its limit.
TEST_P(Pipeline, WritesWhileTheNextTileIsComputed) {
  std::mutex mutex;
  std::condition_variable changed;
  int begun = 0;
  bool overlapped = false, first = true;
  const Told told(*engine, [&] {
    const std::lock_guard lock(mutex);
    ++begun;
    changed.notify_all();
  });
  Source source;
  Sink sink([&](std::array<int, 3>, Shape, const StepOutput&) {
    if (!std::exchange(first, false)) return;
    std::unique_lock lock(mutex);
    overlapped = changed.wait_for(lock, std::chrono::seconds(20), [&] { return begun >= 2; });
  });
  options.tile_shape = {6, 6, 5};
  reconstruct(told, source, sink, options);
  EXPECT_TRUE(overlapped);
  EXPECT_EQ(begun, 2);
  EXPECT_EQ(sink.whole_, (std::vector<std::int64_t>{0, 1}));
}

// Of the grid that is read, only what the buffers hold is ahead of what was written.
TEST_P(Pipeline, ReadsNoFartherThanItsBuffersHold) {
  options.tile_shape = {1, 6, 5};  // 12 tiles
  int read = 0, behind = 0, whole = 0;
  const std::thread::id here = std::this_thread::get_id();
  Source source([&] { EXPECT_NE(std::this_thread::get_id(), here); });
  struct Counting final : OrientationSource {
    Counting(Source& s, int& read) : source(s), calls(read) {}
    Shape shape() const override { return kShape; }
    void read(std::int64_t begin, std::int64_t count, float* q) override {
      if (begin == 0) ++calls;
      source.read(begin, count, q);
    }
    Source& source;
    int& calls;
  } counting(source, read);
  struct Watch final : OrientationSink {
    Watch(int& w, int& r, int& b) : whole_(w), read_(r), behind_(b) {}
    void write(std::array<int, 3>, Shape, const StepOutput&) override { behind_ = std::max(behind_, read_ - whole_); }
    void whole(std::int64_t, std::array<int, 3>) override { ++whole_; }
    int &whole_, &read_, &behind_;
  } sink(whole, read, behind);
  const Tiling tiling = choose_tiling({engine.get()}, kShape, options);
  EXPECT_EQ(tiling.buffers.inputs, 2);
  reconstruct(*engine, counting, sink, options);
  EXPECT_EQ(whole, 12);
  EXPECT_EQ(read, 12);
  // Two inputs, and what the output buffers hold of tiles: three steps each.
  EXPECT_LE(behind, 2 + (tiling.buffers.outputs + 2) / 3 + 1);
}

TEST_P(Pipeline, GivesTheStepsAndFieldsAskedFor) {
  std::vector<std::vector<float>> want(4);
  Source source;
  engine->run(whole(kShape, {}), source.q().data(), nullptr, nullptr, [&](const StepOutput& o) {
    want[std::size_t(o.step)].assign(o.orientation, o.orientation + kShape.voxels() * 4);
  });
  want[0] = source.q();
  for (const std::vector<std::uint8_t>& wanted : std::vector<std::vector<std::uint8_t>>{{1, 0, 0, 1}, {0, 1, 0, 0}, {1, 1, 1, 1}, {0, 0, 0, 0}})
    for (const Shape tile : {Shape{}, Shape{5, 4, 5}}) {
      std::vector<std::int64_t> voxels(4);
      Sink sink([&](std::array<int, 3> lo, Shape extent, const StepOutput& out) {
        voxels[std::size_t(out.step)] += extent.voxels();
        EXPECT_EQ(out.increment, nullptr);
        ASSERT_NE(out.orientation, nullptr);
        for (int z = 0; z < extent.nz; ++z)
          for (int y = 0; y < extent.ny; ++y)
            ASSERT_EQ(0, std::memcmp(out.orientation + (z * extent.ny + y) * extent.nx * 4,
                                     &want[std::size_t(out.step)][std::size_t(((lo[2] + z) * kShape.ny + lo[1] + y) * kShape.nx + lo[0]) * 4],
                                     std::size_t(extent.nx) * 16));
      });
      options.wanted = wanted;
      options.tile_shape = tile;
      options.fields.increment = false;
      reconstruct(*engine, source, sink, options);
      for (std::size_t k = 0; k < 4; ++k) EXPECT_EQ(voxels[k], wanted[k] ? kShape.voxels() : 0) << k;
    }
  options.wanted.resize(3);
  Sink none([](auto, auto, const auto&) {});
  EXPECT_THROW(reconstruct(*engine, source, none, options), Error);
}

TEST_P(Pipeline, LeavesOutTilesThatAreWhole) {
  options.tile_shape = {4, 6, 5};
  options.done = {1, 0, 1};
  std::set<int> begins;
  Source source;
  Sink sink([&](std::array<int, 3> lo, Shape, const StepOutput&) { begins.insert(lo[0]); });
  reconstruct(*engine, source, sink, options);
  EXPECT_EQ(begins, std::set<int>{4});
  EXPECT_EQ(sink.whole_, (std::vector<std::int64_t>{1}));
  options.done = {1, 1, 1};
  reconstruct(*engine, source, sink, options);  // nothing is left to do
  EXPECT_EQ(sink.whole_.size(), 1u);
  options.done = {1, 1};
  EXPECT_THROW(reconstruct(*engine, source, sink, options), Error);
}

// An error of the source, of the sink and of the engine each end the run with that error, at any time.
TEST_P(Pipeline, AnErrorOfAnyThreadEndsTheRun) {
  options.tile_shape = {3, 3, 5};
  const auto text_of = [&](const Surrogate& engine, OrientationSource& source, OrientationSink& sink) -> std::string {
    try {
      reconstruct(engine, source, sink, options);
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  for (int when : {0, 1, 5}) {
    int count = 0;
    const auto fail = [&] { require(count++ < when, Errc::kIo, "broken"); };
    Source good, bad(fail);
    Sink writes([](auto, auto, const auto&) {}), refuses([&](auto, auto, const auto&) { fail(); });
    EXPECT_EQ(text_of(*engine, bad, writes), "broken");
    count = 0;
    EXPECT_EQ(text_of(*engine, good, refuses), "broken");
    count = 0;
    EXPECT_EQ(text_of(Told(*engine, fail), good, writes), "broken");
  }
}

// A wish to stop is heard while the computing thread waits for a slow file.
TEST_P(Pipeline, StopsWhileItWaits) {
  options.tile_shape = {6, 6, 5};
  std::atomic<bool> stop{false}, ended{false};
  Source source([&] {
    stop = true;
    for (int i = 0; i < 2000 && !ended; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  });
  Sink sink([](auto, auto, const auto&) {});
  options.progress = [&](double, std::string_view) {
    ended = stop.load();
    return !stop;
  };
  try {
    reconstruct(*engine, source, sink, options);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(int(e.code()), int(Errc::kInterrupted));
  }
  EXPECT_TRUE(ended);
}

TEST_P(Pipeline, TellsWhereTheTimeWent) {
  options.tile_shape = {4, 6, 5};
  ReconstructProfile profile;
  options.profile = &profile;
  Source source([] { std::this_thread::sleep_for(std::chrono::milliseconds(2)); });
  Sink sink([](auto, auto, const auto&) { std::this_thread::sleep_for(std::chrono::milliseconds(3)); });
  reconstruct(*engine, source, sink, options);
  EXPECT_GE(profile.write, 0.003 * 9);  // three tiles of three steps
  EXPECT_GE(profile.read, 0.002 * 3);
  EXPECT_GT(profile.compute, 0);
  EXPECT_GE(profile.wall, profile.write + profile.read);  // one thread does both
  EXPECT_EQ(profile.hand_over_bytes, kShape.voxels() * 3 * (4 + 3) * 4);
  EXPECT_GE(profile.read_bytes, kShape.voxels() * 16);
}

// Several engines share one queue: the same bits, every voxel of every step once.
TEST_P(Pipeline, SeveralDevicesTakeTilesFromOneQueue) {
  Source source;
  std::vector<float> want;
  engine->run(whole(kShape, {}), source.q().data(), nullptr, nullptr,
              [&](const StepOutput& o) { want.insert(want.end(), o.orientation, o.orientation + kShape.voxels() * 4); });
  const auto second = make_cpu_engine(model(GetParam()), {.threads = 1}), third = make_cpu_engine(model(GetParam()), {.threads = 1});
  options.tile_shape = {3, 2, 5};
  const Tiling tiling = choose_tiling({engine.get()}, kShape, options);
  std::vector<int> times(want.size() / 4);
  Sink sink([&](std::array<int, 3> lo, Shape e, const StepOutput& out) {
    for (int z = 0; z < e.nz; ++z)
      for (int y = 0; y < e.ny; ++y)
        for (int x = 0; x < e.nx; ++x) {
          const std::int64_t at = (out.step - 1) * kShape.voxels() + ((lo[2] + z) * kShape.ny + lo[1] + y) * kShape.nx + lo[0] + x;
          ++times[std::size_t(at)];
          EXPECT_EQ(0, std::memcmp(&want[std::size_t(at) * 4], out.orientation + ((z * e.ny + y) * e.nx + x) * 4, 16));
        }
  });
  run_tiles({.devices = {engine.get(), second.get(), third.get()},
             .source = source,
             .sink = sink,
             .options = options,
             .tiling = tiling,
             .steps = 3,
             .region = [](const std::array<Stretch, 3>& s) { return region_of(s); }});
  for (const int t : times) ASSERT_EQ(t, 1);
  EXPECT_EQ(std::set<std::int64_t>(sink.whole_.begin(), sink.whole_.end()).size(), 12u);
}

INSTANTIATE_TEST_SUITE_P(Feedbacks, Pipeline, ::testing::Values(Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours),
                         [](const auto& info) { return std::string(name(info.param)); });

}  // namespace
}  // namespace grainspin
