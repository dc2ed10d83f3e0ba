// Processes that share one run: who they are and what they tell each other. What carries the messages (mpi.h) gives a
// few primitives; everything that has an order, sums above all, is done here, so that results do not depend on it.
//
// Collective calls are made by all ranks in the same order. A rank that fails leaves by its exception and calls
// settle(); the others learn of it at their next collective call, or by watch() between two, and leave by
// OtherRankFailed, so that nobody waits for a rank that does not come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "grainspin/core.h"

namespace grainspin {

// Thrown where this rank stops because another one has failed: no error of its own.
class OtherRankFailed : public Error {
 public:
  OtherRankFailed() : Error(Errc::kInterrupted, "stopped: another rank has failed") {}
};

// The one error of a run: which rank, and what it said.
struct RankFailure {
  int rank = 0;
  Errc code = Errc::kInternal;
  std::string text;
};

// A message to or from a rank. Between two ranks messages arrive in the order in which they are listed.
struct RankMessage {
  int rank = 0;
  void* data = nullptr;
  std::int64_t bytes = 0;
};

class Ranks {
 public:
  virtual ~Ranks() = default;
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }
  bool root() const { return rank_ == 0; }

  // This rank among those of its machine, and its share of the processors there (at least 1).
  struct Node {
    int rank = 0, ranks = 1, threads = 1;
  };
  virtual Node node() const = 0;

  // Collective. All of these throw OtherRankFailed where a rank has failed.
  void meet();
  // What every rank says, in the order of ranks. T is copied byte by byte.
  template <class T>
  std::vector<T> gather(const T& mine) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::vector<T> all(std::size_t(size_), mine);
    gather(&mine, sizeof(T), all.data());
    return all;
  }
  void gather(const void* mine, std::size_t bytes, void* all);  // all[size() * bytes]
  // Sums over the ranks, added in their order: the same bits on each.
  void sum(std::span<double> values);
  // Error kArgument on every rank unless all say the same 64 bits; `what` names what differs.
  void require_same(std::uint64_t mine, const std::string& what);
  void exchange(std::span<const RankMessage> send, std::span<const RankMessage> receive);

  // Not collective, cheap: throws OtherRankFailed where another rank has failed meanwhile.
  void watch();

  // The last call of every rank, whatever happened: `mine` is this rank's error, code kInterrupted of OtherRankFailed
  // with `echo`. Returns the failure of the run: of the lowest rank with an error of its own; none where all is well.
  std::optional<RankFailure> settle(const std::optional<RankFailure>& mine, bool echo);

 protected:
  Ranks(int rank, int size) : rank_(rank), size_(size) {}
  // mine[bytes] of every rank in the order of ranks.
  virtual void gather_bytes(const void* mine, std::size_t bytes, void* all) = 0;
  virtual void exchange_bytes(std::span<const RankMessage> send, std::span<const RankMessage> receive) = 0;
  // Tells all others, without waiting; whether one has told; and, called by all, takes what was told off the way.
  virtual void alarm() = 0;
  virtual bool alarmed() = 0;
  virtual void clear_alarms(const std::vector<bool>& raised) = 0;

 private:
  void agree(bool well);

  int rank_, size_;
  bool failed_ = false;  // all ranks know that one has failed
};

// One process by itself.
class OneRank final : public Ranks {
 public:
  OneRank() : Ranks(0, 1) {}
  Node node() const override { return {0, 1, 0}; }  // threads 0: as many as the machine has

 private:
  void gather_bytes(const void* mine, std::size_t bytes, void* all) override;
  void exchange_bytes(std::span<const RankMessage>, std::span<const RankMessage>) override {}
  void alarm() override {}
  bool alarmed() override { return false; }
  void clear_alarms(const std::vector<bool>&) override {}
};

}  // namespace grainspin
