// The pictures of a report, shared by the page and by the files beside it.
#pragma once

#include <string>
#include <vector>

#include "src/render/canvas.h"
#include "src/render/curve.h"
#include "src/render/pole_figure.h"
#include "src/render/report.h"

namespace grainspin::render {

// Throws Error kShape naming the archive and the array whose size does not fit.
void check(const Report& report);

Chart error_chart(const Report& report, const ArchiveScore& archive, const Theme& theme);
Chart histogram_chart(const ArchiveScore& archive, const Theme& theme);
Chart stress_chart(const ArchiveScore& archive, const Theme& theme);
Chart loss_chart(const std::vector<LossPoint>& loss, const std::string& name, const Theme& theme);

// A chart alone, 460 x 330 (360 with its title) units.
std::string chart_svg(const Chart& chart, const Theme& theme, bool title = false);

// The maps of one slice, enlarged to at least 480 pixels.
struct SliceMaps {
  Pixels start, truth, predicted, error;  // start is empty where the slice has none
};
std::vector<SliceMaps> slice_maps(const Report& report, const ArchiveScore& archive, double error_top);
// The point groups whose colour keys the maps need.
std::vector<std::string> key_groups(const ArchiveScore& archive);
// End of the error maps' colour bar: 99 % of all slices' voxels lie below it. Degrees.
double error_top(const ArchiveScore& archive);

// Maps of the local von Mises stress of one slice: true and predicted from 0 to `top`, predicted less true
// from -span to span.
struct StressMaps {
  Pixels truth, predicted, difference;
};
struct StressRange {
  double top = 0, span = 0;  // Pa; 99 % of all slices' voxels lie within
};
StressRange stress_range(const ArchiveScore& archive);  // zero where no slice has stresses
std::vector<StressMaps> stress_maps(const ArchiveScore& archive, const StressRange& range);  // of the slices that have them
std::string stress_maps_png(const ArchiveScore& archive);

struct PoleRow {
  std::string name;                    // "true"
  std::vector<PoleDensity> densities;  // one for each family
};
struct PolePlot {
  std::vector<PoleFamily> families;
  std::vector<PoleRow> rows;  // start, true, predicted: those that the archive has
  double top = 1;             // common end of the colour bar, multiples of random
};
PolePlot pole_plot(const ArchiveScore& archive);

// "13 %" for 0.13.
std::string percent(double fraction);
std::string last_strain(const ArchiveScore& archive);

// Maps, error curve and pole figures of one archive on one sheet, PNG.
std::string overview_png(const Report& report, const ArchiveScore& archive);
std::string maps_png(const Report& report, const ArchiveScore& archive);
std::string poles_png(const ArchiveScore& archive);

}  // namespace grainspin::render
