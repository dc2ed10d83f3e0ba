#include "nonlocal_weights.h"

#include <numeric>
#include <string>

namespace grainspin {
namespace {

std::vector<double> transposed(int rows, int columns, const std::vector<double>& w) {
  std::vector<double> t(w.size());
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < columns; ++j) t[std::size_t(j) * rows + i] = w[std::size_t(i) * columns + j];
  return t;
}

// U [n, n] times m [n, columns]
std::vector<double> times(int n, const std::vector<double>& U, const std::vector<double>& m, int columns) {
  std::vector<double> out(m.size(), 0);
  for (int i = 0; i < n; ++i)
    for (int k = 0; k < n; ++k)
      for (int j = 0; j < columns; ++j) out[i * columns + j] += U[i * n + k] * m[k * columns + j];
  return out;
}

template <std::size_t kNumbers>
std::vector<double> flat(const std::vector<std::array<double, kNumbers>>& rows, double factor) {
  std::vector<double> all;
  for (const auto& row : rows)
    for (const double x : row) all.push_back(factor * x);
  return all;
}

std::vector<int> first(int n) {
  std::vector<int> v(n);
  std::iota(v.begin(), v.end(), 0);
  return v;
}

}  // namespace

NonlocalWeights::NonlocalWeights(const Model& model, const NonlocalKernels& kernels)
    : rows_(kernels.rows), polarisations_(model.spec.nonlocal.polarisations) {
  const NonlocalSpec& s = model.spec.nonlocal;
  for (int i = 0; i < int(s.phases.size()); ++i) phases_.push_back(phase(model, i));
  const auto scalars = [&](const char* name) {
    const auto found = model.tensors.find(name);
    return found != model.tensors.end() ? found->second.values
                                        : std::vector<float>(std::size_t(s.passes) * s.polarisations, 0.0f);
  };
  spin_ = scalars("spin");
  free_ = scalars("free");
  pressure_ = scalars("pressure");
  beta_ = scalars("beta");
  if (s.green != Green::kLearned) beta_.assign(beta_.size(), s.green == Green::kCompressible ? float(s.beta) : 1.0f);
}

std::vector<float> NonlocalWeights::biases(double r) const {
  std::vector<float> all(bias_.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = float(double(bias_[i]) + double(rate_[i]) * r);
  return all;
}

ProductView NonlocalWeights::product(int rows, int depth, int columns, const std::vector<double>& w,
                                     const std::vector<int>& in, const std::vector<int>& out) {
  ProductView view;
  view.rows = rows;
  view.depth = depth;
  view.columns = columns * kNonlocalBlock;
  std::vector<float> packed;
  const int tiles = (rows + rows_ - 1) / rows_;
  for (int t = 0; t < tiles; ++t)
    for (int k = 0; k < depth; ++k)
      for (int r = rows * t / tiles; r < rows * (t + 1) / tiles; ++r) packed.push_back(float(w[std::size_t(r) * depth + k]));
  const auto offsets = [&](const std::vector<int>& places) {
    std::vector<std::int32_t> scaled;
    for (const int p : places) scaled.push_back(p * kNonlocalBlock);
    return offsets_.emplace_back(std::move(scaled)).data();
  };
  view.w = floats_.emplace_back(std::move(packed)).data();
  view.in = offsets(in);
  view.out = offsets(out);
  return view;
}

ProductView NonlocalWeights::dense(int rows, int depth, const std::vector<double>& w) {
  return product(rows, depth, 1, w, first(depth), first(rows));
}

// w [to, from, orbits]
MapView NonlocalWeights::map(const Tensor& w, const AdaptedBasis& basis) {
  const int to = int(w.shape[0]), from = int(w.shape[1]), n = basis.n;
  std::vector<ProductView> parts;
  for (std::size_t k = 0; k < basis.kinds.size(); ++k) {
    const IrrepKind& kind = basis.kinds[k];
    std::vector<int> in, out;
    for (int c = 0; c < from; ++c)
      for (int b = 0; b < kind.multiplicity; ++b) in.push_back(c * n + kind.first + b * kind.dimension);
    for (int d = 0; d < to; ++d)
      for (int a = 0; a < kind.multiplicity; ++a) out.push_back(d * n + kind.first + a * kind.dimension);
    parts.push_back(product(int(out.size()), int(in.size()), kind.dimension, kind_block(w, basis, k), in, out));
  }
  const auto& kept = parts_.emplace_back(std::move(parts));
  return {int(kept.size()), kept.data()};
}

GatedView NonlocalWeights::gated(const Model& model, const std::string& name, const Coordinates& c) {
  GatedView view;
  const Tensor &odd = model.tensors.at(name + ".odd"), &out = model.tensors.at(name + ".out");
  view.inputs = int(odd.shape[1]);
  view.outputs = int(out.shape[0]);
  view.odd = map(odd, c.odd);
  view.out = map(out, c.odd);
  if (!model.spec.nonlocal.gated) return view;
  view.even = map(model.tensors.at(name + ".even"), c.even);
  view.bias = int(bias_.size());
  const auto &bias = model.tensors.at(name + ".bias").values, &rate = model.tensors.at(name + ".rate").values;
  bias_.insert(bias_.end(), bias.begin(), bias.end());
  rate_.insert(rate_.end(), rate.begin(), rate.end());
  return view;
}

const float* NonlocalWeights::numbers(const Tensor& t) { return floats_.emplace_back(t.values).data(); }

PhaseView NonlocalWeights::phase(const Model& model, int index) {
  const NonlocalSpec& s = model.spec.nonlocal;
  const SlipMaps maps = slip_maps(s.phases[std::size_t(index)]);
  const int n = maps.set.count();
  const Coordinates c{adapted_basis(maps.odd), adapted_basis(maps.even)};
  const std::string name = "phase" + std::to_string(index) + ".";
  const auto tensor = [&](const std::string& which) -> const Tensor& { return model.tensors.at(name + which); };

  PhaseView v{};
  v.systems = n;
  v.channels = s.channels;
  v.width = s.width;
  v.polarisations = s.polarisations;
  v.memory = s.memory;
  v.gated = s.gated;
  v.carried = s.carried;
  v.stress = s.stress;
  v.odd_natural = c.odd.identity;
  v.even_natural = c.even.identity;
  v.to_odd = dense(n, n, c.odd.U);
  v.from_odd = dense(n, n, transposed(n, n, c.odd.U));
  v.to_even = dense(n, n, c.even.U);
  v.from_even = dense(n, n, transposed(n, n, c.even.U));
  v.shear = dense(n, 5, flat(maps.P, 3));
  v.shear_adapted = dense(n, 5, times(n, c.odd.U, flat(maps.P, 3), 5));
  v.turn = dense(n, 3, flat(maps.a, 3));
  v.turn_adapted = dense(n, 3, times(n, c.odd.U, flat(maps.a, 3), 3));
  v.strain = dense(5, n, transposed(n, 5, times(n, c.odd.U, flat(maps.P, 1), 5)));
  v.axial = dense(3, n, transposed(n, 3, times(n, c.odd.U, flat(maps.a, 1), 3)));
  v.in = gated(model, name + "in", c);
  v.head = gated(model, name + "head", c);
  std::vector<GatedView> passes;
  std::vector<MapView> polarise;
  for (int k = 0; k < s.passes; ++k) {
    const std::string pass = "pass" + std::to_string(k);
    passes.push_back(gated(model, name + pass, c));
    polarise.push_back(map(tensor(pass + ".polarise"), c.odd));
  }
  v.pass = passes_.emplace_back(std::move(passes)).data();
  v.polarise = maps_.emplace_back(std::move(polarise)).data();
  if (s.carried) v.carry = numbers(tensor("carry"));
  if (s.memory > 0) {
    v.update = map(tensor("memory.update"), c.even);
    v.candidate = map(tensor("memory.candidate"), c.even);
    v.update_bias = numbers(tensor("memory.update_bias"));
    v.candidate_bias = numbers(tensor("memory.candidate_bias"));
  }
  return v;
}

}  // namespace grainspin
