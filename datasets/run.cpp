#include "datasets/run.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "datasets/follow.h"
#include "datasets/stress.h"
#include "grainspin/symmetry.h"

namespace grainspin {

namespace {

std::string number(double value) {
  std::ostringstream s;
  s.imbue(std::locale::classic());
  s.precision(6);
  s << value;
  return s.str();
}

}  // namespace

Run make_run(const std::string& name, Shape shape, Boundaries boundaries, const std::string& point_group,
             double c_over_a, std::vector<LoadStep> loads, std::vector<float> q, std::vector<float> stress) {
  Run run;
  run.path = name;
  run.shape = shape;
  run.boundaries = boundaries;
  run.point_group = point_group;
  run.c_over_a = c_over_a;
  run.loads = std::move(loads);
  run.q = std::move(q);
  run.stress = std::move(stress);
  const std::int64_t n = run.voxels();
  const int steps = run.steps();
  require(n > 0 && steps > 0, Errc::kShape, name + ": no voxels or no strain steps to learn from");
  require(std::int64_t(run.q.size()) == (steps + 1) * n * 4, Errc::kShape,
          name + ": " + std::to_string(steps) + " loads do not fit the number of stored steps");

  const PointGroup& group = PointGroup::named(point_group);
  const EmbeddingSpec& spec = embedding(group);
  run.channels = spec.size;
  const PointGroup* const groups[] = {&group};
  run.w = follow(name, groups, nullptr, n, steps, run.q);
  // Embeddings voxel by voxel, so that one neighbour's whole history is one copy in a batch.
  const int C = spec.size;
  run.e.resize(std::size_t(n * (steps + 1) * C));
  std::vector<float> column(std::size_t(n * C));
  for (int t = 0; t <= steps; ++t) {
    embed(spec, n, &run.q[std::size_t(t * n * 4)], column.data());
    for (std::int64_t i = 0; i < n; ++i)
      std::copy_n(&column[std::size_t(i * C)], C, &run.e[std::size_t((i * (steps + 1) + t) * C)]);
  }
  return run;
}

Run load_run(const std::string& path, bool stress) {
  const auto reader = open_archive(path);
  const ArchiveInfo& info = reader->info();
  require(info.has_orientation, Errc::kFormat, path + ": no orientations in this file");
  require(info.phases.size() == 1, Errc::kFormat,
          path + ": " + std::to_string(info.phases.size()) + " phases own voxels; training takes one phase");
  require(!info.phases[0].point_group.empty(), Errc::kFormat, path + ": the crystal symmetry is not stated");
  require(info.step_count() > 0, Errc::kFormat,
          path + ": only the initial state, no strain step to learn from");
  require(int(info.loads.size()) == info.step_count(), Errc::kFormat,
          path + ": the load of its steps is not known (no deformation gradient F)");
  require(!stress || knows_stress(info), Errc::kFormat,
          path + ": a stress head was asked for, but the file has no F and P, nor stresses");
  const std::int64_t n = info.shape.voxels();
  const int steps = info.step_count();
  std::vector<float> q(std::size_t((steps + 1) * n * 4)), sigma;
  for (int t = 0; t <= steps; ++t) reader->orientation(t, 0, n, &q[std::size_t(t * n * 4)]);
  if (stress) sigma = read_stress(*reader);
  return make_run(path, info.shape, info.boundaries, info.phases[0].point_group, info.phases[0].c_over_a,
                  info.loads, std::move(q), std::move(sigma));
}

std::string load_difference(const std::vector<LoadStep>& load, const std::vector<LoadStep>& wanted) {
  constexpr double kTolerance = 0.02;
  if (load.size() != wanted.size())
    return std::to_string(load.size()) + " strain steps, wanted " + std::to_string(wanted.size());
  for (std::size_t t = 0; t < load.size(); ++t) {
    const LoadStep &a = load[t], &b = wanted[t];
    const std::string step = "step " + std::to_string(t + 1) + ": ";
    if (!(std::abs(a.von_mises() - b.von_mises()) <= kTolerance * b.von_mises()))
      return step + "strain " + number(a.von_mises()) + ", wanted " + number(b.von_mises());
    for (std::size_t i = 0; i < 9; ++i) {
      const std::string component =
          step + "load component " + std::to_string(i / 3 + 1) + std::to_string(i % 3 + 1);
      if (a.prescribed[i] != b.prescribed[i])
        return component + (b.prescribed[i] ? " is free, wanted prescribed" : " is prescribed, wanted free");
      if (a.prescribed[i] && !(std::abs(a.L[i] - b.L[i]) <= kTolerance * b.von_mises()))
        return component + " is " + number(a.L[i]) + ", wanted " + number(b.L[i]);
    }
  }
  return "";
}

void require_alike(std::span<const Run> runs) {
  if (runs.empty()) return;
  const Run& first = runs[0];
  for (const Run& run : runs.subspan(1)) {
    const std::string pair = run.path + " does not belong with " + first.path + ": ";
    require(run.point_group == first.point_group, Errc::kFormat,
            pair + "point group " + run.point_group + ", wanted " + first.point_group);
    require(std::abs(run.c_over_a - first.c_over_a) < 1e-3, Errc::kFormat,
            pair + "c/a " + number(run.c_over_a) + ", wanted " + number(first.c_over_a));
    const std::string difference = load_difference(run.loads, first.loads);
    require(difference.empty(), Errc::kFormat, pair + difference);
  }
}

}  // namespace grainspin
