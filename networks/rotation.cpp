#include "networks/rotation.h"

#include <random>

#include <ATen/Parallel.h>

#include "datasets/operations.h"

namespace grainspin {

namespace {

// (0, v) * q for v [N,3]: half of the change of q for a rotation vector v.
at::Tensor vector_times(const at::Tensor& v, const at::Tensor& q) {
  const at::Tensor qw = q.narrow(-1, 0, 1), qv = q.narrow(-1, 1, 3);
  return torch::cat({-(v * qv).sum(-1, true), v * qw + torch::linalg_cross(v, qv)}, -1);
}

template <class T>
void embed_rows(const EmbeddingSpec& spec, std::int64_t n, const T* q, T* out) {
  at::parallel_for(0, n, 512, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      embed(spec, Quaternion<T>{q[4 * i], q[4 * i + 1], q[4 * i + 2], q[4 * i + 3]}, out + i * spec.size);
  });
}

at::Tensor raw_embedding(const Embedder::Tables& tables, const at::Tensor& q) {
  if (!q.is_cpu()) return Embedder::by_monomials(tables, q);
  const at::Tensor in = q.contiguous();
  at::Tensor out = torch::empty({in.size(0), tables.spec.size}, in.options());
  if (in.scalar_type() == torch::kDouble)
    embed_rows(tables.spec, in.size(0), in.data_ptr<double>(), out.data_ptr<double>());
  else
    embed_rows(tables.spec, in.size(0), in.data_ptr<float>(), out.data_ptr<float>());
  return out;
}

struct EmbedFunction : torch::autograd::Function<EmbedFunction> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& q,
                            const Embedder::Tables* tables) {
    const at::Tensor e = raw_embedding(*tables, q);
    context->save_for_backward({q, e});
    context->saved_data["tables"] = reinterpret_cast<std::int64_t>(tables);
    return e;
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradient) {
    const auto saved = context->get_saved_variables();
    const auto* tables = reinterpret_cast<const Embedder::Tables*>(context->saved_data["tables"].toInt());
    const at::Tensor &q = saved[0], &e = saved[1];
    // turned[n, i, c] = (J_i e_n)_c; gradient over the rotation vector, then back to the quaternion:
    // dq = 1/2 (0, w) q and |(0, w) q| = |w|, so grad_q = 2 (0, grad_w) q.
    const std::int64_t C = e.size(1);
    const at::Tensor turned = torch::mm(e, tables->generators.reshape({3 * C, C}).t()).view({-1, 3, C});
    const at::Tensor w = torch::bmm(turned, gradient[0].unsqueeze(-1)).squeeze(-1);
    return {2 * vector_times(w, q), at::Tensor()};
  }
};

}  // namespace

at::Tensor turn(const at::Tensor& w, const at::Tensor& q) {
  const at::Tensor half = w * 0.5;
  // The tiny constant keeps the gradient of sqrt finite at 0; it changes sin(t)/t by less than 1e-14.
  const at::Tensor t = (half.square().sum(-1, true) + 1e-14).sqrt();
  return t.cos() * q + (t.sin() / t) * vector_times(half, q);
}

at::Tensor squared_angle(const at::Tensor& a, const at::Tensor& b) {
  return 4 * (a - b).square().sum(-1);
}

at::Tensor angle(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor p = a.to(torch::kDouble), r = b.to(torch::kDouble);
  return 2 * torch::atan2((p - r).norm(2, -1), (p + r).norm(2, -1)) * 2;
}

Embedder::Embedder(const EmbeddingSpec& spec, const std::vector<float>& mean, const std::vector<float>& scale,
                   torch::Device device, torch::ScalarType type)
    : tables_(std::make_shared<Tables>()) {
  tables_->spec = spec;
  const auto options = torch::TensorOptions().device(device).dtype(type);
  auto copy = [&](const std::vector<double>& v, at::IntArrayRef shape) {
    return torch::tensor(v, torch::kDouble).view(shape).to(options);
  };
  const std::int64_t C = spec.size;
  tables_->generators = copy(embedding_generators(spec), {3, C, C});
  tables_->mean = torch::tensor(mean, torch::kFloat).to(options);
  tables_->scale = torch::tensor(scale, torch::kFloat).to(options);

  // Coefficients by least squares on random directions: exact to rounding, since monomials of one degree
  // are independent on the sphere and span the harmonics of that degree.
  std::mt19937_64 random(2);
  auto uniform = [&] { return double(random() >> 11) * 0x1p-53 * 2 - 1; };
  for (int k = 0; k < spec.terms; ++k) {
    EmbeddingSpec one;
    one.terms = 1;
    one.term[0] = spec.term[k];
    one.term[0].directions = 1;
    one.term[0].v[0][0] = 1, one.term[0].v[0][1] = 0, one.term[0].v[0][2] = 0;
    one.term[0].c[0] = 1;
    const int rank = spec.term[k].rank;
    one.size = 2 * rank + 1;
    std::vector<std::int64_t> exponents;
    for (int a = 0; a <= rank; ++a)
      for (int b = 0; a + b <= rank; ++b) exponents.insert(exponents.end(), {a, b, rank - a - b});
    const at::Tensor powers = torch::tensor(exponents, torch::kLong).view({-1, 3});
    const std::int64_t samples = 8 * powers.size(0);
    at::Tensor x = torch::empty({samples, 3}, torch::kDouble),
               y = torch::empty({samples, one.size}, torch::kDouble);
    for (std::int64_t i = 0; i < samples; ++i) {
      const Quatd q = normalised(Quatd{uniform(), uniform(), uniform(), uniform()});
      const Vec3<double> v = matrix(q) * Vec3<double>{1, 0, 0};
      double* out = x.data_ptr<double>() + 3 * i;
      out[0] = v.x, out[1] = v.y, out[2] = v.z;
      embed(one, q, y.data_ptr<double>() + i * one.size);
    }
    const at::Tensor design = x.unsqueeze(1).pow(powers.unsqueeze(0)).prod(-1);
    const at::Tensor normal = design.t().mm(design);
    Tables::Term term;
    term.coefficients = torch::linalg_solve(normal, design.t().mm(y)).to(options);
    term.exponents = powers.to(device);
    std::vector<double> v, c;
    for (int d = 0; d < spec.term[k].directions; ++d) {
      for (int i = 0; i < 3; ++i) v.push_back(spec.term[k].v[d][i]);
      c.push_back(spec.term[k].c[d]);
    }
    term.shares = copy(c, {1, spec.term[k].directions, 1});
    term.directions = copy(v, {spec.term[k].directions, 3});
    tables_->terms.push_back(term);
  }
}

at::Tensor Embedder::by_monomials(const Tables& tables, const at::Tensor& q) {
  const auto c = q.unbind(-1);
  const at::Tensor &w = c[0], &x = c[1], &y = c[2], &z = c[3];
  const at::Tensor R = torch::stack({1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
                                     2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
                                     2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)},
                                    -1)
                           .view({-1, 3, 3});
  std::vector<at::Tensor> parts;
  for (const auto& term : tables.terms) {
    const at::Tensor a = torch::matmul(R, term.directions.t()).transpose(1, 2);  // [N, n, 3]
    std::vector<at::Tensor> power{torch::ones_like(a)};                          // [rank + 1] of [N, n, 3]
    const int rank = (int(term.coefficients.size(1)) - 1) / 2;
    for (int k = 1; k <= rank; ++k) power.push_back(power.back() * a);
    const at::Tensor all = torch::stack(power, -1);  // [N, n, 3, rank + 1]
    at::Tensor monomials;
    for (std::int64_t axis = 0; axis < 3; ++axis) {
      const at::Tensor chosen = all.select(2, axis).index_select(-1, term.exponents.select(1, axis));
      monomials = axis == 0 ? chosen : monomials * chosen;
    }
    parts.push_back(torch::matmul((monomials * term.shares).sum(1), term.coefficients));
  }
  return torch::cat(parts, -1);
}

at::Tensor Embedder::operator()(const at::Tensor& q) const {
  return (EmbedFunction::apply(q, tables_.get()) - tables_->mean) / tables_->scale;
}

int Embedder::size() const {
  return tables_->spec.size;
}

}  // namespace grainspin
