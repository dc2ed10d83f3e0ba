#include "grainspin/interactions/ties.h"

#include <cstddef>
#include <utility>

#include "grainspin/core.h"

namespace grainspin::interactions {

Ties untied(int systems, int order) {
  require(systems > 0 && order >= 1 && order <= 3, Errc::kArgument, "ties: one to three indices over at least one system");
  std::int64_t entries = 1;
  for (int o = 0; o < order; ++o) entries *= systems;
  Ties t{systems, order, int(entries), {}, {}, {}};
  t.of.resize(std::size_t(entries));
  for (std::size_t e = 0; e < t.of.size(); ++e) t.of[e] = std::int32_t(e);
  t.sign.assign(std::size_t(entries), 1);
  t.size.assign(std::size_t(entries), 1);
  return t;
}

Ties ties(const SlipSet& set, const PointGroup& group, const TieOptions& options) {
  require(set.count() > 0, Errc::kArgument, "ties: the slip set is empty");
  TupleSymmetry symmetry;
  symmetry.order = options.order;
  symmetry.odd[0] = options.odd_i;
  symmetry.odd[1] = options.odd_j;
  symmetry.odd[2] = options.odd_k;
  symmetry.jk = options.jk;
  symmetry.full = options.symmetric;
  require(options.order >= 1 && options.order <= 3, Errc::kArgument, "ties: one to three indices");
  require((options.order >= 2 || !options.odd_j) && (options.order >= 3 || !options.odd_k), Errc::kArgument,
          "ties: a tensor of " + std::to_string(options.order) + " indices has no such index to be odd in");
  SignedOrbits orbits = tuple_orbits(slip_action(set, group), symmetry);
  return {set.count(), options.order, orbits.count, std::move(orbits.of), std::move(orbits.sign), std::move(orbits.size)};
}

Ties masked(const Ties& ties, const std::vector<std::uint8_t>& mask) {
  require(mask.size() == ties.of.size(), Errc::kShape,
          "a mask of " + std::to_string(mask.size()) + " entries for " + std::to_string(ties.of.size()));
  // -2: not met, -1: masked, else its new id, in the order of first entry.
  std::vector<std::int32_t> renamed(std::size_t(ties.count), -2);
  Ties out{ties.systems, ties.order, 0, std::vector<std::int32_t>(ties.of.size(), -1),
           std::vector<std::int8_t>(ties.of.size(), 0), {}};
  for (std::size_t e = 0; e < ties.of.size(); ++e) {
    if (ties.of[e] < 0) continue;
    std::int32_t& id = renamed[std::size_t(ties.of[e])];
    if (id == -2) {
      id = mask[e] ? out.count++ : -1;
      if (id >= 0) out.size.push_back(ties.size[std::size_t(ties.of[e])]);
    }
    require((id >= 0) == (mask[e] != 0), Errc::kArgument,
            "the mask cuts unknown " + std::to_string(ties.of[e]) + ": it keeps some of its entries and drops others");
    if (id < 0) continue;
    out.of[e] = id;
    out.sign[e] = ties.sign[e];
  }
  return out;
}

std::vector<std::int32_t> parents(const Ties& fine, const Ties& coarse) {
  require(fine.systems == coarse.systems && fine.order == coarse.order, Errc::kShape,
          "parents: ties over different tensors");
  std::vector<std::int32_t> parent(std::size_t(fine.count), -2);
  for (std::size_t e = 0; e < fine.of.size(); ++e) {
    if (fine.of[e] < 0) continue;
    std::int32_t& p = parent[std::size_t(fine.of[e])];
    if (p == -2) p = coarse.of[e];
    require(p == coarse.of[e], Errc::kArgument,
            "parents: unknown " + std::to_string(fine.of[e]) + " lies in several of the coarser ones: not a subgroup's ties");
  }
  return parent;
}

std::vector<double> project(const Ties& ties, const std::vector<double>& tensor) {
  require(tensor.size() == ties.of.size(), Errc::kShape,
          "project: a tensor of " + std::to_string(tensor.size()) + " entries for " + std::to_string(ties.of.size()));
  std::vector<double> mean(std::size_t(ties.count), 0);
  for (std::size_t e = 0; e < tensor.size(); ++e)
    if (ties.of[e] >= 0) mean[std::size_t(ties.of[e])] += ties.sign[e] * tensor[e];
  for (std::size_t o = 0; o < mean.size(); ++o) mean[o] /= double(ties.size[o]);
  return expand(ties, mean);
}

std::vector<double> expand(const Ties& ties, const std::vector<double>& unknowns) {
  require(int(unknowns.size()) == ties.count, Errc::kShape,
          "expand: " + std::to_string(unknowns.size()) + " values for " + std::to_string(ties.count) + " unknowns");
  std::vector<double> tensor(ties.of.size(), 0);
  for (std::size_t e = 0; e < tensor.size(); ++e)
    if (ties.of[e] >= 0) tensor[e] = ties.sign[e] * unknowns[std::size_t(ties.of[e])];
  return tensor;
}

}  // namespace grainspin::interactions
