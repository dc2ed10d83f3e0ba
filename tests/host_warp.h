// A warp on the host: 32 threads with a barrier in the place of lanes that run in step. For kernels that are templates over their
// warp (cuda/fused_elements.h). mma follows the fragments' definition in the PTX ISA.
#pragma once

#include <barrier>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

namespace grainspin::testing {

class HostWarp {
 public:
  struct Shared {
    std::barrier<> barrier{32};
    float value[32];
    std::uint32_t a[32][4], b[32][2];
  };
  HostWarp(Shared& shared, int lane) : s_(shared), lane_(lane) {}

  int lane() const { return lane_; }
  float shuffle(float v, int from) const {
    s_.value[lane_] = v;
    s_.barrier.arrive_and_wait();
    const float got = s_.value[from & 31];
    s_.barrier.arrive_and_wait();
    return got;
  }
  std::uint32_t pack(float low, float high) const { return rounded(low) | rounded(high) << 16; }
  float tanh(float x) const { return std::tanh(x); }
  float half_sigmoid(float half) const { return 0.5f * std::tanh(half) + 0.5f; }
  // c[16, 8] += a[16, 16] b[16, 8].
  void mma(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t* b) const {
    std::memcpy(s_.a[lane_], a, sizeof s_.a[lane_]);
    std::memcpy(s_.b[lane_], b, sizeof s_.b[lane_]);
    s_.barrier.arrive_and_wait();
    for (int e = 0; e < 4; ++e) {
      const int row = lane_ / 4 + e / 2 * 8, column = lane_ % 4 * 2 + e % 2;
      for (int k = 0; k < 16; ++k) c[e] += element_a(row, k) * element_b(k, column);
    }
    s_.barrier.arrive_and_wait();
  }

 private:
  // Row r of a: lanes 4 (r % 8) .., registers r / 8 (k below 8) and 2 + r / 8; two neighbouring k a register.
  float element_a(int row, int k) const { return half_of(s_.a[row % 8 * 4 + k % 8 / 2][row / 8 + k / 8 * 2], k % 2); }
  // Column c of b: lanes 4 c .., register k / 8.
  float element_b(int k, int column) const { return half_of(s_.b[column * 4 + k % 8 / 2][k / 8], k % 2); }
  static float half_of(std::uint32_t pair, int which) {
    const std::uint32_t bits = which ? pair & 0xffff0000u : pair << 16;
    float v;
    std::memcpy(&v, &bits, sizeof v);
    return v;
  }
  static std::uint32_t rounded(float v) {  // to the nearest, halves to even
    std::uint32_t bits;
    std::memcpy(&bits, &v, sizeof bits);
    return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  }

  Shared& s_;
  int lane_;
};

// work(warp) on 32 lanes.
template <class Work>
void run_warp(const Work& work) {
  HostWarp::Shared shared;
  std::vector<std::thread> lanes;
  for (int lane = 0; lane < 32; ++lane) lanes.emplace_back([&, lane] { work(HostWarp(shared, lane)); });
  for (std::thread& lane : lanes) lane.join();
}

}  // namespace grainspin::testing
