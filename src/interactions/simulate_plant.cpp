// Laws with few interactions: whole orbits of H and K, drawn at random.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "grainspin/interactions/simulate.h"
#include "grainspin/orbits.h"
#include "src/interactions/random.h"

namespace grainspin::interactions {

namespace {

std::vector<int> shuffled(int count, Random& random) {
  std::vector<int> order(std::size_t(count), 0);
  std::iota(order.begin(), order.end(), 0);
  for (int k = count - 1; k > 0; --k) std::swap(order[std::size_t(k)], order[std::size_t(random.below(k + 1))]);
  return order;
}

double draw(double low, double high, Random& random) { return low + (high - low) * random.uniform(); }

}  // namespace

std::vector<double> burgers_lengths(const SlipSet& slip, double a) {
  double unit = 1;
  if (slip.c_over_a <= 0) {
    unit = HUGE_VAL;
    for (const SlipSystem& s : slip.systems) unit = std::min(unit, s.length);
  }
  std::vector<double> out;
  for (const SlipSystem& s : slip.systems) out.push_back(a * s.length / unit);
  return out;
}

DislocationLaw plant(const SlipSet& slip, const PlantOptions& o) {
  require(o.h_fraction > 0 && o.h_fraction <= 1 && o.h_low > 0 && o.h_high >= o.h_low, Errc::kArgument,
          "plant: wanted a share of H's orbits in (0, 1] and 0 < h_low <= h_high");
  require(o.k_entries >= 0 && o.k_low > 0 && o.k_high >= o.k_low, Errc::kArgument,
          "plant: wanted a number of entries of K and 0 < k_low <= k_high");
  require(o.density > 0, Errc::kArgument, "plant: the density must be above 0");
  const auto n = std::size_t(slip.count());
  DislocationLaw law;
  law.slip = slip;
  law.material = {o.shear_modulus, burgers_lengths(slip, o.burgers), std::vector<double>(n, o.friction)};
  law.gdot0 = o.gdot0;
  law.n = o.n;
  law.density0.assign(n, o.density);
  const SlipAction action = slip_action(slip, PointGroup::named(slip.point_group));

  Random of_h(o.seed, 1);
  const Orbits pairs = pair_orbits(action);
  std::vector<char> self(std::size_t(pairs.count), 0);
  for (std::size_t i = 0; i < n; ++i) self[std::size_t(pairs.of[i * n + i])] = 1;
  std::vector<int> order = shuffled(pairs.count, of_h);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return self[std::size_t(a)] > self[std::size_t(b)]; });
  order.resize(std::size_t(std::max(1.0, std::round(o.h_fraction * pairs.count))));
  std::vector<double> h(std::size_t(pairs.count), 0);
  for (const int orbit : order) h[std::size_t(orbit)] = draw(o.h_low, o.h_high, of_h);
  for (const std::int32_t orbit : pairs.of) law.H.push_back(h[std::size_t(orbit)]);

  law.terms = {parse_term(o.term)};
  const Term& term = law.terms[0];
  require(term.arity() == 2 && !term.odd(Over::kJ) && !term.odd(Over::kK), Errc::kArgument,
          "plant: term " + term.text + " is not of two systems and even in their slip");
  const bool jk = term.symmetric_jk();
  // The term at rho = density, |gdot| = 1/s; a reference b keeps the scale one number for the whole tensor.
  double x = 1;
  for (const Factor& f : term.factors) x *= std::pow(f.column == "rho" ? o.density : f.column == "b" ? o.burgers : 1, f.power);
  const double scale = o.density / x;
  Random of_k(o.seed, 2);
  const Orbits triples = triple_orbits(action, jk);
  std::vector<char> vanishes(std::size_t(triples.count), 1);  // with rho_i, in every entry
  for (std::size_t e = 0; e < triples.of.size(); ++e) {
    const std::size_t i = e / (n * n), j = e / n % n, k = e % n;
    bool with_i = false;
    for (const Factor& f : term.factors) with_i |= f.column == "rho" && (f.over == Over::kJ ? j : k) == i;
    if (!with_i) vanishes[std::size_t(triples.of[e])] = 0;
  }
  std::vector<double> value(std::size_t(triples.count), 0);
  std::int64_t left = o.k_entries;
  for (const int orbit : shuffled(triples.count, of_k)) {
    if (triples.size[std::size_t(orbit)] > left) continue;
    left -= triples.size[std::size_t(orbit)];
    const double size = draw(o.k_low, o.k_high, of_k) * scale;
    value[std::size_t(orbit)] = vanishes[std::size_t(orbit)] && of_k.uniform() < 0.5 ? -size : size;
  }
  law.K.emplace_back();
  for (const std::int32_t orbit : triples.of) law.K[0].push_back(value[std::size_t(orbit)]);
  return law;
}

}  // namespace grainspin::interactions
