// A dislocation-density law with interaction matrices (reconstruction of Messner, Rhee, Arsenlis & Barton 2017):
//   gdot_i = gdot0 |tau_i/g_i|^n sgn(tau_i)
//   g_i    = tau0_i + mu b_i sqrt(sum_j H_ij rho_j)
//   rhodot_i = sum over terms of A_i.. x..(rho, gdot)        e.g. sum_jk K_ijk rho_j |gdot_k|
#pragma once

#include <string>
#include <vector>

#include "grainspin/interactions/data.h"
#include "grainspin/interactions/terms.h"
#include "grainspin/slip_systems.h"

namespace grainspin::interactions {

struct DislocationLaw {
  SlipSet slip;
  DddMaterial material;
  double gdot0 = 1e-3;           // 1/s
  double n = 20;
  std::vector<double> H;         // [N,N] row-major, >= 0
  std::vector<Term> terms;       // of the density's evolution
  std::vector<std::vector<double>> K;  // one tensor a term: [N^(1+arity)]
  std::vector<double> density0;  // [N] 1/m^2 at the start
};

// g [N] in Pa from densities [N]; density rates [N] from densities and slip rates.
void resistance(const DislocationLaw& law, const double* density, double* g);
void density_rate(const DislocationLaw& law, const double* density, const double* slip_rate, double* rate);

}  // namespace grainspin::interactions
