// Orientations as the caller has them, to and from the engine's quaternions (w,x,y,z), crystal to sample.
#pragma once

#include "capi/arrays.h"
#include "grainspin/representation.h"

namespace grainspin::capi {

// null: all zero. Error kArgument for numbers that are no convention.
OrientationForm checked(const grainspin_convention* convention);
int components(std::int32_t representation);  // 0: none
int components(const OrientationForm& form);

// Error kArgument naming the voxel and why its numbers are no rotation.
[[noreturn]] void no_rotation(Shape shape, std::int64_t voxel, const Soundness& why);

// Arrays of the host. The array's voxels -> q[voxels, 4]. Where mask[voxel] is 0 it is not checked, and only read where
// `masked_too`. Error kArgument naming the voxel for what is not finite or no rotation to within 1e-3.
void read_orientations(const View& from, const OrientationForm& form, const std::uint8_t* mask, bool masked_too, float* q);
void write_orientations(const View& to, const OrientationForm& form, const float* q);

}  // namespace grainspin::capi
