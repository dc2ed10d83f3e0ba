// Does the fit find planted interactions again? H with 27 % and K with 180 of 59,319 entries (39 hexagonal systems), runs
// integrated under four loads of random direction one after the other, Burgers lengths taken equal so that every family
// slips somewhere (what never slips cannot be found; row families), one seed a call:
//
//   study_interactions ROW SEED [SET]
//
// A JSON line on stdout. Rows:
//   standard  200 runs x 100 rows, 20 % noise on the responses (density rates, resistances)
//   quiet     the same with 5 %
//   families  standard with the true Burgers lengths, one load a run: <c+a> and <c> slip in few runs
//   weak      200 x 100, 2 % noise on densities and slip rates, nothing else: increments over windows of 25 rows, in
//             proportion to themselves
//   short     50 x 20, 20 %
//   untied    the same runs as short, every entry an unknown of its own
//   untied_standard  the same runs as standard, every entry an unknown of its own
//   iid       4000 independent rows, 5 %
//   h         100 x 100, 5 %: H alone
//   null      100 x 40, responses are noise and nothing else: chosen should be 0
#include <chrono>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "grainspin/interactions/fit.h"
#include "grainspin/interactions/simulate.h"

namespace grainspin::bench {
namespace {

using namespace interactions;
using nlohmann::json;

json score_json(const PlantedScore& s) {
  return {{"planted", s.planted}, {"chosen", s.chosen},         {"common", s.common}, {"precision", s.precision},
          {"recall", s.recall},   {"f1", s.f1}, {"relative_error", s.relative_error}};
}

// As the law uses it, and as the path left it before the refit.
json tensor_json(const Tensor& t, const std::vector<double>& truth) {
  std::vector<double> before;
  for (const Unknown& u : t.unknowns) before.push_back(u.penalised);
  return {{"debiased", score_json(against_truth(t.value, truth))}, {"penalised", score_json(against_truth(expand(t.ties, before), truth))}};
}

json part_json(const FitPart& p) {
  json blocks = json::array();
  for (const BlockFit& b : p.blocks)
    blocks.push_back({{"name", b.name}, {"columns", b.columns.size()}, {"rank", b.rank}, {"points", b.path.points.size()}, {"updates", b.path.updates},
                      {"at", b.at}, {"at_min", b.at_min}, {"r2", b.r2}, {"r2_cv", b.r2_cv}});
  return blocks;
}

// Responses of normal noise whose size is that of each system's own.
void only_noise(DddData& data, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  const std::size_t n = std::size_t(data.slip.count());
  for (DddRun& run : data.runs)
    for (std::size_t e = 0; e < run.density_rate.size(); ++e) run.density_rate[e] = 1e12 * (1.0 + 0.1 * double(e % n)) * normal(random);
}

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "study_interactions ROW SEED [SET]\n");
    return 1;
  }
  const std::string row = argv[1], set = argc > 3 ? argv[3] : "hcp39";
  const std::uint64_t seed = std::stoull(argv[2]);
  const SlipSet slip = named_slip_set(set, set.starts_with("hcp") ? 1.624 : 0);
  PlantOptions p;
  p.seed = seed;
  if (set != "hcp39") p.k_entries = set.starts_with("hcp") ? 60 : 120;  // five orbits or more
  DislocationLaw law = plant(slip, p);
  if (row != "families") law.material.burgers.assign(law.material.burgers.size(), p.burgers);
  SimulateOptions s;
  s.seed = seed;
  s.response_noise = 0.2;
  if (row != "families") s.loads = 4;
  s.threads = 1;
  FitOptions o;
  o.threads = 1;
  if (row == "quiet") s.response_noise = 0.05;
  if (row == "short" || row == "untied") s.runs = 50, s.rows = 20;
  if (row == "untied" || row == "untied_standard") o.group = "1";
  if (row == "iid") s.rows_kind = Rows::kIndependent, s.runs = 40, s.response_noise = 0.05;
  if (row == "h") s.runs = 100, s.response_noise = 0.05, o.k = false;
  if (row == "null") s.runs = 100, s.rows = 40, o.h = false;
  if (row == "weak") s.response_noise = 0, s.feature_noise = 0.02, o.k_target = Target::kIncrement, o.window = 25, o.relative = true;
  const auto start = std::chrono::steady_clock::now();
  DddData data = simulate(law, s);
  if (row == "null") only_noise(data, seed);
  const double simulated = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const InteractionFit fit = fit_interactions(data, o);
  json out = {{"row", row},   {"set", slip.name}, {"seed", seed}, {"runs", s.runs}, {"rows", s.rows}, {"simulate_s", simulated},
              {"fit_s", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() - simulated}};
  if (fit.h) {
    out["h"] = tensor_json(fit.h->tensors[0], law.H);
    out["h_blocks"] = part_json(*fit.h);
    // Friction added, the resistance itself at the runs' first densities.
    double square = 0, count = 0;
    std::vector<double> g(std::size_t(slip.count())), truth(g.size());
    const LawRates fitted(law_of(fit)), planted(law);
    for (const DddRun& run : data.runs)
      for (std::int64_t t = 0; t < run.rows(); t += 10) {
        fitted.resistance(run.density.data() + t * slip.count(), g.data());
        planted.resistance(run.density.data() + t * slip.count(), truth.data());
        for (std::size_t i = 0; i < g.size(); ++i) square += std::pow(g[i] / truth[i] - 1, 2), count += 1;
      }
    out["h_tau_rms"] = std::sqrt(square / count);
  }
  if (fit.k) {
    out["k"] = tensor_json(fit.k->tensors[0], row == "null" ? std::vector<double>(law.K[0].size(), 0.0) : law.K[0]);
    out["k_blocks"] = part_json(*fit.k);
  }
  out["remarks"] = fit.remarks;
  std::printf("%s\n", out.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace grainspin::bench

int main(int argc, char** argv) {
  try {
    return grainspin::bench::main(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "study_interactions: %s\n", e.what());
    return 1;
  }
}
