// Reading a run whole, and whether two runs, or a model and a run, belong together.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "grainspin/domain.h"
#include "grainspin/load_file.h"
#include "src/cli/evaluate.h"
#include "src/cli/phases.h"

namespace grainspin::cli {

namespace {

std::string text(Shape s) { return fmt::format("{} x {} x {}", s.nx, s.ny, s.nz); }

constexpr double kDegree = std::numbers::pi / 180;

}  // namespace

RunFields read_run(const std::string& path) {
  const auto reader = open_archive(path);
  RunFields run;
  run.info = reader->info();
  const ArchiveInfo& info = run.info;
  const std::int64_t n = run.voxels();
  const int T = run.steps();
  require(info.has_orientation, Errc::kFormat, path + ": holds no orientations");
  require(T > 0, Errc::kFormat, path + ": holds no step after the initial state");
  require(n > 0, Errc::kShape, path + ": the grid has no voxels");

  run.orientation.resize(4 * std::size_t(n) * std::size_t(T + 1));
  for (int k = 0; k <= T; ++k) {
    float* q = run.orientation.data() + 4 * n * k;
    reader->orientation(k, 0, n, q);
    for (std::int64_t i = 0; i < n; ++i) {
      const double size = std::sqrt(double(q[4 * i]) * q[4 * i] + double(q[4 * i + 1]) * q[4 * i + 1] +
                                    double(q[4 * i + 2]) * q[4 * i + 2] + double(q[4 * i + 3]) * q[4 * i + 3]);
      require(std::abs(size - 1) < 1e-2, Errc::kFormat,
              fmt::format("{}: step {} ({}), voxel {}: the orientation has length {}, wanted 1", path, k,
                          info.steps[std::size_t(k)].name, i, size));
    }
  }
  if (info.has_stress) {
    run.stress.resize(6 * std::size_t(n) * std::size_t(T));
    for (int k = 1; k <= T; ++k) reader->stress(k, 0, n, run.stress.data() + 6 * n * (k - 1));
  } else if (info.has_F && info.has_P) {
    run.stress.resize(6 * std::size_t(n) * std::size_t(T));
    std::vector<float> F(9 * std::size_t(n)), P(9 * std::size_t(n));
    for (int k = 1; k <= T; ++k) {
      reader->F(k, 0, n, F.data());
      reader->P(k, 0, n, P.data());
      cauchy_stress(n, P.data(), F.data(), run.stress.data() + 6 * n * (k - 1));
    }
  }
  if (info.phases.size() > 1) {
    run.phase.resize(std::size_t(n));
    reader->phase(0, n, run.phase.data());
  }
  run.grain.resize(std::size_t(n));
  if (info.has_grain) {
    reader->grain(0, n, run.grain.data());
  } else {
    // Between phases of unlike symmetry only the plain rotation means anything.
    const VoxelSymmetry symmetry = symmetry_of(run);
    const bool alike = std::all_of(symmetry.groups.begin(), symmetry.groups.end(), [&](auto* g) { return g == symmetry.groups[0]; });
    run.grain = label_grains(info.shape, info.boundaries, run.at(0), alike ? symmetry.groups[0]->name() : "1", 0.1 * kDegree);
  }
  return run;
}

void require_match(const std::string& model_path, const ModelSpec& spec, const RunFields& truth, bool any_load) {
  const std::string& path = truth.info.path;
  if (spec.family == Family::kNonlocal) {  // takes any load and number of steps; phases by name
    (void)match_phases(truth.info, spec.nonlocal, {}, {});
    return;
  }
  for (const PhaseInfo& phase : truth.info.phases)
    require(phase.point_group == spec.point_group, Errc::kArgument,
            fmt::format("{}: phase {} has point group '{}', {} was trained for '{}'", path, phase.name, phase.point_group,
                        model_path, spec.point_group));
  require(truth.steps() == spec.steps(), Errc::kShape,
          fmt::format("{}: {} steps, {} makes {}", path, truth.steps(), model_path, spec.steps()));
  if (any_load || truth.info.loads.empty()) return;
  for (int k = 0; k < spec.steps(); ++k) {
    const LoadStep& a = spec.loads[std::size_t(k)];
    const LoadStep& b = truth.info.loads[std::size_t(k)];
    double size = 0, difference = 0;
    for (std::size_t c = 0; c < 9; ++c) {
      require(a.prescribed[c] == b.prescribed[c], Errc::kArgument,
              fmt::format("{}: step {}: another load than {} was trained on (component {}{} is {} here); --any-load judges all the same",
                          path, k + 1, model_path, "xyz"[c / 3], "xyz"[c % 3], b.prescribed[c] ? "prescribed" : "free"));
      if (!a.prescribed[c]) continue;
      size = std::max({size, std::abs(a.L[c]), std::abs(b.L[c])});
      difference = std::max(difference, std::abs(a.L[c] - b.L[c]));
    }
    require(difference <= 0.02 * size, Errc::kArgument,
            fmt::format("{}: step {}: another load than {} was trained on (largest difference {:.3g} of strain {:.3g}); --any-load judges all the same",
                        path, k + 1, model_path, difference, size));
  }
}

void give_load(RunFields& truth, const std::string& load, const ModelSpec& spec) {
  if (load.empty()) return;
  ArchiveInfo& info = truth.info;
  require(info.loads.empty(), Errc::kArgument,
          info.path + ": tells its own load, which is what it is judged under; --load is for archives that do not");
  std::vector<LoadStep> loads = read_load(load, load_defaults(spec));
  require(int(loads.size()) == truth.steps(), Errc::kShape,
          fmt::format("--load {}: {} steps, {} has {}", load, loads.size(), info.path, truth.steps()));
  double strain = 0;
  for (std::size_t k = 0; k < loads.size(); ++k) {
    loads[k] = completed(loads[k]);
    info.steps[k + 1].strain = strain += loads[k].von_mises();
  }
  info.loads = std::move(loads);
}

std::vector<std::string> domain_notes(const Evaluation& evaluation) {
  std::vector<std::string> out;
  if (!evaluation.trust) return out;
  for (const std::string& reason : evaluation.trust->judgement.reasons) out.push_back("outside the domain of training: " + reason);
  for (const std::string& doubt : evaluation.trust->judgement.doubts) out.push_back("near the edge of the domain of training: " + doubt);
  return out;
}

void take_every(RunFields& run, int every) {
  if (every == 1) return;
  ArchiveInfo& info = run.info;
  const int T = run.steps() / every;
  require(T > 0, Errc::kArgument, fmt::format("--every {}: {} has {} steps", every, info.path, run.steps()));
  const std::int64_t n = run.voxels();
  RunFields out = run;
  out.info.steps.resize(1), out.info.loads.clear();
  out.orientation.resize(std::size_t(4 * n)), out.stress.clear();
  double strain = 0;
  for (int k = 1; k <= T; ++k) {
    out.info.steps.push_back(info.steps[std::size_t(k * every)]);
    out.orientation.insert(out.orientation.end(), run.at(k * every), run.at(k * every) + 4 * n);
    if (!run.stress.empty()) {
      const auto stress = run.stress.begin() + 6 * n * (k * every - 1);
      out.stress.insert(out.stress.end(), stress, stress + 6 * n);
    }
    if (info.loads.empty()) continue;
    // Steps of one direction commute: their velocity gradients add up.
    LoadStep sum = info.loads[std::size_t((k - 1) * every)];
    for (int j = 1; j < every; ++j) {
      const LoadStep& next = info.loads[std::size_t((k - 1) * every + j)];
      require(next.prescribed == sum.prescribed, Errc::kArgument, fmt::format("--every {}: {}: steps {} and {} leave other components free", every, info.path, (k - 1) * every + j, (k - 1) * every + j + 1));
      for (std::size_t c = 0; c < 9; ++c) sum.L[c] += next.L[c];
    }
    out.info.loads.push_back(sum);
    out.info.steps.back().strain = strain += completed(sum).von_mises();
  }
  run = std::move(out);
}

Prediction as_prediction(RunFields&& predicted, const RunFields& truth) {
  const ArchiveInfo &p = predicted.info, &t = truth.info;
  require(p.shape == t.shape, Errc::kShape, fmt::format("{} is a grid of {}, {} of {}", p.path, text(p.shape), t.path, text(t.shape)));
  require(predicted.steps() == truth.steps(), Errc::kShape,
          fmt::format("{} has {} steps, {} has {}: they are compared step by step", p.path, predicted.steps(), t.path, truth.steps()));
  const std::int64_t n = truth.voxels();
  std::vector<float> angle(static_cast<std::size_t>(n));
  disorientation_angles(symmetry_of(truth), n, predicted.at(0), truth.at(0), angle.data());
  const Spread start = spread(std::move(angle));
  require(start.mean < 0.1 * kDegree, Errc::kArgument,
          fmt::format("{} does not start where {} does: {:.3g} degrees in the mean, {:.3g} at most", p.path, t.path,
                      start.mean / kDegree, start.max / kDegree));
  Prediction out;
  out.orientation.assign(predicted.orientation.begin() + 4 * n, predicted.orientation.end());
  out.stress = std::move(predicted.stress);
  return out;
}

}  // namespace grainspin::cli
