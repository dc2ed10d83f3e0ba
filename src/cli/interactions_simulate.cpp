// grainspin interactions simulate: runs of a planted law, for tests of fits and for trying them out.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "grainspin/interactions/planted.h"
#include "grainspin/interactions/simulate.h"
#include "grainspin/version_info.h"
#include "src/cli/interactions.h"
#include "src/cli/progress.h"
#include "src/cli/verbs.h"

namespace grainspin::cli {

namespace {

using namespace interactions;

struct Options {
  SlipSetOptions set;
  PlantOptions plant;
  SimulateOptions simulate;
  std::string output, truth, law, rows = "run", load = "stress";
  bool quiet = false;
};

// The planted law's file beside the data: runs.h5 -> runs.planted.json.
std::string beside(const std::string& path) {
  const auto dot = path.rfind('.'), slash = path.find_last_of('/');
  const bool ending = dot != std::string::npos && (slash == std::string::npos || dot > slash);
  return (ending ? path.substr(0, dot) : path) + ".planted.json";
}

void run(Options& o) {
  DislocationLaw law;
  if (o.law.empty()) {
    require(!o.set.set.empty(), Errc::kArgument, "wanted a slip set, or a planted law by --law");
    law = plant(chosen_set(o.set), o.plant);
  } else {
    require(o.set.set.empty(), Errc::kArgument, "--law states its own slip set");
    law = read_planted(o.law);
  }
  o.simulate.rows_kind = o.rows == "iid" ? Rows::kIndependent : Rows::kTrajectory;
  o.simulate.load = o.load == "uniaxial" ? Load::kUniaxial : Load::kStress;
  ProgressLine line(double(o.simulate.runs), "runs", o.quiet);
  o.simulate.progress = [&](double fraction, std::string_view what) { return line.show(fraction, what) && !stop_requested(); };
  const DddData data = interactions::simulate(law, o.simulate);
  const std::string provenance = nlohmann::json{{"program", "grainspin " + version_string()},
                                                {"command", "interactions simulate"},
                                                {"slip", law.slip.name},
                                                {"rows", o.rows},
                                                {"load", o.load},
                                                {"runs", o.simulate.runs},
                                                {"rows_a_run", o.simulate.rows},
                                                {"strain", o.simulate.strain},
                                                {"strain_rate", o.simulate.strain_rate},
                                                {"response_noise", o.simulate.response_noise},
                                                {"feature_noise", o.simulate.feature_noise},
                                                {"seed", o.simulate.seed},
                                                {"plant_seed", o.plant.seed}}
                                     .dump();
  const std::string truth = o.truth.empty() ? beside(o.output) : o.truth;
  write_planted(truth, law, provenance);
  write_ddd(o.output, data, provenance);
  if (o.quiet) return;
  std::int64_t h = 0, k = 0, all = 0;
  for (const double x : law.H) h += x != 0;
  for (const auto& tensor : law.K)
    for (const double x : tensor) k += x != 0, ++all;
  fmt::print("{}: {} runs of {} rows, {} slip systems; planted in {}: {} of {} entries of H, {} of {} of K\n", o.output,
             data.runs.size(), o.simulate.rows, law.slip.count(), truth, h, law.H.size(), k, all);
}

}  // namespace

void add_interactions_simulate(CLI::App& interactions) {
  auto o = std::make_shared<Options>();
  CLI::App* verb = interactions.add_subcommand("simulate", "synthetic DDD runs of a law with planted H and K");
  add_slip_set_options(*verb, o->set);
  verb->get_option("SET")->required(false);
  verb->add_option("-o,--output", o->output, "the runs, .h5 or .csv")->required();
  verb->add_option("--truth", o->truth, "the planted law (default: beside the runs, .planted.json)");
  verb->add_option("--law", o->law, "simulate this planted law in the place of a new one")->check(CLI::ExistingFile);
  verb->add_option("--rows", o->rows, "run: the law integrated under load; iid: every row drawn by itself")
      ->check(CLI::IsMember({"run", "iid"}));
  verb->add_option("--load", o->load, "stress: a random deviator for each run; uniaxial: a random axis")
      ->check(CLI::IsMember({"stress", "uniaxial"}));
  verb->add_option("--loads", o->simulate.loads, "load directions that a run goes through")->check(CLI::PositiveNumber);
  verb->add_option("--runs", o->simulate.runs, "runs")->check(CLI::PositiveNumber);
  verb->add_option("--per-run", o->simulate.rows, "rows of each run")->check(CLI::PositiveNumber);
  verb->add_option("--strain", o->simulate.strain, "plastic strain of a run");
  verb->add_option("--strain-rate", o->simulate.strain_rate, "1/s");
  verb->add_option("--density", o->simulate.density, "median of the initial densities, 1/m^2");
  verb->add_option("--spread", o->simulate.spread, "standard deviation of their logarithm");
  verb->add_option("--noise", o->simulate.response_noise, "noise of density rates and resistances, in parts (0.05: 5 %)");
  verb->add_option("--feature-noise", o->simulate.feature_noise, "noise of densities and slip rates, in parts");
  verb->add_option("--h-fraction", o->plant.h_fraction, "share of H's orbits that are not zero");
  verb->add_option("--k-entries", o->plant.k_entries, "entries of K that are not zero (whole orbits, as many as fit)");
  verb->add_option("--term", o->plant.term, "of the evolution")->check(CLI::IsMember({"P1", "P2", "P3"}));
  verb->add_option("--exponent", o->plant.n, "rate exponent: higher, fewer active systems");
  verb->add_option("--plant-seed", o->plant.seed, "seed of the planted law");
  verb->add_option("--seed", o->simulate.seed, "seed of loads, initial densities and noise");
  verb->add_option("--threads", o->simulate.threads, "0: all of the machine");
  verb->add_flag("--quiet", o->quiet, "print nothing");
  verb->callback([o] { run(*o); });
}

}  // namespace grainspin::cli
