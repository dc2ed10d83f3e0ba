#include "networks/nonlocal_blocks.h"

#include <algorithm>
#include <cstring>

#include <ATen/Parallel.h>

#include "networks/nonlocal_kernels.h"

namespace grainspin {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kPiece = 1024;  // voxels run through the whole map at once

bool given(const at::Tensor& t) {
  return t.defined() && t.numel() > 0;
}

// A packed map [D, C, S] as one matrix [copies D, copies C] for each irreducible representation, and back.
std::vector<at::Tensor> unpacked(const at::Tensor& packed, const TensorBasis& basis) {
  const std::int64_t D = packed.size(0), C = packed.size(1);
  std::vector<at::Tensor> all;
  for (const Irrep& r : basis.irreps)
    all.push_back(packed.narrow(2, r.at, r.copies * r.copies)
                      .reshape({D, C, r.copies, r.copies})
                      .permute({2, 0, 3, 1})
                      .reshape({r.copies * D, r.copies * C}));
  return all;
}
at::Tensor packed(const std::vector<at::Tensor>& blocks, const TensorBasis& basis, std::int64_t D,
                  std::int64_t C) {
  std::vector<at::Tensor> parts;
  for (std::size_t k = 0; k < blocks.size(); ++k) {
    const std::int64_t m = basis.irreps[k].copies;
    parts.push_back(blocks[k].view({m, D, m, C}).permute({1, 3, 0, 2}).reshape({D, C, m * m}));
  }
  return torch::cat(parts, 2);
}

// Fields [N, channels, n] of a piece.
struct Fields {
  at::Tensor memory;
  std::int64_t N = 0, channels = 0, n = 0;
  Fields(const at::Tensor& like, std::int64_t systems, std::int64_t count, std::int64_t most)
      : memory(torch::empty({systems * count * most}, like.options())),
        N(systems),
        channels(count),
        n(most) {}
  at::Tensor rows(std::int64_t first, std::int64_t count) const {  // of `channels` rows each
    return memory.narrow(0, first * channels * n, count * channels * n);
  }
  at::Tensor wide() const { return rows(0, N).view({N, channels * n}); }
  template <class T>
  T* row(std::int64_t s, std::int64_t c) const {
    return memory.data_ptr<T>() + (s * channels + c) * n;
  }
  template <class T>
  T* data() const {
    return memory.data_ptr<T>();
  }
};

void to_adapted(const TensorBasis& basis, const Fields& from, const Fields& to) {
  at::Tensor out = to.wide();
  at::mm_out(out, basis.U.t(), from.wide());
}
void to_systems(const TensorBasis& basis, const Fields& from, const Fields& to) {
  at::Tensor out = to.wide();
  at::mm_out(out, basis.U, from.wide());
}
// to = W from in the adapted basis, or W^T from.
void multiply(const TensorBasis& basis, const std::vector<at::Tensor>& W, const Fields& from,
              const Fields& to, bool transposed) {
  for (std::size_t k = 0; k < W.size(); ++k) {
    const Irrep& r = basis.irreps[k];
    const at::Tensor w = transposed ? W[k].t() : W[k];
    at::Tensor out = to.rows(r.first, r.dim * r.copies).view({r.dim, r.copies * to.channels, to.n});
    at::bmm_out(out, w.unsqueeze(0).expand({r.dim, w.size(0), w.size(1)}),
                from.rows(r.first, r.dim * r.copies).view({r.dim, r.copies * from.channels, from.n}));
  }
}
// W += left right^T, summed over components and voxels.
void accumulate(const TensorBasis& basis, std::vector<at::Tensor>& W, const Fields& left,
                const Fields& right) {
  for (std::size_t k = 0; k < W.size(); ++k) {
    const Irrep& r = basis.irreps[k];
    for (std::int64_t i = 0; i < r.dim; ++i) {
      const std::int64_t first = r.first + i * r.copies;
      W[k].addmm_(left.rows(first, r.copies).view({r.copies * left.channels, left.n}),
                  right.rows(first, r.copies).view({r.copies * right.channels, right.n}).t());
    }
  }
}

struct Arguments {
  at::Tensor x, e, w, h, odd, even, bias, out;
  const BlockMaps* maps;
  bool fields_first, add;
  std::int64_t N, V, C, F, G, H, D, O;

  Arguments(variable_list t, const BlockMaps* m, bool first, bool sum)
      : x(t[0]),
        e(t[1]),
        w(t[2]),
        h(t[3]),
        odd(t[4]),
        even(t[5]),
        bias(t[6]),
        out(t[7]),
        maps(m),
        fields_first(first),
        add(sum) {
    N = m->systems;
    V = given(x) ? x.size(1) : e.size(2);
    C = given(x) ? x.size(0) / N : 0;
    F = given(e) ? e.size(1) : 0;
    G = given(w) ? w.size(1) : 0;
    H = given(h) ? h.size(0) / N : 0;
    D = odd.size(0);
    O = out.size(0);
  }
  std::int64_t inputs() const { return C + F + G; }
  std::int64_t x_at() const { return fields_first ? F + G : 0; }
  std::int64_t e_at() const { return fields_first ? 0 : C; }
};

// The inner fields of a piece of n voxels.
template <class T>
struct Inner {
  const Arguments& in;
  const std::vector<at::Tensor>&odd, &even, &out;
  std::int64_t n;
  Fields A, A_adapted, B, B_adapted, u, g, adapted, y_adapted, result;

  Inner(const Arguments& arguments, const std::vector<at::Tensor>& odd_, const std::vector<at::Tensor>& even_,
        const std::vector<at::Tensor>& out_, std::int64_t count)
      : in(arguments),
        odd(odd_),
        even(even_),
        out(out_),
        n(count),
        A(in.bias, in.N, in.inputs(), n),
        A_adapted(in.bias, in.N, in.inputs(), n),
        B(in.bias, in.N, in.inputs() + in.H, n),
        B_adapted(in.bias, in.N, in.inputs() + in.H, n),
        u(in.bias, in.N, in.D, n),
        g(in.bias, in.N, in.D, n),
        adapted(in.bias, in.N, in.D, n),
        y_adapted(in.bias, in.N, in.D, n),
        result(in.bias, in.N, in.O, n) {}

  void copy(const at::Tensor& from, std::int64_t rows, std::int64_t v, const Fields& to,
            std::int64_t at) const {
    const T* p = rows > 0 ? from.data_ptr<T>() : nullptr;
    for (std::int64_t s = 0; s < in.N; ++s)
      for (std::int64_t c = 0; c < rows; ++c)
        std::memcpy(to.row<T>(s, at + c), p + (s * rows + c) * in.V + v, std::size_t(n) * sizeof(T));
  }

  // Up to y, in the slip systems in u and adapted in y_adapted; the gate in g.
  void run(std::int64_t v) {
    const BlockMaps& m = *in.maps;
    copy(in.x, in.C, v, A, in.x_at());
    for (std::int64_t s = 0; s < in.N; ++s) {
      for (std::int64_t f = 0; f < in.F; ++f)
        kernels::combine(m.P.data_ptr<T>() + 5 * s, 1, in.e.data_ptr<T>() + f * in.V + v, in.F * in.V, 5, n,
                         A.row<T>(s, in.e_at() + f));
      for (std::int64_t f = 0; f < in.G; ++f)
        kernels::combine(m.a.data_ptr<T>() + 3 * s, 1, in.w.data_ptr<T>() + f * in.V + v, in.G * in.V, 3, n,
                         A.row<T>(s, in.e_at() + in.F + f));
      kernels::sizes(A.row<T>(s, 0), B.row<T>(s, 0), in.inputs() * n);
    }
    copy(in.h, in.H, v, B, in.inputs());
    to_adapted(m.odd, A, A_adapted);
    multiply(m.odd, odd, A_adapted, adapted, false);
    to_systems(m.odd, adapted, u);
    to_adapted(m.even, B, B_adapted);
    multiply(m.even, even, B_adapted, adapted, false);
    to_systems(m.even, adapted, g);
    for (std::int64_t s = 0; s < in.N; ++s)
      for (std::int64_t d = 0; d < in.D; ++d)
        kernels::gate(u.row<T>(s, d), g.row<T>(s, d), in.bias.data_ptr<T>()[d], n);
    to_adapted(m.odd, u, y_adapted);
  }

  void finish(std::int64_t v, T* to) {
    const BlockMaps& m = *in.maps;
    Fields o(in.bias, in.N, in.O, n);
    multiply(m.odd, out, y_adapted, o, false);
    to_systems(m.odd, o, result);
    for (std::int64_t s = 0; s < in.N; ++s)
      for (std::int64_t c = 0; c < in.O; ++c) {
        T* row = to + (s * in.O + c) * in.V + v;
        std::memcpy(row, result.row<T>(s, c), std::size_t(n) * sizeof(T));
        if (in.add) kernels::add(A.row<T>(s, in.x_at() + c), row, n);
      }
  }
};

std::vector<at::Tensor> zeros_like(const std::vector<at::Tensor>& all) {
  std::vector<at::Tensor> z;
  for (const at::Tensor& t : all) z.push_back(torch::zeros_like(t));
  return z;
}

// Pieces of each thread: [thread](first voxel, voxels), in a fixed order for a given number of threads.
template <class F>
void over_pieces(std::int64_t V, std::int64_t threads, const F& f) {
  const std::int64_t pieces = (V + kPiece - 1) / kPiece;
  at::parallel_for(0, threads, 1, [&](std::int64_t first, std::int64_t last) {
    at::AutoDispatchBelowADInplaceOrView plain;
    for (std::int64_t t = first; t < last; ++t) f(t, pieces * t / threads, pieces * (t + 1) / threads);
  });
}
std::int64_t threads_for(std::int64_t V) {
  return std::max<std::int64_t>(1, std::min<std::int64_t>(at::get_num_threads(), (V + kPiece - 1) / kPiece));
}

template <class T>
at::Tensor forward_run(const Arguments& in) {
  at::Tensor result = torch::empty({in.N * in.O, in.V}, in.bias.options());
  const auto odd = unpacked(in.odd, in.maps->odd), even = unpacked(in.even, in.maps->even),
             out = unpacked(in.out, in.maps->odd);
  over_pieces(in.V, threads_for(in.V), [&](std::int64_t, std::int64_t first, std::int64_t last) {
    std::unique_ptr<Inner<T>> inner;
    for (std::int64_t p = first; p < last; ++p) {
      const std::int64_t v = p * kPiece, n = std::min(kPiece, in.V - v);
      if (!inner || inner->n != n) inner = std::make_unique<Inner<T>>(in, odd, even, out, n);
      inner->run(v);
      inner->finish(v, result.data_ptr<T>());
    }
  });
  return result;
}

// Gradients of one thread's pieces.
struct Sums {
  std::vector<at::Tensor> odd, even, out;
  at::Tensor bias;
};

template <class T>
void backward_piece(Inner<T>& k, std::int64_t v, const T* gradient, Sums& sums, const variable_list& to) {
  const Arguments& in = k.in;
  const BlockMaps& m = *in.maps;
  const std::int64_t n = k.n;
  k.run(v);
  Fields d(in.bias, in.N, in.O, n), d_adapted(in.bias, in.N, in.O, n), dy(in.bias, in.N, in.D, n);
  Fields& inner = k.adapted;  // adapted gradients of the inner fields, one after the other
  for (std::int64_t s = 0; s < in.N; ++s)
    for (std::int64_t c = 0; c < in.O; ++c)
      std::memcpy(d.row<T>(s, c), gradient + (s * in.O + c) * in.V + v, std::size_t(n) * sizeof(T));
  to_adapted(m.odd, d, d_adapted);
  accumulate(m.odd, sums.out, d_adapted, k.y_adapted);
  multiply(m.odd, k.out, d_adapted, inner, true);
  to_systems(m.odd, inner, dy);
  // u holds y and g the gate: they become the gradients of u and of the gate's argument.
  for (std::int64_t s = 0; s < in.N; ++s)
    for (std::int64_t c = 0; c < in.D; ++c)
      sums.bias.data_ptr<T>()[c] +=
          kernels::gate_backward(dy.row<T>(s, c), k.u.template row<T>(s, c), k.g.template row<T>(s, c), n);
  to_adapted(m.odd, k.u, inner);
  accumulate(m.odd, sums.odd, inner, k.A_adapted);
  Fields &dA_adapted = k.A_adapted, &dB_adapted = k.B_adapted;
  Fields dA(in.bias, in.N, in.inputs(), n);
  multiply(m.odd, k.odd, inner, dA_adapted, true);
  to_systems(m.odd, dA_adapted, dA);
  to_adapted(m.even, k.g, inner);
  accumulate(m.even, sums.even, inner, k.B_adapted);
  multiply(m.even, k.even, inner, dB_adapted, true);
  Fields& dB = k.B;
  to_systems(m.even, dB_adapted, dB);
  for (std::int64_t s = 0; s < in.N; ++s) {
    kernels::add_signed(k.A.template row<T>(s, 0), dB.row<T>(s, 0), dA.row<T>(s, 0), in.inputs() * n);
    for (std::int64_t c = 0; c < in.H; ++c)
      std::memcpy(to[3].data_ptr<T>() + (s * in.H + c) * in.V + v, dB.row<T>(s, in.inputs() + c),
                  std::size_t(n) * sizeof(T));
    for (std::int64_t c = 0; c < in.C; ++c) {
      T* row = to[0].data_ptr<T>() + (s * in.C + c) * in.V + v;
      std::memcpy(row, dA.row<T>(s, in.x_at() + c), std::size_t(n) * sizeof(T));
      if (in.add) kernels::add(d.row<T>(s, c), row, n);
    }
  }
  const auto resolved = [&](const at::Tensor& table, std::int64_t width, std::int64_t fields, std::int64_t at,
                            const at::Tensor& target) {
    for (std::int64_t b = 0; b < width; ++b)
      for (std::int64_t f = 0; f < fields; ++f)
        kernels::combine(table.data_ptr<T>() + b, width, dA.row<T>(0, at + f), in.inputs() * n, in.N, n,
                         target.data_ptr<T>() + (b * fields + f) * in.V + v);
  };
  resolved(m.P, 5, in.F, in.e_at(), to[1]);
  resolved(m.a, 3, in.G, in.e_at() + in.F, to[2]);
}

template <class T>
variable_list backward_run(const Arguments& in, const at::Tensor& gradient) {
  const auto odd = unpacked(in.odd, in.maps->odd), even = unpacked(in.even, in.maps->even),
             out = unpacked(in.out, in.maps->odd);
  variable_list to;
  for (const at::Tensor* t : {&in.x, &in.e, &in.w, &in.h})
    to.push_back(given(*t) ? torch::empty_like(*t) : at::Tensor());
  const std::int64_t threads = threads_for(in.V);
  std::vector<Sums> sums;
  for (std::int64_t t = 0; t < threads; ++t)
    sums.push_back({zeros_like(odd), zeros_like(even), zeros_like(out), torch::zeros_like(in.bias)});
  over_pieces(in.V, threads, [&](std::int64_t t, std::int64_t first, std::int64_t last) {
    std::unique_ptr<Inner<T>> inner;
    for (std::int64_t p = first; p < last; ++p) {
      const std::int64_t v = p * kPiece, n = std::min(kPiece, in.V - v);
      if (!inner || inner->n != n) inner = std::make_unique<Inner<T>>(in, odd, even, out, n);
      backward_piece(*inner, v, gradient.data_ptr<T>(), sums[std::size_t(t)], to);
    }
  });
  for (std::size_t t = 1; t < sums.size(); ++t) {
    for (std::size_t k = 0; k < sums[0].odd.size(); ++k) sums[0].odd[k] += sums[t].odd[k];
    for (std::size_t k = 0; k < sums[0].even.size(); ++k) sums[0].even[k] += sums[t].even[k];
    for (std::size_t k = 0; k < sums[0].out.size(); ++k) sums[0].out[k] += sums[t].out[k];
    sums[0].bias += sums[t].bias;
  }
  to.push_back(packed(sums[0].odd, in.maps->odd, in.D, in.inputs()));
  to.push_back(packed(sums[0].even, in.maps->even, in.D, in.inputs() + in.H));
  to.push_back(sums[0].bias);
  to.push_back(packed(sums[0].out, in.maps->odd, in.O, in.D));
  return to;
}

struct BlocksFunction : torch::autograd::Function<BlocksFunction> {
  static at::Tensor forward(AutogradContext* context, at::TensorList list, std::int64_t maps,
                            bool fields_first, bool add) {
    variable_list t;
    for (const at::Tensor& one : list) t.push_back(one.contiguous());
    context->save_for_backward(t);
    context->saved_data["maps"] = maps;
    context->saved_data["first"] = fields_first;
    context->saved_data["add"] = add;
    const Arguments in(t, reinterpret_cast<const BlockMaps*>(maps), fields_first, add);
    return in.bias.scalar_type() == torch::kDouble ? forward_run<double>(in) : forward_run<float>(in);
  }
  static variable_list backward(AutogradContext* context, variable_list gradient) {
    const Arguments in(context->get_saved_variables(),
                       reinterpret_cast<const BlockMaps*>(context->saved_data["maps"].toInt()),
                       context->saved_data["first"].toBool(), context->saved_data["add"].toBool());
    const at::Tensor d = gradient[0].contiguous();
    variable_list all =
        in.bias.scalar_type() == torch::kDouble ? backward_run<double>(in, d) : backward_run<float>(in, d);
    all.resize(all.size() + 3);  // of the three settings
    return all;
  }
};

}  // namespace

at::Tensor gated_blocks(const at::Tensor& x, const at::Tensor& e, const at::Tensor& w, const at::Tensor& h,
                        const at::Tensor& odd, const at::Tensor& even, const at::Tensor& bias,
                        const at::Tensor& out, const BlockMaps& maps, bool fields_first, bool add) {
  variable_list t{x, e, w, h, odd, even, bias, out};
  // Autograd takes no undefined tensor: an empty one stands for "none".
  for (at::Tensor& one : t)
    if (!one.defined()) one = torch::empty({0}, bias.options());
  return BlocksFunction::apply(at::TensorList(t), reinterpret_cast<std::int64_t>(&maps), fields_first, add);
}

}  // namespace grainspin
