// One voxel against the domain of training (domain.h), for the CPU's loop and for kernels.
#pragma once

#include "grainspin/embedding.h"

namespace grainspin {

// Squared limits: fine up to the first, doubtful up to the second, outside beyond, and where it is not finite. The
// numbers are those of Verdict.
struct SquaredLimits {
  float fine = 0, doubtful = 0;
  GRAINSPIN_HD constexpr int verdict(float squared) const { return squared <= fine ? 0 : squared <= doubtful ? 1 : 2; }
};

// Squared distance of an embedding e[count] from the box of the ranges; not finite where e is not.
GRAINSPIN_HD inline float squared_beyond(int count, const float* low, const float* high, const float* e) {
  float sum = 0;
  for (int c = 0; c < count; ++c) {
    const float below = low[c] - e[c], above = e[c] - high[c], most = below < above ? above : below;
    const float d = most < 0 ? 0 : most;
    sum += d * d + 0 * e[c];
  }
  return sum;
}

// What the voxels of one phase are compared with; plain data, passed by value to kernels.
struct VoxelLimits {
  bool ranged = false;  // false: orientations of this phase are not judged
  EmbeddingSpec embedding;
  float low[EmbeddingSpec::kMaxSize] = {}, high[EmbeddingSpec::kMaxSize] = {};
  SquaredLimits turned;
  bool moves = false;  // false: increments are not judged
  SquaredLimits moved;
};

struct VoxelJudgement {
  int verdict = 0;                  // the worse of the two
  bool turned = false, moved = false;  // not fine for its orientation, for its increment
  float beyond = 0, increment = 0;  // squared
};

// q[4]; increment[3] or null.
GRAINSPIN_HD inline VoxelJudgement judge_voxel(const VoxelLimits& limits, const float* q, const float* w) {
  VoxelJudgement j;
  if (limits.moves && w) {
    j.increment = w[0] * w[0] + w[1] * w[1] + w[2] * w[2];
    j.verdict = limits.moved.verdict(j.increment);
    j.moved = j.verdict > 0;
  }
  if (!limits.ranged) return j;
  float e[EmbeddingSpec::kMaxSize];
  embed(limits.embedding, Quat{q[0], q[1], q[2], q[3]}, e);
  j.beyond = squared_beyond(limits.embedding.size, limits.low, limits.high, e);
  const int turned = limits.turned.verdict(j.beyond);
  j.turned = turned > 0;
  j.verdict = turned > j.verdict ? turned : j.verdict;
  return j;
}

}  // namespace grainspin
