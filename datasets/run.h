// One CP run held in memory as training needs it: orientations, their embeddings, the true increments.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "grainspin/archive.h"
#include "grainspin/embedding.h"
#include "grainspin/grid.h"
#include "grainspin/load.h"

namespace grainspin {

// The orientations of one voxel are followed continuously over the steps: q[t] is that equivalent q s of
// the stored orientation for which the increment from q[t-1] is the smallest rotation. So
// q[t] = exp(w[t-1]) q[t-1] holds for every voxel, and an angle between q[t] and a predicted path that
// started at q[0] needs no search over the group while it stays below half the group's smallest rotation.
struct Run {
  std::string path;
  Shape shape;
  Boundaries boundaries;
  std::string point_group;
  double c_over_a = 0;
  std::vector<LoadStep> loads;  // [T]
  std::vector<float> q;         // [T + 1][N][4]
  std::vector<float> w;         // [T][N][3] rad, sample frame
  std::vector<float> e;         // [N][T + 1][C], not normalised
  std::vector<float> stress;    // [T][N][6] Pa, Cauchy; empty where not asked for
  int channels = 0;             // C

  // The run without its fields.
  Run head() const {
    Run out;
    out.path = path, out.shape = shape, out.boundaries = boundaries;
    out.point_group = point_group, out.c_over_a = c_over_a, out.loads = loads, out.channels = channels;
    return out;
  }
  int steps() const { return int(loads.size()); }
  std::int64_t voxels() const { return shape.voxels(); }
  std::int64_t bytes() const {
    return std::int64_t(q.size() + w.size() + e.size() + stress.size()) * std::int64_t(sizeof(float));
  }
};

// Reads a whole archive. Error kFormat where it has no orientations at every step, no load, more than one
// phase, a group without embedding, or a value that is not finite; where `stress` asks for F and P that
// it does not have.
Run load_run(const std::string& path, bool stress);

// The same from fields in memory: q[T + 1][N][4] as stored, any equivalents.
Run make_run(const std::string& name, Shape shape, Boundaries boundaries, const std::string& point_group,
             double c_over_a, std::vector<LoadStep> loads, std::vector<float> q, std::vector<float> stress);

// Error kFormat, naming the run and the reason, unless all runs share the point group, c/a within 1e-3,
// the number of steps, and step by step the load: the same prescribed components, each prescribed value
// within 2 % of the step's von Mises strain, and that strain within 2 %.
void require_alike(std::span<const Run> runs);

// How a load differs from the one that is wanted, by these rules; empty where they are alike.
std::string load_difference(const std::vector<LoadStep>& load, const std::vector<LoadStep>& wanted);

}  // namespace grainspin
