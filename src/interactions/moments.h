#pragma once

#include "grainspin/interactions/regression.h"
#include "src/thread_pool.h"

namespace grainspin::interactions {

// Throws Error kArgument for rows that Moments::add refuses.
void check_rows(const Moments& moments, std::int64_t rows, const double* x, const double* y, const double* w, ThreadPool& pool);

}  // namespace grainspin::interactions
