// Maps of how far to believe a model, beside the map of its error: the error that it expects, and the verdict.
#pragma once

#include <string>
#include <vector>

#include "src/render/canvas.h"
#include "src/render/report.h"

namespace grainspin::render {

// Of one slice, enlarged to at least 480 pixels; what there is none of is empty. Errors from 0 to `top` degrees.
struct TrustMaps {
  const Slice* slice = nullptr;
  Pixels error, expected, verdict;
};
std::vector<TrustMaps> trust_maps(const Report& report, const ArchiveScore& archive, double top);  // of the slices that have any

constexpr double kVerdictKeyWidth = 300, kVerdictKeyHeight = 24;
void draw_verdict_key(Canvas& canvas, double x, double y, const Theme& theme);

std::string trust_maps_png(const Report& report, const ArchiveScore& archive);

}  // namespace grainspin::render
