// grainspin interactions show: what a fit says, in counts and in terms.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "grainspin/interactions/fit_file.h"
#include "src/cli/interactions.h"
#include "src/cli/interactions_fit.h"

namespace grainspin::cli {
namespace {

using namespace interactions;

std::string percent_text(std::int64_t part, std::int64_t whole) {
  const double p = whole > 0 ? 100.0 * double(part) / double(whole) : 0;
  return p >= 10 ? fmt::format("{:.0f} %", p) : p >= 1 ? fmt::format("{:.1f} %", p) : fmt::format("{:.2f} %", p);
}

void print_counts(const Tensor& t) {
  const TensorCounts c = counts(t);
  const auto line = [&](const char* what, std::int64_t entries, std::int64_t orbits) {
    fmt::print("  {:<22} {:>9}  {:>9}   {:>7}\n", what, entries, orbits < 0 ? "" : std::to_string(orbits), percent_text(entries, c.entries));
  };
  fmt::print("{}: {}\n  {:<22} {:>9}  {:>9}   {:>7}\n", t.symbol, t.term.text, "", "entries", "orbits", "of all");
  line("all", c.entries, -1);
  line("free under the group", c.free_entries, c.free_orbits);
  line("after the mask", c.left_entries, c.left_orbits);
  line("not zero", c.kept_entries, c.kept_orbits);
  if (t.planted)
    fmt::print("  against the planted one: F1 {:.3f} (precision {:.3f}, recall {:.3f} of {} entries), relative error {:.2g}\n", t.planted->f1,
               t.planted->precision, t.planted->recall, t.planted->planted, t.planted->relative_error);
}

void print_terms(const Tensor& t, std::int64_t most) {
  std::vector<const Unknown*> kept;
  for (const auto* list : {&t.unknowns, &t.deviations})
    for (const Unknown& u : *list)
      if (u.value != 0) kept.push_back(&u);
  std::stable_sort(kept.begin(), kept.end(), [](const Unknown* a, const Unknown* b) { return a->contribution > b->contribution; });
  if (kept.empty()) {
    fmt::print("  nothing was chosen\n\n");
    return;
  }
  fmt::print("\n  {:>4}  {:<46} {:>7} {:>12} {:>10} {:>8}  {}\n", "", "surviving orbit, by its first entry", "entries", "value", "error", "part", "kind");
  const std::size_t shown = most < 0 ? kept.size() : std::min(kept.size(), std::size_t(most));
  for (std::size_t k = 0; k < shown; ++k) {
    const Unknown& u = *kept[k];
    fmt::print("  {:>4}  {:<46} {:>7} {:>12.5g} {:>10} {:>6.1f} %  {}\n", k + 1, u.entry, u.size, u.value,
               std::isfinite(u.error) ? fmt::format("{:.2g}", u.error) : "-", 100 * u.contribution, u.name);
  }
  if (shown < kept.size()) fmt::print("  and {} more (--terms -1 lists all)\n", kept.size() - shown);
  fmt::print("\n");
}

void print_part(const FitPart& part, std::int64_t terms) {
  for (const Tensor& t : part.tensors) {
    print_counts(t);
    print_terms(t, terms);
  }
  fmt::print("  {:<34} {:>8} {:>10} {:>7} {:>10} {:>9} {:>9}\n", "regression", "unknowns", "told apart", "chosen", "lambda/max", "R2", "left out");
  for (const BlockFit& b : part.blocks) {
    const PathPoint* p = b.at >= 0 ? &b.path.points[std::size_t(b.at)] : nullptr;
    fmt::print("  {:<34} {:>8} {:>10} {:>7} {:>10} {:>9.5f} {:>9}\n", b.name, b.columns.size(), b.rank, p ? p->active.size() : 0,
               p && b.path.lambda_max > 0 ? fmt::format("{:.2g}", p->lambda / b.path.lambda_max) : "-", b.r2,
               std::isfinite(b.r2_cv) ? fmt::format("{:.5f}", b.r2_cv) : "-");
  }
  fmt::print("\n");
}

nlohmann::ordered_json counts_json(const InteractionFit& fit) {
  nlohmann::ordered_json j = {{"set", fit.slip.name}, {"systems", fit.slip.count()}, {"group", fit.group}, {"runs", fit.runs.size()}};
  for (const auto* part : {&fit.h, &fit.k})
    if (*part)
      for (const Tensor& t : (*part)->tensors) {
        const TensorCounts c = counts(t);
        j["tensors"][t.symbol] = {{"term", t.term.text},
                                  {"entries", c.entries},
                                  {"free_orbits", c.free_orbits},
                                  {"free_entries", c.free_entries},
                                  {"masked_orbits", c.left_orbits},
                                  {"masked_entries", c.left_entries},
                                  {"nonzero_orbits", c.kept_orbits},
                                  {"nonzero_entries", c.kept_entries},
                                  {"nonzero_percent", 100.0 * double(c.kept_entries) / double(std::max<std::int64_t>(c.entries, 1))}};
        if (t.planted) j["tensors"][t.symbol]["planted"] = {{"f1", t.planted->f1}, {"relative_error", t.planted->relative_error}};
      }
  return j;
}

}  // namespace

void print_fit(const InteractionFit& fit, std::int64_t terms) {
  fmt::print("{}: {} slip systems, tied by point group {}; {} runs\n", fit.slip.name, fit.slip.count(), fit.group, fit.runs.size());
  for (const std::string& remark : fit.remarks) fmt::print("note: {}\n", remark);
  fmt::print("\n");
  if (fit.h) print_part(*fit.h, terms);
  if (fit.k) print_part(*fit.k, terms);
  if (fit.scores.empty()) return;
  const auto part = [](double v) { return std::isfinite(v) ? fmt::format("{:.2f} %", 100 * v) : std::string("-"); };
  fmt::print("runs that no fit saw, rolled from their first row: rms error\n  {:<16} {:<18} {:>10} {:>11} {:>10}\n", "run", "driven by", "density", "resistance",
             "shear");
  for (const RunScore& s : fit.scores)
    fmt::print("  {:<16} {:<18} {:>10} {:>11} {:>10}\n", s.run, s.drive.empty() ? "-" : s.drive, part(s.density_error), part(s.resistance_error),
               part(s.shear_error));
}

void add_interactions_show(CLI::App& interactions) {
  struct Options {
    std::string fit;
    std::int64_t terms = 25;
    bool as_json = false;
  };
  auto o = std::make_shared<Options>();
  CLI::App* verb = interactions.add_subcommand("show", "what a fit of H and K says: counts, surviving terms, scores");
  verb->add_option("FIT", o->fit, "result of interactions fit, JSON or HDF5")->required();
  verb->add_option("--terms", o->terms, "surviving terms listed for each tensor (-1: all)")->capture_default_str();
  verb->add_flag("--json", o->as_json, "the counts as JSON");
  verb->callback([o] {
    const InteractionFit fit = read_fit(o->fit);
    if (o->as_json) fmt::print("{}\n", counts_json(fit).dump(2));
    else print_fit(fit, o->terms);
  });
}

}  // namespace grainspin::cli
