// What the cube's operations (grainspin/operations.h) do to a model's inputs: embeddings and the taps of a cube.
#pragma once

#include <vector>

#include "grainspin/embedding.h"
#include "grainspin/operations.h"

namespace grainspin {

// D[size, size], row-major: e(p q) = D e(q) for every q.
std::vector<double> embedding_rotation(const EmbeddingSpec& spec, const Quatd& p);
// J[3][size, size]: e(exp(w) q) = e(q) + sum_i w_i J_i e(q) + O(w^2).
std::vector<double> embedding_generators(const EmbeddingSpec& spec);

// The tap of the turned run that sees what tap k of the original saw: around Q x, tap Q d.
std::vector<int> turned_taps(const Operation& op, int radius);

}  // namespace grainspin
