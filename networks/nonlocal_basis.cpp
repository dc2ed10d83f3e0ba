#include "networks/nonlocal_blocks.h"
#include "src/nonlocal_irreps.h"

namespace grainspin {

TensorBasis tensor_basis(const at::Tensor& matrices, std::int64_t systems, torch::ScalarType type) {
  const at::Tensor B = matrices.to(torch::kCPU, torch::kDouble).contiguous();
  const std::int64_t O = B.size(0), N = systems;
  std::vector<std::vector<double>> rows;
  for (std::int64_t o = 0; o < O; ++o) {
    const double* row = B.data_ptr<double>() + o * N * N;
    rows.emplace_back(row, row + N * N);
  }
  const AdaptedBasis adapted = adapted_basis(int(N), rows);
  TensorBasis basis;
  // Here the copies of one component lie side by side, so that a block is one matrix of copies and channels.
  at::Tensor U = torch::empty({N, N}, torch::kDouble);
  std::int64_t packed = 0;
  for (const IrrepKind& kind : adapted.kinds) {
    Irrep r;
    r.dim = kind.dimension, r.copies = kind.multiplicity, r.first = kind.first, r.at = packed;
    for (std::int64_t a = 0; a < r.copies; ++a)
      for (std::int64_t i = 0; i < r.dim; ++i) {
        const double* row = adapted.U.data() + (r.first + a * r.dim + i) * N;
        U.select(1, r.first + i * r.copies + a)
            .copy_(torch::from_blob(const_cast<double*>(row), {N}, torch::kDouble));
      }
    packed += r.copies * r.copies;
    basis.irreps.push_back(r);
  }
  at::Tensor blocks = torch::empty({O, packed}, torch::kDouble);
  for (std::int64_t o = 0; o < O; ++o)
    blocks.select(0, o).copy_(
        torch::from_blob(const_cast<double*>(adapted.blocks[std::size_t(o)].data()), {packed}, torch::kDouble));
  basis.U = U.to(type).contiguous();
  basis.blocks = blocks.to(type);
  return basis;
}

}  // namespace grainspin
