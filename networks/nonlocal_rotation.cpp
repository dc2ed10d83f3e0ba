#include "networks/nonlocal_rotation.h"

#include <array>
#include <vector>

#include "grainspin/nonlocal.h"
#include "networks/nonlocal_kernels.h"

namespace grainspin {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

template <class T>
at::Tensor turn_loop(const at::Tensor& R, const at::Tensor& x, bool transposed) {
  at::Tensor y = torch::empty_like(x);
  kernels::turn_fields(R.data_ptr<T>(), x.data_ptr<T>(), y.data_ptr<T>(), int(x.size(0)), x.size(1),
                       x.size(2), transposed);
  return y;
}

template <class T>
at::Tensor outer_loop(const at::Tensor& y, const at::Tensor& x) {
  at::Tensor g = torch::empty({x.size(0), x.size(0), x.size(2)}, x.options());
  kernels::outer_fields(y.data_ptr<T>(), x.data_ptr<T>(), g.data_ptr<T>(), int(x.size(0)), x.size(1),
                        x.size(2));
  return g;
}

at::Tensor turn_fields(const at::Tensor& R, const at::Tensor& x, bool transposed) {
  return x.scalar_type() == torch::kDouble ? turn_loop<double>(R, x, transposed)
                                           : turn_loop<float>(R, x, transposed);
}

struct TurnFunction : torch::autograd::Function<TurnFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& R, const at::Tensor& x,
                            bool transposed) {
    const at::Tensor r = R.contiguous(), in = x.contiguous();
    context->save_for_backward({r, in});
    context->saved_data["transposed"] = transposed;
    context->saved_data["fixed"] = !R.requires_grad();
    return turn_fields(r, in, transposed);
  }
  static variable_list backward(AutogradContext* context, variable_list gradient) {
    const auto saved = context->get_saved_variables();
    const bool transposed = context->saved_data["transposed"].toBool();
    const at::Tensor y = gradient[0].contiguous();
    at::Tensor g;
    if (!context->saved_data["fixed"].toBool()) {
      const at::Tensor &left = transposed ? saved[1] : y, &right = transposed ? y : saved[1];
      g = y.scalar_type() == torch::kDouble ? outer_loop<double>(left, right)
                                            : outer_loop<float>(left, right);
    }
    return {g, turn_fields(saved[0], y, !transposed), at::Tensor()};
  }
};

// T_ab = sum K_a,ij K_b,kl R_ik R_jl as a matrix [25, 81] on the products R_ik R_jl.
const at::Tensor& products_to_deviators() {
  static const at::Tensor table = [] {
    at::Tensor t = torch::zeros({25, 81}, torch::kDouble);
    double* out = t.data_ptr<double>();
    for (std::size_t a = 0; a < 5; ++a)
      for (std::size_t b = 0; b < 5; ++b) {
        Deviator x{}, y{};
        x[a] = y[b] = 1;
        const auto A = tensor_of(x), B = tensor_of(y);
        for (std::size_t ij = 0; ij < 9; ++ij)
          for (std::size_t kl = 0; kl < 9; ++kl)
            out[(a * 5 + b) * 81 + (ij / 3 * 3 + kl / 3) * 9 + ij % 3 * 3 + kl % 3] = A[ij] * B[kl];
      }
    return t;
  }();
  return table;
}

}  // namespace

Rotations Rotations::of(const at::Tensor& voxels) const {
  if (!voxels.defined()) return *this;
  return {vectors.index_select(2, voxels), deviators.index_select(2, voxels)};
}

Rotations rotations(const at::Tensor& q) {
  const auto c = q.t().contiguous().unbind(0);
  const at::Tensor &w = c[0], &x = c[1], &y = c[2], &z = c[3];
  const at::Tensor R = torch::stack({1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
                                     2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
                                     2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)});
  const std::int64_t V = q.size(0);
  const at::Tensor products = (R.unsqueeze(1) * R.unsqueeze(0)).view({81, V});
  return {R.view({3, 3, V}), torch::mm(products_to_deviators().to(R.options()), products).view({5, 5, V})};
}

at::Tensor turned(const at::Tensor& rotation, const at::Tensor& x, bool transposed) {
  if (x.is_cpu()) return TurnFunction::apply(rotation, x, transposed);
  const at::Tensor R = transposed ? rotation.transpose(0, 1) : rotation;
  return (R.unsqueeze(2) * x.unsqueeze(0)).sum(1);
}

}  // namespace grainspin
