#include "grainspin/evaluation.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <tuple>

#include "grainspin/taylor.h"

namespace grainspin {

namespace {

bool one_group(const VoxelSymmetry& symmetry) {
  return std::all_of(symmetry.groups.begin(), symmetry.groups.end(), [&](auto* g) { return g == symmetry.groups[0]; });
}

std::array<double, 6> mean_stress(std::int64_t n, const float* stress) {
  std::array<double, 6> out{};
  for (std::int64_t i = 0; i < n; ++i)
    for (std::size_t k = 0; k < 6; ++k) out[k] += stress[6 * i + std::int64_t(k)];
  for (double& v : out) v /= double(n);
  return out;
}

// Von Mises norm squared of a stress difference.
double von_mises2(const double* s) {
  const double a = s[0] - s[1], b = s[1] - s[2], c = s[2] - s[0];
  return 0.5 * (a * a + b * b + c * c) + 3 * (s[3] * s[3] + s[4] * s[4] + s[5] * s[5]);
}

void evaluate_stress(const RunFields& truth, const Prediction& prediction, int step, StepEvaluation& out) {
  const std::int64_t n = truth.voxels();
  const float* t = truth.stress.empty() ? nullptr : truth.stress.data() + 6 * n * (step - 1);
  const float* p = prediction.stress.empty() ? nullptr : prediction.stress.data() + 6 * n * (step - 1);
  if (t) out.stress_true = mean_stress(n, t);
  if (p) out.stress_predicted = mean_stress(n, p);
  if (!t || !p) return;
  double error = 0, size = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    double d[6], s[6];
    for (int k = 0; k < 6; ++k) d[k] = double(p[6 * i + k]) - (s[k] = t[6 * i + k]);
    error += von_mises2(d);
    size += von_mises2(s);
  }
  out.stress_rms_error = std::sqrt(error / double(n));
  out.stress_rms_true = std::sqrt(size / double(n));
}

std::vector<LayerEvaluation> by_layer(const std::vector<std::int32_t>& layer, const std::vector<float>& error,
                                      const std::vector<float>& persistence, const std::vector<float>* taylor) {
  constexpr int kLast = 5;
  std::vector<LayerEvaluation> out;
  for (int k = 1; k <= kLast; ++k) {
    LayerEvaluation bin;
    bin.layer = k;
    bin.and_deeper = k == kLast;
    double taylor_sum = 0;
    for (std::size_t i = 0; i < layer.size(); ++i) {
      if (layer[i] != k && !(k == kLast && layer[i] > k)) continue;
      ++bin.voxels;
      bin.error += error[i];
      bin.persistence += persistence[i];
      if (taylor) taylor_sum += (*taylor)[i];
    }
    if (bin.voxels == 0) continue;
    bin.error /= double(bin.voxels);
    bin.persistence /= double(bin.voxels);
    if (taylor) bin.taylor = taylor_sum / double(bin.voxels);
    out.push_back(bin);
  }
  return out;
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
  for (std::size_t i = 0; i < a.size(); ++i) ma += a[i] / double(a.size()), mb += b[i] / double(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    aa += (a[i] - ma) * (a[i] - ma);
    bb += (b[i] - mb) * (b[i] - mb);
    ab += (a[i] - ma) * (b[i] - mb);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

void evaluate_local(const RunFields& truth, const VoxelSymmetry& symmetry, const float* t, const float* p, int threads,
                    Evaluation& out) {
  const std::int64_t n = truth.voxels();
  const std::int32_t* grain = truth.grain.data();
  std::vector<double> gos_of[2];
  for (const bool predicted : {false, true}) {
    const float* q = predicted ? p : t;
    const auto put = [&](Pair& pair, double value) { (predicted ? pair.predicted : pair.truth) = value; };
    const Spread k = spread(kam(symmetry, truth.info.shape, truth.info.boundaries, grain, q, threads));
    put(out.kam_mean, k.mean);
    put(out.kam_p95, k.p95);
    const std::vector<float> g = grod(symmetry, n, grain, q, threads);
    const Spread s = spread(g);
    put(out.grod_mean, s.mean);
    put(out.grod_p95, s.p95);
    gos_of[predicted] = gos(n, grain, g.data());
  }
  // Over grains, each once: this is where GOS says something that the mean GROD does not.
  for (const bool predicted : {false, true}) {
    double sum = 0;
    for (const double v : gos_of[predicted]) sum += v;
    (predicted ? out.gos_mean.predicted : out.gos_mean.truth) = sum / double(gos_of[predicted].size());
  }
  out.gos_correlation = correlation(gos_of[0], gos_of[1]);
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

Region region_of(const RunFields& run) {
  const ArchiveInfo& info = run.info;
  Region out = whole(info.shape, info.boundaries);
  const double size[3] = {info.size[0] / info.shape.nx, info.size[1] / info.shape.ny, info.size[2] / info.shape.nz};
  if (size[0] > 0 && size[1] > 0 && size[2] > 0) out.spacing = {size[0], size[1], size[2]};
  out.loads = info.loads;
  if (!run.phase.empty()) out.phase = run.phase.data();
  return out;
}

Prediction predict(const Surrogate& surrogate, const RunFields& truth, const Progress& progress) {
  const std::int64_t n = truth.voxels();
  const int T = surrogate.spec().steps();
  require(T == truth.steps(), Errc::kShape,
          truth.info.path + ": " + std::to_string(truth.steps()) + " steps, the model makes " + std::to_string(T));
  const Region region = whole(truth.info.shape, truth.info.boundaries);
  const bool teach = surrogate.spec().family != Family::kLocal || surrogate.spec().local.feedback != Feedback::kInitial;
  Prediction out;
  out.orientation.resize(4 * std::size_t(n) * std::size_t(T));
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

std::vector<std::vector<float>> taylor_fields(const RunFields& truth, bool hardening, int threads,
                                              const Progress& progress, std::vector<std::array<double, 6>>* mean_stress) {
  const ArchiveInfo& info = truth.info;
  require(int(info.loads.size()) == truth.steps() && truth.steps() > 0, Errc::kArgument,
          "Taylor: " + info.path + " does not tell its load");
  std::vector<TaylorMaterial> materials;
  for (const PhaseInfo& phase : info.phases) {
    materials.push_back(taylor_material(phase));
    if (!hardening) materials.back().law.reset();
  }

  const std::int64_t n = truth.voxels();
  std::vector<float> q;
  std::vector<std::int32_t> material, grain_of(static_cast<std::size_t>(n));
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
    grain_of[std::size_t(i)] = it->second;
  }
  std::vector<double> times;
  for (int k = 1; k <= truth.steps(); ++k) times.push_back(info.steps[std::size_t(k)].time - info.steps[std::size_t(k - 1)].time);
  if (std::any_of(times.begin(), times.end(), [](double t) { return !(t > 0); })) times.clear();

  TaylorOptions options;
  options.threads = threads;
  options.progress = progress;
  const auto steps = taylor(materials, std::int64_t(weight.size()), material.data(), q.data(), weight, info.loads, times, options);
  const bool stated = std::all_of(materials.begin(), materials.end(), [](const auto& m) { return m.law.has_value(); });
  std::vector<std::vector<float>> out;
  for (const TaylorStep& step : steps) {
    std::vector<float> field(4 * std::size_t(n));
    for (std::int64_t i = 0; i < n; ++i)
      std::copy_n(step.orientation.data() + 4 * std::size_t(grain_of[std::size_t(i)]), 4, field.data() + 4 * i);
    out.push_back(std::move(field));
    const auto& s = step.mean_stress;
    if (mean_stress && stated) mean_stress->push_back({s[0], s[4], s[8], s[5], s[2], s[1]});
  }
  return out;
}

Evaluation evaluate(const RunFields& truth, const Prediction& prediction, const Surrogate* surrogate,
                    const EvaluationOptions& options) {
  const std::int64_t n = truth.voxels();
  const int T = truth.steps(), threads = options.threads;
  require(n > 0 && T > 0, Errc::kShape, truth.info.path + ": nothing to judge (no voxels or no steps)");
  require(std::int64_t(prediction.orientation.size()) == 4 * n * T, Errc::kShape,
          truth.info.path + ": the prediction has another number of voxels or steps");
  const VoxelSymmetry symmetry = symmetry_of(truth);
  Evaluation out;

  std::vector<std::vector<float>> taylor, plain;
  std::vector<std::array<double, 6>> taylor_stress;
  if (options.taylor) {
    try {
      taylor = taylor_fields(truth, true, threads, options.progress, &taylor_stress);
      if (!taylor_stress.empty()) plain = taylor_fields(truth, false, threads, options.progress);
    } catch (const Error& e) {
      if (e.code() == Errc::kInterrupted) throw;
      out.notes.push_back(std::string("no Taylor baseline: ") + e.what());
    }
  }
  std::vector<Quatd> carried = persistence_rotations(truth.info.loads);
  if (int(carried.size()) != T) {
    carried.assign(std::size_t(T), Quatd{});
    out.notes.push_back("the archive does not tell its load: persistence is without mean spin");
  }

  const std::size_t size = static_cast<std::size_t>(n);
  std::vector<float> persistence(4 * size), angle(size), angle_persistence(size), angle_taylor(taylor.empty() ? 0 : size);
  std::vector<float> w_true(3 * size), w(3 * size);
  IncrementR2 rolled_all, one_step_all, taylor_all;
  for (int k = 1; k <= T; ++k) {
    StepEvaluation step;
    step.step = k;
    step.strain = truth.info.steps[std::size_t(k)].strain;
    disorientation_angles(symmetry, n, prediction.at(n, k), truth.at(k), angle.data(), threads);
    step.error = spread(angle);
    rotate(carried[std::size_t(k - 1)], n, truth.at(0), persistence.data());
    disorientation_angles(symmetry, n, persistence.data(), truth.at(k), angle_persistence.data(), threads);
    step.persistence = spread(angle_persistence);
    step.skill_persistence = skill(step.error.mean, step.persistence.mean);

    rotation_increments(symmetry, n, truth.at(k), truth.at(k - 1), w_true.data(), threads);
    IncrementR2 rolled;
    if (prediction.increment.empty()) {
      const float* before = k == 1 ? truth.at(0) : prediction.at(n, k - 1);
      rotation_increments(symmetry, n, prediction.at(n, k), before, w.data(), threads);
      rolled.add(n, w.data(), w_true.data());
    } else {
      rolled.add(n, prediction.increment.data() + 3 * n * (k - 1), w_true.data());
    }
    step.r2_rolled = rolled.value();
    rolled_all.add(rolled);
    if (!prediction.one_step_increment.empty()) {
      IncrementR2 one;
      one.add(n, prediction.one_step_increment.data() + 3 * n * (k - 1), w_true.data());
      step.r2_one_step = one.value();
      one_step_all.add(one);
    }
    if (!taylor.empty()) {
      const float* field = taylor[std::size_t(k - 1)].data();
      disorientation_angles(symmetry, n, field, truth.at(k), angle_taylor.data(), threads);
      step.taylor = spread(angle_taylor);
      step.skill_taylor = skill(step.error.mean, step.taylor->mean);
      rotation_increments(symmetry, n, field, k == 1 ? truth.at(0) : taylor[std::size_t(k - 2)].data(), w.data(), threads);
      IncrementR2 r2;
      r2.add(n, w.data(), w_true.data());
      step.r2_taylor = r2.value();
      taylor_all.add(r2);
      if (!taylor_stress.empty()) step.stress_taylor = taylor_stress[std::size_t(k - 1)];
    }
    if (!plain.empty()) {
      std::vector<float> angle_plain(size);
      disorientation_angles(symmetry, n, plain[std::size_t(k - 1)].data(), truth.at(k), angle_plain.data(), threads);
      step.taylor_no_hardening = spread(std::move(angle_plain));
      step.skill_taylor_no_hardening = skill(step.error.mean, step.taylor_no_hardening->mean);
    }
    evaluate_stress(truth, prediction, k, step);
    out.steps.push_back(step);
    if (options.progress && !options.progress(double(k) / T, "judge")) throw Error(Errc::kInterrupted, "stopped");
  }
  out.r2_rolled = rolled_all.value();
  if (!prediction.one_step_increment.empty()) out.r2_one_step = one_step_all.value();
  if (!taylor.empty()) out.r2_taylor = taylor_all.value();

  const auto layer = boundary_layers(truth.info.shape, truth.info.boundaries, truth.grain.data());
  out.layers = by_layer(layer, angle, angle_persistence, taylor.empty() ? nullptr : &angle_taylor);
  evaluate_local(truth, symmetry, truth.at(T), prediction.at(n, T), threads, out);

  if (options.texture && one_group(symmetry)) {
    const auto density = [&](const float* q) { return odf(*symmetry.groups[0], n, q, options.kernel, threads); };
    const auto f = density(truth.at(T)), g = density(prediction.at(n, T)), start = density(truth.at(0));
    Evaluation::Texture t;
    t.index_true = texture_index(f);
    t.index_predicted = texture_index(g);
    t.index_start = texture_index(start);
    t.distance = odf_distance(f, g);
    t.distance_persistence = odf_distance(f, density(persistence.data()));
    if (!taylor.empty()) t.distance_taylor = odf_distance(f, density(taylor.back().data()));
    out.texture = t;
  } else if (options.texture) {
    out.notes.push_back("no texture measures: phases of different point groups");
  }
  if (options.equivariance && surrogate && !truth.info.loads.empty())
    out.equivariance = equivariance_error(*surrogate, region_of(truth), symmetry, truth.at(0), prediction.at(n, T), threads);
  out.error_last = std::move(angle);
  out.persistence_last = std::move(angle_persistence);
  return out;
}

}  // namespace grainspin
