// Crystal-symmetry-invariant embedding of orientations: for each term of the point group,
//   e_t(q) = weight_t sum_k c_k Y_l(R(q) v_k),
// Y_l the 2l+1 real harmonics of degree l (sample frame, m = -l..l) and v_k crystal directions:
//   group  terms                                                  numbers
//   432    rank 4 over the cube axes: the traceless symmetric       9
//          part of sum_i a_i a_i a_i a_i (Arnold, Jupp & Schaeben 2018)
//   622    rank 2 over c, rank 6 over the three a                  18
//   422    rank 2 over c, rank 4 over the two a                    14
//   32     rank 2 over c, rank 3 over the three a (polar)          12
//   222    rank 2 over c, rank 2 over a less rank 2 over b         10
// The two weights are those for which |e(exp(w) q) - e(q)| = |w| to first order for every rotation axis,
// so embedding distance is the disorientation angle in radians where that is small.
#pragma once

#include <cstdint>

#include "grainspin/orientation.h"
#include "grainspin/symmetry.h"

namespace grainspin {

// Plain data, passed by value to kernels.
struct EmbeddingSpec {
  static constexpr int kMaxTerms = 2, kMaxDirections = 3, kMaxSize = 18;
  int terms = 0;
  int size = 0;        // numbers per orientation
  bool cubic = false;  // group 432: embed() takes the short way, embed_432()
  struct Term {
    int rank = 0, directions = 0;  // rank 2, 3, 4 or 6
    double weight = 0;
    double v[kMaxDirections][3] = {};  // unit vectors, crystal frame; v and -v once for an even rank
    double c[kMaxDirections] = {};
  } term[kMaxTerms];
};

// Groups 432, 622, 422, 32, 222; others throw Error kArgument: not shown injective.
const EmbeddingSpec& embedding(const PointGroup& group);

// q (unit) -> out[spec.size]. Defined in embedding_inline.h (the harmonics are long), with embed_432(q, out)
// for loops that must vectorise.
template <class T>
GRAINSPIN_HD inline void embed(const EmbeddingSpec& spec, const Quaternion<T>& q, T* out);

// q[n,4] -> out[n, size]. Non-finite q gives non-finite numbers.
void embed(const EmbeddingSpec& spec, std::int64_t n, const float* q, float* out);

// The orientation (of the equivalent ones that in the fundamental zone) whose embedding is nearest to
// e[size], which need not lie on the image exactly. Throws Error kArgument for a group without embedding
// and for a non-finite e.
Quatd unembed(const PointGroup& group, const double* e);

}  // namespace grainspin

#include "grainspin/embedding_inline.h"
