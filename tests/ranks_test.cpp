// Mirrors src/ranks: planes, halos, what ranks tell each other, and `neighbours` stepped by several ranks. The ranks are
// threads here (thread_ranks.h); predict_mpi_test has them as processes. The expected result is the run over the whole grid
// in one piece, the same bits; engine_test checks that one against the definition.
#include "src/ranks/ranks.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <mutex>
#include <numeric>
#include <set>
#include <thread>

#include "engine_cpu.h"
#include "grainspin/reconstruct.h"
#include "local_oracle.h"
#include "src/ranks/coupled.h"
#include "src/ranks/slabs.h"
#include "thread_ranks.h"

namespace grainspin {
namespace {

using testing::on_threads;
using testing::random_model;
using testing::random_orientations;

TEST(Slabs, PlanesAreSharedOutOnceAndEvenly) {
  for (int nz : {1, 2, 5, 16, 97})
    for (int ranks = 1; ranks <= nz; ++ranks) {
      int next = 0;
      for (int r = 0; r < ranks; ++r) {
        const auto [first, end] = own_planes(nz, r, ranks);
        ASSERT_EQ(first, next);
        ASSERT_TRUE(end - first == nz / ranks || end - first == nz / ranks + 1);
        next = end;
      }
      ASSERT_EQ(next, nz);
    }
}

// The cube of neighbours of every own plane lies in the slab, by the definition of the boundary.
TEST(Slabs, HoldTheirNeighbours) {
  for (int nz : {1, 3, 4, 9})
    for (int ranks = 1; ranks <= nz; ++ranks)
      for (int halo : {0, 1, 2, 5})
        for (Boundary b : {Boundary::kPeriodic, Boundary::kClamped})
          for (int r = 0; r < ranks; ++r) {
            const Slab s = slab_of(nz, b, r, ranks, halo);
            ASSERT_LE(s.count, nz);
            for (int z = s.own[0]; z < s.own[1]; ++z)
              for (int d = -halo; d <= halo; ++d) {
                const int place = fold(z - s.first + d, s.count, s.boundary);
                ASSERT_EQ(fold(s.first + place, nz, Boundary::kPeriodic), fold(z + d, nz, b)) << nz << " " << ranks << " " << halo;
              }
          }
}

TEST(Slabs, MoreRanksThanPlanesAreRefused) {
  try {
    slab_of(3, Boundary::kPeriodic, 0, 4, 1);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(int(e.code()), int(Errc::kArgument));
    EXPECT_NE(std::string(e.what()).find("at most 3"), std::string::npos) << e.what();
  }
}

TEST(Ranks, SumsAreInTheOrderOfRanks) {
  // ((1e16 + 1) + 1) - 1e16 is 0 in double precision, in another order it is not.
  const double terms[] = {1e16, 1, 1, -1e16};
  on_threads(4, [&](Ranks& ranks) {
    double sum[] = {terms[ranks.rank()], 1};
    ranks.sum(sum);
    EXPECT_EQ(sum[0], ((1e16 + 1) + 1) - 1e16);
    EXPECT_EQ(sum[1], 4);
    EXPECT_FALSE(ranks.settle(std::nullopt, false));
  });
}

TEST(Ranks, WhatDiffersIsNamed) {
  on_threads(3, [&](Ranks& ranks) {
    EXPECT_NO_THROW(ranks.require_same(7, "the grid"));
    try {
      ranks.require_same(ranks.rank() == 2 ? 8 : 7, "the model");
      FAIL();
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find("the model: rank 2"), std::string::npos) << e.what();
    }
    EXPECT_TRUE(ranks.settle(RankFailure{ranks.rank(), Errc::kArgument, "differs"}, false));
  });
}

// A body as a program has it: what it throws becomes the job's one failure.
std::optional<RankFailure> failure_of(Ranks& ranks, const std::function<void()>& body) {
  try {
    body();
  } catch (const OtherRankFailed& e) {
    return ranks.settle(RankFailure{ranks.rank(), e.code(), e.what()}, true);
  } catch (const Error& e) {
    return ranks.settle(RankFailure{ranks.rank(), e.code(), e.what()}, false);
  }
  return ranks.settle(std::nullopt, false);
}

// Rank 2 fails before, between or after collective calls; every rank ends, with the error of rank 2.
TEST(Ranks, OneFailureEndsAll) {
  for (int fails_at = 0; fails_at <= 3; ++fails_at)
    on_threads(4, [&](Ranks& ranks) {
      const auto failure = failure_of(ranks, [&] {
        for (int step = 0; step < 3; ++step) {
          require(ranks.rank() != 2 || step != fails_at, Errc::kIo, "disk of rank 2");
          ranks.gather(step);
        }
        require(ranks.rank() != 2 || fails_at != 3, Errc::kIo, "disk of rank 2");
      });
      ASSERT_TRUE(failure);
      EXPECT_EQ(failure->rank, 2);
      EXPECT_EQ(int(failure->code), int(Errc::kIo));
      EXPECT_EQ(failure->text, "disk of rank 2");
    });
}

// Between collective calls a rank learns of another's failure by watch(): long work ends early.
TEST(Ranks, LongWorkOfOthersEnds) {
  on_threads(3, [&](Ranks& ranks) {
    bool stopped = false;
    const auto failure = failure_of(ranks, [&] {
      require(ranks.rank() != 1, Errc::kMemory, "no room");
      try {
        for (;;) {
          ranks.watch();
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
      } catch (const OtherRankFailed&) {
        stopped = true;
        throw;
      }
    });
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->text, "no room");
    EXPECT_EQ(stopped, ranks.rank() != 1);
  });
}

// Of several errors the lowest rank's is told; a request to stop, which reaches all, only where there is nothing else.
TEST(Ranks, TheErrorThatSaysMostIsTold) {
  on_threads(4, [&](Ranks& ranks) {
    const auto failure = failure_of(ranks, [&] {
      require(ranks.rank() >= 2, Errc::kInterrupted, "stopped on request");
      throw Error(Errc::kFormat, "file " + std::to_string(ranks.rank()));
    });
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->text, "file 2");
  });
}

// Planes [first, first + count) of a grid in memory, folded periodically; counts what is read.
class PlanesSource final : public OrientationSource {
 public:
  PlanesSource(const std::vector<float>& q, Shape grid, const Slab& slab) : q_(q), grid_(grid), slab_(slab) {}
  Shape shape() const override { return {grid_.nx, grid_.ny, slab_.count}; }
  void read(std::int64_t begin, std::int64_t count, float* to) override {
    const std::int64_t plane = std::int64_t(grid_.nx) * grid_.ny;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t v = begin + i, z = fold(slab_.first + int(v / plane), grid_.nz, Boundary::kPeriodic);
      std::memcpy(to + i * 4, &q_[std::size_t((z * plane + v % plane) * 4)], 16);
    }
  }

 private:
  const std::vector<float>& q_;
  Shape grid_;
  const Slab& slab_;
};

// All ranks' planes in their places of one field; each voxel of each step is written once.
class WholeSink {
 public:
  WholeSink(Shape grid, int steps) : grid_(grid), q(std::size_t(grid.voxels() * steps * 4)), times(std::size_t(grid.voxels() * steps)) {}
  class Part final : public OrientationSink {
   public:
    Part(WholeSink& whole, int first) : whole_(whole), first_(first) {}
    void write(std::array<int, 3> lo, Shape extent, const StepOutput& out) override {
      if (out.step == 0) return;
      for (int z = 0; z < extent.nz; ++z)
        for (int y = 0; y < extent.ny; ++y)
          for (int x = 0; x < extent.nx; ++x) {
            const std::int64_t from = (std::int64_t(z) * extent.ny + y) * extent.nx + x;
            const std::int64_t to = (out.step - 1) * whole_.grid_.voxels() +
                                    (std::int64_t(first_ + lo[2] + z) * whole_.grid_.ny + lo[1] + y) * whole_.grid_.nx + lo[0] + x;
            std::memcpy(&whole_.q[std::size_t(to * 4)], out.orientation + from * 4, 16);
            ++whole_.times[std::size_t(to)];
          }
    }

   private:
    WholeSink& whole_;
    int first_;
  };

 private:
  Shape grid_;

 public:
  std::vector<float> q;
  std::vector<int> times;
};

struct Case {
  Cell cell;
  int layers, radius;
  Feedback feedback;
  Shape grid;
  Boundary along_z;
  bool masked;
  int ranks;
};

// Each rank as the program runs it: in steps with exchanges (`together`), or by itself with the whole reach as its halo.
void expect_same_bits(const Case& c, bool together) {
  const Model model = random_model({c.cell, c.layers, 32, c.radius, c.feedback}, "432", 3, 5);
  const auto q0 = random_orientations(c.grid.voxels(), 1);
  std::vector<std::uint8_t> mask(std::size_t(c.grid.voxels()), 1);
  for (std::size_t i = 0; i < mask.size(); i += 5) mask[i] = 0;
  const Boundaries boundaries{Boundary::kPeriodic, Boundary::kClamped, c.along_z};
  std::vector<float> want;
  make_cpu_engine(model, {.threads = 1})
      ->run(whole(c.grid, boundaries), q0.data(), c.masked ? mask.data() : nullptr, nullptr, [&](const StepOutput& o) {
        want.insert(want.end(), o.orientation, o.orientation + c.grid.voxels() * 4);
      });
  WholeSink sink(c.grid, 3);
  on_threads(c.ranks, [&](Ranks& ranks) {
    const auto engine = make_cpu_engine(model, {.threads = 1 + ranks.rank() % 2});
    const Slab slab = slab_of(c.grid.nz, c.along_z, ranks.rank(), ranks.size(), together ? c.radius : reach(model.spec));
    PlanesSource source(q0, c.grid, slab);
    WholeSink::Part part(sink, slab.own[0]);
    ReconstructOptions options;
    options.boundaries = boundaries;
    if (c.masked) {
      const std::int64_t plane = std::int64_t(c.grid.nx) * c.grid.ny;
      for (int w = 0; w < slab.count; ++w) {
        const auto from = mask.begin() + fold(slab.first + w, c.grid.nz, Boundary::kPeriodic) * plane;
        options.mask.insert(options.mask.end(), from, from + plane);
      }
    }
    if (together) {
      reconstruct_coupled(*engine, ranks, slab, source, part, options);
    } else {
      options.boundaries.z = slab.boundary;
      options.planes = slab.inner();
      options.tile = 4;
      OwnPlanes own(part, slab);
      reconstruct(*engine, source, own, options);
    }
    EXPECT_FALSE(ranks.settle(std::nullopt, false));
  });
  const std::string where = std::string(name(c.feedback)) + " radius " + std::to_string(c.radius) + " planes " +
                            std::to_string(c.grid.nz) + " ranks " + std::to_string(c.ranks) + (c.masked ? " masked" : "");
  for (const int t : sink.times) ASSERT_EQ(t, 1) << where;
  ASSERT_EQ(want.size(), sink.q.size());
  EXPECT_EQ(0, std::memcmp(want.data(), sink.q.data(), want.size() * sizeof(float))) << where;
}

constexpr Boundary kBoundaries[] = {Boundary::kPeriodic, Boundary::kClamped};

TEST(RankRuns, PlanesByThemselvesAreTheWhole) {
  for (Feedback feedback : {Feedback::kInitial, Feedback::kOwn, Feedback::kNeighbours})
    for (Boundary b : kBoundaries) {
      expect_same_bits({Cell::kLstm, 1, 1, feedback, {5, 4, 11}, b, true, 4}, false);
      expect_same_bits({Cell::kGru, 2, 2, feedback, {5, 4, 7}, b, false, 3}, false);
    }
}

// Uneven slabs, slabs thinner than the radius, halos that meet themselves.
TEST(RankRuns, StepsWithExchangesAreTheWhole) {
  for (Boundary b : kBoundaries) {
    expect_same_bits({Cell::kLstm, 1, 1, Feedback::kNeighbours, {7, 5, 11}, b, true, 4}, true);
    expect_same_bits({Cell::kGru, 1, 1, Feedback::kNeighbours, {7, 5, 4}, b, false, 4}, true);
    expect_same_bits({Cell::kGru, 2, 2, Feedback::kNeighbours, {4, 4, 9}, b, true, 5}, true);
    expect_same_bits({Cell::kLstm, 1, 3, Feedback::kNeighbours, {4, 4, 8}, b, false, 3}, true);
    expect_same_bits({Cell::kLstm, 1, 2, Feedback::kNeighbours, {4, 4, 5}, b, false, 2}, true);
    expect_same_bits({Cell::kLstm, 1, 0, Feedback::kNeighbours, {4, 4, 5}, b, true, 2}, true);
  }
}

TEST(RankRuns, ARankThatFailsBetweenStepsEndsAll) {
  const Model model = random_model({Cell::kLstm, 1, 32, 1, Feedback::kNeighbours}, "432", 3, 5);
  const Shape grid{4, 4, 8};
  const auto q0 = random_orientations(grid.voxels(), 1);
  class FullDisk final : public OrientationSink {
   public:
    void write(std::array<int, 3>, Shape, const StepOutput& out) override { require(out.step != 2, Errc::kIo, "disk full"); }
  };
  on_threads(4, [&](Ranks& ranks) {
    const auto engine = make_cpu_engine(model, {.threads = 1});
    const Slab slab = slab_of(grid.nz, Boundary::kPeriodic, ranks.rank(), ranks.size(), 1);
    PlanesSource source(q0, grid, slab);
    WholeSink whole_sink(grid, 3);
    WholeSink::Part fine(whole_sink, slab.own[0]);
    FullDisk full;
    const auto failure = failure_of(ranks, [&] {
      reconstruct_coupled(*engine, ranks, slab, source, ranks.rank() == 3 ? static_cast<OrientationSink&>(full) : fine, {});
    });
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->rank, 3);
    EXPECT_EQ(failure->text, "disk full");
  });
}

}  // namespace
}  // namespace grainspin
