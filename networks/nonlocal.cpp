#include "networks/nonlocal.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>

#include <ATen/CPUGeneratorImpl.h>

namespace grainspin {

namespace {

std::shared_ptr<torch::nn::Module> child(torch::nn::Module& parent, const std::string& name) {
  return parent.register_module(name, std::make_shared<torch::nn::Module>());
}

}  // namespace

NonlocalNetworkImpl::NonlocalNetworkImpl(const ModelSpec& spec, torch::ScalarType type)
    : spec_(spec), green_(std::make_shared<GreenCache>()) {
  require(spec.family == Family::kNonlocal, Errc::kArgument,
          std::string("the nonlocal cell is not made for family ") + grainspin::name(spec.family));
  const NonlocalSpec& s = spec.nonlocal;
  const std::int64_t C = s.channels, D = s.width, M = s.polarisations, H = s.memory, K = s.passes;
  const auto parameter = [&](torch::nn::Module& m, const std::string& name, at::IntArrayRef shape) {
    return m.register_parameter(name, torch::zeros(shape, type));
  };
  for (std::size_t i = 0; i < s.phases.size(); ++i) {
    const auto top = child(*this, "phase" + std::to_string(i));
    Phase p;
    p.maps = phase_maps(s.phases[i], type);
    for (auto [label, table] : {std::pair{"odd_basis", &p.maps.odd},
                                {"even_basis", &p.maps.even},
                                {"P", &p.maps.P},
                                {"a", &p.maps.a}})
      top->register_buffer(label, *table);  // so that to(device) moves them
    const std::int64_t O = p.maps.odd.size(0), E = p.maps.even.size(0);
    const auto gated_map = [&](torch::nn::Module& m, std::int64_t in, std::int64_t out) {
      GatedTensors t;
      t.odd = parameter(m, "odd", {D, in, O});
      if (s.gated) {
        t.even = parameter(m, "even", {D, in + H, E});
        t.bias = parameter(m, "bias", {D});
        t.rate = parameter(m, "rate", {D});
      }
      t.out = parameter(m, "out", {out, D, O});
      return t;
    };
    p.in = gated_map(*child(*top, "in"), s.carried ? 1 + C : 1, C);
    if (s.carried) p.carry = parameter(*top, "carry", {C});
    for (std::int64_t k = 0; k < K; ++k) {
      const auto pass = child(*top, "pass" + std::to_string(k));
      p.polarise.push_back(parameter(*pass, "polarise", {M, C, O}));
      p.passes.push_back(gated_map(*pass, C + 2 * M, C));
    }
    p.head = gated_map(*child(*top, "head"), C, s.stress ? 2 : 1);
    if (H > 0) {
      const auto memory = child(*top, "memory");
      p.update = parameter(*memory, "update", {H, C + H, E});
      p.update_bias = parameter(*memory, "update_bias", {H});
      p.candidate = parameter(*memory, "candidate", {H, C + H, E});
      p.candidate_bias = parameter(*memory, "candidate_bias", {H});
    }
    phases_.push_back(p);
  }
  if (K > 0) {
    spin_ = parameter(*this, "spin", {K, M});
    free_ = parameter(*this, "free", {K, M});
    if (s.stress) pressure_ = parameter(*this, "pressure", {K, M});
    if (s.green == Green::kLearned) beta_ = parameter(*this, "beta", {K, M});
  }
  initialise(1);
}

void NonlocalNetworkImpl::initialise(std::uint64_t seed) {
  torch::NoGradGuard no_gradient;
  at::Generator random = at::detail::createCPUGenerator(seed);
  const auto fill = [&](at::Tensor t, double gain, int systems) {
    // Drawn in float, so that a network in double starts from the same weights.
    t.copy_(torch::randn(t.sizes(), random, torch::kFloat) * (gain / std::sqrt(double(t.size(1)) * systems)));
  };
  const double deep = std::min(0.5, 1.4 / std::sqrt(std::max(1.0, double(spec_.nonlocal.passes))));
  for (Phase& p : phases_) {
    const int N = p.maps.systems;
    const auto map = [&](GatedTensors& m, double outer) {
      fill(m.odd, 1, N);
      if (m.even.defined()) {
        fill(m.even, 0.5, N);
        m.bias.zero_(), m.rate.zero_();
      }
      fill(m.out, outer, N);
    };
    map(p.in, 0.8);
    if (p.carry.defined()) p.carry.fill_(0.5);
    for (std::size_t k = 0; k < p.passes.size(); ++k) {
      fill(p.polarise[k], 1, N);
      map(p.passes[k], deep);
    }
    map(p.head, 1);
    if (p.update.defined()) {
      fill(p.update, 0.5, N), fill(p.candidate, 0.5, N);
      p.update_bias.fill_(-1), p.candidate_bias.zero_();
    }
  }
  for (at::Tensor t : {spin_, free_, pressure_})
    if (t.defined()) t.zero_();
  if (beta_.defined()) beta_.fill_(1);
}

NonlocalNetworkImpl::Grid NonlocalNetworkImpl::grid(Shape shape, const std::array<double, 3>& spacing,
                                                    const std::int32_t* phase, const std::uint8_t* mask,
                                                    Boundaries boundaries, int padding) const {
  require(shape.nx > 0 && shape.ny > 0 && shape.nz > 0, Errc::kShape, "a grid without voxels");
  for (double d : spacing)
    require(std::isfinite(d) && d > 0, Errc::kArgument,
            "voxel spacing is to be positive, got " + std::to_string(d));
  require(padding >= 0, Errc::kArgument, "padding is to be 0 or more, got " + std::to_string(padding));
  const at::Tensor& some = phases_.front().maps.P;
  const torch::Device device = some.device();
  Grid g;
  g.shape = g.cell = shape;
  const int n[3] = {shape.nx, shape.ny, shape.nz};
  const Boundary b[3] = {boundaries.x, boundaries.y, boundaries.z};
  int layers[3], extent[3];
  for (int a = 0; a < 3; ++a) {
    layers[a] = b[a] == Boundary::kPeriodic ? 0 : std::min(padding, n[a]);
    extent[a] = n[a] + 2 * layers[a];
  }
  g.cell = {extent[0], extent[1], extent[2]};
  const std::int64_t V = g.voxels();
  // Mirror images: the first layer beyond a face repeats the voxels at the face.
  const auto mirrored = [](int i, int count) { return i < 0 ? -1 - i : i >= count ? 2 * count - 1 - i : i; };
  std::vector<std::int64_t> source, inside;
  for (int z = -layers[2]; z < n[2] + layers[2]; ++z)
    for (int y = -layers[1]; y < n[1] + layers[1]; ++y)
      for (int x = -layers[0]; x < n[0] + layers[0]; ++x) {
        if (x >= 0 && x < n[0] && y >= 0 && y < n[1] && z >= 0 && z < n[2])
          inside.push_back(std::int64_t(source.size()));
        source.push_back((std::int64_t(mirrored(z, n[2])) * n[1] + mirrored(y, n[1])) * n[0] +
                         mirrored(x, n[0]));
      }
  const auto places = [&](const std::vector<std::int64_t>& v) {
    return torch::tensor(v, torch::kLong).to(device);
  };
  if (V != shape.voxels()) {
    g.source = places(source);
    g.inside = places(inside);
  }
  std::vector<std::vector<std::int64_t>> of(phases_.size());
  g.unmasked = V;
  at::Tensor keep = mask ? torch::ones({V}, torch::kFloat) : at::Tensor();
  for (std::int64_t v = 0; v < V; ++v) {
    const std::int64_t from = source[std::size_t(v)];
    const std::int32_t p = phase ? phase[from] : 0;
    require(p >= 0 && p < std::int32_t(phases_.size()), Errc::kArgument,
            "voxel " + std::to_string(from) + " is of phase " + std::to_string(p) + ": the model has " +
                std::to_string(phases_.size()));
    of[std::size_t(p)].push_back(v);
    if (mask && !mask[from]) {
      keep.data_ptr<float>()[v] = 0;
      --g.unmasked;
    }
  }
  if (mask && g.unmasked < V) g.keep = keep.to(some.options());
  for (const auto& voxels : of)
    g.phase.push_back(std::int64_t(voxels.size()) == V ? at::Tensor() : places(voxels));
  const auto key = std::make_tuple(g.cell.nx, g.cell.ny, g.cell.nz, spacing[0], spacing[1], spacing[2],
                                   device.str() + c10::toString(some.scalar_type()));
  auto& green = green_->made[key];
  if (!green)
    green = std::make_shared<GreenOperator>(g.cell, spacing, spec_.nonlocal.frequencies, device,
                                            some.scalar_type());
  g.green = green;
  return g;
}

at::Tensor NonlocalNetworkImpl::Grid::pad(const at::Tensor& rows) const {
  return source.defined() ? rows.index_select(0, source) : rows;
}
at::Tensor NonlocalNetworkImpl::Grid::crop(const at::Tensor& rows) const {
  return inside.defined() ? rows.index_select(0, inside) : rows;
}

NonlocalNetworkImpl::Weights NonlocalNetworkImpl::expand(bool blocks) const {
  const NonlocalSpec& s = spec_.nonlocal;
  Weights all;
  for (const Phase& p : phases_) {
    const int N = p.maps.systems;
    const auto column = [&](const at::Tensor& t) { return t.repeat({N}).unsqueeze(1); };
    const auto map = [&](const GatedTensors& t) {
      GatedMatrices m;
      if (blocks && t.even.defined() && t.odd.is_cpu()) {
        const auto packed = [](const at::Tensor& w, const TensorBasis& basis) {
          return torch::mm(w.view({-1, w.size(2)}), basis.blocks).view({w.size(0), w.size(1), -1});
        };
        m.odd = packed(t.odd, p.maps.blocks->odd);
        m.even = packed(t.even, p.maps.blocks->even);
        m.out = packed(t.out, p.maps.blocks->odd);
        m.bias = t.bias, m.rate = t.rate;
        return m;
      }
      m.odd = dense(t.odd, p.maps.odd, N);
      if (t.even.defined()) {
        m.even = dense(t.even, p.maps.even, N);
        m.bias = column(t.bias);
        m.rate = column(t.rate);
      }
      m.out = dense(t.out, p.maps.odd, N);
      return m;
    };
    PhaseWeights w;
    w.in = map(p.in);
    w.head = map(p.head);
    for (std::size_t k = 0; k < p.passes.size(); ++k) {
      w.passes.push_back(map(p.passes[k]));
      const at::Tensor slips = dense(p.polarise[k], p.maps.odd, N);  // [N M, N C]
      w.polarise.push_back(
          torch::mm(p.maps.P.t(), slips.view({N, -1})).view({5 * s.polarisations, slips.size(1)}));
    }
    if (p.carry.defined()) w.carry = column(p.carry);
    if (p.update.defined()) {
      w.update = dense(p.update, p.maps.even, N);
      w.update_bias = column(p.update_bias);
      w.candidate = dense(p.candidate, p.maps.even, N);
      w.candidate_bias = column(p.candidate_bias);
    }
    all.phases.push_back(w);
  }
  all.spin = spin_;
  all.free = free_;
  all.pressure = pressure_;
  all.beta = beta_;
  if (!beta_.defined() && s.passes > 0)
    all.beta = torch::full({s.passes, s.polarisations}, s.green == Green::kCompressible ? s.beta : 1.0,
                           phases_.front().maps.P.options());
  return all;
}

NonlocalNetworkImpl::State NonlocalNetworkImpl::start(const Grid& grid) const {
  const NonlocalSpec& s = spec_.nonlocal;
  State state;
  for (std::size_t i = 0; i < phases_.size(); ++i) {
    const std::int64_t N = phases_[i].maps.systems,
                       V = grid.phase[i].defined() ? grid.phase[i].numel() : grid.voxels();
    const auto options = phases_[i].maps.P.options();
    state.x.push_back(torch::zeros({s.carried ? N * s.channels : 0, V}, options));
    state.h.push_back(torch::zeros({N * s.memory, V}, options));
  }
  return state;
}

void NonlocalNetworkImpl::State::detach() {
  for (at::Tensor& t : x) t = t.detach();
  for (at::Tensor& t : h) t = t.detach();
}

void NonlocalNetworkImpl::save(Model& model) const {
  model.spec = spec_;
  model.tensors.clear();
  for (const auto& item : named_parameters()) {
    const at::Tensor t = item.value().detach().to(torch::kCPU, torch::kFloat).contiguous();
    grainspin::Tensor out;
    out.shape.assign(t.sizes().begin(), t.sizes().end());
    out.values.assign(t.data_ptr<float>(), t.data_ptr<float>() + t.numel());
    model.tensors[item.key()] = std::move(out);
  }
}

void NonlocalNetworkImpl::load(const Model& model) {
  check(model);
  torch::NoGradGuard no_gradient;
  for (auto& item : named_parameters()) {
    const grainspin::Tensor& in = model.tensors.at(item.key());
    item.value().copy_(torch::tensor(in.values).view(in.shape));
  }
}

}  // namespace grainspin
