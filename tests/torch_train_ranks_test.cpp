// Trainings shared by ranks (threads of the test here): several end as one does, bit for bit where the parts
// of a batch are the same, and stop together.
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <mutex>

#include "networks/train.h"
#include "thread_ranks.h"
#include "training_runs.h"
#include "training_sets.h"

using namespace grainspin;
using namespace grainspin::testing;

namespace {

struct Shared {
  std::vector<TrainReport> reports;
  std::vector<std::string> errors;  // of each rank; empty where it ended well
  std::optional<RankFailure> failure;
};

// change(rank, options, progress) makes a rank's own.
using Change = std::function<void(int, TrainOptions&, TrainProgress&)>;

Shared train_on(int n, const TrainOptions& options, const Change& change = {}) {
  Shared out;
  out.reports.resize(std::size_t(n));
  out.errors.resize(std::size_t(n));
  on_threads(n, [&](Ranks& ranks) {
    const std::size_t rank = std::size_t(ranks.rank());
    TrainOptions mine = options;
    TrainProgress progress = [](double, double, const TrainRow*) { return true; };
    if (change) change(ranks.rank(), mine, progress);
    std::optional<RankFailure> failed;
    bool echo = false;
    try {
      out.reports[rank] = train(mine, ranks, progress);
    } catch (const OtherRankFailed& e) {
      failed = {ranks.rank(), e.code(), e.what()};
      echo = true;
    } catch (const Error& e) {
      failed = {ranks.rank(), e.code(), e.what()};
    }
    if (failed) out.errors[rank] = failed->text;
    const auto first = ranks.settle(failed, echo);
    if (ranks.root()) out.failure = first;
  });
  return out;
}

struct Case {
  const char* name;
  Family family;
  Feedback feedback = Feedback::kOwn;
};
const Case kCases[] = {{"local own", Family::kLocal, Feedback::kOwn},
                       {"local initial", Family::kLocal, Feedback::kInitial},
                       {"local neighbours", Family::kLocal, Feedback::kNeighbours},
                       {"nonlocal", Family::kNonlocal}};

// Largest difference of a weight over the root mean square of its tensor.
double difference(const Model& a, const Model& b) {
  double largest = 0;
  for (const auto& [name, tensor] : a.tensors) {
    double squares = 0, most = 0;
    const auto& other = b.tensors.at(name).values;
    for (std::size_t i = 0; i < other.size(); ++i) {
      squares += double(other[i]) * other[i];
      most = std::max(most, std::abs(double(other[i]) - tensor.values[i]));
    }
    if (squares > 0) largest = std::max(largest, most / std::sqrt(squares / double(other.size())));
  }
  return largest;
}

class TrainRanks : public ::testing::Test, protected TrainingSets {
 protected:
  TrainRanks() : TrainingSets("training ranks " + std::to_string(getpid())) {}
};

}  // namespace

TEST_F(TrainRanks, AnyNumberEndsAsOneBitForBit) {
  for (const Case& c : kCases) {
    TrainOptions o = options(c.family, c.feedback);
    o.parts = 4;
    const TrainReport one = run(o);
    for (const int n : {2, 4}) {
      const Shared shared = train_on(n, o);
      ASSERT_FALSE(shared.failure) << c.name << ": " << shared.failure->text;
      for (const TrainReport& r : shared.reports) {
        EXPECT_TRUE(equal(one.model, r.model)) << c.name << ", " << n << " ranks";
        ASSERT_EQ(r.rows.size(), one.rows.size());
        for (std::size_t i = 0; i < r.rows.size(); ++i) {
          EXPECT_EQ(r.rows[i].loss, one.rows[i].loss) << c.name << " " << i;
          EXPECT_EQ(r.rows[i].samples, one.rows[i].samples);
          if (std::isfinite(one.rows[i].held_out)) {
            EXPECT_EQ(r.rows[i].held_out, one.rows[i].held_out);
          }
        }
        ASSERT_EQ(r.validation.size(), 1u);
        EXPECT_EQ(r.validation[0].error_deg, one.validation[0].error_deg);
        EXPECT_EQ(r.validation[0].path, one.validation[0].path);
        ASSERT_EQ(r.held_out.size(), 1u);
        EXPECT_EQ(r.held_out[0].r2_rolled, one.held_out[0].r2_rolled);
      }
    }
  }
}

// A batch in two parts has the sum of their gradients in another order than one product gives: rounding
// alone, so that a step's difference is about the square root of the batch times epsilon, which the steps
// pass on.
TEST_F(TrainRanks, WithoutPartsThereIsRoundingAlone) {
  for (const Feedback feedback : {Feedback::kInitial, Feedback::kOwn}) {
    const TrainOptions o = options(Family::kLocal, feedback);
    const TrainReport one = run(o);
    const Shared two = train_on(2, o);
    ASSERT_FALSE(two.failure) << two.failure->text;
    EXPECT_TRUE(equal(two.reports[0].model, two.reports[1].model));
    EXPECT_LT(difference(one.model, two.reports[0].model), 1e-3) << name(feedback);
    EXPECT_NEAR(one.validation[0].skill(), two.reports[0].validation[0].skill(), 1e-3) << name(feedback);
  }
}

TEST_F(TrainRanks, WhatARankAskedToStopLeavesAnyNumberCanResume) {
  for (const Case& c : kCases) {
    TrainOptions o = options(c.family, c.feedback);
    o.parts = 2;
    const TrainReport whole = run(o);
    o.checkpoint = folder / "checkpoint";
    const Shared stopped = train_on(2, o, [](int rank, TrainOptions&, TrainProgress& progress) {
      int steps = 0;
      if (rank == 1) progress = [steps](double, double, const TrainRow*) mutable { return ++steps < 7; };
    });
    ASSERT_TRUE(stopped.failure) << c.name;
    EXPECT_EQ(stopped.failure->code, Errc::kInterrupted);
    for (const std::string& text : stopped.errors)
      EXPECT_NE(text.find("--resume"), std::string::npos) << text;
    o.resume = true;
    EXPECT_TRUE(equal(whole.model, run(o).model)) << c.name << " resumed by one";
    EXPECT_TRUE(equal(whole.model, train_on(2, o).reports[1].model)) << c.name << " resumed by two";
    std::filesystem::remove(o.checkpoint);
  }
}

TEST_F(TrainRanks, AnErrorOfOneEndsAll) {
  const TrainOptions o = options(Family::kNonlocal);
  const Shared missing = train_on(2, o, [&](int rank, TrainOptions& mine, TrainProgress&) {
    if (rank == 1) mine.archives[0] = folder / "nowhere.h5";
  });
  ASSERT_TRUE(missing.failure);
  EXPECT_EQ(missing.failure->rank, 1);
  EXPECT_NE(missing.failure->text.find("nowhere.h5"), std::string::npos) << missing.failure->text;
  EXPECT_NE(missing.errors[0].find("another rank"), std::string::npos) << missing.errors[0];

  const Shared other =
      train_on(2, o, [](int rank, TrainOptions& mine, TrainProgress&) { mine.seed += std::uint64_t(rank); });
  ASSERT_TRUE(other.failure);
  EXPECT_EQ(other.failure->code, Errc::kArgument);
  EXPECT_NE(other.failure->text.find("settings or archives of the training: rank 1"), std::string::npos)
      << other.failure->text;
}

TEST_F(TrainRanks, BatchesThatDoNotReachAllAreRefused) {
  const auto said = [](int n, const TrainOptions& o) {
    const Shared shared = train_on(n, o);
    EXPECT_TRUE(shared.failure);
    EXPECT_EQ(shared.failure ? shared.failure->code : Errc::kInternal, Errc::kArgument);
    return shared.failure ? shared.failure->text : "";
  };
  TrainOptions o = options(Family::kNonlocal);
  o.recipe.grids = 1;
  EXPECT_NE(said(2, o).find("grids: 1"), std::string::npos);
  o.recipe.grids = 4;
  EXPECT_NE(said(3, o).find("pool: 4"), std::string::npos);
  o = options(Family::kLocal);
  o.batch = 2;
  EXPECT_NE(said(3, o).find("batch: 2 voxels are too few for 3 parts"), std::string::npos);
  o.parts = 2;
  EXPECT_NE(said(3, o).find("parts: 2"), std::string::npos);
  o = options(Family::kLocal, Feedback::kNeighbours);
  o.held_out = 0;
  o.batch = 144;  // one grid of the largest extent
  EXPECT_NE(said(2, o).find("at least 145"), std::string::npos);
}
