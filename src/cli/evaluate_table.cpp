// The judgement as a table for the terminal.
#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "src/cli/evaluate.h"

namespace grainspin::cli {

namespace {

constexpr double kDegrees = 180 / std::numbers::pi;

std::string or_dash(const std::optional<double>& value, const char* form = "{:.3f}") {
  return value ? fmt::format(fmt::runtime(form), *value) : "-";
}

// Stress and the load's free components.
void add_stress(std::string& out, const Evaluation& e) {
  const auto mpa = [](const std::optional<double>& v) { return v ? fmt::format("{:.1f}", *v / 1e6) : std::string("-"); };
  const auto percent = [](const std::optional<CurveError>& c) { return c ? fmt::format("{:.2f} %", 100 * c->von_mises) : std::string("-"); };
  if (e.stress) {
    const Evaluation::Stress& s = *e.stress;
    if (s.local || s.taylor)
      out += fmt::format("local von Mises stress, rms error over all steps in MPa: model {}, uniform stress {}, Taylor {}; model / uniform {}\n",
                         mpa(s.local), mpa(s.uniform), mpa(s.taylor), or_dash(s.ratio()));
    if (s.curve || s.curve_taylor || s.curve_training)
      out += fmt::format("mean stress curve, von Mises, rms error: model {}, Taylor {}, mean of the training runs {}\n", percent(s.curve),
                         percent(s.curve_taylor), percent(s.curve_training));
    if (const StepStress& last = e.steps.back().stress; last.error) {
      out += "stress at the last step, bias and rms error in MPa:";
      constexpr const char* kNames[6] = {"xx", "yy", "zz", "yz", "xz", "xy"};
      for (std::size_t c = 0; c < 6; ++c)
        out += fmt::format("  {} {:.1f} {:.1f}", kNames[c], last.error->bias[c] / 1e6, last.error->rms[c] / 1e6);
      out += '\n';
    }
  }
  if (e.free)
    out += fmt::format("free components of the mean velocity gradient, rms error in parts of the step's strain: model {}, Taylor {}, equal sharing {}\n",
                       or_dash(e.free->model, "{:.4f}"), or_dash(e.free->taylor, "{:.4f}"), or_dash(e.free->guess, "{:.4f}"));
  for (const auto& f : e.fibres)
    out += fmt::format("{} {} within 15 degrees of {}: start {:.1f} %, true {:.1f} %, predicted {:.1f} % (random {:.1f} %)\n",
                       &f == &e.fibres.front() ? "part of the voxels with" : "                       ", f.name, "xyz"[e.fibre_axis], 100 * f.start,
                       100 * f.truth, 100 * f.predicted, 100 * f.random);
}

void add(std::string& out, const Judged& judged) {
  const Evaluation& e = judged.evaluation;
  const Shape s = judged.truth.info.shape;
  out += fmt::format("\n{}\n{} x {} x {} voxels; disorientation to the truth in degrees\n", judged.file, s.nx, s.ny, s.nz);
  out += fmt::format("{:>4} {:>7} | {:>6} {:>6} {:>6} {:>6} {:>6} | {:>7} {:>7} | {:>7} {:>7} | {:>8} {:>7}\n", "step", "strain", "mean",
                     "median", "p95", "p99", "max", "persist", "Taylor", "skill P", "skill T", "one-step", "rolled");
  for (const StepEvaluation& k : e.steps) {
    out += fmt::format("{:>4} {:>7.4f} | {:>6.3f} {:>6.3f} {:>6.3f} {:>6.3f} {:>6.2f} | {:>7.3f} {:>7} | {:>7.3f} {:>7} | {:>8} {:>7.3f}\n",
                       k.step, k.strain, k.error.mean * kDegrees, k.error.median * kDegrees, k.error.p95 * kDegrees,
                       k.error.p99 * kDegrees, k.error.max * kDegrees, k.persistence.mean * kDegrees,
                       k.taylor ? fmt::format("{:.3f}", k.taylor->mean * kDegrees) : "-", k.skill_persistence, or_dash(k.skill_taylor),
                       or_dash(k.r2_one_step), k.r2_rolled);
  }
  out += fmt::format("R2 of the increments, all steps: one-step {}, rolled {:.3f} (Taylor {})\n", or_dash(e.r2_one_step), e.r2_rolled,
                     or_dash(e.r2_taylor));
  out += fmt::format("skill over the whole path: {:.3f} over persistence, {} over Taylor\n", e.skill_path, or_dash(e.skill_path_taylor));
  const auto turn = [](const Vec3<double>& v) { return std::sqrt(v.x * v.x + v.y * v.y + v.z * v.z) * kDegrees; };
  out += fmt::format("mean rotation of the grid beyond the load's spin: true {:.3f}, predicted {:.3f}\n", turn(e.drift_true), turn(e.drift_predicted));
  if (const StepEvaluation& last = e.steps.back(); last.taylor_no_hardening)
    out += fmt::format("Taylor without hardening at the last step: {:.3f} degrees, skill {:.3f}\n", last.taylor_no_hardening->mean * kDegrees,
                       *last.skill_taylor_no_hardening);
  out += "end error by layers from the grain boundary:";
  for (const LayerEvaluation& l : e.layers)
    out += fmt::format("  {}{}: {:.2f} ({:.2f}, {} voxels)", l.layer, l.and_deeper ? "+" : "", l.error * kDegrees,
                       l.persistence * kDegrees, l.voxels);
  out += "   (in brackets: persistence)\n";
  const auto pair = [](const Pair& p) { return fmt::format("{:.2f} / {:.2f}", p.truth * kDegrees, p.predicted * kDegrees); };
  out += fmt::format("true / predicted: KAM {}, GROD {}, GOS {}", pair(e.kam_mean), pair(e.grod_mean), pair(e.gos_mean));
  if (e.texture)
    out += fmt::format(", texture index {:.2f} / {:.2f}\nODF distance (L1): {:.3f}, persistence {:.3f}, Taylor {}", e.texture->index_true,
                       e.texture->index_predicted, e.texture->distance, e.texture->distance_persistence,
                       or_dash(e.texture->distance_taylor));
  out += '\n';
  if (e.equivariance)
    out += fmt::format("equivariance error over {} operations: {:.2g} in the mean, {:.2g} at most\n", e.equivariance->operations,
                       e.equivariance->mean * kDegrees, e.equivariance->max * kDegrees);
  if (e.crystal_symmetry)
    out += fmt::format("equivalent crystal frames: the end differs by {:.2g} in the mean, {:.2g} at most\n",
                       e.crystal_symmetry->mean * kDegrees, e.crystal_symmetry->max * kDegrees);
  if (e.half_step)
    out += fmt::format("half the step size: the end differs by {:.3f} in the mean, {:.2f} at most\n", e.half_step->mean * kDegrees,
                       e.half_step->max * kDegrees);
  add_stress(out, e);
  if (e.uncertainty) {
    const Evaluation::Uncertainty& u = *e.uncertainty;
    out += fmt::format("the model's own estimate of its mean error: {:.3f} degrees (is {:.3f}); calibration error {:.3f} degrees, rank correlation by voxel {:.2f}\n",
                       u.expected * kDegrees, u.error * kDegrees, u.calibration_error * kDegrees, u.correlation);
    out += "covered by intervals of 50, 90, 95 %: ";
    const char* names[3] = {"x", "y", "z"};
    for (std::size_t a = 0; a < 3; ++a)
      out += fmt::format(" {} {:.1f} {:.1f} {:.1f} ", names[a], 100 * u.increment[0][a], 100 * u.increment[1][a], 100 * u.increment[2][a]);
    out += fmt::format(" angle {:.1f} {:.1f} {:.1f}\n", 100 * u.radius[0], 100 * u.radius[1], 100 * u.radius[2]);
  }
  for (const auto& note : e.notes) out += "note: " + note + '\n';
}

}  // namespace

std::string evaluation_table(const Judgement& judgement) {
  std::string out = fmt::format("{}: {}\n", judgement.predicted ? "predicted archive" : "model", judgement.model);
  if (!judgement.description.empty()) out += judgement.description + '\n';
  for (const Judged& judged : judgement.archives) add(out, judged);
  if (judgement.archives.size() > 1) {
    out += fmt::format("\nat the last step; path: skill over the whole path\n{:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8} {:>9} {:>8}  {}\n", "mean",
                       "persist", "Taylor", "skill P", "skill T", "path P", "path T", "one-step", "rolled", "file");
    for (const Judged& judged : judgement.archives) {
      const StepEvaluation& k = judged.evaluation.steps.back();
      out += fmt::format("{:>8.3f} {:>8.3f} {:>8} {:>8.3f} {:>8} {:>8.3f} {:>8} {:>9} {:>8.3f}  {}\n", k.error.mean * kDegrees,
                         k.persistence.mean * kDegrees, k.taylor ? fmt::format("{:.3f}", k.taylor->mean * kDegrees) : "-",
                         k.skill_persistence, or_dash(k.skill_taylor), judged.evaluation.skill_path,
                         or_dash(judged.evaluation.skill_path_taylor), or_dash(judged.evaluation.r2_one_step),
                         judged.evaluation.r2_rolled, judged.file);
    }
  }
  out += fmt::format("\nnoise of the reference copper data itself: {} to {} degrees\n", kDataNoiseDeg[0], kDataNoiseDeg[1]);
  return out;
}

}  // namespace grainspin::cli
