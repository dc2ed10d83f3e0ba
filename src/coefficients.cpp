#include "grainspin/coefficients.h"

#include <algorithm>
#include <cmath>

#include "grainspin/nonlocal.h"

namespace grainspin {

namespace {

// Sums of squares of one map, or of several that are read as one.
struct Squares {
  std::vector<double> sum;  // [orbits] n_o S_o
  double rows = 0;          // N D
};

template <class O>
Squares squares(const Tensor& w, const O& orbits, int systems, std::int64_t row, std::int64_t rows, std::int64_t column,
                std::int64_t columns) {
  const std::int64_t C = w.shape[1], n = w.shape[2];
  Squares out;
  out.sum.assign(std::size_t(n), 0);
  out.rows = double(systems) * double(rows);
  for (std::int64_t d = row; d < row + rows; ++d)
    for (std::int64_t c = column; c < column + columns; ++c)
      for (std::int64_t o = 0; o < n; ++o) {
        const double v = w.values[std::size_t((d * C + c) * n + o)];
        out.sum[std::size_t(o)] += double(orbits.size[std::size_t(o)]) * v * v;
      }
  return out;
}

void add(Squares& to, const Squares& more) {
  to.sum.resize(more.sum.size());
  for (std::size_t o = 0; o < more.sum.size(); ++o) to.sum[o] += more.sum[o];
  to.rows += more.rows;
}

template <class O>
void read(const Squares& s, const O& orbits, const std::vector<bool>& self, CoefficientMap& map) {
  double all = 0, own = 0, own_entries = 0;
  for (std::size_t o = 0; o < s.sum.size(); ++o) {
    all += s.sum[o];
    if (self[o]) own += s.sum[o], own_entries += double(orbits.size[o]);
  }
  const double of_self = own_entries > 0 ? own / own_entries : 0;
  map.gain = s.rows > 0 ? std::sqrt(all / s.rows) : 0;
  map.share.clear(), map.strength.clear();
  for (std::size_t o = 0; o < s.sum.size(); ++o) {
    map.share.push_back(all > 0 ? s.sum[o] / all : 0);
    map.strength.push_back(of_self > 0 ? std::sqrt(s.sum[o] / double(orbits.size[o]) / of_self) : 0);
  }
}

template <class O>
void describe(const O& orbits, int systems, std::vector<double>& pairs, std::vector<int>& first, std::vector<bool>& self) {
  double all = 0;
  for (const std::int64_t n : orbits.size) all += double(n);
  for (const std::int64_t n : orbits.size) pairs.push_back(double(n) / all);
  first.assign(std::size_t(orbits.count), -1);
  self.assign(std::size_t(orbits.count), false);
  for (int e = systems * systems - 1; e >= 0; --e)
    if (orbits.of[std::size_t(e)] >= 0) first[std::size_t(orbits.of[std::size_t(e)])] = e;
  for (std::size_t o = 0; o < first.size(); ++o) self[o] = first[o] / systems == first[o] % systems;
}

}  // namespace

std::vector<CoefficientTable> coefficient_tables(const Model& model) {
  require(model.spec.family == Family::kNonlocal, Errc::kArgument,
          "coefficients by interaction type are of the nonlocal family, this model is of the " +
              std::string(name(model.spec.family)) + " family");
  const NonlocalSpec& s = model.spec.nonlocal;
  const std::int64_t C = s.channels, M = s.polarisations;
  std::vector<CoefficientTable> tables;
  for (std::size_t i = 0; i < s.phases.size(); ++i) {
    const SlipMaps maps = slip_maps(s.phases[i]);
    CoefficientTable t;
    t.phase = s.phases[i].name;
    t.systems = maps.set.count();
    std::vector<bool> odd_self, even_self;
    describe(maps.odd, t.systems, t.odd_pairs, t.odd_first, odd_self);
    describe(maps.even, t.systems, t.even_pairs, t.even_first, even_self);
    std::vector<Squares> together;
    // Rows [row, row + rows) and columns [column, column + columns) of a tensor; rows or columns -1: all.
    const auto part = [&](const std::string& where, const std::string& which, const char* place, const char* label, bool odd,
                          std::int64_t column = 0, std::int64_t columns = -1, std::int64_t row = 0, std::int64_t rows = -1) {
      const std::string name = "phase" + std::to_string(i) + "." + where + "." + which;
      const auto found = model.tensors.find(name);
      if (found == model.tensors.end()) return;
      const Tensor& w = found->second;
      if (columns < 0) columns = w.shape[1] - column;
      if (rows < 0) rows = w.shape[0] - row;
      if (columns == 0 || rows == 0) return;
      CoefficientMap map{name, place, label, odd, 0, {}, {}};
      const Squares sum = odd ? squares(w, maps.odd, t.systems, row, rows, column, columns)
                              : squares(w, maps.even, t.systems, row, rows, column, columns);
      odd ? read(sum, maps.odd, odd_self, map) : read(sum, maps.even, even_self, map);
      const auto known = std::find_if(t.summary.begin(), t.summary.end(),
                                      [&](const CoefficientMap& m) { return m.part == place && m.map == label; });
      if (known == t.summary.end()) {
        t.summary.push_back({"", place, label, odd, 0, {}, {}});
        together.push_back(sum);
      } else {
        add(together[std::size_t(known - t.summary.begin())], sum);
      }
      t.maps.push_back(std::move(map));
    };
    part("in", "odd", "start", "from load", true, 0, 1);
    part("in", "odd", "start", "from state", true, 1);
    part("in", "even", "start", "gate", false);
    part("in", "out", "start", "out", true);
    for (int k = 0; k < s.passes; ++k) {
      const std::string pass = "pass" + std::to_string(k);
      part(pass, "polarise", "pass", "polarise", true);
      part(pass, "odd", "pass", "from state", true, 0, C);
      part(pass, "odd", "pass", "from strain", true, C, M);
      part(pass, "odd", "pass", "from rotation", true, C + M, M);
      part(pass, "even", "pass", "gate", false);
      part(pass, "out", "pass", "out", true);
    }
    part("head", "odd", "head", "from state", true);
    part("head", "even", "head", "gate", false);
    part("head", "out", "head", "slip rate", true, 0, -1, 0, 1);
    if (s.stress) part("head", "out", "head", "stress", true, 0, -1, 1, 1);
    part("memory", "update", "memory", "update", false);
    part("memory", "candidate", "memory", "candidate", false);
    for (std::size_t k = 0; k < t.summary.size(); ++k)
      t.summary[k].odd ? read(together[k], maps.odd, odd_self, t.summary[k]) : read(together[k], maps.even, even_self, t.summary[k]);
    tables.push_back(std::move(t));
  }
  return tables;
}

}  // namespace grainspin
