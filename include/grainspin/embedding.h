// Crystal-symmetry-invariant embedding of orientations: for each rank l of the point group,
//   e_l(q) = weight_l sum_k Y_l(R(q) v_k),
// Y_l the 2l+1 orthonormal real harmonics of degree l (sample frame) and v_k the orbit of a crystal
// direction under the group. 432: l=4 over the cube axes, 9 numbers, the traceless symmetric part of
// sum_i a_i a_i a_i a_i (Arnold, Jupp & Schaeben 2018). Weights make |e(a)-e(b)| equal the
// disorientation angle (radians) to first order, in the mean over axes.
#pragma once

#include <string_view>
#include <vector>

#include "grainspin/orientation.h"
#include "grainspin/symmetry.h"

namespace grainspin {

// Plain data, passed by value to kernels.
struct EmbeddingSpec {
  static constexpr int kMaxTerms = 3, kMaxDirections = 6, kMaxSize = 32;
  int terms = 0;
  int size = 0;  // numbers per orientation
  struct Term {
    int rank = 0, directions = 0;
    float weight = 0;
    float v[kMaxDirections][3] = {};
  } term[kMaxTerms];
};

// Groups 432, 622, 422, 32, 222; others throw Error kArgument: not shown injective.
const EmbeddingSpec& embedding(const PointGroup& group);

// q -> out[spec.size]. Defined in embedding_inline.h (the harmonics are long).
template <class T>
GRAINSPIN_HD inline void embed(const EmbeddingSpec& spec, const Quaternion<T>& q, T* out);

// q[n,4] -> out[n, size].
void embed(const EmbeddingSpec& spec, std::int64_t n, const float* q, float* out);

// An orientation (one of the equivalent ones, fundamental zone) whose embedding is nearest to e[size].
Quatd unembed(const PointGroup& group, const double* e);

}  // namespace grainspin

#include "grainspin/embedding_inline.h"
