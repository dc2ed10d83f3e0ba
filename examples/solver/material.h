// A face-centred cubic crystal: Hooke's law and phenomenological power-law slip on {111}<110>.
//
// Roters et al., Computational Materials Science 158 (2019) 420 (DAMASK), "phenopowerlaw" without twinning:
//   slip rate    g_a   = g0 |tau_a/xi_a|^n sgn(tau_a)
//   hardening    dxi_a = h0 |1 - xi_a/xi_inf|^a sgn(1 - xi_a/xi_inf) sum_b h_ab |g_b|
// and, S the second Piola-Kirchhoff stress in the lattice configuration,
//   S = C : (Fe^T Fe - 1)/2,   tau_a = S : (m_a x n_a),   Lp = sum_a g_a m_a x n_a.
#pragma once

#include <array>
#include <string>

#include "pack.h"

namespace cp {

inline constexpr int kSystems = 12;

struct Material {
  double C11 = 168.9e9, C12 = 121.8e9, C44 = 75.8e9;  // Pa, cubic axes
  double rate = 0.003;                                // g0, 1/s
  double n = 20;                                      // stress exponent
  double xi_0 = 1.6e6, xi_inf = 96.4e6;               // Pa, slip resistance at first and at saturation
  double h_0 = 350e6, a = 0.6;                        // Pa; -
  // h_ab: self, coplanar, collinear, Hirth, glissile, Lomer (Madec & Kubin 2017's names)
  std::array<double, 6> h{1, 1, 5.123, 0.574, 1.123, 1};
};

// "name value" lines, # starts a comment; names as in Material, the interactions h_self .. h_lomer. Throws
// std::runtime_error that names file and line.
Material read_material(const std::string& path);

// What the point needs of a material, worked out once. Crystal axes.
struct Crystal {
  explicit Crystal(const Material& material);
  Material law;
  int whole_n = 0;                                   // n where it is a whole number, else 0
  std::array<std::array<double, 3>, kSystems> m, n;  // slip direction, plane normal; unit vectors
  std::array<Matrix, kSystems> schmid;               // m x n
  std::array<std::array<double, 6>, kSystems>
      stress_weight;  // tau = sum_k weight_k S_k; S in the order of voigt()
  std::array<std::array<double, kSystems>, kSystems> h;
};

// Symmetric tensors as six numbers: xx yy zz yz xz xy.
inline constexpr std::array<std::array<int, 2>, 6> kVoigt{{{0, 0}, {1, 1}, {2, 2}, {1, 2}, {0, 2}, {0, 1}}};

}  // namespace cp
