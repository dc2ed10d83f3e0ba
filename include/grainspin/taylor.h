// Full-constraints Taylor model, rate-sensitive: every grain sees the same velocity gradient.
//   gdot_s = gdot0 |tau_s/xi_s|^n sgn(tau_s),  sum_s gdot_s sym(b_s (x) n_s) = E' (crystal frame),
//   spin of the lattice = W - sum_s gdot_s antisym(b_s (x) n_s).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "grainspin/archive.h"
#include "grainspin/load.h"
#include "grainspin/slip_systems.h"

namespace grainspin {

struct TaylorMaterial {
  SlipSet slip;
  // Hardening as the archive states it; otherwise rate exponent 20, no hardening.
  std::optional<Phenopowerlaw> law;
  double dot_gamma_reference = 1e-3;
};

// From an archive's phase: its families and law; by lattice alone (cF {111}<110>, cI 24 systems, hP 24
// systems) where the law is not stated.
TaylorMaterial taylor_material(const PhaseInfo& phase);

struct TaylorStep {
  std::vector<float> orientation;  // [n,4] after the step
  std::vector<float> stress;       // [n,6] Cauchy deviatoric, Pa (xx yy zz yz xz xy)
  std::array<double, 9> mean_stress{};
  std::array<double, 9> L{};       // free components solved for
  double taylor_factor = 0;        // mean over grains of sum |dgamma| / von Mises strain of the step
};

// q0[n,4] grain orientations with volume weights (empty: equal). `time` of each step in s. Free
// components of the load are those that make the mean stress there vanish, incompressible.
// Newton on each grain's stress; Error kConvergence names grain and step.
std::vector<TaylorStep> taylor(const TaylorMaterial& material, std::int64_t n, const float* q0,
                               const std::vector<double>& weights, const std::vector<LoadStep>& loads,
                               const std::vector<double>& times, int threads = 0);

}  // namespace grainspin
