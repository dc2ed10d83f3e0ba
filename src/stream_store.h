// Writing past the caches: what is written once and read much later does not evict what is read now, and
// costs no read of the lines it replaces.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace grainspin {

constexpr int kLineFloats = 16;  // 64 bytes

// dst[16] = src[16], dst on a line.
inline void stream_line(float* dst, const float* src) {
#if defined(__SSE2__)
  const __m128 a = _mm_loadu_ps(src), b = _mm_loadu_ps(src + 4);
  const __m128 c = _mm_loadu_ps(src + 8), d = _mm_loadu_ps(src + 12);
  _mm_stream_ps(dst, a);
  _mm_stream_ps(dst + 4, b);
  _mm_stream_ps(dst + 8, c);
  _mm_stream_ps(dst + 12, d);
#else
  std::memcpy(dst, src, kLineFloats * sizeof(float));
#endif
}

// Writes dst[0 .. ) in order from items of `size` floats that are built one after another in L1. Only whole
// lines are streamed: a line written in parts, or by two kinds of stores, costs several times a whole one.
// Two buffers take turns, one being built while the other drains, an item of each: stores leave the core in
// order, so a burst of slow ones would stall the building, and loads of what still waits there stall too.
class LineWriter {
 public:
  LineWriter(float* dst, std::int64_t size, std::int64_t items)
      : size_(size), items_(items), lead_(int(reinterpret_cast<std::uintptr_t>(dst) / sizeof(float) % kLineFloats)),
        line_(dst - lead_), skip_(lead_) {
    for (auto& b : buffer_) b.resize(std::size_t(items * size) + 2 * kLineFloats);
    fill_ = lead_;
  }
  // Where the next item goes; call item_done() when it is there.
  float* item() { return buffer_[turn_].data() + fill_; }
  void item_done() {
    fill_ += size_;
    drain(drained_ + size_ / kLineFloats + 1);
    if (++count_ == items_) swap();
  }
  void finish() {
    swap();
    drain(lines_);
    float* rest = buffer_[turn_].data();  // less than a line, the bytes before skip_ not ours
    if (fill_ > skip_) std::memcpy(line_ + skip_, rest + skip_, std::size_t(fill_ - skip_) * sizeof(float));
#if defined(__SSE2__)
    _mm_sfence();  // these stores are weakly ordered: nobody may be told of the data before
#endif
  }

 private:
  void drain(std::int64_t upto) {
    const float* from = buffer_[turn_ ^ 1].data();
    for (upto = std::min(upto, lines_); drained_ < upto; ++drained_, line_ += kLineFloats) {
      if (skip_) {  // the first line, when dst does not start on one
        std::memcpy(line_ + skip_, from + skip_, std::size_t(kLineFloats - skip_) * sizeof(float));
        skip_ = 0;
      } else {
        stream_line(line_, from + drained_ * kLineFloats);
      }
    }
  }
  void swap() {
    drain(lines_);
    lines_ = fill_ / kLineFloats;
    drained_ = count_ = 0;
    const std::int64_t rest = fill_ % kLineFloats;
    std::memcpy(buffer_[turn_ ^ 1].data(), buffer_[turn_].data() + lines_ * kLineFloats,
                std::size_t(rest) * sizeof(float));
    turn_ ^= 1;
    fill_ = rest;
  }

  std::int64_t size_, items_;
  int lead_;
  float* line_;  // the next line of the output
  int skip_;     // floats of it that are not ours
  std::vector<float> buffer_[2];
  int turn_ = 0;
  std::int64_t fill_ = 0, count_ = 0, lines_ = 0, drained_ = 0;
};

}  // namespace grainspin
