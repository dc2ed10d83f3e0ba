#include "grainspin/evaluation.h"

#include <algorithm>
#include <cmath>

#include "src/evaluation_parts.h"

namespace grainspin {

namespace {

bool one_group(const VoxelSymmetry& symmetry) {
  return std::all_of(symmetry.groups.begin(), symmetry.groups.end(), [&](auto* g) { return g == symmetry.groups[0]; });
}

}  // namespace

Evaluation evaluate(const RunFields& truth, const Prediction& prediction, const Surrogate* surrogate,
                    const EvaluationOptions& options) {
  const std::int64_t n = truth.voxels();
  const int T = truth.steps(), threads = options.threads;
  require(n > 0 && T > 0, Errc::kShape, truth.info.path + ": nothing to judge (no voxels or no steps)");
  require(std::int64_t(prediction.orientation.size()) == 4 * n * T, Errc::kShape,
          truth.info.path + ": the prediction has another number of voxels or steps");
  const VoxelSymmetry symmetry = symmetry_of(truth);
  Evaluation out;

  std::optional<TaylorRun> taylor, plain;
  if (options.taylor) {
    try {
      taylor = taylor_run(truth, true, threads, options.progress);
      if (taylor->law) plain = taylor_run(truth, false, threads, options.progress);
    } catch (const Error& e) {
      if (e.code() == Errc::kInterrupted) throw;
      out.notes.push_back(std::string("no Taylor baseline: ") + e.what());
    }
  }
  std::vector<Quatd> carried = persistence_rotations(truth.info.loads);
  const bool told = int(carried.size()) == T;
  if (!told) {
    carried.assign(std::size_t(T), Quatd{});
    out.notes.push_back("the archive does not tell its load: persistence is without mean spin");
  }

  const std::size_t size = static_cast<std::size_t>(n);
  std::vector<float> persistence(4 * size), angle(size), angle_persistence(size), angle_taylor(taylor ? size : 0);
  std::vector<float> w_true(3 * size), w(3 * size), taylor_before(truth.at(0), truth.at(0) + 4 * size), taylor_now;
  const auto add = [](Vec3<double>& sum, const Vec3<double>& v, const Vec3<double>& less) {
    sum.x += v.x - less.x, sum.y += v.y - less.y, sum.z += v.z - less.z;
  };
  double errors = 0, errors_persistence = 0, errors_taylor = 0;
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
    const Vec3<double> spin = told ? mean_spin(truth.info.loads[std::size_t(k - 1)]) : Vec3<double>{};
    const float* rolled_w = w.data();
    if (prediction.increment.empty()) {
      const float* before = k == 1 ? truth.at(0) : prediction.at(n, k - 1);
      rotation_increments(symmetry, n, prediction.at(n, k), before, w.data(), threads);
    } else {
      rolled_w = prediction.increment.data() + 3 * n * (k - 1);
    }
    IncrementR2 rolled;
    rolled.add(n, rolled_w, w_true.data(), spin);
    add(out.drift_true, mean_increment(n, w_true.data()), spin);
    add(out.drift_predicted, mean_increment(n, rolled_w), spin);
    errors += step.error.mean;
    errors_persistence += step.persistence.mean;
    step.r2_rolled = rolled.value();
    rolled_all.add(rolled);
    if (!prediction.one_step_increment.empty()) {
      IncrementR2 one;
      one.add(n, prediction.one_step_increment.data() + 3 * n * (k - 1), w_true.data(), spin);
      step.r2_one_step = one.value();
      one_step_all.add(one);
    }
    if (taylor) {
      taylor_now = taylor->orientation(k);
      disorientation_angles(symmetry, n, taylor_now.data(), truth.at(k), angle_taylor.data(), threads);
      step.taylor = spread(angle_taylor);
      step.skill_taylor = skill(step.error.mean, step.taylor->mean);
      rotation_increments(symmetry, n, taylor_now.data(), taylor_before.data(), w.data(), threads);
      IncrementR2 r2;
      r2.add(n, w.data(), w_true.data(), spin);
      step.r2_taylor = r2.value();
      taylor_all.add(r2);
      taylor_before.swap(taylor_now);
      errors_taylor += step.taylor->mean;
    }
    if (plain) {
      std::vector<float> angle_plain(size);
      disorientation_angles(symmetry, n, plain->orientation(k).data(), truth.at(k), angle_plain.data(), threads);
      step.taylor_no_hardening = spread(std::move(angle_plain));
      step.skill_taylor_no_hardening = skill(step.error.mean, step.taylor_no_hardening->mean);
    }
    out.steps.push_back(step);
    if (options.progress && !options.progress(double(k) / T, "judge")) throw Error(Errc::kInterrupted, "stopped");
  }
  out.r2_rolled = rolled_all.value();
  if (!prediction.one_step_increment.empty()) out.r2_one_step = one_step_all.value();
  if (taylor) out.r2_taylor = taylor_all.value();
  out.skill_path = skill(errors, errors_persistence);
  if (taylor) out.skill_path_taylor = skill(errors, errors_taylor);
  evaluate_stress(truth, prediction, taylor ? &*taylor : nullptr, options.training_curve, out);
  evaluate_free(truth, prediction, taylor ? &*taylor : nullptr, out);
  if (!prediction.log_variance.empty() && prediction.calibration) evaluate_uncertainty(truth, prediction, symmetry, threads, out);

  if (surrogate) out.trust = evaluate_trust(surrogate->spec(), truth, prediction, threads);
  if (out.trust && out.uncertainty) {
    double fine = 0, within = 0;
    for (std::size_t i = 0; i < size; ++i)
      if (out.trust->verdict[i] == 0) fine += 1, within += out.uncertainty->within[i];
    if (fine > 0) out.trust->radius_fine = within / fine;
  }

  const auto layer = boundary_layers(truth.info.shape, truth.info.boundaries, truth.grain.data());
  out.layers = by_layer(layer, angle, angle_persistence, taylor ? &angle_taylor : nullptr);
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
    if (taylor) t.distance_taylor = odf_distance(f, density(taylor_before.data()));
    out.texture = t;
  } else if (options.texture) {
    out.notes.push_back("no texture measures: phases of different point groups");
  }
  if (one_group(symmetry))
    evaluate_fibres(truth, *symmetry.groups[0], prediction.at(n, T), taylor ? taylor_before.data() : nullptr, out);
  if (surrogate) run_checks(truth, *surrogate, symmetry, prediction.at(n, T), options, out);
  out.error_last = std::move(angle);
  out.persistence_last = std::move(angle_persistence);
  return out;
}

}  // namespace grainspin
