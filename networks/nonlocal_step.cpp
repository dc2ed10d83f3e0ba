// One step of the nonlocal cell, line by line as grainspin/nonlocal.h states it.
#include <algorithm>
#include <cmath>
#include <vector>

#include "networks/nonlocal.h"
#include "networks/nonlocal_rotation.h"

namespace grainspin {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Linear maps of a deviator as matrices: F (9 numbers), then dev sym F (5) and axial(antisym F) (3), [17, 5].
at::Tensor free_maps(const std::array<bool, 9>& free, const at::TensorOptions& options) {
  at::Tensor t = torch::empty({17, 5}, torch::kDouble);
  auto out = t.accessor<double, 2>();
  for (int b = 0; b < 5; ++b) {
    Deviator unit{};
    unit[std::size_t(b)] = 1;
    const auto D = free_part(free, unit);
    const Deviator e = deviator(D);
    for (int i = 0; i < 9; ++i) out[i][b] = D[std::size_t(i)];
    for (int i = 0; i < 5; ++i) out[9 + i][b] = e[std::size_t(i)];
    out[14][b] = (D[7] - D[5]) / 2;
    out[15][b] = (D[2] - D[6]) / 2;
    out[16][b] = (D[3] - D[1]) / 2;
  }
  return t.to(options);
}

// Deviator -> xx yy zz yz xz xy, [6, 5].
at::Tensor components(const at::TensorOptions& options) {
  at::Tensor t = torch::empty({6, 5}, torch::kDouble);
  auto out = t.accessor<double, 2>();
  for (int b = 0; b < 5; ++b) {
    Deviator unit{};
    unit[std::size_t(b)] = 1;
    const auto s = tensor_of(unit);
    const std::size_t places[6] = {0, 4, 8, 5, 2, 1};
    for (int i = 0; i < 6; ++i) out[i][b] = s[places[i]];
  }
  return t.to(options);
}

template <std::size_t n>
at::Tensor numbers(const std::array<double, n>& values, const at::TensorOptions& options) {
  return torch::tensor(std::vector<double>(values.begin(), values.end()), torch::kDouble).to(options);
}

// Rows of one phase put into their places of the whole cell.
void place(at::Tensor& whole, const at::Tensor& part, const at::Tensor& voxels) {
  whole = whole.defined() ? whole.index_copy(-1, voxels, part) : part;
}

}  // namespace

NonlocalNetworkImpl::Step NonlocalNetworkImpl::step(const Weights& weights, const Grid& grid,
                                                    const CellLoad& load, const at::Tensor& q,
                                                    State& state) const {
  return run(weights, grid, load, q, state, 0);
}

void NonlocalNetworkImpl::warm_up(const Weights& weights, const Grid& grid, const CellLoad& load,
                                  const at::Tensor& q, State& state) const {
  const NonlocalSpec& s = spec_.nonlocal;
  if (s.carried && s.warmup > 0) run(weights, grid, load, q, state, s.warmup);
}

NonlocalNetworkImpl::Step NonlocalNetworkImpl::run(const Weights& weights, const Grid& grid,
                                                   const CellLoad& load, const at::Tensor& q, State& state,
                                                   int warmup) const {
  const NonlocalSpec& spec = spec_.nonlocal;
  const std::int64_t V = grid.voxels(), M = spec.polarisations;
  const at::TensorOptions options = phases_.front().maps.P.options();
  require(q.dim() == 2 && q.size(0) == V && q.size(1) == 4, Errc::kShape,
          "orientations are not those of the grid's " + std::to_string(V) + " voxels");
  const Rotations R = rotations(q);
  const at::Tensor maps = free_maps(load.free, options);
  const at::Tensor E0 = numbers(load.E0, options).view({5, 1, 1}).expand({5, 1, V}).contiguous();

  struct Part {
    std::size_t phase;
    at::Tensor voxels;  // undefined: all
    Rotations R;
    at::Tensor x;
  };
  std::vector<Part> parts;
  for (std::size_t i = 0; i < phases_.size(); ++i)
    if (!grid.phase[i].defined() || grid.phase[i].numel() > 0)
      parts.push_back({i, grid.phase[i], R.of(grid.phase[i]), {}});
  const auto whole = [&](std::int64_t rows, std::int64_t fields, const auto& of) {
    at::Tensor all;
    for (Part& p : parts) {
      const at::Tensor part = of(p);
      if (!p.voxels.defined()) return part;
      if (!all.defined()) all = torch::zeros({rows, fields, V}, options);
      place(all, part, p.voxels);
    }
    return all;
  };
  const auto of_phase = [](const at::Tensor& fields, const Part& p) {
    return p.voxels.defined() ? fields.index_select(-1, p.voxels) : fields;
  };
  at::Tensor spin, L, pressure;
  const auto start_step = [&] {
    spin = pressure = at::Tensor();
    L = numbers(load.L, options);
    for (Part& p : parts) {
      const PhaseMaps& m = phases_[p.phase].maps;
      const PhaseWeights& w = weights.phases[p.phase];
      const at::Tensor drive = turned(p.R.deviators, of_phase(E0, p), true);
      const at::Tensor& x = state.x[p.phase];
      p.x = gated(spec.carried ? x : at::Tensor(), drive, {}, state.h[p.phase], w.in, m, load.log_size, true,
                  false);
      if (spec.carried) p.x = torch::addcmul(p.x, x, w.carry);
    }
  };
  const auto run_pass = [&](std::int64_t k) {
    const std::size_t pass = std::size_t(k);
    at::Tensor p = whole(5, M, [&](const Part& part) {
      const at::Tensor crystal =
          torch::mm(weights.phases[part.phase].polarise[pass], part.x).view({5, M, -1});
      return turned(part.R.deviators, crystal);
    });
    if (grid.keep.defined()) p = p * grid.keep;
    // Split, not narrow: its gradient is one copy, where narrow's would fill a whole tensor each.
    const auto u = spec.stress ? (*grid.green)(p, weights.beta[k], true).split_with_sizes({5, 3, 1})
                               : (*grid.green)(p, weights.beta[k], false).split_with_sizes({5, 3});
    const at::Tensor D = torch::mm(maps, p.mean(2));  // [17, M]
    L = L + load.size * torch::mv(D.narrow(0, 0, 9), weights.free[k]);
    const at::Tensor& own = u[1];
    const at::Tensor turning = torch::matmul(weights.spin[k], own);  // [3, V]
    spin = spin.defined() ? spin + turning : turning;
    if (spec.stress) {
      const at::Tensor more = torch::matmul(weights.pressure[k], u[2].squeeze(0));
      pressure = pressure.defined() ? pressure + more : more;
    }
    const at::Tensor e = u[0] + D.narrow(0, 9, 5).unsqueeze(2), w = own + D.narrow(0, 14, 3).unsqueeze(2);
    for (Part& part : parts) {
      const PhaseMaps& m = phases_[part.phase].maps;
      part.x = gated(part.x, turned(part.R.deviators, of_phase(e, part), true),
                     turned(part.R.vectors, of_phase(w, part), true), state.h[part.phase],
                     weights.phases[part.phase].passes[pass], m, load.log_size, false, true);
    }
  };
  for (int run = 0; run < std::max(1, warmup); ++run) {
    start_step();
    for (std::int64_t k = 0; k < spec.passes; ++k) run_pass(k);
    if (spec.carried)
      for (const Part& p : parts) state.x[p.phase] = p.x;
  }
  if (warmup > 0) return {};

  Step out;
  out.L = L;
  std::vector<at::Tensor> heads(phases_.size());
  out.x.resize(phases_.size());
  for (const Part& p : parts) {
    const PhaseMaps& m = phases_[p.phase].maps;
    out.x[p.phase] = p.x;
    heads[p.phase] =
        gated(p.x, {}, {}, state.h[p.phase], weights.phases[p.phase].head, m, load.log_size, false, false)
            .view({m.systems, spec.stress ? 2 : 1, -1});
  }
  const at::Tensor slip = whole(3, 1, [&](const Part& p) {
    const at::Tensor crystal = torch::mm(phases_[p.phase].maps.a.t(), heads[p.phase].select(1, 0));
    return turned(p.R.vectors, crystal.unsqueeze(1));
  });
  const at::Tensor W = torch::stack({L[7] - L[5], L[2] - L[6], L[3] - L[1]}) / 2;
  at::Tensor turning = slip.squeeze(1);
  if (spin.defined()) turning = turning + spin;
  turning = W.unsqueeze(1) + load.size * turning;
  if (grid.keep.defined()) turning = turning * grid.keep;
  out.increment = turning.t().contiguous();

  if (spec.stress) {
    const at::Tensor deviator = whole(5, 1, [&](const Part& p) {
      const at::Tensor crystal = torch::mm(phases_[p.phase].maps.P.t(), heads[p.phase].select(1, 1));
      return turned(p.R.deviators, crystal.unsqueeze(1));
    });
    at::Tensor stress = torch::mm(components(options), deviator.squeeze(1));  // [6, V]
    if (pressure.defined()) stress = torch::cat({stress.narrow(0, 0, 3) + pressure, stress.narrow(0, 3, 3)});
    if (grid.keep.defined()) stress = stress * grid.keep;
    at::Tensor sum;  // of the free diagonal components over the grid
    int free = 0;
    for (int i = 0; i < 3; ++i)
      if (load.free[std::size_t(4 * i)]) {
        const at::Tensor one = stress[i].sum();
        sum = free++ ? sum + one : one;
      }
    if (free > 0 && grid.unmasked > 0) {
      const at::Tensor mean = sum / double(free * grid.unmasked);
      stress = torch::cat({stress.narrow(0, 0, 3) - mean, stress.narrow(0, 3, 3)});
      if (grid.keep.defined()) stress = stress * grid.keep;
    }
    out.stress = stress.t().contiguous();
  }

  for (const Part& p : parts) {
    const PhaseWeights& w = weights.phases[p.phase];
    if (spec.memory > 0) {
      at::Tensor& h = state.h[p.phase];
      const std::int64_t N = phases_[p.phase].maps.systems;
      const at::Tensor all =
          torch::cat({p.x.abs().view({N, spec.channels, -1}), h.view({N, spec.memory, -1})}, 1)
              .view({N * (spec.channels + spec.memory), -1});
      // (1 - sigmoid(a))^n = exp(-n softplus(a))
      const at::Tensor a = torch::addmm(w.update_bias, w.update, all);
      const at::Tensor z = 1 - torch::exp(torch::nn::functional::softplus(a) * (-load.size / 0.01));
      h = h + z * (torch::addmm(w.candidate_bias, w.candidate, all).tanh() - h);
    }
  }
  return out;
}

namespace {

// What a step needs beside tensors with gradients.
struct Recipe : torch::CustomClassHolder {
  const NonlocalNetworkImpl* network;
  NonlocalNetworkImpl::Weights weights;  // their places; the tensors in them are replaced
  NonlocalNetworkImpl::Grid grid;
  CellLoad load;
  std::size_t phases;

  // Weights, q, then x and h of the phases -> increment, stress, L, then x and h.
  variable_list run(const variable_list& in) const {
    const std::size_t count = weights.tensors().size();
    NonlocalNetworkImpl::State state;
    const auto from = in.begin() + std::ptrdiff_t(count) + 1;
    state.x.assign(from, from + std::ptrdiff_t(phases));
    state.h.assign(from + std::ptrdiff_t(phases), in.end());
    const auto s = network->step(weights.with({in.begin(), in.begin() + std::ptrdiff_t(count)}), grid, load,
                                 in[count], state);
    variable_list out{s.increment, s.stress.defined() ? s.stress : torch::empty({0}, s.L.options()), s.L};
    out.insert(out.end(), state.x.begin(), state.x.end());
    out.insert(out.end(), state.h.begin(), state.h.end());
    return out;
  }
};

struct CheckpointFunction : torch::autograd::Function<CheckpointFunction> {
  // A TensorList by this very name: autograd does not look into a vector.
  static variable_list forward(AutogradContext* context, at::TensorList list,
                               c10::intrusive_ptr<Recipe> recipe) {
    const variable_list in = list.vec();
    context->save_for_backward(in);
    context->saved_data["recipe"] = c10::IValue::make_capsule(recipe);
    variable_list out = recipe->run(in);
    // A state that passes through unchanged (nothing carried) must not be returned as the input itself.
    for (at::Tensor& t : out)
      for (const at::Tensor& given : in)
        if (t.is_same(given)) t = t.clone();
    return out;
  }
  static variable_list backward(AutogradContext* context, variable_list gradient) {
    const auto recipe = c10::static_intrusive_pointer_cast<Recipe>(context->saved_data["recipe"].toCapsule());
    variable_list in, wanted;
    for (const at::Tensor& t : context->get_saved_variables()) {
      in.push_back(t.detach().set_requires_grad(t.requires_grad()));
      if (t.requires_grad()) wanted.push_back(in.back());
    }
    variable_list outputs, given;
    {
      torch::AutoGradMode on(true);
      const variable_list out = recipe->run(in);
      for (std::size_t i = 0; i < out.size(); ++i)
        if (gradient[i].defined() && out[i].requires_grad()) {
          outputs.push_back(out[i]);
          given.push_back(gradient[i]);
        }
    }
    const variable_list found = torch::autograd::grad(outputs, wanted, given, false, false, true);
    variable_list all;
    std::size_t next = 0;
    for (const at::Tensor& t : in) all.push_back(t.requires_grad() ? found[next++] : at::Tensor());
    all.emplace_back();  // of the recipe
    return all;
  }
};

}  // namespace

NonlocalNetworkImpl::Step NonlocalNetworkImpl::step_checkpointed(const Weights& weights, const Grid& grid,
                                                                 const CellLoad& load, const at::Tensor& q,
                                                                 State& state) const {
  auto recipe = c10::make_intrusive<Recipe>();
  recipe->network = this;
  recipe->weights = weights.with([&] {
    variable_list detached;  // else the recipe would keep the graph of the weights alive
    for (const at::Tensor& t : weights.tensors()) detached.push_back(t.detach());
    return detached;
  }());
  recipe->grid = grid;
  recipe->load = load;
  recipe->phases = phases_.size();
  variable_list in = weights.tensors();
  in.push_back(q);
  in.insert(in.end(), state.x.begin(), state.x.end());
  in.insert(in.end(), state.h.begin(), state.h.end());
  const variable_list out = CheckpointFunction::apply(at::TensorList(in), recipe);
  Step s{out[0], spec_.nonlocal.stress ? out[1] : at::Tensor(), out[2], {}};
  for (std::size_t i = 0; i < phases_.size(); ++i) {
    state.x[i] = out[3 + i];
    state.h[i] = out[3 + phases_.size() + i];
  }
  return s;
}

}  // namespace grainspin
