// The nonlocal cell: state on slip systems, maps tied by the point group's orbits, coupled by the periodic
// Green operator. This page is its definition; LibTorch, CPU and CUDA follow it to the letter.
//
// One step, all voxels of a periodic grid at once. Q = R(q) maps crystal to sample vectors. Slip systems
// s = 1..N of a voxel's phase: P_s, the symmetric part of b_s (x) n_s, and a_s, the axial vector of its
// antisymmetric part A_s: A_s v = a_s x v. Odd state flips sign with its slip system, even state does not.
//
// Maps. With o(i,j), sigma(i,j) the signed pair orbits (orbits.h) and e(i,j) the plain ones,
//   odd(A; w)_{d,i}  = sum_{c,j} w[d, c, o(i,j)] sigma(i,j) A_{c,j}      w [D, C, signed orbits]
//   even(A; w)_{d,i} = sum_{c,j} w[d, c, e(i,j)] A_{c,j}                 w [D, C, plain orbits]
//   gated(A, h; map) = odd( odd(A; map.odd) * sigmoid( even([|A|, h]; map.even) + map.bias + map.rate r ); map.out )
// with [ , ] stacking channels, `bias` and `rate` one number for each of the D inner channels. A model that is not
// gated has 1 in the place of the sigmoid and no tensors even, bias, rate.
//
// Load. L is the step's velocity gradient times time with its free components completed: free diagonal ones
// equal and such that the trace is zero, free others zero. W is its antisymmetric part, E its symmetric deviator,
// s = sqrt(2/3 E:E) its von Mises size, E0 = E / s (0 where s < 1e-12), r = ln(s / 0.01) (0 likewise).
// F is the projector onto what the free components can do: components that are not free are zeroed, and the mean
// of the free diagonal ones is taken off these.
//
// Start of a step, x [C, N] (0 before the first), memory h [H, N] (0 before the first):
//   A = [ 3 P_s : Q^T E0 Q, x ]  (1 + C channels; without `carried` 1 channel)
//   x = gated(A, h; in) + carry x   (carry [C] by channel; without `carried` no second term)
// Pass k = 0 .. K-1:
//   p_m = Q ( sum_s odd(x; polarise)_{m,s} P_s ) Q^T          symmetric, traceless; 0 at masked voxels
//   u   = G p_m: t = p^ n, v = t - beta n (n . t), H^ = v (x) n, for n = k/|k| of every frequency k but 0; H^ = 0 where
//         k = 0;  e_m = dev sym H,  w_m = axial(antisym H),  g_m = n . t (a pressure)
//   D_m = F(mean over voxels of p_m);  e_m += dev sym D_m,  w_m += axial(antisym D_m) at every voxel
//   A = [ x, 3 P_s : Q^T e_m Q (M channels), 3 a_s . Q^T w_m (M channels) ]
//   x += gated(A, h; pass k)
// Warm-up: before the first step of a run the start and the passes are run `warmup` times on the first step's load
// and orientations (h = 0 all the while); x alone is kept, so that the first step, like every later one, goes on
// from where a sweep has stopped.
// End:
//   y = gated(x, h; head)                    1 channel (slip rate gamma_s), with stress 2 (and tau_s)
//   mean velocity gradient  L' = L + s sum_{k,m} free[k,m] D_{k,m}
//   increment  w = axial(antisym L') + s ( Q sum_s gamma_s a_s + sum_{k,m} spin[k,m] w_{k,m} without their D term )
//   stress / stress_scale[0] = Q (sum_s tau_s P_s) Q^T + 1 (pi + pi_0),  pi = sum_{k,m} pressure[k,m] g_{k,m}, pi_0
//     such that the mean of the free diagonal components over the grid is zero; 0 where none is free
//   z = 1 - (1 - sigmoid(even([|x|, h]; memory.update) + memory.update_bias))^(s / 0.01)
//   h += z (tanh(even([|x|, h]; memory.candidate) + memory.candidate_bias) - h)
//   q' = exp(w) q. A masked voxel keeps q, has w = 0 and stress 0.
// The grid is the periodic cell: where axes are padded (surrogate.h: Region::padding), their mirror images are voxels
// like others in every mean. A mean is over all voxels, masked ones with 0; so pi_0 is minus the mean over the voxels
// that are not masked. In a single precision engine means are summed in double.
// axial(B) of an antisymmetric B is b with B v = b x v: (B_zy, B_xz, B_yx).
//
// Why it is so: K = 0 is a learned Taylor model, each pass is a learned sweep of a Lippmann-Schwinger solver
// (Moulinec & Suquet 1998, eqs. 10-12), D its zero frequency under mixed boundary conditions. The operator has
// no length scale, so size effects are not in the model, and voxel spacing enters only as shape.
//
// Tensors, phase i of the model (D = width, O and E the numbers of signed and plain orbits of its slip set):
//   phase<i>.in.odd [D, 1+C, O] .in.even [D, 1+C+H, E] .in.bias [D] .in.rate [D] .in.out [C, D, O]   (C = 0 in 1+C
//     without `carried`)   phase<i>.carry [C] (with `carried`)
//   phase<i>.pass<k>.polarise [M, C, O] .odd [D, C+2M, O] .even [D, C+2M+H, E] .bias [D] .rate [D] .out [C, D, O]
//   phase<i>.head.odd [D, C, O] .even [D, C+H, E] .bias [D] .rate [D] .out [1 or 2, D, O]
//   phase<i>.memory.update [H, C+H, E] .update_bias [H] .candidate [H, C+H, E] .candidate_bias [H]   (H > 0)
//   spin [K, M]  free [K, M]  (K > 0)   pressure [K, M] (K > 0, with stress)   beta [K, M] (learned: the number itself)
// Channels of [ ] in the order written above: drive first, then x; then x, e_0..e_M-1, w_0..w_M-1; h last.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "grainspin/core.h"
#include "grainspin/load.h"
#include "grainspin/model.h"
#include "grainspin/orbits.h"
#include "grainspin/slip_systems.h"

namespace grainspin {

// What a phase's maps are made of.
struct SlipMaps {
  SlipSet set;
  SignedOrbits odd;
  Orbits even;
  std::vector<std::array<double, 5>> P;  // [N] of P_s in the basis below
  std::vector<std::array<double, 3>> a;  // [N]
};
SlipMaps slip_maps(const PhaseSpec& phase);

// Orthonormal basis of symmetric traceless tensors (Kelvin), in this order everywhere:
//   (xx - yy)/sqrt2, (2 zz - xx - yy)/sqrt6, sqrt2 yz, sqrt2 xz, sqrt2 xy
using Deviator = std::array<double, 5>;
Deviator deviator(const std::array<double, 9>& tensor);  // of the symmetric deviatoric part of a row-major tensor
std::array<double, 9> tensor_of(const Deviator& d);      // row-major

// The load of a step as the cell reads it.
struct CellLoad {
  std::array<double, 9> L{};    // completed
  Deviator E0{};                // of E / s
  double size = 0;              // s
  double log_size = 0;          // r
  std::array<double, 3> W{};    // axial(antisym L)
  std::array<bool, 9> free{};   // not prescribed
};
// Error kArgument where a prescribed component is not finite.
CellLoad cell_load(const LoadStep& load);
// F of a symmetric traceless tensor; row-major, in general neither symmetric nor zero.
std::array<double, 9> free_part(const std::array<bool, 9>& free, const Deviator& mean);

}  // namespace grainspin
