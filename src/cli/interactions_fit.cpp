// grainspin interactions fit: H and K from DDD runs.
#include "src/cli/interactions_fit.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "datasets/sha256.h"
#include "grainspin/interactions/fit_file.h"
#include "grainspin/interactions/masks.h"
#include "grainspin/interactions/planted.h"
#include "grainspin/version_info.h"
#include "src/cli/interactions.h"
#include "src/cli/progress.h"
#include "src/cli/verbs.h"
#include "src/io/numbers.h"
#include "src/render/interactions_page.h"

namespace grainspin::cli {
namespace {

using namespace interactions;

struct Options {
  std::vector<std::string> files, penalties;
  std::string output, hdf5, page, mask, truth, select = "one-se", penalty = "one", target = "rate";
  bool no_h = false, no_k = false, no_standardise = false, no_refit = false, stlsq = false, quiet = false;
  std::int64_t terms = 25;
  int hold_out_every = 0;
  FitOptions fit;
};

// ORBIT=FACTOR, the last = counts.
PenaltyRule penalty_rule(const std::string& text) {
  const auto at = text.rfind('=');
  require(at != std::string::npos && at > 0, Errc::kArgument, "--penalise " + text + ": wanted ORBIT=FACTOR");
  const std::string factor = text.substr(at + 1);
  if (factor == "inf") return {text.substr(0, at), std::numeric_limits<double>::infinity()};
  const auto value = parse_number<double>(factor);
  require(value && *value >= 0, Errc::kArgument, "--penalise " + text + ": wanted a factor of 0 or more, or inf");
  return {text.substr(0, at), *value};
}

std::string provenance(const Options& o) {
  nlohmann::ordered_json files = nlohmann::ordered_json::array();
  for (const std::string& f : o.files)
    files.push_back({{"file", std::filesystem::path(f).filename().string()}, {"sha256", sha256_of_file(f)}});
  return nlohmann::ordered_json{{"version", version_string()}, {"made_by", "grainspin interactions fit"}, {"files", files}}.dump(
      -1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void add_data_options(CLI::App& verb, Options& o) {
  verb.add_option("RUNS", o.files, "DDD runs: HDF5 or CSV of this project's layout")->required()->check(CLI::ExistingFile);
  verb.add_option("-o,--output", o.output, "the fit: JSON, or HDF5 where the name ends in .h5")->required();
  verb.add_option("--hdf5", o.hdf5, "the same as HDF5");
  verb.add_option("--html", o.page, "page with path, cross-validation, H and the ranked terms of K");
  verb.add_option("--truth", o.truth, "planted law (interactions simulate) to compare the fit with")->check(CLI::ExistingFile);
  verb.add_flag("--no-h", o.no_h, "leave H out");
  verb.add_flag("--no-k", o.no_k, "leave K out");
  verb.add_option("--hold-out", o.fit.held_out, "runs (ids) that no fit sees: the law is scored on them");
  verb.add_option("--hold-out-every", o.hold_out_every, "the same for every n-th run")->check(CLI::NonNegativeNumber);
  verb.add_option("--term", o.fit.k_terms, "terms of K: P1 P2 P3 or products such as 'rho[j]^0.5*|gdot[k]|'")->capture_default_str();
  verb.add_option("--target", o.target, "rate: density rates; increment: the weak form, no derivative of noisy densities")
      ->check(CLI::IsMember({"rate", "increment"}))
      ->capture_default_str();
  verb.add_option("--window", o.fit.window, "intervals of rows in a window of the weak form")->check(CLI::PositiveNumber)->capture_default_str();
  verb.add_option("--stride", o.fit.stride, "rows between the starts of two windows (default: the window)")->check(CLI::PositiveNumber);
  verb.add_flag("--relative", o.fit.relative, "rows weighted for noise in proportion to the response");
}

void add_symmetry_options(CLI::App& verb, Options& o) {
  verb.add_option("--group", o.fit.group, "point group that ties entries (default: the crystal's own; a subgroup ties less, 1 nothing)");
  verb.add_option("--refine", o.fit.refine, "subgroup whose deviations from the group's values may be chosen too");
  verb.add_option("--refine-penalty", o.fit.refine_penalty, "penalty factor of these deviations")->check(CLI::NonNegativeNumber)->capture_default_str();
  verb.add_option("--mask", o.mask, "entries of K that the physics allows: annihilation, frank, glissile, own, joined by +");
  verb.add_flag("--h-symmetric", o.fit.h_symmetric, "H_ij = H_ji");
}

void add_selection_options(CLI::App& verb, Options& o) {
  verb.add_flag("--stlsq", o.stlsq, "sequentially thresholded least squares (SINDy) in the place of the LASSO");
  verb.add_option("--select", o.select, "one-se: the sparsest within one standard error of the least left-out error; min: the least")
      ->check(CLI::IsMember({"one-se", "min"}))
      ->capture_default_str();
  verb.add_option("--folds", o.fit.folds, "folds of whole runs")->check(CLI::Range(2, 1000))->capture_default_str();
  verb.add_option("--seed", o.fit.seed, "shuffles the runs into folds (0: in their order)")->capture_default_str();
  verb.add_option("--lambda", o.fit.lambda, "given, in parts of lambda_max: no cross-validation")->check(CLI::Range(1e-12, 0.999999));
  verb.add_option("--threshold", o.fit.stlsq_threshold, "given threshold of --stlsq, in parts of the largest")->check(CLI::Range(1e-12, 0.999999));
  verb.add_option("--lambdas", o.fit.path.lambdas, "points of the path")->check(CLI::Range(2, 10000))->capture_default_str();
  verb.add_option("--lambda-min-ratio", o.fit.path.lambda_min_ratio, "end of the path in parts of lambda_max")->check(CLI::Range(1e-12, 0.999999))->capture_default_str();
  verb.add_option("--l1-ratio", o.fit.path.l1_ratio, "1: LASSO; below: elastic net")->check(CLI::Range(1e-6, 1.0))->capture_default_str();
  verb.add_flag("--no-standardise", o.no_standardise, "penalise unknowns in their own units");
  verb.add_option("--penalty", o.penalty, "one: every orbit alike; size: times its entries, the LASSO of all entries")
      ->check(CLI::IsMember({"one", "size"}))
      ->capture_default_str();
  verb.add_option("--penalise", o.penalties, "ORBIT=FACTOR: 0 never penalised, inf excluded");
  verb.add_flag("--adaptive", o.fit.adaptive, "second stage weighted by the first's coefficients");
  verb.add_flag("--no-refit", o.no_refit, "keep the penalised values: no least squares on what was chosen");
  verb.add_option("--t-threshold", o.fit.t_threshold, "drops unknowns of smaller |value/error| after the refit; 0: none")->check(CLI::NonNegativeNumber)->capture_default_str();
  verb.add_option("--stability", o.fit.stability, "stability selection on so many halves of the runs")->check(CLI::NonNegativeNumber);
  verb.add_option("--stability-threshold", o.fit.stability_threshold, "share of the halves that must choose an unknown")->check(CLI::Range(0.0, 1.0))->capture_default_str();
  verb.add_option("--threads", o.fit.threads, "0: as many as the machine has")->check(CLI::NonNegativeNumber);
}

void run(Options& o) {
  o.fit.h = !o.no_h;
  o.fit.k = !o.no_k;
  o.fit.k_target = o.target == "increment" ? Target::kIncrement : Target::kRate;
  o.fit.select = o.select == "min" ? Select::kLambdaMin : Select::kOneSe;
  o.fit.selector = o.stlsq ? Selector::kStlsq : Selector::kLasso;
  o.fit.penalty = o.penalty == "size" ? Penalty::kOrbitSize : Penalty::kOne;
  o.fit.path.standardise = !o.no_standardise;
  o.fit.refit = !o.no_refit;
  for (const std::string& p : o.penalties) o.fit.penalties.push_back(penalty_rule(p));
  const DddData data = read_ddd(o.files);
  if (o.hold_out_every > 0)
    for (std::size_t r = std::size_t(o.hold_out_every) - 1; r < data.runs.size(); r += std::size_t(o.hold_out_every)) o.fit.held_out.push_back(data.runs[r].id);
  if (!o.mask.empty()) {
    o.fit.mask = interactions::mask(data.slip, 3, o.mask);
    o.fit.mask_name = o.mask;
  }
  InteractionFit fit;
  {
    ProgressLine line(100, "%", o.quiet);
    o.fit.progress = [&](double fraction, std::string_view what) { return line.show(fraction, what) && !stop_requested(); };
    fit = fit_interactions(data, o.fit);
  }
  fit.provenance = provenance(o);
  if (!o.truth.empty()) score_against(fit, read_planted(o.truth));
  write_fit(o.output, fit);
  if (!o.hdf5.empty()) write_fit(o.hdf5, fit);
  if (!o.page.empty())
    render::write_interactions_page(o.page, fit, "H and K of " + fit.slip.name);
  if (!o.quiet) print_fit(fit, o.terms);
}

}  // namespace

void add_interactions_fit(CLI::App& interactions) {
  auto o = std::make_shared<Options>();
  CLI::App* verb = interactions.add_subcommand("fit", "fits H and K to DDD runs: LASSO on symmetry-tied unknowns, whole runs left out");
  add_data_options(*verb, *o);
  add_symmetry_options(*verb, *o);
  add_selection_options(*verb, *o);
  verb->add_option("--terms", o->terms, "surviving terms printed for each tensor (-1: all)")->capture_default_str();
  verb->add_flag("-q,--quiet", o->quiet, "no progress, no summary");
  verb->callback([o] { run(*o); });
}

}  // namespace grainspin::cli
