// Ranks that are threads of the test: messages without MPI.
#pragma once

#include <atomic>
#include <barrier>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "src/ranks/ranks.h"

namespace grainspin::testing {

class ThreadRanks final : public Ranks {
 public:
  struct Shared {
    explicit Shared(int n) : barrier(n), data(std::size_t(n)), sends(std::size_t(n)) {}
    std::barrier<> barrier;
    std::vector<const void*> data;
    std::vector<std::span<const RankMessage>> sends;
    std::atomic<int> alarms{0};
  };
  ThreadRanks(Shared& shared, int rank, int size) : Ranks(rank, size), shared_(shared) {}
  Node node() const override { return {rank(), size(), 1}; }

 private:
  void gather_bytes(const void* mine, std::size_t bytes, void* all) override {
    shared_.data[std::size_t(rank())] = mine;
    shared_.barrier.arrive_and_wait();
    for (std::size_t r = 0; r < shared_.data.size(); ++r) std::memcpy(static_cast<char*>(all) + r * bytes, shared_.data[r], bytes);
    shared_.barrier.arrive_and_wait();
  }
  void exchange_bytes(std::span<const RankMessage> send, std::span<const RankMessage> receive) override {
    shared_.sends[std::size_t(rank())] = send;
    shared_.barrier.arrive_and_wait();
    std::vector<std::size_t> next(shared_.sends.size(), 0);  // of each rank's messages, the first not looked at
    for (const RankMessage& m : receive) {
      const auto from = shared_.sends[std::size_t(m.rank)];
      std::size_t& at = next[std::size_t(m.rank)];
      while (at < from.size() && from[at].rank != rank()) ++at;
      require(at < from.size() && from[at].bytes == m.bytes, Errc::kInternal, "a message that nobody sends");
      std::memcpy(m.data, from[at++].data, std::size_t(m.bytes));
    }
    for (std::size_t r = 0; r < next.size(); ++r)
      for (std::size_t at = next[r]; at < shared_.sends[r].size(); ++at)
        require(shared_.sends[r][at].rank != rank(), Errc::kInternal, "a message that nobody receives");
    shared_.barrier.arrive_and_wait();
  }
  void alarm() override { ++shared_.alarms; }
  bool alarmed() override { return shared_.alarms > 0; }
  void clear_alarms(const std::vector<bool>&) override {}

  Shared& shared_;
};

// body(ranks) on `n` threads.
inline void on_threads(int n, const std::function<void(Ranks&)>& body) {
  ThreadRanks::Shared shared(n);
  std::vector<std::thread> threads;
  for (int r = 0; r < n; ++r)
    threads.emplace_back([&, r] {
      ThreadRanks ranks(shared, r, n);
      body(ranks);
    });
  for (std::thread& t : threads) t.join();
}

}  // namespace grainspin::testing
