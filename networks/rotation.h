// Orientations as tensors: turning, angles, and the symmetry-invariant embedding with its gradient.
// Last dimension: 4 for quaternions (w,x,y,z), 3 for rotation vectors, C for embeddings.
#pragma once

#include <memory>

#include <torch/torch.h>

#include "grainspin/embedding.h"

namespace grainspin {

// exp(w) * q; w [N,3], q [N,4] -> [N,4]. Differentiable in both, exact also at w = 0.
torch::Tensor turn(const torch::Tensor& w, const torch::Tensor& q);

// 4 |a - b|^2 over the last dimension: 8 (1 - cos(angle / 2)), the squared angle (rad) to fourth order.
// Of the rotation between a and b themselves, symmetry not searched; smooth everywhere.
torch::Tensor squared_angle(const torch::Tensor& a, const torch::Tensor& b);

// The rotation angle (rad) between a and b themselves, double, for scores.
torch::Tensor angle(const torch::Tensor& a, const torch::Tensor& b);

// e(q), then (e - mean) / scale. The gradient goes through the rotation only: with J_i the generators of
// rotations in the embedding's space, de = sum_i w_i J_i e for q -> exp(w) q, which is exact for unit q.
class Embedder {
 public:
  Embedder(const EmbeddingSpec& spec, const std::vector<float>& mean, const std::vector<float>& scale,
           torch::Device device, torch::ScalarType type);
  torch::Tensor operator()(const torch::Tensor& q) const;  // [N,4] -> [N,C]
  int size() const;

  // Constants of one embedding on one device.
  struct Tables {
    EmbeddingSpec spec;
    torch::Tensor generators;   // [3, C, C]
    torch::Tensor mean, scale;  // [C]
    // For devices that are not the CPU: harmonics of a rank as monomials x^a y^b z^c of degree `rank`.
    struct Term {
      torch::Tensor directions;    // [n, 3]
      torch::Tensor shares;        // [1, n, 1], the c_k of embedding.h
      torch::Tensor exponents;     // [M, 3] int64
      torch::Tensor coefficients;  // [M, 2 rank + 1], weight included
    };
    std::vector<Term> terms;
  };
  // The embedding by tensor operations alone, any device; what the CPU's own loop is tested against.
  static torch::Tensor by_monomials(const Tables& tables, const torch::Tensor& q);
  const Tables& tables() const { return *tables_; }

 private:
  std::shared_ptr<Tables> tables_;
};

}  // namespace grainspin
