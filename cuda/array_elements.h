// What one thread of the kernels on the caller's arrays does: plain functions, tested without a GPU too.
#pragma once

#include "cuda/array_launchers.h"

namespace grainspin::cuda {

template <class T>
GRAINSPIN_HD inline Soundness taken(const TakeOrientations& s, std::int64_t i, bool checked, float* q) {
  double v[kMostNumbers];
  read_numbers<T>(s.from, s.from.place(i), v);
  return orientation_of(s.form, v, s.from.components, checked, q);
}

// Whether the voxel is a rotation, or need not be.
template <class T>
GRAINSPIN_HD inline bool sound_element(const TakeOrientations& s, std::int64_t i) {
  if (s.mask && !s.mask[i]) return true;
  float q[4];
  return taken<T>(s, i, true, q).why == Unsound::kNothing;
}

template <class T>
GRAINSPIN_HD inline void take_element(const TakeOrientations& s, std::int64_t i) {
  const bool masked = s.mask && !s.mask[i];
  if (masked && !s.masked_too) return;
  taken<T>(s, i, !masked, s.q + 4 * voxel(s.box, i));
}

template <class T>
GRAINSPIN_HD inline void give_element(const GiveOrientations& s, std::int64_t i) {
  double v[kMostNumbers];
  numbers_of(s.form, s.q + 4 * voxel(s.box, i), v);
  write_numbers<T>(s.to, s.to.place(i), v);
}

template <class T>
GRAINSPIN_HD inline void give_element(const GiveField& s, std::int64_t i) {
  write_numbers<T>(s.to, s.to.place(i), s.from + s.to.components * voxel(s.box, i));
}

template <class T>
GRAINSPIN_HD inline void move_element(const MoveMarks& s, std::int64_t i) {
  T& there = static_cast<T*>(s.array.data)[s.array.place(i)];
  T& here = static_cast<T*>(s.dense)[i];
  if (s.out) there = here;
  else here = there;
}

// False: the voxel is not of the phase, or is masked (its verdict is 0).
GRAINSPIN_HD inline bool judge_element(const JudgeVoxels& s, std::int64_t i, VoxelJudgement& j) {
  if (s.phase && s.phase[i] != s.which) return false;
  if (s.mask && !s.mask[i]) {
    s.verdict[i] = 0;
    return false;
  }
  const std::int64_t v = voxel(s.box, i);
  j = judge_voxel(s.limits, s.q + 4 * v, s.increment ? s.increment + 3 * v : nullptr);
  s.verdict[i] = std::uint8_t(j.verdict);
  return true;
}

// In parts that are as wide as memory may be written at once: 48 bits are three times 16.
GRAINSPIN_HD inline void pack_element(const PackOrientations& s, std::int64_t i) {
  const float* q = s.q + 4 * voxel(s.box, i);
  const std::uint64_t code = packed(Quat{q[0], q[1], q[2], q[3]}, component_bits(s.packing));
  if (s.packing == Packing::k32) {
    reinterpret_cast<std::uint32_t*>(s.out)[i] = std::uint32_t(code);
  } else if (s.packing == Packing::k64) {
    reinterpret_cast<std::uint64_t*>(s.out)[i] = code;
  } else {
    for (int k = 0; k < 3; ++k) reinterpret_cast<std::uint16_t*>(s.out)[3 * i + k] = std::uint16_t(code >> 16 * k);
  }
}

}  // namespace grainspin::cuda
