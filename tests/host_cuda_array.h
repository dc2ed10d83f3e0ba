// A caller's array in the memory of a GPU that the launchers on the host play: pages that nobody but these may touch, and
// of which they know.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "host_cuda.h"

namespace grainspin::testing {

// Where a caller's arrays lie, and its stream.
class Caller {
 public:
  virtual ~Caller() = default;
  virtual void* take(std::int64_t bytes) = 0;
  virtual void drop(void* p) = 0;  // all are, before the caller ends
  virtual void put(void* to, const void* from, std::int64_t bytes) = 0;
  virtual void get(void* to, const void* from, std::int64_t bytes) = 0;
  virtual void* stream() { return nullptr; }
};

class HostCaller final : public Caller {
 public:
  explicit HostCaller(HostCuda& host, int gpu = 0, bool managed = false) : host_(host), gpu_(gpu), managed_(managed) {}
  void* take(std::int64_t bytes) override {
    const std::int64_t page = sysconf(_SC_PAGESIZE), size = std::max(page, (bytes + page - 1) / page * page);
    void* const p = mmap(nullptr, std::size_t(size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) throw std::bad_alloc();
    mine_.push_back({static_cast<char*>(p), size, gpu_, managed_});
    host_.lent.push_back(mine_.back());
    close(p, false);
    return p;
  }
  void drop(void* p) override {
    const auto of = [p](const Lent& l) { return l.data == p; };
    munmap(p, std::size_t(std::ranges::find_if(mine_, of)->bytes));
    std::erase_if(mine_, of);
    std::erase_if(host_.lent, of);
  }
  void put(void* to, const void* from, std::int64_t bytes) override {
    close(to, true);
    std::memcpy(to, from, std::size_t(bytes));
    close(to, false);
  }
  void get(void* to, const void* from, std::int64_t bytes) override {
    close(from, true);
    std::memcpy(to, from, std::size_t(bytes));
    close(from, false);
  }
  void* stream() override { return &mine_stream_; }
  HostStream& order() { return mine_stream_; }

 private:
  void close(const void* p, bool open) {
    for (const Lent& l : mine_)
      if (p >= l.data && p < l.data + l.bytes)
        mprotect(l.data, std::size_t(l.bytes), open || l.managed ? PROT_READ | PROT_WRITE : PROT_NONE);
  }
  HostCuda& host_;
  int gpu_;
  bool managed_;
  std::vector<Lent> mine_;
  HostStream mine_stream_;
};

}  // namespace grainspin::testing
