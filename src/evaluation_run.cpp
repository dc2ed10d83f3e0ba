// Running what is judged: the model and the Taylor baseline on a true run's initial state and load.
#include <algorithm>
#include <map>
#include <tuple>

#include "grainspin/evaluation.h"
#include "phase_match.h"

namespace grainspin {

namespace {

// [n, channels] of voxels from [grains, channels].
std::vector<float> spread_out(const std::vector<std::int32_t>& grain, const std::vector<float>& values, int channels) {
  std::vector<float> out(grain.size() * std::size_t(channels));
  for (std::size_t i = 0; i < grain.size(); ++i)
    std::copy_n(values.data() + channels * std::int64_t(grain[i]), channels, out.data() + channels * std::int64_t(i));
  return out;
}

// The model's index of each of the run's phases, as `grainspin predict` takes them.
std::vector<std::int32_t> phases_of(const RunFields& run, const NonlocalSpec& model) {
  std::vector<std::int32_t> out;
  for (const PhaseInfo& phase : run.info.phases) {
    const std::int32_t m = phase_of_model(phase, model, run.info.phases.size() == 1);
    require(m >= 0 && model.phases[std::size_t(m)].point_group == phase.point_group, Errc::kArgument,
            run.info.path + ": phase " + phase.name + " (" + phase.point_group + ") is none of the model's: " + phase_names(model));
    out.push_back(m);
  }
  return out;
}

}  // namespace

VoxelSymmetry symmetry_of(const RunFields& run) {
  VoxelSymmetry out;
  for (const PhaseInfo& phase : run.info.phases) {
    require(!phase.point_group.empty(), Errc::kFormat,
            run.info.path + ": the point group of phase " + phase.name + " is not known");
    out.groups.push_back(&PointGroup::named(phase.point_group));
  }
  require(!out.groups.empty(), Errc::kFormat, run.info.path + ": no phase, so the crystal symmetry is not known");
  if (!run.phase.empty()) out.phase = run.phase.data();
  return out;
}

Region region_of(const RunFields& run, const ModelSpec& spec, std::vector<std::int32_t>& phase) {
  const ArchiveInfo& info = run.info;
  Region out = whole(info.shape, info.boundaries);
  const std::array<double, 3> size{info.size[0] / info.shape.nx, info.size[1] / info.shape.ny, info.size[2] / info.shape.nz};
  if (size[0] > 0 && size[1] > 0 && size[2] > 0) out.spacing = size;
  out.loads = told(info.loads.empty() ? spec.loads : info.loads);
  phase.clear();
  if (spec.family == Family::kNonlocal && !spec.nonlocal.phases.empty()) {
    const std::vector<std::int32_t> index = phases_of(run, spec.nonlocal);
    for (std::int64_t i = 0; i < run.voxels(); ++i) phase.push_back(index[run.phase.empty() ? 0 : std::size_t(run.phase[std::size_t(i)])]);
    out.phase = phase.data();
  }
  return out;
}

Prediction predict(const Surrogate& surrogate, const RunFields& truth, const Progress& progress, bool one_step) {
  const ModelSpec& spec = surrogate.spec();
  const bool nonlocal = spec.family == Family::kNonlocal;
  const std::int64_t n = truth.voxels();
  std::vector<std::int32_t> phase;
  const Region region = region_of(truth, spec, phase);
  const int T = nonlocal ? int(region.loads.size()) : spec.steps();
  require(T == truth.steps(), Errc::kShape,
          truth.info.path + ": " + std::to_string(truth.steps()) + " steps, the model makes " + std::to_string(T));
  const bool teach = one_step && (nonlocal || spec.local.feedback != Feedback::kInitial);
  Prediction out;
  out.orientation.resize(4 * std::size_t(n) * std::size_t(T));
  if (nonlocal) out.calibration = calibration(spec);
  const auto report = [&](double fraction) {
    if (progress && !progress(fraction, "predict")) throw Error(Errc::kInterrupted, "stopped");
  };
  surrogate.run(region, truth.at(0), nullptr, nullptr, [&](const StepOutput& step) {
    const std::int64_t k = step.step - 1;
    std::copy_n(step.orientation, 4 * n, out.orientation.data() + 4 * n * k);
    if (step.increment) {
      out.increment.resize(3 * std::size_t(n) * std::size_t(T));
      std::copy_n(step.increment, 3 * n, out.increment.data() + 3 * n * k);
    }
    if (step.stress) {
      out.stress.resize(6 * std::size_t(n) * std::size_t(T));
      std::copy_n(step.stress, 6 * n, out.stress.data() + 6 * n * k);
    }
    if (step.log_variance && nonlocal) {
      out.log_variance.resize(3 * std::size_t(n) * std::size_t(T));
      std::copy_n(step.log_variance, 3 * n, out.log_variance.data() + 3 * n * k);
    }
    if (step.load) {
      out.loads.resize(std::size_t(T));
      out.loads[std::size_t(k)] = *step.load;
    }
    report(double(step.step) / T / (teach ? 2 : 1));
  });
  if (!teach) return out;
  const VoxelSymmetry symmetry = symmetry_of(truth);
  out.one_step_increment.resize(3 * std::size_t(n) * std::size_t(T));
  surrogate.run(region, truth.at(0), nullptr, truth.orientation.data(), [&](const StepOutput& step) {
    float* w = out.one_step_increment.data() + 3 * n * (step.step - 1);
    if (step.increment) {
      std::copy_n(step.increment, 3 * n, w);
    } else {
      rotation_increments(symmetry, n, step.orientation, truth.at(step.step - 1), w);
    }
    report(0.5 + 0.5 * step.step / T);
  });
  return out;
}

std::vector<float> TaylorRun::orientation(int step) const { return spread_out(grain, steps[std::size_t(step - 1)].orientation, 4); }
std::vector<float> TaylorRun::stress(int step) const { return spread_out(grain, steps[std::size_t(step - 1)].stress, 6); }

TaylorRun taylor_run(const RunFields& truth, bool hardening, int threads, const Progress& progress) {
  const ArchiveInfo& info = truth.info;
  require(int(info.loads.size()) == truth.steps() && truth.steps() > 0, Errc::kArgument,
          "Taylor: " + info.path + " does not tell its load");
  std::vector<TaylorMaterial> materials;
  for (const PhaseInfo& phase : info.phases) {
    materials.push_back(taylor_material(phase));
    if (!hardening) materials.back().law.reset();
  }

  const std::int64_t n = truth.voxels();
  TaylorRun out;
  out.grain.resize(std::size_t(n));
  std::vector<float> q;
  std::vector<std::int32_t> material;
  std::vector<double> weight;
  std::map<std::tuple<std::int32_t, std::array<float, 4>>, std::int32_t> known;
  for (std::int64_t i = 0; i < n; ++i) {
    std::array<float, 4> key;
    std::copy_n(truth.at(0) + 4 * i, 4, key.begin());
    const std::int32_t phase = truth.phase.empty() ? 0 : truth.phase[std::size_t(i)];
    const auto [it, fresh] = known.try_emplace({phase, key}, std::int32_t(weight.size()));
    if (fresh) {
      q.insert(q.end(), key.begin(), key.end());
      material.push_back(phase);
      weight.push_back(0);
    }
    weight[std::size_t(it->second)] += 1;
    out.grain[std::size_t(i)] = it->second;
  }
  std::vector<double> times;
  for (int k = 1; k <= truth.steps(); ++k) times.push_back(info.steps[std::size_t(k)].time - info.steps[std::size_t(k - 1)].time);
  if (std::any_of(times.begin(), times.end(), [](double t) { return !(t > 0); })) times.clear();

  TaylorOptions options;
  options.threads = threads;
  options.progress = progress;
  out.steps = taylor(materials, std::int64_t(weight.size()), material.data(), q.data(), weight, told(info.loads), times, options);
  out.law = std::all_of(materials.begin(), materials.end(), [](const auto& m) { return m.law.has_value(); });
  return out;
}

}  // namespace grainspin
