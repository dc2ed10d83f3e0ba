#include "networks/nonlocal_green.h"

#include <cmath>
#include <vector>

#include "networks/nonlocal_kernels.h"

namespace grainspin {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Frequencies 0 .. count - 1 of an axis up to a factor that all axes share.
std::vector<double> frequencies(int extent, int count, double spacing, Frequencies kind) {
  std::vector<double> k;
  for (int i = 0; i < count; ++i) {
    const int j = 2 * i > extent ? i - extent : i;
    const double phase = 2 * M_PI * j / extent;
    const bool nyquist = 2 * j == extent;
    k.push_back(nyquist ? 0 : (kind == Frequencies::kSine ? std::sin(phase) : phase) / spacing);
  }
  return k;
}

at::Tensor spectrum(const at::Tensor& fields, Shape cell) {
  std::vector<std::int64_t> shape(fields.sizes().begin(), fields.sizes().end() - 1);
  const std::int64_t rows = std::int64_t(shape.size());
  shape.insert(shape.end(), {cell.nz, cell.ny, cell.nx});
  return torch::fft::rfftn(fields.reshape(shape), {}, at::IntArrayRef{rows, rows + 1, rows + 2});
}

at::Tensor fields(const at::Tensor& spectrum, Shape cell) {
  const std::int64_t rows = spectrum.dim() - 3;
  return torch::fft::irfftn(spectrum, at::IntArrayRef{cell.nz, cell.ny, cell.nx},
                            at::IntArrayRef{rows, rows + 1, rows + 2})
      .flatten(rows);
}

struct Numbers {
  at::Tensor n, beta, weight;
  bool pressure;
};

template <class T>
at::Tensor run(const at::Tensor& p, const Numbers& s, Shape cell) {
  const at::Tensor in = spectrum(p, cell).contiguous();
  const std::int64_t M = in.size(1), F2 = s.n.size(1), rows = s.pressure ? 9 : 8;
  at::Tensor out = torch::empty({rows, M, in.size(2), in.size(3), in.size(4)}, in.options());
  const T* from = reinterpret_cast<const T*>(in.data_ptr<c10::complex<T>>());
  T* to = reinterpret_cast<T*>(out.data_ptr<c10::complex<T>>());
  const T* beta = s.beta.data_ptr<T>();
  for (std::int64_t m = 0; m < M; ++m)
    kernels::green(s.n.data_ptr<T>(), beta[m], from + m * F2, to + m * F2, F2, M * F2, s.pressure);
  return fields(out, cell);
}

template <class T>
at::Tensor run_transposed(const at::Tensor& u, const Numbers& s, Shape cell, const at::Tensor& p,
                          at::Tensor& beta_gradient) {
  const at::Tensor in = spectrum(u, cell).contiguous();
  const at::Tensor forward = beta_gradient.defined() ? spectrum(p, cell).contiguous() : at::Tensor();
  const std::int64_t M = in.size(1), F2 = s.n.size(1);
  at::Tensor out = torch::empty({5, M, in.size(2), in.size(3), in.size(4)}, in.options());
  const auto numbers = [](const at::Tensor& t) {
    return reinterpret_cast<T*>(t.data_ptr<c10::complex<T>>());
  };
  for (std::int64_t m = 0; m < M; ++m) {
    const double change = kernels::green_transposed<T>(
        s.n.data_ptr<T>(), s.beta.data_ptr<T>()[m], numbers(in) + m * F2, numbers(out) + m * F2, F2, M * F2,
        s.pressure, forward.defined() ? numbers(forward) + m * F2 : nullptr, s.weight.data_ptr<T>());
    if (forward.defined()) beta_gradient.data_ptr<T>()[m] = T(change / double(cell.voxels()));
  }
  return fields(out, cell);
}

// The symbol is real and even in k, so the transpose of the whole operator is the transposed symbol between
// the same two transforms.
struct GreenFunction : torch::autograd::Function<GreenFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& p, const at::Tensor& beta,
                            const at::Tensor& n, const at::Tensor& weight, std::int64_t nx, std::int64_t ny,
                            std::int64_t nz, bool pressure) {
    const Shape cell{int(nx), int(ny), int(nz)};
    context->save_for_backward({beta.requires_grad() ? p : at::Tensor(), beta, n, weight});
    context->saved_data["cell"] = std::vector<std::int64_t>{nx, ny, nz};
    context->saved_data["pressure"] = pressure;
    const Numbers s{n, beta.contiguous(), weight, pressure};
    return p.scalar_type() == torch::kDouble ? run<double>(p, s, cell) : run<float>(p, s, cell);
  }
  static variable_list backward(AutogradContext* context, variable_list gradient) {
    const auto saved = context->get_saved_variables();
    const auto cell = context->saved_data["cell"].toIntVector();
    const Shape shape{int(cell[0]), int(cell[1]), int(cell[2])};
    const Numbers s{saved[2], saved[1].contiguous(), saved[3], context->saved_data["pressure"].toBool()};
    at::Tensor beta;
    if (saved[0].defined()) beta = torch::zeros_like(s.beta);
    const at::Tensor p = saved[2].scalar_type() == torch::kDouble
                             ? run_transposed<double>(gradient[0], s, shape, saved[0], beta)
                             : run_transposed<float>(gradient[0], s, shape, saved[0], beta);
    return {p, beta, at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

GreenOperator::GreenOperator(Shape cell, const std::array<double, 3>& spacing, Frequencies kind,
                             torch::Device device, torch::ScalarType type)
    : cell_(cell) {
  const int half = cell.nx / 2 + 1;
  const std::int64_t F = std::int64_t(half) * cell.ny * cell.nz;
  const auto x = frequencies(cell.nx, half, spacing[0], kind),
             y = frequencies(cell.ny, cell.ny, spacing[1], kind),
             z = frequencies(cell.nz, cell.nz, spacing[2], kind);
  at::Tensor n = torch::zeros({3, F, 2}, torch::kDouble), weight = torch::ones({F, 2}, torch::kDouble);
  double *to = n.data_ptr<double>(), *w = weight.data_ptr<double>();
  std::int64_t f = 0;
  for (int c = 0; c < cell.nz; ++c)
    for (int b = 0; b < cell.ny; ++b)
      for (int a = 0; a < half; ++a, ++f) {
        const double k[3] = {x[std::size_t(a)], y[std::size_t(b)], z[std::size_t(c)]};
        const double size = std::sqrt(k[0] * k[0] + k[1] * k[1] + k[2] * k[2]);
        for (int i = 0; i < 3; ++i)
          to[(i * F + f) * 2] = to[(i * F + f) * 2 + 1] = size > 0 ? k[i] / size : 0;
        if (a > 0 && 2 * a < cell.nx) w[2 * f] = w[2 * f + 1] = 2;
      }
  const auto options = torch::TensorOptions().device(device).dtype(type);
  symbol_ = {n.view({3, 2 * F}).to(options), weight.view({2 * F}).to(options)};
}

at::Tensor GreenOperator::operator()(const at::Tensor& p, const at::Tensor& beta, bool pressure) const {
  if (!p.is_cpu()) return plain(p, beta, pressure);
  return GreenFunction::apply(p, beta, symbol_.n, symbol_.weight, std::int64_t(cell_.nx),
                              std::int64_t(cell_.ny), std::int64_t(cell_.nz), pressure);
}

at::Tensor GreenOperator::plain(const at::Tensor& p, const at::Tensor& beta, bool pressure) const {
  const double half2 = std::sqrt(0.5), sixth = std::sqrt(1.0 / 6);
  const auto d = spectrum(p, cell_).unbind(0);  // [5] of [M, nz, ny, nx / 2 + 1]
  const at::Tensor n = symbol_.n.view({3, 1, cell_.nz, cell_.ny, cell_.nx / 2 + 1, 2}).select(-1, 0);
  const at::Tensor n0 = n[0], n1 = n[1], n2 = n[2];
  const at::Tensor a = d[0] * half2, b = d[1] * sixth, yz = d[2] * half2, xz = d[3] * half2,
                   xy = d[4] * half2;
  const at::Tensor t0 = (a - b) * n0 + xy * n1 + xz * n2, t1 = xy * n0 - (a + b) * n1 + yz * n2,
                   t2 = xz * n0 + yz * n1 + b * 2 * n2;
  const at::Tensor g = n0 * t0 + n1 * t1 + n2 * t2, c = g * beta.view({-1, 1, 1, 1});
  const at::Tensor v0 = t0 - c * n0, v1 = t1 - c * n1, v2 = t2 - c * n2;
  std::vector<at::Tensor> u{(v0 * n0 - v1 * n1) * half2, (v2 * n2 * 2 - v0 * n0 - v1 * n1) * sixth,
                            (v1 * n2 + v2 * n1) * half2, (v0 * n2 + v2 * n0) * half2,
                            (v0 * n1 + v1 * n0) * half2, (v2 * n1 - v1 * n2) * 0.5,
                            (v0 * n2 - v2 * n0) * 0.5,   (v1 * n0 - v0 * n1) * 0.5};
  if (pressure) u.push_back(g);
  return fields(torch::stack(u), cell_);
}

}  // namespace grainspin
