// Mirrors src/stream_store.h and src/stream_runs.h: both ways past the caches write exactly what a copy writes, from
// any start within a line, and nothing beside it.
#include "stream_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "stream_runs.h"

namespace grainspin {
namespace {

constexpr int kRoom = 64;
using Page = std::vector<float>;

Page source() {
  Page p(4096);
  std::iota(p.begin(), p.end(), 1.0f);
  return p;
}

TEST(StreamStore, ItemsOfAnySizeFromAnyStart) {
  const Page from = source();
  for (const int size : {1, 3, 16, 27, 100, 243})
    for (const int items : {1, 2, 5})
      for (int start = 0; start < 16; ++start)
        for (const int count : {0, 1, 2, 7, 13}) {
          Page got(std::size_t(count * size + 2 * kRoom), -1.0f), want = got;
          std::copy_n(from.begin(), count * size, want.begin() + kRoom + start);
          LineWriter writer(got.data() + kRoom + start, size, items);
          for (int i = 0; i < count; ++i) {
            std::copy_n(from.begin() + i * size, size, writer.item());
            writer.item_done();
          }
          writer.finish();
          ASSERT_EQ(got, want) << size << " floats, " << count << " items, start " << start;
        }
}

#if GRAINSPIN_STREAM_RUNS
TEST(StreamStore, RunsOfAnyLengthFromAnyStart) {
  if (!can_stream_runs()) GTEST_SKIP() << "this processor has no AVX-512";
  const Page from = source();
  for (const int step : {1, 2, 5})
    for (int longest = 1; longest <= 60; longest += 1)
      for (int start = 0; start < 16; ++start) {
        std::vector<grainspin::Run> runs;  // lengths longest, longest - step, ... down to 1, from places all over
        Page got(2048 + 2 * kRoom, -1.0f), want = got;
        int at = kRoom + start;
        for (int n = longest; n >= 1; n -= step) {
          runs.push_back({from.data() + (n * 37) % 3000, n});
          std::copy_n(runs.back().from, n, want.begin() + at);
          at += n;
        }
        RunStream stream(got.data() + kRoom + start);
        const int half = int(runs.size()) / 2;
        stream.append(runs.data(), half);
        stream.append(runs.data() + half, int(runs.size()) - half);
        stream.finish();
        ASSERT_EQ(got, want) << "longest " << longest << " step " << step << " start " << start;
      }
}
#endif

}  // namespace
}  // namespace grainspin
