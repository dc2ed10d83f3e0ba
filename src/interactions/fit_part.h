// One regression of a fit: H or K.
#pragma once

#include <string>
#include <vector>

#include "grainspin/interactions/fit.h"

namespace grainspin::interactions {

// Groups of runs that are left out together; each at least one run.
using RunGroups = std::vector<std::vector<const DddRun*>>;

// Whole runs in folds: run r in fold r modulo folds, of the runs as they come (seed 0) or shuffled.
RunGroups groups_of(const std::vector<const DddRun*>& runs, int folds, std::uint64_t seed);

// `done(fraction)` is asked now and then; it throws where the work is to stop.
FitPart fit_part(const DddData& data, const std::vector<const DddRun*>& runs, Target target, const std::vector<Term>& terms,
                 const FitOptions& options, const std::function<void(double)>& done, std::vector<std::string>& remarks);

// H after its refit: each regression's values times the factor that meets the resistances, not their squares (unsquare.cpp).
void unsquare(const DddData& data, const std::vector<const DddRun*>& runs, const FitOptions& options, FitPart& part);

// 1 - rss/yy by family (in the order of the slip set's families; NaN where it has no responses) of the law on runs' rows.
std::vector<double> row_scores(const DddData& data, const DddRun& run, const FitPart& part, const FitOptions& options);

}  // namespace grainspin::interactions
