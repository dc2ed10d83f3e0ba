// The page of an evaluation: plain numbers in, one self-contained HTML file out (inline style, pictures as
// data: URIs, no script, nothing loaded from elsewhere), and the same pictures as files.
//
// All text is UTF-8 and is escaped here. Quaternions are (w,x,y,z) as in orientation.h; angles are degrees
// because a person reads them. Whatever is left empty is left out of the page.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "grainspin/grid.h"

namespace grainspin::render {

// One plane of voxels, in the orientation it is looked at: columns run right, rows run up.
struct Slice {
  std::string name;  // "z = 8 of 16"
  int columns = 0, rows = 0;
  std::string column_axis = "x", row_axis = "y";
  double column_size = 1, row_size = 1;        // extent of one voxel, any unit: only the ratio matters
  std::vector<float> start, truth, predicted;  // [rows][columns][4]; `start` may be empty
  std::vector<std::int32_t> grain;             // [rows][columns] or empty: grain boundaries are drawn from it
  std::vector<std::int32_t> phase;  // [rows][columns] or empty: index into ArchiveScore::phase_groups
  std::vector<float> stress_truth, stress_predicted;  // [rows][columns] von Mises, Pa; both or none
  // [rows][columns] or empty: the error that the model expects, degrees; 0 fine, 1 doubtful, 2 outside the domain of training.
  std::vector<float> expected_deg, verdict;
};

// The plane across `axis` (0 x, 1 y, 2 z) at `index` of whole fields [nz][ny][nx][4]. `start`, `grain`
// and `phase` may be null. Across z: x right, y up; across y: x right, z up; across x: y right, z up.
Slice slice_of(Shape shape, std::array<double, 3> size, int axis, int index, const float* start,
               const float* truth, const float* predicted, const std::int32_t* grain,
               const std::int32_t* phase = nullptr);

// The same plane of a field of single numbers [nz][ny][nx]: [rows][columns].
std::vector<float> plane_of(Shape shape, int axis, int index, const float* field);

// Disorientation over the voxels of one step, degrees.
struct Spread {
  double mean = 0, median = 0, p95 = 0, p99 = 0, max = 0;
};

// Scores of step 1..T. Optional: what could not be computed (no Taylor for an unknown lattice).
struct StepScore {
  int step = 0;
  double strain = 0;  // von Mises, dimensionless
  Spread model;
  std::optional<Spread> persistence, taylor;
  std::optional<double> skill_persistence, skill_taylor;  // 1 - mean error / the baseline's mean error
  std::optional<double> r2_one_step, r2_rolled;           // of the increment vector about zero
};

// A number of the true and of the predicted microstructure at the last step: KAM, GROD, GOS, texture index.
struct Measure {
  std::string name, unit;  // "KAM, mean", "°"; unit may be empty
  std::optional<double> truth, predicted;
  std::string note;  // "26 neighbours, up to 5°"
};

// Errors at the last step of the voxels at one distance from the nearest grain boundary.
struct BoundaryBin {
  std::string distance;  // "1 voxel"
  std::int64_t voxels = 0;
  double model_deg = 0;
  std::optional<double> persistence_deg, taylor_deg;
};

struct StressPoint {
  double strain = 0, truth = 0, predicted = 0;  // Pa, von Mises or axial: said in ArchiveScore::stress_name
  std::optional<double> taylor{}, training{};   // the Taylor model's, the mean of the training runs
};

// How far to believe the model on one archive: its own estimate of its error, and the verdict of its domain of training.
struct ReliabilityBin {
  double expected_deg = 0, observed_deg = 0;
};
struct CoverageLevel {
  double level = 0, angle = 0;          // parts
  std::array<double, 3> increment{};    // of each component
};
struct TrustScore {
  std::string verdict;                  // fine, doubtful, outside; empty: not judged
  double fine = 0, doubtful = 0, outside = 0;  // parts of the voxels
  std::vector<std::string> reasons;
  std::optional<double> expected_deg;   // mean over voxels at the last step, by the model; what it is:
  double error_deg = 0;
  std::vector<ReliabilityBin> reliability;
  std::vector<CoverageLevel> coverage;
};

struct ArchiveScore {
  std::string name;         // as a person calls it: "cu_uniaxial_12"
  std::string description;  // one line, may be empty: "copper, 16 x 16 x 16, 38 grains"
  // 432, 622, ...: colours and pole figures; empty: not known, neither is drawn. `phase_groups` are those of
  // the phases where slices have several.
  std::string point_group;
  std::vector<std::string> phase_groups;
  Shape shape;
  std::int64_t voxels = 0;  // scored
  std::vector<StepScore> steps;
  std::vector<Slice> slices;
  std::vector<float> error_deg;              // [n] of the last step, all voxels or a fair sample: histogram
  std::vector<float> persistence_error_deg;  // the same of the persistence baseline, may be empty
  std::vector<float> start, truth,
      predicted;  // [n,4] of one phase for pole figures, all voxels or a fair sample
  std::vector<Measure> measures;
  std::vector<BoundaryBin> by_distance;
  std::vector<StressPoint> stress;
  std::optional<TrustScore> trust;
  std::string stress_name = "axial Cauchy stress";
};

struct LossPoint {
  double epoch = 0, train = 0;
  std::optional<double> held_out;
};

// A table of text beside the pictures: first column left, others right aligned.
struct TextTable {
  std::string title, caption;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
};

struct Report {
  std::string title;                                       // "cu_uniaxial_local on 3 archives"
  std::string model;                                       // one sentence on what predicted
  std::vector<std::pair<std::string, std::string>> facts;  // model and run: name, value
  std::vector<ArchiveScore> archives;
  std::vector<LossPoint> loss;
  std::string loss_name = "loss";
  std::vector<TextTable> tables;
  std::vector<std::string> notes;               // warnings a reader must see, shown on top
  std::array<double, 2> noise_deg{0.12, 0.46};  // of the reference solver itself; {0, 0}: not known
  std::array<double, 3> ipf_axis{0, 0, 1};      // sample direction of the IPF colours
  std::string ipf_axis_name = "z, the loading axis";
};

// The whole page. Throws Error kShape if an array does not have the size its neighbours tell.
std::string report_html(const Report& report);

// Writes the page under a temporary name and renames it; a device such as /dev/stdout is written as it
// is. Throws Error kIo naming the path: no such folder, no space left.
void write_report(const std::string& path, const Report& report);

// The pictures as files in `directory` (made if missing): overview.png (maps, error against strain and
// pole figures of the first archive), and for each archive NAME_maps.png, NAME_error.svg,
// NAME_histogram.svg, NAME_poles.png, NAME_stress.svg, NAME_stress_maps.png, NAME_reliability.svg, NAME_coverage.svg, and loss.svg. Returns the paths written.
std::vector<std::string> write_pictures(const std::string& directory, const Report& report);

// A line chart of the loss alone, SVG; the trainer writes it beside its log.
std::string loss_svg(const std::vector<LossPoint>& loss, const std::string& name);

}  // namespace grainspin::render
