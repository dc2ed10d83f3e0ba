// What a network reads of an orientation: its embedding, shifted and scaled.
#pragma once

#include <cstdint>

#include "grainspin/embedding.h"
#include "grainspin/gather.h"
#include "grainspin/model.h"

namespace grainspin {

// e' = (e(q) - mean) / scale. Plain data, passed by value to kernels.
struct InputSpec {
  EmbeddingSpec embedding;
  float mean[EmbeddingSpec::kMaxSize] = {};
  float scale[EmbeddingSpec::kMaxSize] = {};
};

// Of a model's point group and normaliser. Throws Error kArgument for a group without an embedding, kShape
// where the normaliser has another size.
InputSpec input_spec(const ModelSpec& spec);

// q -> out[spec.embedding.size]
GRAINSPIN_HD inline void embed_input(const InputSpec& spec, const Quat& q, float* out) {
  embed(spec.embedding, q, out);
  for (int c = 0; c < spec.embedding.size; ++c) out[c] = (out[c] - spec.mean[c]) / spec.scale[c];
}

// q[shape, 4] -> patches[n, taps(radius), embedding size]: bit for bit embed_input on every voxel and
// gather_patches (gather.h) after it, without the embedded field; rows of it live in a small cache.
void gather_embedded(const Neighbourhood& hood, const InputSpec& spec, const float* q, std::int64_t n,
                     const std::int64_t* centres, std::int64_t first, float* patches, int threads = 1);

}  // namespace grainspin
