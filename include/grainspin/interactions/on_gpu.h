// The two heavy parts of a sparse regression on a GPU. Each throws Error kDevice where there is none.
#pragma once

#include <vector>

#include "grainspin/interactions/regression.h"

namespace grainspin::interactions {

// As Moments::add, products by the GPU's FP64 units. Sums are in another order than on the CPU.
void add_on_gpu(Moments& moments, std::int64_t rows, const double* x, const double* y, const double* w, int gpu = 0);

// As lasso_path of each block: coordinate descent of all of them at once on the GPU, then active sets solved, conditions
// checked and gaps computed on the CPU, so that the same is promised of the result. Blocks share the options but for the
// penalty weights: [block][C], or empty for options.penalty.
std::vector<Path> lasso_paths_on_gpu(const std::vector<BlockMoments>& blocks, const PathOptions& options,
                                     const std::vector<std::vector<double>>& penalty = {}, int gpu = 0, int threads = 0);

}  // namespace grainspin::interactions
