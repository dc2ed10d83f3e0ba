#include "networks/nonlocal_maps.h"

namespace grainspin {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

at::Tensor constant(const std::vector<double>& values, at::IntArrayRef shape, torch::ScalarType type) {
  return torch::tensor(values, torch::kDouble).view(shape).to(type);
}

bool given(const at::Tensor& t) {
  return t.defined() && t.numel() > 0;
}

// Channels of A and f, by system: [N, C1 + C2, V].
at::Tensor stacked(const at::Tensor& A, const at::Tensor& f, std::int64_t N) {
  const std::int64_t V = A.size(1), C1 = A.size(0) / N, C2 = given(f) ? f.size(0) / N : 0;
  if (C2 == 0) return A.reshape({N, C1, V});
  return torch::cat({A.reshape({N, C1, V}), f.reshape({N, C2, V})}, 1);
}

// |A| and h, by system: [N (C + H), V].
at::Tensor sizes(const at::Tensor& A, const at::Tensor& h) {
  const std::int64_t N = A.size(0), C = A.size(1), V = A.size(2), H = given(h) ? h.size(0) / N : 0;
  at::Tensor out = torch::empty({N, C + H, V}, A.options());
  at::Tensor first = out.narrow(1, 0, C);
  at::abs_out(first, A);
  if (H > 0) out.narrow(1, C, H).copy_(h.view({N, H, V}));
  return out.view({N * (C + H), V});
}

// One node for the whole map: of the inner fields it keeps u sigmoid(g) and sigmoid(g) only.
struct GatedFunction : torch::autograd::Function<GatedFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& A, const at::Tensor& f,
                            const at::Tensor& h, const at::Tensor& odd, const at::Tensor& even,
                            const at::Tensor& bias, const at::Tensor& out, std::int64_t N) {
    const at::Tensor all = stacked(A, f, N);
    const at::Tensor s = torch::addmm(bias, even, sizes(all, h)).sigmoid_();
    const at::Tensor y = torch::mm(odd, all.view({-1, all.size(2)})).mul_(s);
    context->save_for_backward({all, h, odd, even, out, y, s});
    context->saved_data["first"] = A.size(0) / N;
    return torch::mm(out, y);
  }

  static variable_list backward(AutogradContext* context, variable_list gradient) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &all = saved[0], &h = saved[1], &odd = saved[2], &even = saved[3], &out = saved[4],
                     &y = saved[5], &s = saved[6];
    const std::int64_t N = all.size(0), C = all.size(1), V = all.size(2), H = given(h) ? h.size(0) / N : 0,
                       first = context->saved_data["first"].toInt();
    const at::Tensor d = gradient[0].contiguous();
    const at::Tensor d_out = torch::mm(d, y.t());
    const at::Tensor dy = torch::mm(out.t(), d);
    const at::Tensor dg = (1 - s).mul_(y).mul_(dy);
    const at::Tensor du = dy.mul_(s);
    const at::Tensor flat = all.view({N * C, V});
    const at::Tensor d_odd = torch::mm(du, flat.t());
    const at::Tensor d_even = torch::mm(dg, sizes(all, h).t());
    const at::Tensor d_bias = dg.sum(1, true);
    const at::Tensor d_sizes = torch::mm(even.t(), dg).view({N, C + H, V});
    at::Tensor d_all = all.sign().mul_(d_sizes.narrow(1, 0, C));
    d_all.view({N * C, V}).addmm_(odd.t(), du);
    at::Tensor d_h, d_f, d_A = d_all;
    if (H > 0) d_h = d_sizes.narrow(1, C, H).reshape({N * H, V});
    if (first < C) {
      d_A = d_all.narrow(1, 0, first).contiguous();
      d_f = d_all.narrow(1, first, C - first).reshape({N * (C - first), V});
    }
    return {d_A.view({N * first, V}), d_f, d_h, d_odd, d_even, d_bias, d_out, at::Tensor()};
  }
};

}  // namespace

PhaseMaps phase_maps(const PhaseSpec& phase, torch::ScalarType type) {
  const SlipMaps slip = slip_maps(phase);
  PhaseMaps maps;
  maps.systems = slip.set.count();
  const std::int64_t N = maps.systems, pairs = N * N;
  std::vector<double> odd(std::size_t(slip.odd.count * pairs)), even(std::size_t(slip.even.count * pairs)), P,
      a;
  for (std::int64_t e = 0; e < pairs; ++e) {
    const std::size_t at = std::size_t(e);
    if (slip.odd.of[at] >= 0) odd[std::size_t(slip.odd.of[at] * pairs + e)] = slip.odd.sign[at];
    even[std::size_t(slip.even.of[at] * pairs + e)] = 1;
  }
  for (const auto& row : slip.P) P.insert(P.end(), row.begin(), row.end());
  for (const auto& row : slip.a) a.insert(a.end(), row.begin(), row.end());
  maps.odd = constant(odd, {slip.odd.count, pairs}, type);
  maps.even = constant(even, {slip.even.count, pairs}, type);
  maps.P = constant(P, {N, 5}, type);
  maps.a = constant(a, {N, 3}, type);
  maps.blocks = std::make_shared<BlockMaps>(
      BlockMaps{N, tensor_basis(constant(odd, {slip.odd.count, pairs}, torch::kDouble), N, type),
                tensor_basis(constant(even, {slip.even.count, pairs}, torch::kDouble), N, type), maps.P * 3,
                maps.a * 3});
  return maps;
}

at::Tensor dense(const at::Tensor& w, const at::Tensor& basis, int systems) {
  const std::int64_t D = w.size(0), C = w.size(1), N = systems;
  return torch::mm(w.reshape({D * C, w.size(2)}), basis)
      .view({D, C, N, N})
      .permute({2, 0, 3, 1})
      .reshape({N * D, N * C});
}

at::Tensor gated(const at::Tensor& x, const at::Tensor& e, const at::Tensor& w, const at::Tensor& h,
                 const GatedMatrices& map, const PhaseMaps& maps, double log_size, bool fields_first,
                 bool add) {
  if (map.odd.dim() == 3)
    return gated_blocks(x, e, w, h, map.odd, map.even, map.bias + map.rate * log_size, map.out, *maps.blocks,
                        fields_first, add);
  const std::int64_t N = maps.systems;
  const auto resolved = [&](const at::Tensor& fields, const at::Tensor& on) {
    return torch::mm(on * 3, fields.reshape({fields.size(0), -1})).view({N, fields.size(1), fields.size(2)});
  };
  at::Tensor f;
  if (given(e)) f = resolved(e, maps.P);
  if (given(w)) f = torch::cat({f, resolved(w, maps.a)}, 1);
  if (f.defined()) f = f.view({-1, f.size(2)});
  const at::Tensor &first = given(x) ? (fields_first ? f : x) : f,
                   &second = given(x) ? (fields_first ? x : f) : x;
  at::Tensor y;
  if (map.even.defined()) {
    // Autograd takes no undefined tensor: an empty one stands for "none".
    const auto some = [&](const at::Tensor& t) {
      return t.defined() ? t : torch::empty({0}, first.options());
    };
    y = GatedFunction::apply(first, some(second), some(h), map.odd, map.even, map.bias + map.rate * log_size,
                             map.out, N);
  } else {
    y = torch::mm(map.out, torch::mm(map.odd, stacked(first, second, N).view({-1, first.size(1)})));
  }
  return add ? x + y : y;
}

std::vector<at::Tensor> CellWeights::tensors() const {
  std::vector<at::Tensor> all;
  CellWeights copy = *this;
  copy.visit([&](at::Tensor& t) {
    if (t.defined()) all.push_back(t);
  });
  return all;
}

CellWeights CellWeights::with(const std::vector<at::Tensor>& tensors) const {
  CellWeights copy = *this;
  std::size_t next = 0;
  copy.visit([&](at::Tensor& t) {
    if (t.defined()) t = tensors.at(next++);
  });
  return copy;
}

}  // namespace grainspin
