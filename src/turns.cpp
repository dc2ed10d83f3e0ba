#include "turns.h"

#include <utility>

namespace grainspin {

Turns::Turns(int n, Work work) : over_(std::size_t(n), 0) {
  try {
    for (int i = 1; i < n; ++i) threads_.emplace_back([this, i, work] { begin(i, work); });
  } catch (...) {  // the system gives no more threads
    stop();
    throw;
  }
}

Turns::~Turns() { stop(); }

void Turns::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  for (std::thread& t : threads_) t.join();
  threads_.clear();
}

void Turns::wait(int i) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return turn_ == i || stopped_; });
  if (stopped_) throw Ended();
}

void Turns::begin(int i, const Work& work) {
  std::exception_ptr error;
  try {
    wait(i);
    work(i, [&] {
      {
        const std::lock_guard lock(mutex_);
        turn_ = 0;
      }
      changed_.notify_all();
      wait(i);
    });
  } catch (...) {
    error = std::current_exception();
  }
  {
    const std::lock_guard lock(mutex_);
    over_[std::size_t(i)] = 1;
    if (stopped_) return;  // nobody waits, nobody asks
    error_ = error;
    turn_ = 0;
  }
  changed_.notify_all();
}

bool Turns::go_on(int i) {
  std::unique_lock lock(mutex_);
  if (over_[std::size_t(i)]) return false;
  turn_ = i;
  changed_.notify_all();
  changed_.wait(lock, [&] { return turn_ == 0; });
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  return !over_[std::size_t(i)];
}

}  // namespace grainspin
