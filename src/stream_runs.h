// Many short runs of floats, written one after another past the caches straight from registers: AVX-512's masked
// loads put the end of one run and the start of the next into one line, so nothing goes through a buffer.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#define GRAINSPIN_STREAM_RUNS 1
#include <immintrin.h>
#endif

namespace grainspin {

struct Run {
  const float* from;
  int n;  // floats, at least 1
};

#if GRAINSPIN_STREAM_RUNS

inline bool can_stream_runs() { return __builtin_cpu_supports("avx512f"); }

class RunStream {
 public:
  explicit RunStream(float* to)
      : lead_(int(reinterpret_cast<std::uintptr_t>(to) / sizeof(float) % 16)), line_(to - lead_), fill_(lead_) {}

  [[gnu::target("avx512f")]] void append(const Run* runs, int count) {
    __m512 line = _mm512_load_ps(pending_);
    int fill = fill_;
    float* to = line_;
    for (const Run* run = runs; run < runs + count; ++run) {
      const float* from = run->from;
      int n = run->n;
      // Lanes from `fill` on; what a mask leaves out is not touched, in memory neither.
      line = _mm512_mask_loadu_ps(line, __mmask16(((1u << (n < 16 ? n : 16)) - 1) << fill), from - fill);
      if (fill + n < 16) {
        fill += n;
        continue;
      }
      store(to, line);
      to += 16, from += 16 - fill, n -= 16 - fill;
      for (; n >= 16; n -= 16, to += 16, from += 16) _mm512_stream_ps(to, _mm512_loadu_ps(from));
      fill = n;
      line = _mm512_maskz_loadu_ps(__mmask16((1u << n) - 1), from);
    }
    _mm512_store_ps(pending_, line);
    fill_ = fill;
    line_ = to;
  }

  [[gnu::target("avx512f")]] void finish() {
    _mm512_mask_storeu_ps(line_, __mmask16((1u << fill_) - (1u << lead_)), _mm512_load_ps(pending_));
    _mm_sfence();  // these stores are weakly ordered: nobody may be told of the data before
  }

 private:
  [[gnu::target("avx512f")]] void store(float* to, __m512 line) {
    if (lead_) _mm512_mask_storeu_ps(to, __mmask16(0xffffu << lead_), line);  // the first line is not all ours
    else _mm512_stream_ps(to, line);
    lead_ = 0;
  }

  alignas(64) float pending_[16] = {};  // the start of the line that is not full yet
  int lead_;                            // floats of the line that are not ours
  float* line_;
  int fill_;
};

#endif

}  // namespace grainspin
