// What a table says of a fitted tensor: counts, entries in words, agreement with a planted truth.
#include <cmath>

#include "grainspin/interactions/fit.h"

namespace grainspin::interactions {
namespace {

// "basal 2": the system's family and its number within it.
std::string system_text(const SlipSet& slip, int s) {
  int number = 1;
  for (int before = 0; before < s; ++before) number += slip.systems[std::size_t(before)].family == slip.systems[std::size_t(s)].family;
  std::string name = slip.families[std::size_t(slip.systems[std::size_t(s)].family)];
  if (name.starts_with("hcp-")) name = name.substr(4);
  return name + " " + std::to_string(number);
}

}  // namespace

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
  if (order == 1) return system_text(slip, int(entry)) + " <- " + tensor.term.text;
  if (order == 2) return system_text(slip, int(entry / n)) + " <- " + system_text(slip, int(entry % n));
  return system_text(slip, int(entry / (n * n))) + " <- " + system_text(slip, int(entry / n % n)) + " x " + system_text(slip, int(entry % n));
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

}  // namespace grainspin::interactions
