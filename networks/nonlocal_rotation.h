// Rotation of vectors and deviators voxel by voxel, differentiable.
#pragma once

#include <torch/torch.h>

namespace grainspin {

struct Rotations {
  at::Tensor vectors;    // [3, 3, V]: R(q)
  at::Tensor deviators;  // [5, 5, V]: d -> the deviator of R d R^T, in the basis of grainspin/nonlocal.h
  Rotations of(const at::Tensor& voxels) const;  // of some of the voxels
};
Rotations rotations(const at::Tensor& q);  // q [V, 4], unit

// y[a, m, v] = sum_b R[a, b, v] x[b, m, v]: crystal to sample; transposed: sample to crystal. x [n, M, V].
at::Tensor turned(const at::Tensor& rotation, const at::Tensor& x, bool transposed = false);

}  // namespace grainspin
