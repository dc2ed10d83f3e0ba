// grainspin slip-rates: which slip systems a nonlocal model moves, beside Taylor and the truth.
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "grainspin/ensemble.h"
#include "grainspin/interactions/names.h"
#include "grainspin/slip_comparison.h"
#include "src/cli/evaluate.h"
#include "src/cli/progress.h"
#include "src/cli/verbs.h"
#include "src/safetensors.h"

namespace grainspin::cli {

namespace {

using json = nlohmann::ordered_json;

json likeness_json(const SlipLikeness& l, bool systems) {
  json out = {{"cosine_mean", l.cosine_mean}, {"cosine_median", l.cosine_median}, {"correlation", l.correlation}, {"size_ratio", l.size_ratio}};
  if (systems) out.update({{"active_shared", l.active_shared}, {"active_a", l.active_a}, {"active_b", l.active_b}});
  return out;
}

json comparison_json(const std::string& model, const std::string& file, const SlipComparison& c, double threshold) {
  json out = {{"model", model}, {"file", file}, {"slip_systems", c.columns}, {"active_threshold", threshold}, {"steps", json::array()}};
  for (const SlipStep& step : c.steps) {
    json pairs = json::array();
    for (const SlipPair& p : step.pairs)
      pairs.push_back({{"a", p.a}, {"b", p.b}, {"rates", likeness_json(p.rates, true)}, {"spin", likeness_json(p.spin, false)}});
    out["steps"].push_back({{"step", step.step}, {"pairs", pairs}});
  }
  return out;
}

void print_table(const std::string& model, const std::string& file, const SlipComparison& c, double threshold) {
  fmt::print("model: {}\n{}\n", model, file);
  fmt::print("slip rates per von Mises strain on {} systems; active: at least {:g} of the voxel's largest\n", c.columns, threshold);
  fmt::print("{:<18} {:>4} | {:>6} {:>6} {:>6} {:>6} | {:>6} {:>6} {:>6} | {:>6} {:>6}\n", "", "step", "cosine", "median", "all", "size", "shared", "act. a", "act. b", "spin", "all");
  const std::size_t last = c.steps.size() - 1;
  for (std::size_t pair = 0; pair < c.steps.front().pairs.size(); ++pair)
    for (const std::size_t k : {std::size_t(0), last / 2, last}) {
      if (k == last / 2 && (k == 0 || k == last)) continue;
      if (k == last && last == 0) continue;
      const SlipPair& p = c.steps[k].pairs[pair];
      fmt::print("{:<18} {:>4} | {:>6.3f} {:>6.3f} {:>6.3f} {:>6.2f} | {:>6.3f} {:>6.2f} {:>6.2f} | {:>6.3f} {:>6.3f}\n", p.a + " / " + p.b, c.steps[k].step,
                 p.rates.cosine_mean, p.rates.cosine_median, p.rates.correlation, p.rates.size_ratio, p.rates.active_shared,
                 p.rates.active_a, p.rates.active_b, p.spin.cosine_mean, p.spin.correlation);
    }
}

struct Options {
  std::string model, archive, output, json;
  int threads = 0, member = 1;
  double threshold = kActiveSlip;
  bool quiet = false;
};

void run(const Options& o) {
  const std::vector<Model> members = members_of(read_model(o.model));
  require(o.member <= int(members.size()), Errc::kArgument, fmt::format("{}: has {} member(s), no member {}", o.model, members.size(), o.member));
  const Model& model = members[std::size_t(o.member - 1)];
  const RunFields truth = read_run(o.archive);
  require(model.spec.family == Family::kNonlocal, Errc::kArgument, o.model + ": slip rates are of the nonlocal family, this model is " + name(model.spec.family));
  require_match(o.model, model.spec, truth, true);
  SlipComparisonOptions options;
  options.threads = o.threads;
  options.threshold = o.threshold;
  ProgressLine line(1, "steps", o.quiet || o.json == "-");
  options.progress = [&](double fraction, std::string_view what) { return line.show(fraction, what) && !stop_requested(); };
  TensorFile file;
  if (!o.output.empty()) {
    const std::int64_t T = truth.steps(), n = truth.voxels(), columns = slip_columns(model.spec.nonlocal);
    options.sink = [&file, T, n, columns](const SlipStep& s) {
      const auto put = [&](const char* name, const std::vector<float>& table) {
        if (table.empty()) return;
        Tensor& t = file.tensors[name];
        t.shape = {T, n, columns};
        t.values.resize(std::size_t(T * n * columns));
        std::copy(table.begin(), table.end(), t.values.begin() + (s.step - 1) * n * columns);
      };
      put("head", s.head), put("taylor", s.taylor), put("stress", s.at_stress), put("truth", s.at_true_stress);
    };
  }
  const SlipComparison c = compare_slip_rates(model, truth, options);
  if (!o.output.empty()) {
    json systems = json::object();
    for (const PhaseSpec& p : model.spec.nonlocal.phases) {
      const SlipSet set = slip_set(p.slip_families, p.c_over_a);
      for (int s = 0; s < set.count(); ++s) systems[p.name].push_back(interactions::system_label(set, s));
    }
    file.metadata = {{"format", "grainspin slip rates 1"}, {"model", o.model}, {"archive", o.archive}, {"systems", systems.dump()},
                     {"layout", "[step, voxel, system], x fastest; slip per von Mises strain of the step"}};
    write_safetensors(o.output, file);
  }
  const json summary = comparison_json(o.model, o.archive, c, o.threshold);
  const std::string text = summary.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
  if (o.json == "-") {
    fmt::print("{}", text);
    return;
  }
  if (!o.json.empty()) {
    std::ofstream out(o.json, std::ios::binary);
    out << text;
    out.flush();
    require(bool(out), Errc::kIo, o.json + ": cannot be written");
  }
  if (!o.quiet) print_table(o.model, o.archive, c, o.threshold);
}

}  // namespace

void add_slip_rates(CLI::App& app) {
  auto o = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("slip-rates", "which slip systems a nonlocal model moves, beside Taylor and the true stress");
  verb->add_option("model", o->model, "a nonlocal model")->required();
  verb->add_option("archive", o->archive, "a run: its initial state and load, and where it has stresses, the truth")->required();
  verb->add_option("-o,--output", o->output, "write every rate here (.safetensors: tensors head, taylor, stress, truth [step, voxel, system])");
  verb->add_option("--json", o->json, "write the comparison here (- for standard output, then without the table)");
  verb->add_option("--active", o->threshold, "part of a voxel's largest rate from which a system counts as active")->check(CLI::Range(0.0, 1.0))->capture_default_str();
  verb->add_option("--member", o->member, "of an ensemble: which of its models, from 1")->check(CLI::PositiveNumber)->capture_default_str();
  verb->add_option("--threads", o->threads, "0: as many as the machine has")->check(CLI::Range(0, 4096))->capture_default_str();
  verb->add_flag("--quiet", o->quiet, "print nothing but errors");
  verb->callback([o] { run(*o); });
}

}  // namespace grainspin::cli
