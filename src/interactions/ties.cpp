#include "grainspin/interactions/ties.h"

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

std::vector<double> expand(const Ties& ties, const std::vector<double>& unknowns) {
  require(int(unknowns.size()) == ties.count, Errc::kShape,
          "expand: " + std::to_string(unknowns.size()) + " values for " + std::to_string(ties.count) + " unknowns");
  std::vector<double> tensor(ties.of.size(), 0);
  for (std::size_t e = 0; e < tensor.size(); ++e)
    if (ties.of[e] >= 0) tensor[e] = ties.sign[e] * unknowns[std::size_t(ties.of[e])];
  return tensor;
}

}  // namespace grainspin::interactions
