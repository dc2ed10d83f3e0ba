// Coordinate descent by a team of threads that share g, b and a list: a CTA of the GPU, or one thread (tests).
#pragma once

#include "cuda/regression_launchers.h"
#include "grainspin/interactions/lasso_inline.h"

namespace grainspin::cuda {

// Shared by the team.
struct DescentWork {
  double *g, *b;  // [C] gradient q - Q b; coefficients
  int* list;      // [C] columns of the sweeps
  int* counts;    // [threads + 1]
};
GRAINSPIN_HD constexpr std::int64_t descent_bytes(int columns, int threads) {
  return std::int64_t(columns) * (2 * sizeof(double) + sizeof(int)) + (threads + 1) * std::int64_t(sizeof(int));
}

// Team: rank(), size(), sync(). Every thread computes the same step from shared memory, so that nothing is broadcast; a
// step that changes nothing costs no barrier. The list (active columns, and those that would move) is in column order:
// the result does not depend on the team's size.
template <class Team>
GRAINSPIN_HD void descend(const DescentProblem& p, const Team& team, const DescentWork& w) {
  const int C = p.columns, rank = team.rank(), size = team.size();
  const int begin = int(std::int64_t(C) * rank / size), end = int(std::int64_t(C) * (rank + 1) / size);
  for (int c = rank; c < C; c += size) {
    w.g[c] = p.q[c];
    w.b[c] = 0;
  }
  team.sync();
  for (int l = 0; l < p.lambdas; ++l) {
    const double l1 = p.lambda[l] * p.l1_ratio, l2 = p.lambda[l] * (1 - p.l1_ratio);
    int sweeps = 0;
    for (bool rest = false; !rest && sweeps < p.most_sweeps;) {
      const auto moves = [&](int c) {
        return w.b[c] != 0 || interactions::coordinate_minimum(w.g[c], l1 * p.l1[c] + p.tolerance, 0, p.nonnegative) != 0;
      };
      int found = 0;
      for (int c = begin; c < end; ++c) found += moves(c);
      w.counts[rank + 1] = found;
      team.sync();
      if (rank == 0) {
        w.counts[0] = 0;
        for (int t = 0; t < size; ++t) w.counts[t + 1] += w.counts[t];
      }
      team.sync();
      const int total = w.counts[size];
      int at = w.counts[rank];
      for (int c = begin; c < end; ++c)
        if (moves(c)) w.list[at++] = c;
      team.sync();
      rest = true;
      while (sweeps < p.most_sweeps) {
        double largest = 0;
        for (int i = 0; i < total; ++i) {
          const int c = w.list[i];
          const double old = w.b[c];
          const double now = interactions::coordinate_minimum(w.g[c] + old, l1 * p.l1[c], l2 * p.l2[c], p.nonnegative);
          const double by = now - old;
          if (by == 0) continue;
          team.sync();  // all have read g and b
          const double* const row = p.gram + std::int64_t(c) * C;
          for (int k = rank; k < C; k += size) w.g[k] -= by * row[k];
          if (rank == 0) w.b[c] = now;
          largest = largest > by ? largest : by;
          largest = largest > -by ? largest : -by;
          team.sync();
        }
        ++sweeps;
        if (largest <= p.tolerance) break;
        rest = false;
      }
    }
    for (int c = rank; c < C; c += size) p.b[std::int64_t(l) * C + c] = w.b[c];
  }
}

}  // namespace grainspin::cuda
