#include "engine_cuda_nonlocal_weights.h"

namespace grainspin {

std::int64_t Packed::add(const std::vector<float>& values) {
  values_.resize((values_.size() + 63) / 64 * 64);
  const std::int64_t at = std::int64_t(values_.size());
  values_.insert(values_.end(), values.begin(), values.end());
  return at;
}

namespace {

// Entry (i, j) of a pair of systems: which number of a map, and its sign (0: none).
struct Pair {
  int orbit, sign;
};
struct Pairs {
  int systems, count;
  std::vector<Pair> of;  // [N, N]
};

Pairs odd_pairs(const SlipMaps& maps) {
  Pairs p{maps.set.count(), maps.odd.count, {}};
  for (std::size_t e = 0; e < maps.odd.of.size(); ++e) p.of.push_back({maps.odd.of[e], maps.odd.sign[e]});
  return p;
}
Pairs even_pairs(const SlipMaps& maps) {
  Pairs p{maps.set.count(), maps.even.count, {}};
  for (const auto orbit : maps.even.of) p.of.push_back({orbit, 1});
  return p;
}

// Element (d, i; c, j) of the matrix of weights w[D, C, count].
double element(const Pairs& p, const std::vector<float>& w, std::int64_t C, std::int64_t d, int i, std::int64_t c, int j) {
  const Pair& e = p.of[std::size_t(i * p.systems + j)];
  return e.sign ? e.sign * double(w[std::size_t((d * C + c) * p.count + e.orbit)]) : 0.0;
}

// [D N, C N]
std::vector<float> dense(const Pairs& p, const Tensor& t) {
  const std::int64_t D = t.shape[0], C = t.shape[1];
  std::vector<float> m;
  m.reserve(std::size_t(D * C * p.systems * p.systems));
  for (std::int64_t d = 0; d < D; ++d)
    for (int i = 0; i < p.systems; ++i)
      for (std::int64_t c = 0; c < C; ++c)
        for (int j = 0; j < p.systems; ++j) m.push_back(float(element(p, t.values, C, d, i, c, j)));
  return m;
}

// [size, C N]: sum_i basis_i[k] of row d of the map, for the vectors basis [N][size] of the systems.
template <std::size_t size>
std::vector<float> projected(const Pairs& p, const Tensor& t, std::int64_t d,
                             const std::vector<std::array<double, size>>& basis) {
  const std::int64_t C = t.shape[1];
  std::vector<float> m;
  for (std::size_t k = 0; k < size; ++k)
    for (std::int64_t c = 0; c < C; ++c)
      for (int j = 0; j < p.systems; ++j) {
        double sum = 0;
        for (int i = 0; i < p.systems; ++i) sum += basis[std::size_t(i)][k] * element(p, t.values, C, d, i, c, j);
        m.push_back(float(sum));
      }
  return m;
}

template <std::size_t size>
std::vector<float> flat(const std::vector<std::array<double, size>>& rows) {
  std::vector<float> v;
  for (const auto& row : rows) v.insert(v.end(), row.begin(), row.end());
  return v;
}

void append(std::vector<float>& to, const std::vector<float>& more) { to.insert(to.end(), more.begin(), more.end()); }

}  // namespace

ModelPlace pack(const Model& model, Packed& packed) {
  const NonlocalSpec& s = model.spec.nonlocal;
  const auto tensor = [&](const std::string& name) -> const Tensor& { return model.tensors.at(name); };
  ModelPlace place;
  for (std::size_t i = 0; i < s.phases.size(); ++i) {
    const SlipMaps maps = slip_maps(s.phases[i]);
    const Pairs odd = odd_pairs(maps), even = even_pairs(maps);
    const std::string prefix = "phase" + std::to_string(i) + ".";
    const auto gated = [&](const std::string& name) {
      GatedPlace g;
      g.in = int(tensor(name + ".odd").shape[1]);
      g.odd = packed.add(dense(odd, tensor(name + ".odd")));
      if (!s.gated) return g;
      g.even = packed.add(dense(even, tensor(name + ".even")));
      g.bias = packed.add(tensor(name + ".bias").values);
      g.rate = packed.add(tensor(name + ".rate").values);
      return g;
    };
    PhasePlace phase;
    phase.systems = odd.systems;
    phase.P = packed.add(flat(maps.P));
    phase.a = packed.add(flat(maps.a));
    phase.start = gated(prefix + "in");
    phase.start.out = packed.add(dense(odd, tensor(prefix + "in.out")));
    if (s.carried) phase.carry = packed.add(tensor(prefix + "carry").values);
    for (int k = 0; k < s.passes; ++k) {
      const std::string pass = prefix + "pass" + std::to_string(k);
      std::vector<float> polarise;
      for (int m = 0; m < s.polarisations; ++m) append(polarise, projected(odd, tensor(pass + ".polarise"), m, maps.P));
      phase.polarise.push_back(packed.add(polarise));
      phase.passes.push_back(gated(pass));
      phase.passes.back().out = packed.add(dense(odd, tensor(pass + ".out")));
    }
    phase.head = gated(prefix + "head");
    std::vector<float> out = projected(odd, tensor(prefix + "head.out"), 0, maps.a);
    if (s.stress) append(out, projected(odd, tensor(prefix + "head.out"), 1, maps.P));
    phase.head.out = packed.add(out);
    if (s.memory > 0) {
      phase.update = packed.add(dense(even, tensor(prefix + "memory.update")));
      phase.update_bias = packed.add(tensor(prefix + "memory.update_bias").values);
      phase.candidate = packed.add(dense(even, tensor(prefix + "memory.candidate")));
      phase.candidate_bias = packed.add(tensor(prefix + "memory.candidate_bias").values);
    }
    place.phases.push_back(std::move(phase));
  }
  if (s.passes > 0) {
    place.spin = packed.add(tensor("spin").values);
    place.free = packed.add(tensor("free").values);
    if (s.stress) place.pressure = packed.add(tensor("pressure").values);
    const float beta = s.green == Green::kCompressible ? float(s.beta) : 1.0f;
    place.beta = packed.add(s.green == Green::kLearned
                                ? tensor("beta").values
                                : std::vector<float>(std::size_t(s.passes * s.polarisations), beta));
  }
  return place;
}

}  // namespace grainspin
