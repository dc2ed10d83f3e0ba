// A model's slip rates along its own path beside Taylor's at the same orientations, and those at the true stress.
#include <algorithm>
#include <cmath>

#include "grainspin/slip_comparison.h"

namespace grainspin {

namespace {

// Resistances of the model's systems by the law's family values; ones where the law does not know them.
std::vector<double> resistances(const SlipSet& set, const PhaseInfo& info) {
  std::vector<double> xi(std::size_t(set.count()), 1.0);
  if (!info.law) return xi;
  const SlipSet known = damask_slip_set(info.lattice, info.law->N_sl, info.c_over_a);
  std::vector<double> of_family;
  for (const std::string& family : set.families) {
    const auto found = std::find(known.families.begin(), known.families.end(), family);
    if (found == known.families.end()) return xi;
    // xi0 counts DAMASK's families, those without systems too.
    std::size_t place = 0, seen = 0;
    for (; place < info.law->N_sl.size(); ++place)
      if (info.law->N_sl[place] > 0 && seen++ == std::size_t(found - known.families.begin())) break;
    if (place >= info.law->xi0.size()) return xi;
    of_family.push_back(info.law->xi0[place]);
  }
  for (std::size_t s = 0; s < xi.size(); ++s) xi[s] = of_family[std::size_t(set.systems[s].family)];
  return xi;
}

LoadStep prescribed(const LoadStep& found) {
  LoadStep load = found;
  load.prescribed.fill(true);
  return load;
}

}  // namespace

SlipComparison compare_slip_rates(const Model& model, const RunFields& run, const SlipComparisonOptions& options) {
  const NonlocalSpec& spec = model.spec.nonlocal;
  require(model.spec.family == Family::kNonlocal, Errc::kArgument,
          std::string("slip rates: a model of the ") + name(model.spec.family) + " family has none");
  std::vector<std::int32_t> phase;
  const Region region = region_of(run, model.spec, phase);
  const std::int64_t n = run.voxels();
  SlipComparison out;
  out.columns = slip_columns(spec);
  const std::size_t columns = std::size_t(out.columns);

  std::vector<SlipMaps> maps;
  std::vector<TaylorMaterial> materials;
  std::vector<std::vector<double>> xi;
  for (std::size_t i = 0; i < spec.phases.size(); ++i) {
    maps.push_back(slip_maps(spec.phases[i]));
    // The archive's phase of that name, or its only one.
    const PhaseInfo* info = &run.info.phases.front();
    for (const PhaseInfo& p : run.info.phases)
      if (p.name == spec.phases[i].name) info = &p;
    TaylorMaterial material;
    material.slip = maps.back().set;
    if (info->law && !info->law->n.empty()) material.n = *std::max_element(info->law->n.begin(), info->law->n.end());
    xi.push_back(resistances(maps.back().set, *info));
    material.hardening = constant_hardening(xi.back());
    materials.push_back(std::move(material));
  }
  const auto phase_at = [&](std::int64_t v) { return std::size_t(region.phase ? region.phase[v] : 0); };
  const auto at_stress = [&](const float* q, const float* stress) {
    std::vector<float> rates(std::size_t(n) * columns, 0.0f);
    for (std::int64_t v = 0; v < n; ++v)
      rates_at_stress(maps[phase_at(v)], xi[phase_at(v)], materials[phase_at(v)].n, q + 4 * v, stress + 6 * v,
                      &rates[std::size_t(v) * columns]);
    return rates;
  };

  const int steps = run.steps();
  std::vector<float> before(run.at(0), run.at(0) + 4 * n);
  run_with_slip_rates(model, region, run.at(0), options.threads, [&](const StepOutput& o, const float* rates) {
    if (options.progress && !options.progress(double(o.step - 1) / steps, "slip rates"))
      throw Error(Errc::kInterrupted, "slip rates: stopped");
    SlipStep step;
    step.step = o.step;
    step.head.assign(rates, rates + n * out.columns);
    const LoadStep load = prescribed(*o.load);
    const CellLoad cell = cell_load(load);
    TaylorOptions coarse;
    coarse.threads = options.threads;
    coarse.substep = std::max(1.0, 2 * cell.size);  // one midpoint substep: the rates at the middle of the step
    step.taylor.assign(std::size_t(n) * columns, 0.0f);
    if (cell.size > 1e-12) {
      const TaylorStep t = taylor(materials, n, region.phase, before.data(), {}, {load}, {}, coarse).front();
      // Taylor's table is as wide as the model's: its materials have the model's systems.
      for (std::size_t i = 0; i < step.taylor.size(); ++i) step.taylor[i] = float(double(t.slip[i]) / cell.size);
    }
    if (o.stress) step.at_stress = at_stress(o.orientation, o.stress);
    if (!run.stress.empty()) step.at_true_stress = at_stress(run.at(o.step), run.stress.data() + 6 * n * (o.step - 1));
    const auto spins = [&](const std::vector<float>& table) {
      std::vector<float> p;
      for (std::int64_t v = 0; v < n; ++v)
        for (const double x : plastic_spin(maps[phase_at(v)], &table[std::size_t(v) * columns])) p.push_back(float(x));
      return p;
    };
    const auto likeness = [&](const std::vector<float>& a, const std::vector<float>& b) {
      return slip_likeness(n, out.columns, a.data(), b.data(), options.threshold);
    };
    const auto add = [&](const char* a, const char* b, const std::vector<float>& x, const std::vector<float>& y) {
      if (!x.empty() && !y.empty()) step.pairs.push_back({a, b, likeness(x, y), slip_likeness(n, 3, spins(x).data(), spins(y).data())});
    };
    add("head", "taylor", step.head, step.taylor);
    add("stress", "taylor", step.at_stress, step.taylor);
    add("head", "stress", step.head, step.at_stress);
    add("head", "truth", step.head, step.at_true_stress);
    add("stress", "truth", step.at_stress, step.at_true_stress);
    add("taylor", "truth", step.taylor, step.at_true_stress);
    before.assign(o.orientation, o.orientation + 4 * n);
    if (!options.sink) {
      out.steps.push_back(std::move(step));
      return;
    }
    options.sink(step);
    step.head = step.taylor = step.at_stress = step.at_true_stress = {};
    out.steps.push_back(std::move(step));
  });
  return out;
}

}  // namespace grainspin
