// The caller's arrays in GPU memory: orientations in and out, fields out, marks of voxels both ways. What is made of results
// before they leave the GPU: verdicts, packed orientations. Part of the table (launchers.h).
#pragma once

#include <cstdint>

#include "cuda/sub_box.h"
#include "grainspin/array_view.h"
#include "grainspin/domain_inline.h"
#include "grainspin/packed.h"
#include "grainspin/representation.h"

namespace grainspin::cuda {

// Where memory lies.
struct Pointer {
  enum Kind : int { kHost = 0, kDevice = 1, kManaged = 2 };  // kManaged: on both sides
  Kind kind = kHost;
  int gpu = -1;  // kDevice: its number
};

// The caller's orientations (float or double) -> q[box.outer, 4], voxel i to voxel(box, i).
struct TakeOrientations {
  ArrayView from;
  OrientationForm form;
  const std::uint8_t* mask;  // [voxels] or null; 0: the voxel is not checked ...
  bool masked_too;           // ... and only taken where this is set
  float* q;
  SubBox box;
};
// q[box.outer, 4] -> the caller's.
struct GiveOrientations {
  ArrayView to;
  OrientationForm form;
  const float* q;
  SubBox box;
};
// from[box.outer, to.components] -> the caller's (float or double).
struct GiveField {
  ArrayView to;
  const float* from;
  SubBox box;
};
// One number (int32 or uint8) a voxel, between the caller's array and dense memory of its type.
struct MoveMarks {
  ArrayView array;
  void* dense;
  bool out;  // dense -> array; else array -> dense
};

// Counts of voxels (VoxelVerdicts) in GPU memory; `beyond` and `increment` are the bits of the largest squares, which are
// in the order of the numbers.
struct VoxelSums {
  unsigned long long voxels, doubtful, outside, orientation_not_fine, increment_not_fine;
  unsigned beyond, increment;
};
// The voxels of one phase against the domain of training (domain.h).
struct JudgeVoxels {
  std::int64_t n;
  SubBox box;              // of the two fields
  const float* q;          // [box.outer, 4]
  const float* increment;  // [box.outer, 3] or null
  const std::int32_t* phase;  // [n]; null: all are of phase `which`
  int which;
  const std::uint8_t* mask;  // [n] or null
  VoxelLimits limits;
  std::uint8_t* verdict;  // [n], written for voxels of the phase
  VoxelSums* sums;        // added to
};

// out[box.size, packed_bytes(packing)] = pack_orientations() of the box of q[box.outer, 4], bit for bit.
struct PackOrientations {
  SubBox box;
  const float* q;
  Packing packing;
  std::uint8_t* out;  // at a multiple of packed_bytes
};

}  // namespace grainspin::cuda
