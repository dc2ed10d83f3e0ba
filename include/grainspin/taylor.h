// Full-constraints Taylor model, rate-sensitive: every grain sees the same velocity gradient
// (Taylor 1938; rate-sensitive form Asaro & Needleman, Acta Metall. 33 (1985) 923, eqs. 2.13 to 2.20).
//   gdot_s = gdot0 |tau_s/xi_s|^n sgn(tau_s),  tau_s = b_s . sigma n_s,
//   sum_s gdot_s sym(b_s (x) n_s) = D (crystal frame),
//   lattice spin = W - sum_s gdot_s antisym(b_s (x) n_s).
// Elastic strain is neglected (rigid-viscoplastic) and plastic flow keeps the volume: only the deviator of
// the load and of the stress means anything.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "grainspin/archive.h"
#include "grainspin/core.h"
#include "grainspin/hardening.h"
#include "grainspin/load.h"
#include "grainspin/slip_systems.h"

namespace grainspin {

struct TaylorMaterial {
  SlipSet slip;
  // Hardening as the archive states it; otherwise rate exponent `n`, equal and constant resistance 1 Pa
  // (stresses are then multiples of the resistance).
  std::optional<Phenopowerlaw> law;
  double dot_gamma_reference = 1e-3;  // 1/s, where there is no law
  double n = 20;                      // where there is no law
  // In the place of the law's hardening: any law of the resistances (hardening.h).
  std::shared_ptr<const Hardening> hardening;
};

// From an archive's phase: its families and law; by lattice alone (cF {111}<110>, cI {110}+{112}<111>,
// hP basal, prism, pyramidal <a> and first-order <c+a>) where the law is not stated.
// Throws Error kArgument for other lattices.
TaylorMaterial taylor_material(const PhaseInfo& phase);

// Hardening coefficients h_sr [N,N] of the law: xidot_s = h0_s |1-xi_s/xi_inf_s|^a_s sgn(1-xi_s/xi_inf_s)
// sum_r h_sr |gdot_r|, from DAMASK's interaction types. Ones without a law.
std::vector<double> interaction_matrix(const TaylorMaterial& material);

struct TaylorStep {
  std::vector<float> orientation;  // [n,4] after the step
  std::vector<float> stress;       // [n,6] Cauchy deviatoric at the end of the step, Pa (xx yy zz yz xz xy)
  std::array<double, 9> mean_stress{};  // weighted mean, deviatoric, Pa
  std::array<double, 9> L{};  // velocity gradient times time of the whole step, free components solved for
  std::vector<float> slip;    // [n, N of the material that has most systems] what each system slipped in this step; 0 beyond
  double taylor_factor = 0;   // mean over grains of sum |dgamma| / von Mises strain of the step
};

struct TaylorOptions {
  int threads = 0;          // 0: as many as the machine has
  // A midpoint substep ends where the von Mises strain reaches `substep` or where a resistance would change
  // by more than the part `hardening` of itself (annealed metals harden tenfold in the first percent).
  double substep = 1.25e-3, hardening = 0.1;
  Progress progress;
};

// Carries n grains of orientations q0[n,4] through `loads`. `weights` are volumes (empty: equal), `times`
// the duration of each step in s (empty: von Mises strain rate 1e-3/s). Free components of a load become
// what makes the mean stress there vanish at constant volume; where both of a pair of shear components
// are free, the mean spin about that axis is zero. Results do not depend on the thread count.
// Throws Error kConvergence naming grain and step, kArgument for slip systems that cannot carry every
// strain (fewer than five independent).
std::vector<TaylorStep> taylor(const TaylorMaterial& material, std::int64_t n, const float* q0,
                               const std::vector<double>& weights, const std::vector<LoadStep>& loads,
                               const std::vector<double>& times, const TaylorOptions& options = {});

// Several materials: grain g is of materials[material_of[g]]; the mean stress is over all of them.
std::vector<TaylorStep> taylor(const std::vector<TaylorMaterial>& materials, std::int64_t n,
                               const std::int32_t* material_of, const float* q0,
                               const std::vector<double>& weights, const std::vector<LoadStep>& loads,
                               const std::vector<double>& times, const TaylorOptions& options = {});

}  // namespace grainspin
