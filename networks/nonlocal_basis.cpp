#include <cmath>

#include "grainspin/core.h"
#include "networks/nonlocal_blocks.h"

#include <ATen/CPUGeneratorImpl.h>

namespace grainspin {

// A random symmetric matrix of the commutant has each copy of an irreducible representation as one
// eigenspace; a second random matrix maps equivalent ones onto each other by a multiple of an isometry, which
// aligns them.
AdaptedBasis adapted_basis(const at::Tensor& matrices, std::int64_t systems, torch::ScalarType type) {
  const std::int64_t O = matrices.size(0), N = systems;
  const at::Tensor B = matrices.to(torch::kDouble).view({O, N, N});
  at::Generator random = at::detail::createCPUGenerator(11);
  const auto mixture = [&] {
    return (torch::randn({O, 1, 1}, random, torch::kDouble) * B).sum(0) / std::sqrt(double(N));
  };
  const at::Tensor first = mixture(), second = mixture();
  const auto [values, vectors] = torch::linalg_eigh(first + first.t());
  const double spread = (values[-1] - values[0]).item<double>();
  std::vector<std::vector<at::Tensor>> classes;  // of copies [N, dim], aligned
  for (std::int64_t begin = 0, end = 0; begin < N; begin = end) {
    for (end = begin + 1; end < N && (values[end] - values[end - 1]).item<double>() < 1e-7 * spread;) ++end;
    at::Tensor space = vectors.narrow(1, begin, end - begin);
    bool known = false;
    for (auto& copies : classes) {
      if (copies[0].size(1) != end - begin) continue;
      const at::Tensor map = space.t().mm(second).mm(copies[0]);
      const double size = std::sqrt(map.square().sum().item<double>() / double(end - begin));
      if (size < 1e-6) continue;
      copies.push_back(space.mm(map / size));
      known = true;
      break;
    }
    if (!known) classes.push_back({space});
  }
  AdaptedBasis basis;
  std::vector<at::Tensor> columns;
  std::int64_t index = 0, packed = 0;
  for (const auto& copies : classes) {
    Irrep r;
    r.dim = copies[0].size(1), r.copies = std::int64_t(copies.size());
    r.first = index, r.at = packed;
    for (std::int64_t i = 0; i < r.dim; ++i)
      for (const at::Tensor& copy : copies) columns.push_back(copy.select(1, i));
    index += r.dim * r.copies, packed += r.copies * r.copies;
    basis.irreps.push_back(r);
  }
  const at::Tensor U = torch::stack(columns, 1);
  require(packed == O, Errc::kInternal,
          "the slip systems' representation is not one of real irreducible parts");
  const at::Tensor adapted = torch::matmul(torch::matmul(U.t(), B), U);  // [O, N, N]
  at::Tensor blocks = torch::empty({O, packed}, torch::kDouble), rebuilt = torch::zeros_like(adapted);
  for (const Irrep& r : basis.irreps) {
    at::Tensor block = torch::zeros({O, r.copies, r.copies}, torch::kDouble);
    for (std::int64_t i = 0; i < r.dim; ++i) {
      const std::int64_t at = r.first + i * r.copies;
      block += adapted.narrow(1, at, r.copies).narrow(2, at, r.copies) / double(r.dim);
    }
    for (std::int64_t i = 0; i < r.dim; ++i) {
      const std::int64_t at = r.first + i * r.copies;
      rebuilt.narrow(1, at, r.copies).narrow(2, at, r.copies).copy_(block);
    }
    blocks.narrow(1, r.at, r.copies * r.copies).copy_(block.view({O, -1}));
  }
  require((rebuilt - adapted).abs().max().item<double>() < 1e-9 * double(N), Errc::kInternal,
          "the slip systems' representation has not come apart into blocks");
  basis.U = U.to(type).contiguous();
  basis.blocks = blocks.to(type);
  return basis;
}

}  // namespace grainspin
