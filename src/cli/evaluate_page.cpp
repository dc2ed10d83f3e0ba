// The judgement as the structures of the page (src/render/report.h).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>
#include <sstream>

#include "grainspin/ensemble.h"
#include "src/cli/evaluate.h"
#include "src/render/report.h"

namespace grainspin::cli {

namespace {

namespace fs = std::filesystem;

constexpr double kDegrees = 180 / std::numbers::pi;
constexpr std::int64_t kSample = 20000;  // orientations a pole figure or histogram is drawn from

render::Spread degrees(const Spread& s) {
  return {s.mean * kDegrees, s.median * kDegrees, s.p95 * kDegrees, s.p99 * kDegrees, s.max * kDegrees};
}

// cu_uniaxial_12/result.hdf5 is called cu_uniaxial_12, out.h5 out.
std::string short_name(const std::string& path) {
  const fs::path p(path);
  const std::string stem = p.stem().string();
  const std::string folder = fs::absolute(p).parent_path().filename().string();
  return stem == "result" && !folder.empty() ? folder : stem;
}

std::vector<float> every(const float* values, std::int64_t n, int channels) {
  const std::int64_t stride = (n + kSample - 1) / kSample;
  std::vector<float> out;
  for (std::int64_t i = 0; i < n; i += stride) out.insert(out.end(), values + channels * i, values + channels * (i + 1));
  return out;
}

// Local von Mises stress of the last step, Pa; empty without stress.
std::vector<float> last_von_mises(const std::vector<float>& stress, std::int64_t n) {
  std::vector<float> out;
  for (std::size_t i = stress.size() - std::min(stress.size(), 6 * std::size_t(n)); i < stress.size(); i += 6) {
    StressComponents s;
    std::copy_n(stress.begin() + std::ptrdiff_t(i), 6, s.begin());
    out.push_back(float(von_mises(s)));
  }
  return out;
}

// Stress and free components over all steps.
void stress_measures(const Evaluation& e, std::vector<render::Measure>& out) {
  const auto others = [](const char* form, const std::optional<double>& taylor, const char* name, const std::optional<double>& other) {
    std::string text;
    if (taylor) text = "Taylor " + fmt::format(fmt::runtime(form), *taylor);
    if (other) text += (text.empty() ? "" : ", ") + std::string(name) + " " + fmt::format(fmt::runtime(form), *other);
    return text;
  };
  const auto percent = [](const std::optional<CurveError>& c) { return c ? std::optional(100 * c->von_mises) : std::nullopt; };
  if (e.stress && e.stress->local) {
    const Evaluation::Stress& s = *e.stress;
    out.push_back({"local von Mises stress, rms error over all steps", "MPa", {}, *s.local / 1e6,
                   others("{:.1f} MPa", s.taylor ? std::optional(*s.taylor / 1e6) : std::nullopt, "uniform stress",
                          s.uniform ? std::optional(*s.uniform / 1e6) : std::nullopt)});
    if (s.ratio()) out.push_back({"the same over that of uniform stress", "", {}, *s.ratio(), "below 1: knows where stress gathers"});
    if (s.curve)
      out.push_back({"mean stress curve, rms error", "%", {}, 100 * s.curve->von_mises,
                     others("{:.2f} %", percent(s.curve_taylor), "mean of the training runs", percent(s.curve_training))});
  }
  if (e.free && e.free->model)
    out.push_back({"free components of the mean velocity gradient, rms error", "%", {}, 100 * *e.free->model,
                   "of the step's strain; " + others("{:.3f} of it", e.free->taylor, "equal sharing", e.free->guess)});
}

std::vector<render::Measure> measures(const Evaluation& e) {
  std::vector<render::Measure> out;
  const auto angle = [&](const char* name, const Pair& p, const char* note) {
    out.push_back({name, "°", p.truth * kDegrees, p.predicted * kDegrees, note});
  };
  out.push_back({"skill over the whole path, against persistence", "", {}, e.skill_path,
                 fmt::format("persistence turns with the load's mean spin{}",
                             e.skill_path_taylor ? fmt::format("; against Taylor {:.3f}", *e.skill_path_taylor) : "")});
  angle("KAM, mean", e.kam_mean, "26 neighbours within the initial grain, equal weights");
  angle("KAM, 95th percentile", e.kam_p95, "");
  angle("GROD, mean", e.grod_mean, "to the mean orientation of the initial grain");
  angle("GROD, 95th percentile", e.grod_p95, "");
  angle("GOS, mean over grains", e.gos_mean, "");
  out.push_back({"GOS, correlation over grains", "", {}, e.gos_correlation, "Pearson, true against predicted"});
  if (e.texture) {
    const char* kernel = "de la Vallée Poussin kernel, half width 10°";
    out.push_back({"texture index J", "", e.texture->index_true, e.texture->index_predicted, kernel});
    out.push_back({"ODF distance to the truth (L1)", "", {}, e.texture->distance,
                   fmt::format("persistence {:.3f}{}", e.texture->distance_persistence,
                               e.texture->distance_taylor ? fmt::format(", Taylor {:.3f}", *e.texture->distance_taylor) : "")});
  }
  if (e.equivariance)
    out.push_back({"equivariance error, mean", "°", {}, e.equivariance->mean * kDegrees,
                   fmt::format("{} operations of the load; at most {:.2g}°", e.equivariance->operations, e.equivariance->max * kDegrees)});
  if (e.crystal_symmetry)
    out.push_back({"equivalent crystal frames: end differs, at most", "°", {}, e.crystal_symmetry->max * kDegrees, "0 where the symmetry is built in"});
  if (e.half_step)
    out.push_back({"half the step size: end differs, mean", "°", {}, e.half_step->mean * kDegrees, fmt::format("at most {:.2g}°", e.half_step->max * kDegrees)});
  for (const auto& f : e.fibres)
    out.push_back({fmt::format("{} within 15° of {}", f.name, "xyz"[e.fibre_axis]), "%", 100 * f.truth, 100 * f.predicted,
                   fmt::format("at the start {:.1f} %, random {:.1f} %", 100 * f.start, 100 * f.random)});
  stress_measures(e, out);
  if (e.uncertainty) {
    const Evaluation::Uncertainty& u = *e.uncertainty;
    out.push_back({"mean error by the model's own estimate", "°", u.error * kDegrees, u.expected * kDegrees,
                   fmt::format("calibration error {:.3f}°, rank correlation by voxel {:.2f}", u.calibration_error * kDegrees, u.correlation)});
    for (std::size_t l = 0; l < kCoverageLevels.size(); ++l)
      out.push_back({fmt::format("within the {:.0f} % radius at the last step", 100 * kCoverageLevels[l]), "%", {}, 100 * u.radius[l],
                     fmt::format("increments by component {:.1f}, {:.1f}, {:.1f} %", 100 * u.increment[l][0], 100 * u.increment[l][1], 100 * u.increment[l][2])});
  }
  if (const auto& plain = e.steps.back().taylor_no_hardening)
    out.push_back({"mean error of Taylor without hardening", "°", {}, plain->mean * kDegrees,
                   fmt::format("skill against it {:.3f}", *e.steps.back().skill_taylor_no_hardening)});
  return out;
}

std::optional<render::TrustScore> trust_score(const Evaluation& e) {
  if (!e.trust && !e.uncertainty) return std::nullopt;
  render::TrustScore out;
  if (e.trust) {
    out.verdict = name(e.trust->judgement.verdict);
    out.fine = e.trust->part[0], out.doubtful = e.trust->part[1], out.outside = e.trust->part[2];
    for (const auto* list : {&e.trust->judgement.reasons, &e.trust->judgement.doubts}) out.reasons.insert(out.reasons.end(), list->begin(), list->end());
  }
  if (!e.uncertainty) return out;
  const Evaluation::Uncertainty& u = *e.uncertainty;
  out.expected_deg = u.expected * kDegrees;
  out.error_deg = u.error * kDegrees;
  for (const auto& bin : u.bins) out.reliability.push_back({bin.predicted * kDegrees, bin.observed * kDegrees});
  for (std::size_t l = 0; l < kCoverageLevels.size(); ++l) out.coverage.push_back({kCoverageLevels[l], u.radius[l], u.increment[l]});
  return out;
}

render::ArchiveScore archive_score(const Judged& judged) {
  const Evaluation& e = judged.evaluation;
  const RunFields& truth = judged.truth;
  const ArchiveInfo& info = truth.info;
  const std::int64_t n = truth.voxels();
  const int T = truth.steps();
  render::ArchiveScore out;
  out.name = short_name(judged.file);
  std::string phases;
  for (const auto& p : info.phases) phases += (phases.empty() ? "" : ", ") + p.name;
  out.description = fmt::format("{}, {} x {} x {}, {} grains, {}", phases, info.shape.nx, info.shape.ny, info.shape.nz,
                                *std::max_element(truth.grain.begin(), truth.grain.end()) + 1, info.format);
  out.point_group = info.phases.front().point_group;
  out.shape = info.shape;
  out.voxels = n;
  for (const StepEvaluation& k : e.steps) {
    render::StepScore s;
    s.step = k.step;
    s.strain = k.strain;
    s.model = degrees(k.error);
    s.persistence = degrees(k.persistence);
    if (k.taylor) s.taylor = degrees(*k.taylor);
    s.skill_persistence = k.skill_persistence;
    s.skill_taylor = k.skill_taylor;
    s.r2_one_step = k.r2_one_step;
    if (std::isfinite(k.r2_rolled)) s.r2_rolled = k.r2_rolled;
    out.steps.push_back(s);
    if (k.stress.truth && k.stress.predicted) {
      const auto size = [](const std::optional<StressComponents>& c) { return c ? std::optional(von_mises(*c)) : std::nullopt; };
      out.stress.push_back({k.strain, von_mises(*k.stress.truth), von_mises(*k.stress.predicted), size(k.stress.taylor), size(k.stress.training)});
    }
  }
  out.stress_name = "mean stress, von Mises";
  const float* predicted = judged.prediction.at(n, T);
  const int middle[3] = {info.shape.nx / 2, info.shape.ny / 2, info.shape.nz / 2};
  for (const int axis : {2, 0})
    out.slices.push_back(render::slice_of(info.shape, info.size, axis, middle[axis], truth.at(0), truth.at(T), predicted, truth.grain.data()));
  const auto in_slices = [&](const std::vector<float>& field, std::vector<float> render::Slice::* to) {
    for (std::size_t i = 0; i < 2 && !field.empty(); ++i) {
      const int axis = i == 0 ? 2 : 0;
      out.slices[i].*to = render::plane_of(info.shape, axis, middle[axis], field.data());
    }
  };
  const std::vector<float> stress_true = last_von_mises(truth.stress, n), stress_predicted = last_von_mises(judged.prediction.stress, n);
  if (!stress_true.empty() && !stress_predicted.empty()) {
    in_slices(stress_true, &render::Slice::stress_truth);
    in_slices(stress_predicted, &render::Slice::stress_predicted);
  }
  if (e.uncertainty) {
    std::vector<float> expected = e.uncertainty->angle;
    for (float& v : expected) v = float(v * kDegrees);
    in_slices(expected, &render::Slice::expected_deg);
  }
  if (e.trust) in_slices({e.trust->verdict.begin(), e.trust->verdict.end()}, &render::Slice::verdict);
  out.error_deg = e.error_last;
  out.persistence_error_deg = e.persistence_last;
  for (float& v : out.error_deg) v = float(v * kDegrees);
  for (float& v : out.persistence_error_deg) v = float(v * kDegrees);
  out.start = every(truth.at(0), n, 4);
  out.truth = every(truth.at(T), n, 4);
  out.predicted = every(predicted, n, 4);
  out.measures = measures(e);
  out.trust = trust_score(e);
  for (const LayerEvaluation& l : e.layers) {
    render::BoundaryBin bin;
    bin.distance = fmt::format("layer {}{}", l.layer, l.and_deeper ? " and deeper" : l.layer == 1 ? " (touching)" : "");
    bin.voxels = l.voxels;
    bin.model_deg = l.error * kDegrees;
    bin.persistence_deg = l.persistence * kDegrees;
    if (l.taylor) bin.taylor_deg = *l.taylor * kDegrees;
    out.by_distance.push_back(bin);
  }
  return out;
}

// The trainer's log: a header line with epoch, train and held_out; empty cells where nothing was held out.
std::vector<render::LossPoint> read_loss(const std::string& path) {
  std::vector<render::LossPoint> out;
  std::ifstream in(path);
  std::string line;
  std::vector<std::string> names;
  while (std::getline(in, line)) {
    std::vector<std::string> cells;
    std::string cell;
    for (std::istringstream row(line); std::getline(row, cell, ',');) cells.push_back(cell);
    if (names.empty()) {
      names = cells;
      continue;
    }
    render::LossPoint point;
    const auto value = [&](const char* name) -> std::optional<double> {
      const auto at = std::find(names.begin(), names.end(), name) - names.begin();
      if (std::size_t(at) >= cells.size() || cells[std::size_t(at)].empty()) return {};
      std::istringstream text(cells[std::size_t(at)]);
      text.imbue(std::locale::classic());
      double x = 0;
      return text >> x ? std::optional(x) : std::nullopt;
    };
    const auto epoch = value("epoch"), train = value("train");
    if (!epoch || !train) continue;
    point.epoch = *epoch;
    point.train = *train;
    point.held_out = value("held_out");
    out.push_back(point);
  }
  return out;
}

// "nonlocal model, ensemble of 2: ..."
std::string about(const ModelSpec& spec) {
  const std::size_t members = is_ensemble(spec) ? nlohmann::json::parse(spec.provenance).at("members").size() : 1;
  const std::string family = fmt::format("{} model{}: ", name(spec.family), members > 1 ? fmt::format(", ensemble of {}", members) : "");
  const LocalSpec& l = spec.local;
  const NonlocalSpec& c = spec.nonlocal;
  if (spec.family == Family::kLocal)
    return family + fmt::format("{} of {} layer{} with {} hidden units, radius {}, feedback {}.", name(l.cell), l.layers, l.layers == 1 ? "" : "s", l.hidden,
                                l.radius, name(l.feedback));
  return family + fmt::format("{} channels and {} of memory on every slip system, {} sweeps of the Green operator a step.", c.channels, c.memory, c.passes);
}

}  // namespace

void write_page(const Judgement& judgement, const std::string& page, const std::string& pictures) {
  render::Report report;
  report.title = fmt::format("{} on {} archive{}", short_name(judgement.model), judgement.archives.size(),
                             judgement.archives.size() == 1 ? "" : "s");
  const ModelSpec& spec = judgement.spec.spec;
  if (judgement.predicted) {
    report.model = "Orientations read from " + fs::path(judgement.model).filename().string() + ".";
  } else {
    report.model = about(spec);
    report.facts.push_back({"model", fs::path(judgement.model).filename().string()});
    report.facts.push_back({"point group", spec.point_group});
    report.facts.push_back({"computed by", judgement.description});
  }
  for (const Judged& judged : judgement.archives) {
    report.archives.push_back(archive_score(judged));
    for (const auto& note : judged.evaluation.notes) report.notes.push_back(short_name(judged.file) + ": " + note);
  }
  if (!judgement.loss_csv.empty()) report.loss = read_loss(judgement.loss_csv);
  report.noise_deg = {kDataNoiseDeg[0], kDataNoiseDeg[1]};
  if (!page.empty()) render::write_report(page, report);
  if (!pictures.empty()) render::write_pictures(pictures, report);
}

}  // namespace grainspin::cli
