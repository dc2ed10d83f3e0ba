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
  if (s.stress_true || s.stress_predicted || s.stress_taylor) {
    json stress;
    if (s.stress_true) stress["true_mean_Pa"] = *s.stress_true;
    if (s.stress_predicted) stress["predicted_mean_Pa"] = *s.stress_predicted;
    if (s.stress_taylor) stress["taylor_mean_deviator_Pa"] = *s.stress_taylor;
    if (s.stress_rms_error) {
      stress["rms_error_Pa"] = *s.stress_rms_error;
      stress["rms_true_Pa"] = *s.stress_rms_true;
    }
    out["stress"] = stress;
  }
  return out;
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
  out["kind"] = judgement.predicted ? "predicted archive" : "model";
  out["computed_by"] = judgement.description;
  out["data_noise_deg"] = {kDataNoiseDeg[0], kDataNoiseDeg[1]};
  return out;
}

}  // namespace grainspin::cli
