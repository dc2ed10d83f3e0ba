#include "grainspin/interactions/masks.h"

#include <cstddef>

#include "src/interactions/meeting.h"
#include "src/load_text.h"

namespace grainspin::interactions {
namespace {

using Condition = bool (*)(const SlipSet& set, int i, int j, int k);

struct Named {
  std::string_view name;
  Condition holds;
};

const SlipSystem& at(const SlipSet& set, int s) { return set.systems[std::size_t(s)]; }

constexpr Named kTriples[] = {
    {"annihilation",
     [](const SlipSet& set, int i, int j, int k) { return (i == j || i == k) && same_direction(at(set, j), at(set, k)); }},
    {"frank", [](const SlipSet& set, int i, int j, int k) { return frank_reaction(at(set, i), at(set, j), at(set, k)); }},
    {"glissile", [](const SlipSet& set, int i, int j, int k) { return glissile_reaction(at(set, i), at(set, j), at(set, k)); }},
    {"own", [](const SlipSet&, int i, int j, int k) { return i == j || i == k; }},
    {"all", [](const SlipSet&, int, int, int) { return true; }},
};
constexpr Named kPairs[] = {
    {"own", [](const SlipSet&, int i, int j, int) { return i == j; }},
    {"all", [](const SlipSet&, int, int, int) { return true; }},
};

template <std::size_t count>
Condition named(const Named (&known)[count], std::string_view name, int order) {
  std::string list;
  for (const Named& k : known) {
    if (k.name == name) return k.holds;
    list.append(" ").append(k.name);
  }
  throw Error(Errc::kArgument, "unknown mask '" + std::string(name) + "' of entries with " + std::to_string(order) +
                                   " indices: known are" + list + ", joined by +");
}

}  // namespace

std::vector<std::uint8_t> mask(const SlipSet& set, int order, std::string_view names) {
  require(order == 2 || order == 3, Errc::kArgument, "masks are of tensors with two or three indices");
  const int n = set.count(), last = order == 3 ? n : 1;
  std::vector<Condition> conditions;
  for (const std::string_view name : split(names, '+'))
    conditions.push_back(order == 3 ? named(kTriples, name, order) : named(kPairs, name, order));
  std::vector<std::uint8_t> mask;
  mask.reserve(std::size_t(n) * std::size_t(n) * std::size_t(last));
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j)
      for (int k = 0; k < last; ++k) {
        bool any = false;
        for (const Condition holds : conditions) any = any || holds(set, i, j, k);
        mask.push_back(any);
      }
  return mask;
}

}  // namespace grainspin::interactions
