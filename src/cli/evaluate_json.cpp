// The judgement as JSON; docs/evaluation.md has the schema. Angles in degrees.
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "src/cli/evaluate.h"

namespace grainspin::cli {

namespace {

using json = nlohmann::ordered_json;

constexpr double kDegrees = 180 / std::numbers::pi;

json number(double value) { return std::isfinite(value) ? json(value) : json(); }
json number(const std::optional<double>& value) { return value ? number(*value) : json(); }

json spread_json(const Spread& s) {
  return {{"mean", s.mean * kDegrees}, {"median", s.median * kDegrees}, {"p95", s.p95 * kDegrees}, {"p99", s.p99 * kDegrees},
          {"max", s.max * kDegrees}};
}

json pair_json(const Pair& p) { return {{"true", p.truth * kDegrees}, {"predicted", p.predicted * kDegrees}}; }

json stress_json(const StepStress& s) {
  json out;
  if (s.truth) out["true_mean_Pa"] = *s.truth;
  if (s.predicted) out["predicted_mean_Pa"] = *s.predicted;
  if (s.taylor) out["taylor_mean_deviator_Pa"] = *s.taylor;
  if (s.training) out["training_mean_Pa"] = *s.training;
  if (s.error) {
    out["bias_Pa"] = s.error->bias;
    out["component_rms_error_Pa"] = s.error->rms;
    out["von_mises_rms_error_Pa"] = s.error->von_mises;
    out["rms_error_Pa"] = s.error->norm;
  }
  if (s.uniform) out["uniform_von_mises_rms_error_Pa"] = s.uniform->von_mises;
  if (s.error_taylor) out["taylor_von_mises_rms_error_Pa"] = s.error_taylor->von_mises;
  if (s.rms_true) out["rms_true_Pa"] = *s.rms_true;
  return out;
}

json step_json(const StepEvaluation& s) {
  json out = {{"step", s.step}, {"strain", s.strain}, {"error_deg", spread_json(s.error)}, {"persistence_deg", spread_json(s.persistence)}};
  out["taylor_deg"] = s.taylor ? spread_json(*s.taylor) : json();
  out["skill_persistence"] = number(s.skill_persistence);
  out["skill_taylor"] = number(s.skill_taylor);
  out["r2_one_step"] = number(s.r2_one_step);
  out["r2_rolled"] = number(s.r2_rolled);
  out["taylor_no_hardening_deg"] = s.taylor_no_hardening ? spread_json(*s.taylor_no_hardening) : json();
  out["skill_taylor_no_hardening"] = number(s.skill_taylor_no_hardening);
  out["r2_taylor"] = number(s.r2_taylor);
  if (const json stress = stress_json(s.stress); !stress.empty()) out["stress"] = stress;
  if (s.load_true) {
    json free = {{"error", number(s.free_error)}, {"error_taylor", number(s.free_error_taylor)}, {"error_guess", number(s.free_error_guess)}};
    for (std::size_t c = 0; c < 9; ++c) {
      if (s.load_true->prescribed[c]) continue;
      const auto value = [&](const std::optional<LoadStep>& load) { return load ? number(load->L[c]) : json(); };
      free[std::string{"xyz"[c / 3], "xyz"[c % 3]}] = {{"true", value(s.load_true)}, {"predicted", value(s.load_predicted)}, {"taylor", value(s.load_taylor)}};
    }
    out["free_components"] = free;
  }
  return out;
}

json curve_json(const std::optional<CurveError>& curve) {
  if (!curve) return {};
  json out = {{"von_mises_percent", 100 * curve->von_mises}, {"component_percent", json::array()}};
  for (const double c : curve->component) out["component_percent"].push_back(100 * c);
  return out;
}

// Stress over all steps.
json stress_json(const Evaluation::Stress& s) {
  return {{"local_von_mises_rms_error_Pa", number(s.local)}, {"uniform_rms_error_Pa", number(s.uniform)}, {"taylor_rms_error_Pa", number(s.taylor)},
          {"ratio_to_uniform", number(s.ratio())}, {"curve", curve_json(s.curve)}, {"curve_taylor", curve_json(s.curve_taylor)},
          {"curve_training", curve_json(s.curve_training)}};
}

json difference_json(const std::optional<EndDifference>& d) {
  if (!d) return {};
  return {{"mean_deg", d->mean * kDegrees}, {"max_deg", d->max * kDegrees}};
}

json vector_json(const Vec3<double>& v) { return {v.x * kDegrees, v.y * kDegrees, v.z * kDegrees}; }

json uncertainty_json(const Evaluation::Uncertainty& u) {
  json out = {{"levels", kCoverageLevels},
              {"increment_coverage", u.increment},
              {"radius_coverage", u.radius},
              {"radius_coverage_path", u.radius_path},
              {"predicted_deg", u.expected * kDegrees},
              {"error_deg", u.error * kDegrees},
              {"calibration_error_deg", u.calibration_error * kDegrees},
              {"rank_correlation", u.correlation},
              {"reliability", json::array()}};
  for (const auto& bin : u.bins)
    out["reliability"].push_back({{"predicted_deg", bin.predicted * kDegrees}, {"observed_deg", bin.observed * kDegrees}, {"voxels", bin.voxels}});
  return out;
}

json trust_json(const Evaluation::Trust& t) {
  return {{"verdict", name(t.judgement.verdict)},
          {"reasons", t.judgement.reasons},
          {"doubts", t.judgement.doubts},
          {"fine", t.part[0]},
          {"doubtful", t.part[1]},
          {"outside", t.part[2]},
          {"measure_mean", t.mean},
          {"radius_coverage_fine", number(t.radius_fine)},
          {"auc_voxels", number(t.auc_voxels)},
          {"auc_runs", number(t.auc_runs)}};
}

json archive_json(const Judged& judged) {
  const Evaluation& e = judged.evaluation;
  json out = {{"file", judged.file}, {"voxels", judged.truth.voxels()}};
  out["r2_one_step"] = number(e.r2_one_step);
  out["r2_rolled"] = number(e.r2_rolled);
  out["r2_taylor"] = number(e.r2_taylor);
  out["steps"] = json::array();
  for (const auto& step : e.steps) out["steps"].push_back(step_json(step));
  out["boundary_layers"] = json::array();
  for (const auto& layer : e.layers) {
    json l = {{"layer", layer.layer}, {"and_deeper", layer.and_deeper}, {"voxels", layer.voxels}, {"error_deg", layer.error * kDegrees},
              {"persistence_deg", layer.persistence * kDegrees}};
    l["taylor_deg"] = layer.taylor ? json(*layer.taylor * kDegrees) : json();
    out["boundary_layers"].push_back(l);
  }
  out["local_misorientation_deg"] = {{"kam_mean", pair_json(e.kam_mean)},   {"kam_p95", pair_json(e.kam_p95)},
                                     {"grod_mean", pair_json(e.grod_mean)}, {"grod_p95", pair_json(e.grod_p95)},
                                     {"gos_mean", pair_json(e.gos_mean)},   {"gos_correlation", number(e.gos_correlation)}};
  out["texture"] = json();
  if (e.texture) {
    const auto& t = *e.texture;
    out["texture"] = {{"odf_l1", t.distance}, {"odf_l1_persistence", t.distance_persistence}};
    out["texture"]["odf_l1_taylor"] = number(t.distance_taylor);
    out["texture"]["index_start"] = t.index_start;
    out["texture"]["index_true"] = t.index_true;
    out["texture"]["index_predicted"] = t.index_predicted;
  }
  out["skill_path"] = number(e.skill_path);
  out["skill_path_taylor"] = number(e.skill_path_taylor);
  out["stress"] = e.stress ? stress_json(*e.stress) : json();
  out["free_components"] = json();
  if (e.free) out["free_components"] = {{"error", number(e.free->model)}, {"error_taylor", number(e.free->taylor)}, {"error_guess", number(e.free->guess)}};
  out["uncertainty"] = e.uncertainty ? uncertainty_json(*e.uncertainty) : json();
  out["domain"] = e.trust ? trust_json(*e.trust) : json();
  out["drift_deg"] = {{"true", vector_json(e.drift_true)}, {"predicted", vector_json(e.drift_predicted)}};
  out["fibres"] = json::array();
  for (const auto& f : e.fibres)
    out["fibres"].push_back({{"direction", f.name}, {"axis", std::string(1, "xyz"[e.fibre_axis])}, {"random", f.random}, {"start", f.start},
                             {"true", f.truth}, {"predicted", f.predicted}, {"taylor", number(f.taylor)}});
  out["crystal_symmetry"] = difference_json(e.crystal_symmetry);
  out["half_step"] = difference_json(e.half_step);
  out["equivariance"] = json();
  if (e.equivariance)
    out["equivariance"] = {{"operations", e.equivariance->operations}, {"mean_deg", e.equivariance->mean * kDegrees},
                           {"max_deg", e.equivariance->max * kDegrees}};
  out["notes"] = e.notes;
  return out;
}

}  // namespace

json evaluation_json(const Judgement& judgement) {
  json out = {{"model", judgement.model}, {"archives", json::array()}};
  for (const auto& judged : judgement.archives) out["archives"].push_back(archive_json(judged));
  out["against"] = judgement.inside;
  out["kind"] = judgement.predicted ? "predicted archive" : "model";
  out["computed_by"] = judgement.description;
  out["data_noise_deg"] = {kDataNoiseDeg[0], kDataNoiseDeg[1]};
  return out;
}

}  // namespace grainspin::cli
