// Runs of several surrogates in lock step: each has a thread of its own, of which one at a time goes on.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace grainspin {

class Turns {
 public:
  // work(i, pause) of others i in [1, n): calls pause() where the thread that made this is to go on.
  using Work = std::function<void(int, const std::function<void()>&)>;
  Turns(int n, Work work);
  // Ends those that have not come to their end: their pause() throws.
  ~Turns();
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  // Lets number i go on until it pauses or ends; false once it has ended. Throws what its work threw.
  bool go_on(int i);

 private:
  struct Ended {};
  void wait(int i);
  void begin(int i, const Work& work);
  void stop();

  std::mutex mutex_;
  std::condition_variable changed_;
  int turn_ = 0;  // 0: the thread that made this
  bool stopped_ = false;
  std::vector<char> over_;
  std::exception_ptr error_;
  std::vector<std::thread> threads_;
};

}  // namespace grainspin
