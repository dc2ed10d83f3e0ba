#include "src/evaluation_parts.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace grainspin {

namespace {

constexpr std::int64_t kSmall = 4096;                      // voxels: checks of the nonlocal family without being asked
constexpr double kFibre = 15 * std::numbers::pi / 180;  // rad

// Root mean square over steps of what `value` gives; empty where a step has none.
template <class Value>
std::optional<double> over_steps(const std::vector<StepEvaluation>& steps, Value&& value) {
  double sum = 0;
  for (const StepEvaluation& step : steps) {
    const std::optional<double> v = value(step);
    if (!v) return {};
    sum += *v * *v;
  }
  return std::sqrt(sum / double(steps.size()));
}

// The curve of what `value` gives; empty where a step has none.
template <class Value>
std::vector<StressComponents> curve(const std::vector<StepEvaluation>& steps, Value&& value) {
  std::vector<StressComponents> out;
  for (const StepEvaluation& step : steps)
    if (const std::optional<StressComponents>& v = value(step.stress)) out.push_back(*v);
  return out.size() == steps.size() ? out : std::vector<StressComponents>{};
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

}  // namespace

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

void evaluate_stress(const RunFields& truth, const Prediction& prediction, const TaylorRun* taylor,
                     const std::vector<StressComponents>& training, Evaluation& out) {
  const std::int64_t n = truth.voxels();
  for (StepEvaluation& step : out.steps) {
    const std::int64_t k = step.step - 1;
    StepStress& s = step.stress;
    const float* t = truth.stress.empty() ? nullptr : truth.stress.data() + 6 * n * k;
    const float* p = prediction.stress.empty() ? nullptr : prediction.stress.data() + 6 * n * k;
    if (p) s.predicted = mean_stress(n, p);
    if (taylor && taylor->law) {
      const auto& m = taylor->steps[std::size_t(k)].mean_stress;
      s.taylor = {m[0], m[4], m[8], m[5], m[2], m[1]};
    }
    if (std::int64_t(training.size()) > k) s.training = training[std::size_t(k)];
    if (!t) continue;
    s.truth = mean_stress(n, t);
    s.rms_true = uniform_stress_errors(n, {}, t).von_mises;
    s.uniform = uniform_stress_errors(n, *s.truth, t);
    if (p) s.error = stress_errors(n, p, t);
    if (taylor && taylor->law) s.error_taylor = stress_errors(n, taylor->stress(step.step).data(), t);
  }
  if (truth.stress.empty()) return;
  Evaluation::Stress all;
  const auto local = [&](const std::optional<StressErrors> StepStress::* member) {
    return over_steps(out.steps, [&](const StepEvaluation& step) {
      const auto& e = step.stress.*member;
      return e ? std::optional(e->von_mises) : std::nullopt;
    });
  };
  all.local = local(&StepStress::error);
  all.uniform = local(&StepStress::uniform);
  all.taylor = local(&StepStress::error_taylor);
  const auto t = curve(out.steps, [](const StepStress& s) { return s.truth; });
  const auto judged = [&](const std::vector<StressComponents>& c) {
    return c.empty() ? std::nullopt : std::optional(curve_error(c, t));
  };
  all.curve = judged(curve(out.steps, [](const StepStress& s) { return s.predicted; }));
  all.curve_taylor = judged(curve(out.steps, [](const StepStress& s) { return s.taylor; }));
  all.curve_training = judged(curve(out.steps, [](const StepStress& s) { return s.training; }));
  out.stress = all;
}

void evaluate_free(const RunFields& truth, const Prediction& prediction, const TaylorRun* taylor, Evaluation& out) {
  const ArchiveInfo& info = truth.info;
  if (int(info.loads.size()) != truth.steps() || !info.has_mean_F) return;
  bool any = false;
  for (StepEvaluation& step : out.steps) {
    const std::size_t k = std::size_t(step.step - 1);
    const LoadStep& load = info.loads[k];
    step.free_error_guess = free_component_error(completed(load), load);
    if (!step.free_error_guess) continue;
    any = true;
    step.load_true = load;
    if (!prediction.loads.empty()) {
      step.load_predicted = prediction.loads[k];
      step.free_error = free_component_error(prediction.loads[k], load);
    }
    if (taylor) {
      step.load_taylor = LoadStep{taylor->steps[k].L, load.prescribed};
      step.free_error_taylor = free_component_error(*step.load_taylor, load);
    }
  }
  if (!any) return;
  // Steps without free components count as nothing to be wrong about.
  const auto rms = [&](const std::optional<double> StepEvaluation::* member, bool known) -> std::optional<double> {
    if (!known) return {};
    double sum = 0;
    int count = 0;
    for (const StepEvaluation& step : out.steps)
      if (const auto& v = step.*member) sum += *v * *v, ++count;
    return std::sqrt(sum / count);
  };
  out.free = {rms(&StepEvaluation::free_error, !prediction.loads.empty()), rms(&StepEvaluation::free_error_taylor, taylor),
              rms(&StepEvaluation::free_error_guess, true)};
}

void evaluate_fibres(const RunFields& truth, const PointGroup& group, const float* predicted, const float* taylor,
                     Evaluation& out) {
  const std::optional<int> axis = tension_axis(truth.info.loads);
  if (!axis) return;
  const Vec3<double> along{*axis == 0 ? 1.0 : 0.0, *axis == 1 ? 1.0 : 0.0, *axis == 2 ? 1.0 : 0.0};
  out.fibre_axis = *axis;
  for (const FibreDirection& d : fibre_directions(group)) {
    const auto part = [&](const float* q) { return fibre_fraction(group, truth.voxels(), q, d.direction, along, kFibre); };
    Evaluation::Fibre fibre;
    fibre.name = d.name;
    fibre.random = random_fibre_fraction(group, d.direction, kFibre);
    fibre.start = part(truth.at(0));
    fibre.truth = part(truth.at(truth.steps()));
    fibre.predicted = part(predicted);
    if (taylor) fibre.taylor = part(taylor);
    out.fibres.push_back(fibre);
  }
}

void run_checks(const RunFields& truth, const Surrogate& surrogate, const VoxelSymmetry& symmetry, const float* predicted,
                const EvaluationOptions& options, Evaluation& out) {
  const ModelSpec& spec = surrogate.spec();
  const bool nonlocal = spec.family == Family::kNonlocal, all = options.checks == Checks::kAll;
  if (options.checks == Checks::kNone || truth.info.loads.empty()) return;
  if (nonlocal && !all && truth.voxels() > kSmall) {
    out.notes.push_back("symmetries and step size not checked: more than " + std::to_string(kSmall) + " voxels, ask for all checks");
    return;
  }
  std::vector<std::int32_t> phase;
  const Region region = region_of(truth, spec, phase);
  const auto report = [&](double fraction) {
    if (options.progress && !options.progress(fraction, "check")) throw Error(Errc::kInterrupted, "stopped");
  };
  report(0);
  out.crystal_symmetry = crystal_symmetry_error(surrogate, region, symmetry, truth.at(0), predicted, options.threads);
  report(0.2);
  if (nonlocal) out.half_step = half_step_error(surrogate, region, symmetry, truth.at(0), predicted, options.threads);
  report(0.4);
  if (options.equivariance)
    out.equivariance = equivariance_error(surrogate, region, symmetry, truth.at(0), predicted, options.threads, all);
  report(1);
}

}  // namespace grainspin
