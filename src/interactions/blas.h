// OpenBLAS with one thread inside: the project's own threads divide the work, so results do not depend on their number.
#pragma once

#include <cblas.h>

#include <mutex>

namespace grainspin::interactions {

// While one of these lives, OpenBLAS starts no threads. The number that was set before comes back with the last.
class SingleThreadedBlas {
 public:
  SingleThreadedBlas() {
    const std::lock_guard lock(mutex());
    if (count()++ == 0) {
      before() = openblas_get_num_threads();
      openblas_set_num_threads(1);
    }
  }
  ~SingleThreadedBlas() {
    const std::lock_guard lock(mutex());
    if (--count() == 0) openblas_set_num_threads(before());
  }
  SingleThreadedBlas(const SingleThreadedBlas&) = delete;
  SingleThreadedBlas& operator=(const SingleThreadedBlas&) = delete;

 private:
  static std::mutex& mutex() {
    static std::mutex m;
    return m;
  }
  static int& count() {
    static int n = 0;
    return n;
  }
  static int& before() {
    static int n = 1;
    return n;
  }
};

}  // namespace grainspin::interactions
