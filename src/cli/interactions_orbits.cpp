// grainspin interactions orbits: how many entries of H and K the symmetry leaves free, and which.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "grainspin/interactions/masks.h"
#include "grainspin/interactions/names.h"
#include "grainspin/interactions/ties.h"
#include "src/cli/interactions.h"

namespace grainspin::cli {
namespace {

using interactions::Ties;
using json = nlohmann::ordered_json;
using Table = std::vector<std::vector<int>>;

std::size_t family_of(const SlipSet& set, std::size_t s) { return std::size_t(set.systems[s].family); }

// Unknowns whose first entry has these families of i and j.
Table blocks(const SlipSet& set, const Ties& pairs) {
  const std::size_t n = std::size_t(set.count());
  Table table(set.families.size(), std::vector<int>(set.families.size(), 0));
  std::vector<bool> seen(std::size_t(pairs.count), false);
  for (std::size_t e = 0; e < pairs.of.size(); ++e) {
    if (pairs.of[e] < 0 || seen[std::size_t(pairs.of[e])]) continue;
    seen[std::size_t(pairs.of[e])] = true;
    ++table[family_of(set, e / n)][family_of(set, e % n)];
  }
  return table;
}

// Unknowns in the regression of each family of i.
std::vector<int> columns(const SlipSet& set, const Ties& t) {
  const std::size_t row = t.of.size() / std::size_t(set.count());
  std::vector<int> count(set.families.size(), 0);
  std::vector<bool> seen(std::size_t(t.count), false);
  for (std::size_t e = 0; e < t.of.size(); ++e) {
    if (t.of[e] < 0 || seen[std::size_t(t.of[e])]) continue;
    seen[std::size_t(t.of[e])] = true;
    ++count[family_of(set, e / row)];
  }
  return count;
}

json sizes(const Ties& t) {
  std::map<std::int64_t, int> histogram;
  for (const std::int64_t s : t.size) ++histogram[s];
  json out = json::object();
  for (const auto& [size, count] : histogram) out[std::to_string(size)] = count;
  return out;
}

std::vector<std::int64_t> first_entries(const Ties& t) {
  std::vector<std::int64_t> first(std::size_t(t.count), -1);
  for (std::size_t e = t.of.size(); e-- > 0;)
    if (t.of[e] >= 0) first[std::size_t(t.of[e])] = std::int64_t(e);
  return first;
}

std::vector<std::int64_t> tuple(const Ties& t, std::int64_t entry) {
  std::vector<std::int64_t> index(std::size_t(t.order), 0);
  for (std::size_t p = index.size(); p-- > 0; entry /= t.systems) index[p] = entry % t.systems;
  return index;
}

json table(const SlipSet& set, const Ties& t) {
  const std::vector<std::string> names = interactions::unknown_names(set, t);
  const std::vector<std::int64_t> first = first_entries(t);
  json out = json::array();
  for (std::size_t u = 0; u < names.size(); ++u)
    out.push_back({{"id", u}, {"name", names[u]}, {"entries", t.size[u]}, {"first", tuple(t, first[u])}});
  return out;
}

void print_table(const SlipSet& set, const Ties& t) {
  const std::vector<std::string> names = interactions::unknown_names(set, t);
  const std::vector<std::int64_t> first = first_entries(t);
  std::size_t width = 4;
  for (const std::string& n : names) width = std::max(width, n.size());
  fmt::print("{:>5}  {:<{}}  {:>7}  first entry\n", "id", "name", width, "entries");
  for (std::size_t u = 0; u < names.size(); ++u) {
    std::string entry;
    for (const std::int64_t s : tuple(t, first[u]))
      entry += fmt::format("{}{} {}", entry.empty() ? "" : " : ", s + 1, interactions::system_label(set, int(s)));
    fmt::print("{:>5}  {:<{}}  {:>7}  {}\n", u, names[u], width, t.size[u], entry);
  }
}

struct Options {
  SlipSetOptions set;
  std::string mask;
  bool as_json = false, triples = false;
};

void run(const Options& o) {
  const SlipSet set = chosen_set(o.set);
  const PointGroup& group = chosen_group(o.set, set);
  const auto counted = [&](const interactions::TieOptions& t) { return interactions::ties(set, group, t); };
  const Ties pairs = counted({.order = 2}), triples = counted({.order = 3}), jk = counted({.order = 3, .jk = true});
  const int pairs_symmetric = counted({.order = 2, .symmetric = true}).count;
  const int triples_symmetric = counted({.order = 3, .symmetric = true}).count;
  const Ties odd_i = counted({.order = 1, .odd_i = true}), odd_j = counted({.order = 2, .odd_j = true}),
             odd_ij = counted({.order = 2, .odd_i = true, .odd_j = true}), odd_k = counted({.order = 3, .odd_k = true}),
             odd_jk = counted({.order = 3, .odd_j = true, .odd_k = true});
  Ties left, left_jk;
  if (!o.mask.empty()) {
    const std::vector<std::uint8_t> mask = interactions::mask(set, 3, o.mask);
    left = interactions::masked(triples, mask);
    left_jk = interactions::masked(jk, mask);
  }
  const auto entries_left = [](const Ties& t) {
    std::int64_t sum = 0;
    for (const std::int64_t s : t.size) sum += s;
    return sum;
  };
  const Table of_blocks = blocks(set, pairs);
  const std::vector<int> of_h = columns(set, pairs), of_k = columns(set, triples), of_jk = columns(set, jk);
  if (o.as_json) {
    json j = {{"set", set.name}, {"point_group", set.point_group}, {"group", group.name()}};
    if (set.c_over_a > 0) j["c_over_a"] = set.c_over_a;
    j["systems"] = set.count();
    j["pairs"] = pairs.count;
    j["pairs_symmetric"] = pairs_symmetric;
    j["triples"] = triples.count;
    j["triples_jk"] = jk.count;
    j["triples_symmetric"] = triples_symmetric;
    j["pair_entries"] = pairs.entries();
    j["triple_entries"] = triples.entries();
    j["pair_sizes"] = sizes(pairs);
    j["triple_sizes"] = sizes(triples);
    j["signed"] = {{"i", odd_i.count}, {"ij_odd_j", odd_j.count}, {"ij_odd_ij", odd_ij.count}, {"ijk_odd_k", odd_k.count},
                   {"ijk_odd_jk", odd_jk.count}};
    j["families"] = json::array();
    for (std::size_t f = 0; f < set.families.size(); ++f)
      j["families"].push_back({{"name", set.families[f]},
                               {"systems", std::count_if(set.systems.begin(), set.systems.end(), [&](const SlipSystem& s) { return s.family == int(f); })},
                               {"pairs", of_h[f]}, {"triples", of_k[f]}, {"triples_jk", of_jk[f]}});
    j["pair_blocks"] = of_blocks;
    if (!o.mask.empty())
      j["mask"] = {{"name", o.mask}, {"entries", entries_left(left)}, {"triples", left.count}, {"triples_jk", left_jk.count}};
    j["pair_orbits"] = table(set, pairs);
    if (o.triples) j["triple_orbits"] = table(set, o.mask.empty() ? triples : left);
    fmt::print("{}\n", j.dump(2, ' ', false, json::error_handler_t::replace));
    return;
  }
  fmt::print("{}: {} slip systems, entries tied by point group {}{}\n\n", set.name, set.count(), group.name(),
             set.c_over_a > 0 ? fmt::format(", c/a {:.6g}", set.c_over_a) : "");
  const auto line = [](const char* what, std::int64_t free, std::int64_t all) {
    fmt::print("{:<44} {:>8} of {:>8}  {:6.2f} %\n", what, free, all, 100.0 * double(free) / double(all));
  };
  line("H_ij", pairs.count, pairs.entries());
  line("H_ij = H_ji", pairs_symmetric, pairs.entries());
  line("K_ijk", triples.count, triples.entries());
  line("K_ijk = K_ikj", jk.count, triples.entries());
  line("K_ijk, every permutation", triples_symmetric, triples.entries());
  line("A_i that turns with slip on i", odd_i.count, set.count());
  line("A_ij that turns with slip on j", odd_j.count, pairs.entries());
  line("A_ij that turns with slip on i and on j", odd_ij.count, pairs.entries());
  line("K_ijk that turns with slip on k", odd_k.count, triples.entries());
  line("K_ijk that turns with slip on j and on k", odd_jk.count, triples.entries());
  if (!o.mask.empty()) {
    line(("K_ijk, " + o.mask).c_str(), left.count, entries_left(left));
    line(("K_ijk = K_ikj, " + o.mask).c_str(), left_jk.count, entries_left(left));
  }
  fmt::print("\n{:<18} {:>8} {:>8} {:>8}   pairs by family of j\n", "family of i", "H", "K", "K jk");
  for (std::size_t f = 0; f < set.families.size(); ++f) {
    fmt::print("{:<18} {:>8} {:>8} {:>8}  ", set.families[f], of_h[f], of_k[f], of_jk[f]);
    for (const int count : of_blocks[f]) fmt::print(" {:>3}", count);
    fmt::print("\n");
  }
  fmt::print("\n");
  print_table(set, o.triples ? (o.mask.empty() ? triples : left) : pairs);
}

}  // namespace

void add_interactions_orbits(CLI::App& interactions) {
  auto o = std::make_shared<Options>();
  CLI::App* verb = interactions.add_subcommand("orbits", "free entries of H and K under the crystal's symmetry");
  add_slip_set_options(*verb, o->set);
  verb->add_option("--mask", o->mask, "reactions that K is left with: annihilation glissile frank own all, joined by +");
  verb->add_flag("--triples", o->triples, "the table of K's orbits (those that the mask leaves), not of H's");
  verb->add_flag("--json", o->as_json, "as JSON");
  verb->callback([o] { run(*o); });
}

}  // namespace grainspin::cli
