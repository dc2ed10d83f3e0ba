// Charts of what a model says of its own error, and of how much of that holds.
#pragma once

#include <string>

#include "src/render/curve.h"
#include "src/render/report.h"

namespace grainspin::render {

// Mean error against the error that the model expected, a point for each bin of voxels; on the diagonal it was right.
Chart reliability_chart(const ArchiveScore& archive, const Theme& theme);

// Part of the errors within an interval against the part that it is meant to hold.
Chart coverage_chart(const ArchiveScore& archive, const Theme& theme);

// "fine: 98.1 % of the voxels fine, ..." and the expected error, for a person.
std::string trust_text(const ArchiveScore& archive);

}  // namespace grainspin::render
