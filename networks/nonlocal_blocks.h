// Gated maps in a basis of slip systems adapted to the point group, where every invariant matrix is made of
// small blocks: the same numbers as the dense product to rounding, for a quarter of the multiplications
// (fcc).
//
// The systems' representation (signed permutations for odd state, plain ones for even) is a sum of
// irreducible ones, all real for the groups that slip sets have. A matrix that commutes with every operator
// acts on the `copies` of an irreducible representation of dimension `dim` as one copies x copies matrix, the
// same for each of its dim components (Schur's lemma; Serre 1977, section 2.2). Fcc: 18 numbers in place of
// 144.
#pragma once

#include <cstdint>
#include <vector>

#include <torch/torch.h>

namespace grainspin {

struct Irrep {
  std::int64_t dim = 0, copies = 0;
  std::int64_t first = 0;  // adapted index of component i, copy a: first + i * copies + a
  std::int64_t at = 0;     // packed index of block entry (a, b): at + a * copies + b
};

struct TensorBasis {
  at::Tensor U;       // [N, N] orthonormal: system, adapted index
  at::Tensor blocks;  // [orbits, S]: packed blocks of each orbit's basis matrix
  std::vector<Irrep> irreps;
};

// Of a commutant given by its basis matrices [orbits, N N], double: the basis of src/nonlocal_irreps.h as tensors.
TensorBasis tensor_basis(const at::Tensor& matrices, std::int64_t systems, torch::ScalarType type);

// What the fused map knows of a phase.
struct BlockMaps {
  std::int64_t systems = 0;
  TensorBasis odd, even;
  at::Tensor P, a;  // 3 P_s [N, 5] and 3 a_s [N, 3]
};

// gated() of grainspin/nonlocal.h on the CPU. x [N C, V] or undefined; e [5, F, V] and w [3, G, V] are
// deviators and vectors in the crystal frame, resolved on the systems here, or undefined; h [N H, V] or
// undefined. A = [x, e, w], with `fields_first` [e, w, x]. odd [D, C + F + G, S], even [D, C + F + G + H, S']
// and out [C', D, S] are packed (w of the definition times `blocks`), bias [D]. With `add` x is added to the
// result. Runs over pieces of voxels; the backward pass computes the inner fields again, so that only the
// arguments are kept. The same bits for a given number of threads. `maps` must outlive the graph.
at::Tensor gated_blocks(const at::Tensor& x, const at::Tensor& e, const at::Tensor& w, const at::Tensor& h,
                        const at::Tensor& odd, const at::Tensor& even, const at::Tensor& bias,
                        const at::Tensor& out, const BlockMaps& maps, bool fields_first, bool add);

}  // namespace grainspin
