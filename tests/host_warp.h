// A block of a GPU's threads on the host, for kernels that are templates over their warp (cuda/fused_parts.h): fibers of one thread that
// take turns at barriers. mma follows the fragments' definition in the PTX ISA.
#pragma once

#include <ucontext.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

#include "grainspin/core.h"
#include "src/bf16.h"
#include "grainspin/orientation.h"

namespace grainspin::testing {

// fp16 of v, halves to even: 10 bits behind the point from 2^-14 on, below steps of 2^-24.
inline std::uint16_t half(float v) {
  const std::uint16_t sign = std::signbit(v) ? 0x8000 : 0;
  const float a = std::fabs(v);
  if (a == 0) return sign;
  int e = std::max(std::ilogb(a), -14);
  float steps = std::nearbyint(std::ldexp(a, 10 - e));  // 1024 .. 2048, below 1024 where it is subnormal
  if (steps == 2048) steps = 1024, ++e;
  if (e > 15) return sign | 0x7c00;
  return std::uint16_t(sign | (steps < 1024 ? int(steps) : (e + 15) << 10 | (int(steps) - 1024)));
}
inline float of_half(std::uint16_t bits) {
  const int e = bits >> 10 & 31, m = bits & 1023;
  const float v = e == 31 ? INFINITY : e ? std::ldexp(float(1024 + m), e - 25) : std::ldexp(float(m), -24);
  return bits & 0x8000 ? -v : v;
}

class HostBlock {
 public:
  // memory: shared memory, for its addresses.
  explicit HostBlock(int warps, char* memory = nullptr)
      : warps_(std::size_t(warps)), groups_(std::size_t(warps + 3) / 4), fibers_(std::size_t(warps) * 32), memory_(memory) {}

  // work(thread) by every thread; in reverse order with `backwards`, so that a missing barrier shows.
  void run(const std::function<void(int)>& work, bool backwards) {
    work_ = &work;
    for (std::size_t i = 0; i < fibers_.size(); ++i) {
      Fiber& f = fibers_[i];
      f.stack = std::make_unique<char[]>(kStack);
      getcontext(&f.context);
      f.context.uc_stack.ss_sp = f.stack.get();
      f.context.uc_stack.ss_size = kStack;
      f.context.uc_link = &main_;
      const std::uintptr_t self = reinterpret_cast<std::uintptr_t>(this);
      makecontext(&f.context, reinterpret_cast<void (*)()>(&enter), 3, unsigned(self), unsigned(self >> 32), int(i));
    }
    for (bool any = true; any;) {
      any = false;
      for (std::size_t k = 0; k < fibers_.size(); ++k) {
        const std::size_t i = backwards ? fibers_.size() - 1 - k : k;
        if (fibers_[i].done) continue;
        any = true;
        now_ = i;
        swapcontext(&main_, &fibers_[i].context);
      }
    }
  }
  int threads() const { return int(fibers_.size()); }

  struct Barrier {
    int arrived = 0, turn = 0;
  };
  // Of four warps: who is in wgmma.
  struct Group {
    Barrier barrier;
  };
  struct Warp {
    Barrier barrier;
    float value[2][32];
    std::uint32_t a[2][32][4], b[2][32][2];
  };
  void wait(Barrier& b, int all) {
    const int turn = b.turn;
    if (++b.arrived == all) {
      b.arrived = 0, ++b.turn;
      return;
    }
    while (b.turn == turn) swapcontext(&fibers_[now_].context, &main_);
  }
  Barrier block;
  Warp& warp(int i) { return warps_[std::size_t(i)]; }
  Group& group(int i) { return groups_[std::size_t(i)]; }
  char* memory() const { return memory_; }

 private:
  static constexpr std::size_t kStack = 1 << 17;
  struct Fiber {
    ucontext_t context;
    std::unique_ptr<char[]> stack;
    bool done = false;
  };
  static void enter(unsigned low, unsigned high, int thread) {
    HostBlock* const block = reinterpret_cast<HostBlock*>(std::uintptr_t(low) | std::uintptr_t(high) << 32);
    (*block->work_)(thread);
    block->fibers_[std::size_t(thread)].done = true;
  }
  std::vector<Warp> warps_;
  std::vector<Group> groups_;
  std::vector<Fiber> fibers_;
  char* memory_;
  std::size_t now_ = 0;
  ucontext_t main_;
  const std::function<void(int)>* work_ = nullptr;
};

class HostWarp {
 public:
  HostWarp(HostBlock& block, int thread) : block_(block), s_(block.warp(thread / 32)), thread_(thread) {}

  int lane() const { return thread_ % 32; }
  int warp() const { return thread_ / 32; }
  int thread() const { return thread_; }
  int threads() const { return block_.threads(); }
  void sync() const { block_.wait(block_.block, threads()); }
  void sync_warp() const { block_.wait(s_.barrier, 32); }
  void settle() const {}
  int anew(int v) const { return v; }
  void fetch(void* to, const void* from) const { std::memcpy(to, from, 16); }
  void fetched() const {}
  Quat orientation(const float* q, std::int64_t i) const { return {q[4 * i], q[4 * i + 1], q[4 * i + 2], q[4 * i + 3]}; }
  void put_orientation(float* to, std::int64_t i, const Quat& q) const { to[4 * i] = q.w, to[4 * i + 1] = q.x, to[4 * i + 2] = q.y, to[4 * i + 3] = q.z; }
  // Who is through the barrier may overtake the others by one exchange, hence two places in turns.
  float shuffle(float v, int from) const {
    const int at = turn_ ^= 1;
    s_.value[at][lane()] = v;
    sync_warp();
    return s_.value[at][from & 31];
  }
  std::uint32_t pack(float low, float high) const { return bf16(low) | std::uint32_t(bf16(high)) << 16; }
  std::uint32_t pack_half(float low, float high) const { return half(low) | std::uint32_t(half(high)) << 16; }
  float low_half(std::uint32_t pair) const { return of_half(std::uint16_t(pair)); }
  float high_half(std::uint32_t pair) const { return of_half(std::uint16_t(pair >> 16)); }
  float tanh(float x) const { return std::tanh(x); }
  float half_sigmoid(float half) const { return 0.5f * std::tanh(half) + 0.5f; }
  // c[16, 8] += a[16, 16] b[16, 8].
  void mma(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t* b) const {
    const int at = turn_ ^= 1;
    std::memcpy(s_.a[at][lane()], a, sizeof s_.a[at][lane()]);
    std::memcpy(s_.b[at][lane()], b, sizeof s_.b[at][lane()]);
    sync_warp();
    for (int e = 0; e < 4; ++e) {
      const int row = lane() / 4 + e / 2 * 8, column = lane() % 4 * 2 + e % 2;
      for (int k = 0; k < 16; ++k) c[e] += element_a(at, row, k) * element_b(at, k, column);
    }
  }

  // Groups of four warps, by the PTX ISA's "wgmma.mma_async": nothing is computed before groups_end(), when what the descriptors
  // point to is read. sums[64, 32] += a[64, 16] b[16, 32], a warp's rows are its own.
  void publish() const { published_ = true; }
  std::uint32_t shared_address(const void* p) const { return std::uint32_t(static_cast<const char*>(p) - block_.memory()); }
  void touch(float (&)[4][4]) const {}
  void groups_begin() const { meet(); }
  void group_mma(float (&c)[4][4], const std::uint32_t (&a)[4], std::uint64_t b) const {
    asked_.push_back({&c, {a[0], a[1], a[2], a[3]}, b});
  }
  void groups_end() const {
    meet();
    if (!published_) throw Error(Errc::kInternal, "host CUDA: wgmma reads shared memory that was not published to it");
    for (const Asked& p : asked_) {
      const auto field = [&](int low) { return std::int64_t(p.b >> low & 0x3fff) << 4; };
      if ((p.b >> 46) != 0 || (p.b & 0xc000c000) != 0) throw Error(Errc::kInternal, "host CUDA: a descriptor with swizzling or an offset");
      const char* const from = block_.memory() + field(0);
      const std::int64_t lead = field(16), stride = field(32);
      const int at = turn_ ^= 1;
      std::memcpy(s_.a[at][lane()], p.a.data(), sizeof s_.a[at][lane()]);
      sync_warp();
      for (int e = 0; e < 16; ++e) {
        const int row = lane() / 4 + e / 2 % 2 * 8, column = e / 4 * 8 + lane() % 4 * 2 + e % 2;
        for (int k = 0; k < 16; ++k) {
          std::uint16_t b;
          std::memcpy(&b, from + column / 8 * stride + k / 8 * lead + column % 8 * 16 + k % 8 * 2, 2);
          (*p.c)[e / 4][e % 4] += element_a(at, row, k) * half_of(b, 0);
        }
      }
    }
    asked_.clear();
    meet();
  }

 private:
  struct Asked {
    float (*c)[4][4];
    std::array<std::uint32_t, 4> a;
    std::uint64_t b;
  };
  void meet() const { block_.wait(block_.group(warp() / 4).barrier, 128); }
  // Row r of a: lanes 4 (r % 8) .., registers r / 8 (k below 8) and 2 + r / 8; two neighbouring k a register.
  float element_a(int at, int row, int k) const { return half_of(s_.a[at][row % 8 * 4 + k % 8 / 2][row / 8 + k / 8 * 2], k % 2); }
  // Column c of b: lanes 4 c .., register k / 8.
  float element_b(int at, int k, int column) const { return half_of(s_.b[at][column * 4 + k % 8 / 2][k / 8], k % 2); }
  static float half_of(std::uint32_t pair, int which) {
    const std::uint32_t bits = which ? pair & 0xffff0000u : pair << 16;
    float v;
    std::memcpy(&v, &bits, sizeof v);
    return v;
  }

  HostBlock& block_;
  HostBlock::Warp& s_;
  int thread_;
  mutable int turn_ = 0;
  mutable bool published_ = false;
  mutable std::vector<Asked> asked_;
};

}  // namespace grainspin::testing
