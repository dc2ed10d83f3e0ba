// What the launchers on the host share: a context whose work runs at once, or later where it is being recorded. What is given
// to a stream beside the first one runs as late as it may: when another follows it, or the host waits for it. So work that
// forgets to follow what it needs finds it undone.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "cuda/launchers.h"
#include "host_cuda.h"

namespace grainspin::cuda {

struct Graph {
  std::vector<std::function<void()>> work;
};

struct Context {
  int gpu = 0;
  std::map<void*, std::int64_t> device, pinned;
  Graph* recording = nullptr;
  testing::HostCuda* knobs = nullptr;
  int stream = 0;
  std::vector<std::function<void()>> late[3];  // of streams 1 and 2
};

template <class Work>
void enqueue(Context* c, const Work& work) {
  if (c->stream > 0) c->late[c->stream].push_back(work);
  else if (c->recording) c->recording->work.push_back(work);
  else work();
}
inline void catch_up(Context* c, int stream) {
  for (const auto& work : std::exchange(c->late[stream], {})) {
    if (c->recording) c->recording->work.push_back(work);
    else work();
  }
}
// CUDA refuses these calls while a stream records.
inline void not_recorded(const Context* c) {
  require(!c->recording, Errc::kInternal, "host CUDA: a call that cannot be recorded");
}

// The caller's device memory is open to the host while this lives: a launch or a copy.
class Open {
 public:
  Open();
  ~Open();
  Open(const Open&) = delete;
  Open& operator=(const Open&) = delete;
};
const testing::Lent* lent(const void* p);  // null: not the caller's device memory
extern std::set<Context*> contexts;
const Context* owner(const void* p);  // whose device memory it is; null
inline bool on_device(const void* p) { return lent(p) || owner(p); }

void fill_arrays(Table& table);    // host_cuda_arrays.cpp
void fill_fused(Table& table);     // host_cuda_fused.cpp
void fill_nonlocal(Table& table);  // host_cuda_nonlocal.cpp
void fill_regression(Table& table);  // host_cuda_regression.cpp

}  // namespace grainspin::cuda
