#include "grainspin/interactions/fit.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "grainspin/interactions/trajectory.h"
#include "src/interactions/fit_options.h"
#include "src/interactions/fit_part.h"

namespace grainspin::interactions {
namespace {

// ln|tau/g| = a + ln|gdot| / n over the systems that slip at a thousandth of the fastest of their row or more. The shear
// is the one that is regressed: resistances are the noisier of the two.
bool fit_flow(const std::vector<const DddRun*>& runs, std::int64_t n, double& gdot0, double& exponent) {
  double count = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (const DddRun* run : runs) {
    const std::size_t size = std::size_t(run->rows() * n);
    if (run->shear.size() != size || run->resistance.size() != size || run->slip_rate.size() != size) return false;
    for (std::size_t t = 0; t < std::size_t(run->rows()); ++t) {
      const double* rate = run->slip_rate.data() + t * std::size_t(n);
      double fastest = 0;
      for (std::int64_t i = 0; i < n; ++i) fastest = std::max(fastest, std::abs(rate[i]));
      for (std::int64_t i = 0; i < n; ++i) {
        const double tau = run->shear[t * std::size_t(n) + std::size_t(i)], g = run->resistance[t * std::size_t(n) + std::size_t(i)];
        if (std::abs(rate[i]) < 1e-3 * fastest || rate[i] == 0 || tau == 0 || !(g > 0)) continue;
        const double y = std::log(std::abs(tau) / g), x = std::log(std::abs(rate[i]));
        count += 1, sx += x, sy += y, sxx += x * x, sxy += x * y;
      }
    }
  }
  const double spread = count > 0 ? sxx - sx * sx / count : 0;
  if (count < 10 || spread / count < 1e-2) return false;  // one rate only says nothing about the exponent
  const double slope = (sxy - sx * sy / count) / spread, a = (sy - slope * sx) / count;
  if (!(slope > 1e-3 && slope < 1)) return false;
  exponent = 1 / slope;
  gdot0 = std::exp(-a / slope);
  return std::isfinite(gdot0) && gdot0 > 0;
}

void split_runs(const DddData& data, const FitOptions& o, std::vector<const DddRun*>& fitted, std::vector<const DddRun*>& held_out) {
  std::set<std::string> wanted(o.held_out.begin(), o.held_out.end());
  for (const DddRun& run : data.runs) (wanted.erase(run.id) ? held_out : fitted).push_back(&run);
  require(wanted.empty(), Errc::kArgument, "no run is called '" + (wanted.empty() ? std::string() : *wanted.begin()) + "', which was to be held out");
  require(!fitted.empty(), Errc::kArgument, "no run is left to fit");
}

void check_rules(const FitOptions& o, const InteractionFit& f) {
  for (const PenaltyRule& rule : o.penalties) {
    require(rule.factor >= 0, Errc::kArgument, "penalty of '" + rule.orbit + "': wanted 0 or more");
    bool found = false;
    for (const auto* part : {&f.h, &f.k})
      if (*part)
        for (const Tensor& t : (*part)->tensors)
          for (const auto* list : {&t.unknowns, &t.deviations})
            for (const Unknown& u : *list) found |= u.name == rule.orbit;
    require(found, Errc::kArgument, "penalty of '" + rule.orbit + "': no orbit of the fit is called so (interactions orbits lists them)");
  }
}

// Driven by what the run was driven by, where it tells; else by its slip rates.
void score(const DddData& data, const DddRun& run, const FitOptions& o, InteractionFit& f) {
  RunScore s;
  s.run = run.id;
  if (f.h) s.h_r2 = row_scores(data, run, *f.h, o);
  if (f.k) s.k_r2 = row_scores(data, run, *f.k, o);
  if (f.k && !run.slip_rate.empty() && run.rows() > 1) {
    const bool whole = f.h && !(run.shear.empty() && run.stress.empty());
    try {
      const DislocationLaw law = law_of(f);
      const TrajectoryErrors e = compare(predict(law, run, whole ? Drive::kDirection : Drive::kSlipRates), run);
      s.drive = whole ? "shear directions" : "slip rates";
      if (e.density >= 0) s.density_error = e.density;
      if (f.h && e.resistance >= 0) s.resistance_error = e.resistance;
      if (whole && e.shear >= 0) s.shear_error = e.shear;
    } catch (const Error& error) {
      f.remarks.push_back("held-out run '" + run.id + "': its trajectory cannot be rolled: " + error.what());
    }
  }
  f.scores.push_back(std::move(s));
}

}  // namespace

DislocationLaw law_of(const InteractionFit& f) {
  const std::size_t n = std::size_t(f.slip.count());
  DislocationLaw law;
  law.slip = f.slip;
  law.material = f.material;
  law.gdot0 = f.gdot0;
  law.n = f.n;
  law.density0 = f.density0;
  law.H = f.h ? f.h->tensors.at(0).value : std::vector<double>(n * n, 0.0);
  if (f.k)
    for (const Tensor& t : f.k->tensors) {
      law.terms.push_back(t.term);
      law.K.push_back(t.value);
    }
  return law;
}

InteractionFit fit_interactions(const DddData& data, const FitOptions& o) {
  validate(data);
  require(o.h || o.k, Errc::kArgument, "neither H nor K was asked for");
  require(!o.k || !o.k_terms.empty(), Errc::kArgument, "the fit of K needs a term");
  require(o.k_target != Target::kResistance, Errc::kArgument, "the target of K is the density rate or its increment");
  InteractionFit f;
  f.slip = data.slip;
  f.group = o.group.empty() ? data.slip.point_group : o.group;
  f.material = data.material;
  f.remarks = data.remarks;
  f.options = options_json(o, data.slip);
  std::vector<const DddRun*> fitted, held_out;
  split_runs(data, o, fitted, held_out);
  for (const DddRun* run : fitted) f.runs.push_back(run->id);
  for (const DddRun* run : held_out) f.held_out.push_back(run->id);
  const std::size_t n = std::size_t(f.slip.count());
  f.density0.assign(n, 0.0);
  for (const DddRun* run : fitted)
    for (std::size_t i = 0; i < n; ++i) f.density0[i] += run->density[i] / double(fitted.size());
  f.flow_fitted = fit_flow(fitted, std::int64_t(n), f.gdot0, f.n);

  const auto stage = [&](const char* what, double from, double to) {
    return [&o, what, from, to](double fraction) {
      if (o.progress && !o.progress(from + (to - from) * fraction, what)) throw Error(Errc::kInterrupted, "the fit was stopped");
    };
  };
  if (o.h) f.h = fit_part(data, fitted, Target::kResistance, {parse_term("H")}, o, stage("fitting H", 0, o.k ? 0.1 : 1), f.remarks);
  if (o.k) {
    std::vector<Term> terms;
    for (const std::string& text : o.k_terms) terms.push_back(parse_term(text));
    if (o.k_target == Target::kRate && std::any_of(fitted.begin(), fitted.end(), [](const DddRun* r) { return r->density_rate.empty(); }))
      f.remarks.push_back("density rates are differences of the densities; with noisy densities the weak form is the better target");
    f.k = fit_part(data, fitted, o.k_target, terms, o, stage("fitting K", o.h ? 0.1 : 0, 1), f.remarks);
  }
  check_rules(o, f);
  for (const DddRun* run : held_out) score(data, *run, o, f);
  return f;
}

}  // namespace grainspin::interactions
