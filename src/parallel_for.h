// Splits [0, n) into one contiguous range a thread. The first exception thrown is thrown on.
#pragma once

#include <algorithm>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace grainspin {

inline int thread_count(int wanted) {
  return wanted > 0 ? wanted : std::max(1, int(std::thread::hardware_concurrency()));
}

// fn(begin, end); at least `grain` items a thread, so that short loops stay on the calling one.
template <class Fn>
void parallel_for(std::int64_t n, int threads, std::int64_t grain, const Fn& fn) {
  const std::int64_t parts = std::clamp<std::int64_t>(n / std::max<std::int64_t>(grain, 1), 1, thread_count(threads));
  if (parts == 1) {
    if (n > 0) fn(std::int64_t(0), n);
    return;
  }
  std::mutex mutex;
  std::exception_ptr first;
  const auto run = [&](std::int64_t part) {
    try {
      fn(n * part / parts, n * (part + 1) / parts);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!first) first = std::current_exception();
    }
  };
  std::vector<std::thread> pool;
  for (std::int64_t part = 1; part < parts; ++part) pool.emplace_back(run, part);
  run(0);
  for (auto& t : pool) t.join();
  if (first) std::rethrow_exception(first);
}

}  // namespace grainspin
