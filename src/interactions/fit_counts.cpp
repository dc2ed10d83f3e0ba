// What a table says of a fitted tensor: counts, entries in words, agreement with a planted truth.
#include <cmath>

#include "grainspin/interactions/fit.h"
#include "grainspin/interactions/names.h"

namespace grainspin::interactions {
TensorCounts counts(const Tensor& t) {
  TensorCounts c;
  c.entries = t.orbits.entries();
  c.free_orbits = t.orbits.count;
  c.left_orbits = t.ties.count;
  std::vector<bool> kept(std::size_t(t.ties.count), false);
  for (std::size_t e = 0; e < t.orbits.of.size(); ++e) {
    c.free_entries += t.orbits.of[e] >= 0;
    c.left_entries += t.ties.of[e] >= 0;
    if (t.value[e] == 0) continue;
    ++c.kept_entries;
    if (t.ties.of[e] >= 0) kept[std::size_t(t.ties.of[e])] = true;
  }
  for (const bool k : kept) c.kept_orbits += k;
  return c;
}

std::string entry_text(const SlipSet& slip, const Tensor& tensor, std::int64_t entry) {
  const std::int64_t n = slip.count();
  const int order = tensor.orbits.order;
  require(entry >= 0 && entry < tensor.orbits.entries(), Errc::kArgument, "entry_text: no such entry");
  if (order == 1) return system_name(slip, int(entry)) + " <- " + tensor.term.text;
  if (order == 2) return system_name(slip, int(entry / n)) + " <- " + system_name(slip, int(entry % n));
  return system_name(slip, int(entry / (n * n))) + " <- " + system_name(slip, int(entry / n % n)) + " x " + system_name(slip, int(entry % n));
}

PlantedScore against_truth(const std::vector<double>& fitted, const std::vector<double>& truth) {
  require(fitted.size() == truth.size(), Errc::kShape,
          "against_truth: " + std::to_string(fitted.size()) + " entries against " + std::to_string(truth.size()));
  PlantedScore s;
  double difference = 0, norm = 0;
  for (std::size_t e = 0; e < truth.size(); ++e) {
    s.planted += truth[e] != 0;
    s.chosen += fitted[e] != 0;
    s.common += truth[e] != 0 && fitted[e] != 0;
    difference += (fitted[e] - truth[e]) * (fitted[e] - truth[e]);
    norm += truth[e] * truth[e];
  }
  s.precision = s.chosen ? double(s.common) / double(s.chosen) : 0;
  s.recall = s.planted ? double(s.common) / double(s.planted) : 0;
  s.f1 = s.planted + s.chosen ? 2.0 * double(s.common) / double(s.planted + s.chosen) : 1;
  s.relative_error = norm > 0 ? std::sqrt(difference / norm) : difference > 0 ? INFINITY : 0;
  return s;
}

void score_against(InteractionFit& fit, const DislocationLaw& truth) {
  require(truth.slip.families == fit.slip.families && truth.slip.count() == fit.slip.count(), Errc::kArgument,
          "the planted law is of " + truth.slip.name + ", the fit of " + fit.slip.name);
  if (fit.h) fit.h->tensors[0].planted = against_truth(fit.h->tensors[0].value, truth.H);
  if (!fit.k) return;
  for (Tensor& t : fit.k->tensors) {
    std::vector<double> planted(t.value.size(), 0.0);
    for (std::size_t k = 0; k < truth.terms.size(); ++k)
      if (truth.terms[k].text == t.term.text) planted = truth.K[k];
    t.planted = against_truth(t.value, planted);
  }
}

}  // namespace grainspin::interactions
