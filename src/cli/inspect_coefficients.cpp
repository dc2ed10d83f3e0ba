#include "src/cli/inspect_coefficients.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "grainspin/coefficients.h"
#include "grainspin/interactions/names.h"
#include "grainspin/interactions/ties.h"
#include "grainspin/nonlocal.h"

namespace grainspin::cli {

namespace {

using json = nlohmann::ordered_json;

struct Names {
  std::vector<std::string> odd, even;  // of the orbits
};

Names names_of(const PhaseSpec& phase) {
  const SlipSet set = slip_set(phase.slip_families, phase.c_over_a);
  const PointGroup& group = PointGroup::named(phase.point_group);
  return {interactions::unknown_names(set, interactions::ties(set, group, {.order = 2, .odd_i = true, .odd_j = true})),
          interactions::unknown_names(set, interactions::ties(set, group, {.order = 2}))};
}

void print_block(const CoefficientTable& t, const std::vector<std::string>& names, bool odd) {
  const std::vector<double>& pairs = odd ? t.odd_pairs : t.even_pairs;
  std::size_t width = 4;
  for (const std::string& n : names) width = std::max(width, n.size());
  std::string heads[2];
  std::vector<const CoefficientMap*> maps;
  for (const CoefficientMap& m : t.summary)
    if (m.odd == odd) maps.push_back(&m);
  if (maps.empty()) return;
  for (const CoefficientMap* m : maps) {
    heads[0] += fmt::format(" {:>13}", m->part);
    heads[1] += fmt::format(" {:>13}", m->map);
  }
  fmt::print("{:<{}} {:>6}{}\n{:<{}} {:>6}{}\n", odd ? "odd state" : "even state", width, "", heads[0], "", width, "pairs", heads[1]);
  for (std::size_t o = 0; o < names.size(); ++o) {
    fmt::print("{:<{}} {:>6.3f}", names[o], width, pairs[o]);
    for (const CoefficientMap* m : maps) fmt::print(" {:>6.3f} {:>6.2f}", m->share[o], m->strength[o]);
    fmt::print("\n");
  }
  fmt::print("{:<{}} {:>6}", "gain", width, "");
  for (const CoefficientMap* m : maps) fmt::print(" {:>13.2f}", m->gain);
  fmt::print("\n\n");
}

json map_json(const CoefficientMap& m) {
  json out = {{"part", m.part}, {"map", m.map}, {"state", m.odd ? "odd" : "even"}, {"gain", m.gain}, {"share", m.share}, {"strength", m.strength}};
  if (!m.tensor.empty()) out["tensor"] = m.tensor;
  return out;
}

std::string quoted(const std::string& text) { return '"' + text + '"'; }

}  // namespace

void print_coefficients(const std::string& path, const Model& model, CoefficientFormat format) {
  const std::vector<CoefficientTable> tables = coefficient_tables(model);
  json all = {{"file", path}, {"phases", json::array()}};
  if (format == CoefficientFormat::kCsv) fmt::print("phase,tensor,part,map,state,interaction,pairs,share,strength,gain\n");
  if (format == CoefficientFormat::kTable)
    fmt::print("{}\nlearned coefficients by interaction, passes together. Two numbers a map: share of its squared norm that goes through\n"
               "pairs of the type (equal coefficients: as `pairs`), and strength of one pair against a system's action on itself\n\n", path);
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const CoefficientTable& t = tables[i];
    const Names names = names_of(model.spec.nonlocal.phases[i]);
    if (format == CoefficientFormat::kTable) {
      fmt::print("phase {}: {} slip systems\n\n", t.phase, t.systems);
      print_block(t, names.odd, true);
      print_block(t, names.even, false);
    } else if (format == CoefficientFormat::kCsv) {
      for (const CoefficientMap& m : t.maps)
        for (std::size_t o = 0; o < m.share.size(); ++o)
          fmt::print("{},{},{},{},{},{},{:.6g},{:.6g},{:.6g},{:.6g}\n", quoted(t.phase), m.tensor, m.part, m.map, m.odd ? "odd" : "even",
                     quoted((m.odd ? names.odd : names.even)[o]), (m.odd ? t.odd_pairs : t.even_pairs)[o], m.share[o], m.strength[o], m.gain);
    } else {
      json phase = {{"phase", t.phase}, {"slip_systems", t.systems}, {"odd_interactions", names.odd}, {"odd_pairs", t.odd_pairs},
                    {"even_interactions", names.even}, {"even_pairs", t.even_pairs}, {"maps", json::array()}, {"summary", json::array()}};
      for (const CoefficientMap& m : t.maps) phase["maps"].push_back(map_json(m));
      for (const CoefficientMap& m : t.summary) phase["summary"].push_back(map_json(m));
      all["phases"].push_back(std::move(phase));
    }
  }
  if (format == CoefficientFormat::kJson) fmt::print("{}\n", all.dump(1, ' ', false, json::error_handler_t::replace));
}

}  // namespace grainspin::cli
