#include "datasets/grid_run.h"

#include <algorithm>
#include <cmath>

#include "datasets/follow.h"
#include "datasets/stress.h"
#include "datasets/turning.h"
#include "grainspin/archive.h"
#include "grainspin/symmetry.h"

namespace grainspin {

namespace {

// The load as a model reads it, and what the free components did.
void divide_load(GridRun& run, bool answered) {
  bool any_free = false;
  std::vector<std::array<double, 9>> answer;
  for (std::size_t t = 0; t < run.loads.size(); ++t) {
    LoadStep& load = run.loads[t];
    const std::string step = run.path + ": load of step " + std::to_string(t + 1);
    require(std::any_of(load.prescribed.begin(), load.prescribed.end(), [](bool p) { return p; }), Errc::kFormat,
            step + ": which components were prescribed is not stated");
    std::array<double, 9> L = load.L;
    int free_diagonal = 0;
    for (std::size_t i = 0; i < 9; ++i) {
      require(std::isfinite(L[i]), Errc::kFormat,
              step + ", component " + std::to_string(i / 3 + 1) + std::to_string(i % 3 + 1) + " is not finite");
      if (load.prescribed[i]) continue;
      any_free = true;
      load.L[i] = 0;
      free_diagonal += i % 4 == 0;
    }
    const double trace = L[0] + L[4] + L[8];
    for (std::size_t i = 0; i < 9; i += 4)
      if (!load.prescribed[i]) L[i] -= trace / free_diagonal;
    answer.push_back(L);
  }
  if (any_free && answered) run.answer = std::move(answer);
}

void check_finite(const GridRun& run) {
  const std::size_t row = std::size_t(run.voxels() * 6);
  for (std::size_t i = 0; i < run.stress.size(); ++i)
    require(std::isfinite(run.stress[i]), Errc::kFormat,
            run.path + ": stress of step " + std::to_string(i / row + 1) + ", voxel " +
                std::to_string(i % row / 6) + " is not finite");
}

}  // namespace

GridRun make_grid_run(GridRun run, bool answered, std::span<const PhaseSpec> phases) {
  const std::int64_t n = run.voxels();
  const int steps = run.steps();
  require(n > 0 && steps > 0, Errc::kShape, run.path + ": no voxels or no strain steps to learn from");
  require(std::int64_t(run.q.size()) == (steps + 1) * n * 4, Errc::kShape,
          run.path + ": " + std::to_string(steps) + " loads do not fit the number of stored steps");
  require(run.stress.empty() || std::int64_t(run.stress.size()) == steps * n * 6, Errc::kShape,
          run.path + ": stresses do not fit the number of steps");
  for (const std::int32_t p : run.phase)
    require(p >= 0 && std::size_t(p) < phases.size(), Errc::kShape,
            run.path + ": no phase of index " + std::to_string(p));
  for (const double a : run.spacing)
    require(std::isfinite(a) && a > 0, Errc::kFormat, run.path + ": voxels without a size");
  divide_load(run, answered);
  check_finite(run);
  std::vector<const PointGroup*> groups;
  for (const PhaseSpec& phase : phases) groups.push_back(&PointGroup::named(phase.point_group));
  run.w = follow(run.path, groups, run.phase.empty() ? nullptr : run.phase.data(), n, steps, run.q);
  return run;
}

void load_phases(const std::string& path, const SlipChoice& slip, std::vector<PhaseSpec>& phases, bool extend) {
  const auto reader = open_archive(path);
  for (const PhaseInfo& phase : reader->info().phases)
    place_phase(phase_spec(phase, slip, path), phases, extend, path);
}

GridRun load_grid_run(const std::string& path, StressData stress, const SlipChoice& slip,
                      std::vector<PhaseSpec>& phases, bool extend) {
  const auto reader = open_archive(path);
  const ArchiveInfo& info = reader->info();
  require(info.has_orientation, Errc::kFormat, path + ": no orientations in this file");
  require(!info.phases.empty(), Errc::kFormat, path + ": no phase owns a voxel");
  require(info.step_count() > 0, Errc::kFormat,
          path + ": only the initial state, no strain step to learn from");
  require(int(info.loads.size()) == info.step_count(), Errc::kFormat,
          path + ": the load of its steps is not known (no deformation gradient F)");
  const bool known = knows_stress(info);
  require(stress != StressData::kWanted || known, Errc::kFormat,
          path + ": stresses were asked for, but the file has no F and P, nor stresses");

  GridRun run;
  run.path = path;
  run.shape = info.shape;
  run.boundaries = info.boundaries;
  const std::int64_t n = info.shape.voxels();
  const int extent[3] = {info.shape.nx, info.shape.ny, info.shape.nz};
  for (std::size_t a = 0; a < 3; ++a) run.spacing[a] = info.size[a] / extent[a];
  run.loads = info.loads;

  std::vector<std::int32_t> place;
  for (const PhaseInfo& phase : info.phases)
    place.push_back(place_phase(phase_spec(phase, slip, path), phases, extend, path));
  if (info.phases.size() > 1 || place[0] != 0) {
    run.phase.resize(std::size_t(n));
    reader->phase(0, n, run.phase.data());
    for (std::int32_t& p : run.phase) {
      require(p >= 0 && std::size_t(p) < place.size(), Errc::kFormat, path + ": a voxel without a phase");
      p = place[std::size_t(p)];
    }
  }
  const int steps = info.step_count();
  run.q.resize(std::size_t((steps + 1) * n * 4));
  for (int t = 0; t <= steps; ++t) reader->orientation(t, 0, n, &run.q[std::size_t(t * n * 4)]);
  if (stress != StressData::kNone && known) run.stress = read_stress(*reader);
  return make_grid_run(std::move(run), info.has_mean_F, phases);
}

GridRun turn(const GridRun& run, const Operation& op) {
  GridRun out;
  out.path = run.path;
  out.shape = turned(op, run.shape);
  out.boundaries = turned(op, run.boundaries);
  out.spacing = turned(op, run.spacing);
  out.loads = turned(op, run.loads);
  for (const auto& L : run.answer) {
    LoadStep answer;
    answer.L = L;
    out.answer.push_back(turned(op, answer).L);
  }
  const auto from = turned_voxels(op, run.shape);
  if (!run.phase.empty())
    for (const std::int64_t i : from) out.phase.push_back(run.phase[std::size_t(i)]);
  const Turning turning(op);
  turn_rows(from, run.q, 4, out.q, [&](const float* a, float* b) { turning.orientation(a, b); });
  turn_rows(from, run.w, 3, out.w, [&](const float* a, float* b) { turning.vector(a, b); });
  turn_rows(from, run.stress, 6, out.stress, [&](const float* a, float* b) { turning.stress(a, b); });
  return out;
}

}  // namespace grainspin
