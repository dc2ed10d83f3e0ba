#include "src/interactions/fit_columns.h"

#include <algorithm>
#include <utility>

#include "grainspin/interactions/names.h"
#include "grainspin/orbits.h"

namespace grainspin::interactions {
namespace {

std::vector<Unknown> unknowns_of(const SlipSet& slip, const Tensor& tensor, const Ties& ties, const std::string& what) {
  std::vector<Unknown> out(std::size_t(ties.count));
  const std::vector<std::string> names = unknown_names(slip, ties);
  for (std::size_t e = ties.of.size(); e-- > 0;)  // the first one stays
    if (ties.of[e] >= 0) out[std::size_t(ties.of[e])].entry = entry_text(slip, tensor, std::int64_t(e));
  for (std::size_t u = 0; u < out.size(); ++u) out[u].name = what + names[u], out[u].size = ties.size[u];
  return out;
}

// Of the subgroup's orbits those that are a part of one of the group's: the others would be the same unknown twice.
Ties split_only(const Ties& fine, const Ties& coarse) {
  const std::vector<std::int32_t> parent = parents(fine, coarse);
  std::vector<int> children(std::size_t(coarse.count), 0);
  for (const auto p : parent)
    if (p >= 0) ++children[std::size_t(p)];
  std::vector<std::uint8_t> mask(fine.of.size(), 0);
  for (std::size_t e = 0; e < mask.size(); ++e)
    if (fine.of[e] >= 0) {
      const std::int32_t p = parent[std::size_t(fine.of[e])];
      mask[e] = p < 0 || children[std::size_t(p)] > 1;  // p < 0: the group forbids it, the subgroup does not
    }
  return masked(fine, mask);
}

}  // namespace

std::vector<Tensor> tensors_of(const SlipSet& slip, const std::vector<Term>& terms, bool resistance, const FitOptions& options) {
  const PointGroup& group = acting_group(options.group.empty() ? slip.point_group : options.group);
  std::vector<Tensor> out;
  for (std::size_t k = 0; k < terms.size(); ++k) {
    Tensor t;
    t.symbol = resistance ? "H" : "K";
    if (terms.size() > 1) t.symbol += std::to_string(k + 1);
    t.term = terms[k];
    TieOptions tie = tie_options(t.term);
    if (resistance) tie.symmetric = options.h_symmetric;
    t.orbits = ties(slip, group, tie);
    const bool use_mask = !resistance && t.orbits.order == 3 && !options.mask.empty();
    require(!use_mask || options.mask.size() == t.orbits.of.size(), Errc::kShape,
            "mask of K: wanted " + std::to_string(t.orbits.of.size()) + " entries, found " + std::to_string(options.mask.size()));
    t.ties = use_mask ? masked(t.orbits, options.mask) : t.orbits;
    t.unknowns = unknowns_of(slip, t, t.ties, "");
    if (!options.refine.empty()) {
      const Ties fine = ties(slip, acting_group(options.refine), tie);
      t.fine = split_only(use_mask ? masked(fine, options.mask) : fine, t.ties);
      t.deviations = unknowns_of(slip, t, t.fine, "deviation of ");
    }
    t.value.assign(t.orbits.of.size(), 0.0);
    out.push_back(std::move(t));
  }
  return out;
}

Tied tied_of(const std::vector<Tensor>& tensors, int systems) {
  const std::int64_t n = systems;
  Tied tied;
  tied.responses = n;
  for (const Tensor& t : tensors) {
    tied.features += t.term.features(systems);
    if (t.fine.count) tied.layers = 2;
  }
  const std::size_t layer = std::size_t(n * tied.features);
  tied.of.assign(std::size_t(tied.layers) * layer, -1);
  tied.sign.assign(std::size_t(tied.layers) * layer, 0);
  std::int64_t offset = 0;
  for (const Tensor& t : tensors) {
    const std::int64_t width = t.term.features(systems);
    for (const auto& [ties, l] : {std::pair{&t.ties, 0}, std::pair{&t.fine, 1}}) {
      if (ties->count == 0) continue;
      for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t m = 0; m < width; ++m) {
          const std::size_t e = std::size_t(i * width + m), to = std::size_t(l) * layer + std::size_t(i * tied.features + offset + m);
          if (ties->of[e] < 0) continue;
          tied.of[to] = tied.unknowns + ties->of[e];
          tied.sign[to] = ties->sign[e];
        }
      tied.unknowns += ties->count;
    }
    offset += width;
  }
  return tied;
}

std::vector<BlockFit::Column> columns_of(const std::vector<Tensor>& tensors) {
  std::vector<BlockFit::Column> out;
  for (int t = 0; t < int(tensors.size()); ++t) {
    for (int u = 0; u < tensors[std::size_t(t)].ties.count; ++u) out.push_back({t, 0, u});
    for (int u = 0; u < tensors[std::size_t(t)].fine.count; ++u) out.push_back({t, 1, u});
  }
  return out;
}

const Unknown& unknown_of(const std::vector<Tensor>& tensors, const BlockFit::Column& c) {
  const Tensor& t = tensors[std::size_t(c.tensor)];
  return (c.layer ? t.deviations : t.unknowns)[std::size_t(c.unknown)];
}
Unknown& unknown_of(std::vector<Tensor>& tensors, const BlockFit::Column& c) {
  return const_cast<Unknown&>(unknown_of(std::as_const(tensors), c));
}

std::vector<double> penalties_of(const std::vector<Tensor>& tensors, const std::vector<BlockFit::Column>& columns, const FitOptions& options) {
  std::vector<double> out;
  std::vector<bool> used(options.penalties.size(), false);
  for (const auto& c : columns) {
    const Unknown& u = unknown_of(tensors, c);
    double p = options.penalty == Penalty::kOrbitSize ? double(u.size) : 1.0;
    if (c.layer == 1) p *= options.refine_penalty;
    for (std::size_t r = 0; r < options.penalties.size(); ++r)
      if (options.penalties[r].orbit == u.name) p *= options.penalties[r].factor, used[r] = true;
    out.push_back(p);
  }
  return out;
}

void fill_values(std::vector<Tensor>& tensors) {
  for (Tensor& t : tensors) {
    std::vector<double> values;
    for (const Unknown& u : t.unknowns) values.push_back(u.value);
    t.value = expand(t.ties, values);
    if (!t.fine.count) continue;
    values.clear();
    for (const Unknown& u : t.deviations) values.push_back(u.value);
    const std::vector<double> deviation = expand(t.fine, values);
    for (std::size_t e = 0; e < deviation.size(); ++e) t.value[e] += deviation[e];
  }
}

}  // namespace grainspin::interactions
