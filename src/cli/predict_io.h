// What `predict` reads and writes: the initial state of an archive, and the result file.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "grainspin/archive.h"
#include "grainspin/reconstruct.h"
#include "src/cli/macro_curve.h"
#include "src/cli/predict_journal.h"
#include "src/cli/predict_verdict.h"

namespace grainspin::cli {

// Step 0 of an archive, or another one, checked and normalised. Nothing of other steps is read.
class InitialState final : public OrientationSource {
 public:
  // mask: voxels whose orientation does not matter (0), or empty.
  // first, nz: the reader's first plane along z among those of the whole grid, for what is said of a voxel.
  InitialState(FieldReader& reader, const std::vector<std::uint8_t>& mask, int step, int first, int nz)
      : reader_(reader), mask_(mask), step_(step), first_(first), nz_(nz) {}
  Shape shape() const override { return reader_.info().shape; }
  // Throws Error kFormat naming the voxel where an orientation is no unit quaternion (within 1 %).
  void read(std::int64_t begin, std::int64_t count, float* q) override;

 private:
  FieldReader& reader_;
  const std::vector<std::uint8_t>& mask_;
  int step_, first_, nz_;
};

// Cell array of the model's own estimate of its error, degrees; the sink's writer was opened with it where it is wanted.
inline constexpr const char* kEstimatedError = "estimated_error";

// Writes the chosen steps, the initial state among them. What it adds up of every tile goes to curve and verdict at the end,
// in the order of the tiles, so that a run that was stopped and gone on with tells the same.
class ResultSink final : public OrientationSink {
 public:
  struct Choice {
    std::vector<int> slot;  // [T+1] place of step k in the file, -1 where it is not wanted
    bool stress = false;    // the file takes stresses
    bool verdict = false;   // the file takes the verdict of every voxel
    bool uncertainty = false;  // and the estimate of its error
  };
  ResultSink(ArchiveWriter& writer, Choice choice, MacroCurve& curve, RunVerdict& verdict, RunJournal* journal, std::int64_t tiles);
  void write(std::array<int, 3> lo, Shape extent, const StepOutput& out) override;
  void whole(std::int64_t tile, std::array<int, 3> lo) override;
  void finish();  // once all tiles are whole

  double judge_seconds = 0, write_seconds = 0;  // spent in the verdicts, in the file
  std::int64_t bytes = 0;                       // given to the file, before packing and compression

 private:
  struct StepSum {
    VoxelVerdicts verdict;
    MacroCurve::Sum stress;
  };
  using TileSums = std::vector<StepSum>;  // [T]
  static std::string text(const TileSums& sums);
  TileSums sums_of(const std::string& text) const;

  ArchiveWriter& writer_;
  Choice choice_;
  MacroCurve& curve_;
  RunVerdict& verdict_;
  RunJournal* journal_;  // or null; the tiles that it tells of are taken over
  std::map<std::array<int, 3>, TileSums> begun_;  // by the corner of their tile
  std::vector<TileSums> whole_;                   // [tiles]
};

// "phase=NAME" or "grain=3,7" each: the voxels of these are masked (0 in the result; empty without masks).
std::vector<std::uint8_t> read_mask(FieldReader& reader, const std::vector<std::string>& masks);

// float32, packed32, packed48 or packed64. Throws Error kArgument.
Packing parse_packing(const std::string& name);
// "all", "last" or "0,5,13": the steps to write, ascending, step 0 always among them.
std::vector<int> parse_steps(const std::string& text, int steps);
// The state called increment_K, else the K-th state; -1: the first. Throws Error kArgument where there is none.
int parse_increment(const ArchiveInfo& info, std::int64_t increment);
// "periodic" or "clamped" for all axes, or one for each: "periodic,periodic,clamped".
Boundaries parse_boundaries(const std::string& text);

// Of the input, slab by slab. Throws kInterrupted when asked to stop.
void copy_grains_and_phases(FieldReader& reader, ArchiveWriter& writer);

}  // namespace grainspin::cli
