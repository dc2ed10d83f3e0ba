// The tensors of a nonlocal model (nonlocal.h) as the dense matrices that the GPU multiplies: orbits written out, and
// what is linear behind a map (P_s, a_s) multiplied into it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "grainspin/nonlocal.h"

namespace grainspin {

// Numbers put one behind another, each array at a multiple of 64 (256 bytes): one upload, one allocation.
class Packed {
 public:
  std::int64_t add(const std::vector<float>& values);
  const std::vector<float>& values() const { return values_; }

 private:
  std::vector<float> values_;
};

// Places in a Packed. N systems, `in` channels that are odd, rows and columns (channel, system).
struct GatedPlace {
  std::int64_t odd = 0;   // [D N, in N]
  std::int64_t even = 0;  // [D N, (in + H) N], gated models only, as are the next two
  std::int64_t bias = 0, rate = 0;  // [D]
  std::int64_t out = 0;   // [C N, D N]; of the head [3 or 8, D N]: sum_s gamma_s a_s, then sum_s tau_s P_s
  int in = 0;
};
struct PhasePlace {
  int systems = 0;
  std::int64_t P = 0, a = 0;  // [N, 5], [N, 3]
  GatedPlace start, head;
  std::vector<GatedPlace> passes;
  std::vector<std::int64_t> polarise;  // [5 M, C N]: sum_s odd(x)_{m,s} P_s
  std::int64_t carry = 0;              // [C]
  std::int64_t update = 0, candidate = 0, update_bias = 0, candidate_bias = 0;  // [H N, (C + H) N], [H]
};
struct ModelPlace {
  std::vector<PhasePlace> phases;
  std::int64_t spin = 0, free = 0, pressure = 0, beta = 0;  // [K M]
};
ModelPlace pack(const Model& model, Packed& packed);

}  // namespace grainspin
