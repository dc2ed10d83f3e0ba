// Runs that are read again because memory does not hold them all, and batches gathered ahead from them.
#include <gtest/gtest.h>

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "datasets/batch_queue.h"
#include "datasets/grid_set.h"
#include "datasets/normaliser.h"
#include "datasets/run_store.h"
#include "datasets/training_set.h"
#include "training_cases.h"

using namespace grainspin;
using namespace grainspin::testing;

namespace {

// A run of a given size.
struct Block {
  std::size_t name = 0;
  std::int64_t size = 0;
  std::int64_t bytes() const { return size; }
};

RunStore<Block> store(std::int64_t limit, std::int64_t size = 10) {
  return RunStore<Block>(4, limit, [size](std::size_t i) { return Block{i, size}; });
}

class StreamedRuns : public ::testing::Test {
 protected:
  StreamedRuns() : folder_("streamed runs " + std::to_string(getpid())) {
    const Shape shapes[] = {{6, 5, 4}, {4, 6, 5}, {5, 5, 5}, {6, 4, 6}, {3, 4, 5}};
    for (unsigned i = 0; i < std::size(shapes); ++i) {
      paths_.push_back(folder_ / ("run " + std::to_string(i) + ".h5"));
      write_run(paths_.back(), shapes[i], 3, i + 1);
    }
  }
  Scratch folder_;
  std::vector<std::string> paths_;
};

}  // namespace

TEST(RunStore, HoldsAllWithoutALimit) {
  auto s = store(0);
  for (const std::size_t i : {0u, 1u, 2u, 3u, 0u, 1u, 2u, 3u}) EXPECT_EQ(s.get(i)->name, i);
  EXPECT_EQ(s.reads(), 4);
  EXPECT_EQ(s.bytes(), 40);
  EXPECT_TRUE(s.whole());
}

TEST(RunStore, LeavesWhatWasNotAskedForLongest) {
  auto s = store(25);  // two
  s.put(0, {0, 10});
  s.put(1, {1, 10});
  EXPECT_EQ(s.get(0)->name, 0u);
  EXPECT_EQ(s.get(2)->name, 2u);  // in the place of 1
  EXPECT_EQ(s.reads(), 3);
  EXPECT_EQ(s.get(0)->name, 0u);
  EXPECT_EQ(s.reads(), 3);
  EXPECT_EQ(s.get(1)->name, 1u);
  EXPECT_EQ(s.reads(), 4);
  EXPECT_EQ(s.bytes(), 20);
  s.limit(10);
  EXPECT_EQ(s.bytes(), 10);
  EXPECT_EQ(s.get(1)->name, 1u);  // the last that was asked for
  EXPECT_EQ(s.reads(), 4);
}

TEST(RunStore, OneIsHeldWhateverItsSizeAndByWhoHasIt) {
  auto s = store(5);
  const auto kept = s.get(3);
  EXPECT_EQ(s.get(2)->name, 2u);
  EXPECT_EQ(s.bytes(), 10);
  EXPECT_EQ(kept->name, 3u);  // although it has left
}

TEST_F(StreamedRuns, WhatIsKnownOfThemIsTheSame) {
  TrainingSet whole(paths_, false, 1, 5), streamed(paths_, false, 1, 5, 60'000);  // 24 to 35 kB each
  EXPECT_LE(streamed.store().bytes(), 60'000);
  EXPECT_GT(whole.bytes(), 80'000);
  EXPECT_EQ(whole.bytes(), streamed.bytes());
  EXPECT_EQ(whole.hashes(), streamed.hashes());
  const ModelSpec a = whole.spec({}), b = streamed.spec({});
  EXPECT_EQ(a.domain, b.domain);
  EXPECT_EQ(a.input_mean, b.input_mean);
  EXPECT_EQ(whole.turned(), streamed.turned());
  for (int pass = 0; pass < 2; ++pass)
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      EXPECT_EQ(whole.fields(i)->path, streamed.fields(i)->path);
      EXPECT_EQ(whole.fields(i)->q, streamed.fields(i)->q);
      EXPECT_EQ(whole.fields(i)->e, streamed.fields(i)->e);
    }
  EXPECT_EQ(whole.store().reads(), 5);
  EXPECT_GE(streamed.store().reads(),
            13);  // one or two at a time: of ten asked for at least eight read again

  GridSet grids(paths_, StressData::kNone, {{"", {"fcc"}}}, 1, 5),
      some(paths_, StressData::kNone, {{"", {"fcc"}}}, 1, 5, {}, 20'000);
  EXPECT_LE(some.store().bytes(), 20'000);
  EXPECT_EQ(grids.spec({}).domain, some.spec({}).domain);
  EXPECT_EQ(grids.scales().rate, some.scales().rate);
  for (std::size_t i = 0; i < paths_.size(); ++i) EXPECT_EQ(grids.fields(i)->w, some.fields(i)->w);
}

TEST_F(StreamedRuns, ALimitBelowOneRunIsRefused) {
  for (const bool grids : {false, true}) {
    try {
      if (grids)
        GridSet(paths_, StressData::kNone, {{"", {"fcc"}}}, 0, 1, {}, 1000);
      else
        TrainingSet(paths_, false, 0, 1, 1000);
      FAIL() << "must be refused";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Errc::kMemory);
      EXPECT_NE(std::string(e.what()).find("run 0.h5"), std::string::npos) << e.what();
    }
  }
}

TEST_F(StreamedRuns, BatchesGatheredAheadAreThoseGatheredAtOnce) {
  TrainingSet whole(paths_, false, 0, 5), streamed(paths_, false, 0, 5, 60'000);
  LocalSpec local;
  local.feedback = Feedback::kOwn;
  const ModelSpec spec = whole.spec(local);
  const auto& operations = cube_operations();
  const BatchMaker maker(spec, false, operations, 2);
  constexpr int kBatch = 50;
  const auto draws = [&](std::int64_t place) {
    std::vector<Draw> all;
    for (int i = 0; i < kBatch; ++i)
      all.push_back(draw(whole.training(), int(operations.size()), 3, place + i));
    return all;
  };
  for (const int ahead : {1, 4}) {
    BatchQueue queue(
        streamed.store(), maker, draws, [](std::int64_t place) { return place + kBatch; }, ahead);
    const std::int64_t before = streamed.store().reads();
    for (const std::int64_t place : {0, 50, 100, 150, 200, 250, 1000, 1050}) {  // a jump: begins anew
      const Batch& got = queue.at(place);
      Batch expected;
      maker.fill([&](int r) -> const grainspin::Run& { return *whole.fields(std::size_t(r)); }, draws(place),
                 expected);
      EXPECT_EQ(got.samples, expected.samples);
      EXPECT_EQ(got.x, expected.x) << place;
      EXPECT_EQ(got.own, expected.own);
      EXPECT_EQ(got.q, expected.q);
      EXPECT_EQ(got.w, expected.w);
    }
    // Five runs for each gathering: eight of one batch; three of four batches each.
    EXPECT_LE(streamed.store().reads() - before, ahead == 1 ? 40 : 15);
    EXPECT_LE(streamed.store().bytes(), 60'000);
  }
}
