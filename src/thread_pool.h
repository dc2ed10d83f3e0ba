// Threads that share the indices of a loop. Which thread does which index is left to chance, so the body
// must write only what belongs to its index.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace grainspin {

class ThreadPool {
 public:
  explicit ThreadPool(int threads);  // 0: as many as the machine has
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return int(workers_.size()) + 1; }
  // body(index, thread) for index in [0, count), thread in [0, size()). The first exception is thrown here
  // after all threads have stopped. One caller at a time.
  void run(std::int64_t count, const std::function<void(std::int64_t, int)>& body);

 private:
  void work(int thread);
  void share(int thread);

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable start_, done_;
  const std::function<void(std::int64_t, int)>* body_ = nullptr;
  std::int64_t count_ = 0;
  std::atomic<std::int64_t> next_{0};
  std::int64_t round_ = 0;
  int busy_ = 0;
  bool stop_ = false;
  std::exception_ptr failure_;
};

}  // namespace grainspin
