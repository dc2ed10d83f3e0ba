// Scores of many runs, shared by ranks.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <torch/torch.h>

#include "networks/train.h"
#include "src/ranks/ranks.h"

namespace grainspin {

// Collective. score(i) of runs 0 to n - 1, run i by rank i % ranks; all scores on every rank.
std::vector<RunScore> score_shared(Ranks& ranks, int n, const std::function<RunScore(int)>& score);

// Collective. Error kArgument unless the ranks have the same settings and archives; Error kInternal unless
// they hold the same weights, bit for bit.
void require_same(Ranks& ranks, const std::string& fingerprint, const std::vector<at::Tensor>& parameters);

}  // namespace grainspin
