// What the launchers of the sparse regression read and write. FP64 throughout. Part of the table's seam (launchers.h).
#pragma once

#include <cstdint>

#include "grainspin/core.h"

namespace grainspin::cuda {

// gram[M,M] += x^T x (entries [i,j] with j >= i; the others are undefined), xy[N,M] += y^T x
struct ProductStep {
  int rows = 0, features = 0, responses = 0;
  const double* x;  // [rows, M]
  const double* y;  // [rows, N]
  double *gram, *xy;
};

// One regression of C columns of unit square, a grid of L lambdas. Starts at zero and warm from each lambda to the next.
struct DescentProblem {
  int columns = 0, lambdas = 0;
  bool nonnegative = false;
  double l1_ratio = 1, tolerance = 0;  // a lambda ends when no coefficient moves further than `tolerance` in a sweep ...
  int most_sweeps = 0;                 // ... or after so many sweeps
  const double* gram;                  // [C,C]
  const double *q, *l1, *l2;           // [C] x^T y; weights of lambda a |b| and lambda (1 - a) b^2 / 2
  const double* lambda;                // [L] descending
  double* b;                           // [L,C]
};
struct DescentStep {
  int problems = 0, most_columns = 0;
  const DescentProblem* problem;  // [problems]
};

}  // namespace grainspin::cuda
