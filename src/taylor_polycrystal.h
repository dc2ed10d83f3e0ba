// All grains of the Taylor model at one instant: their stresses, and the strain rate where the load leaves
// it free.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "grainspin/load.h"
#include "src/taylor_grain.h"

namespace grainspin::taylor_detail {

// A load's strain D = fixed + sum_k y_k free[k] (deviators, orthonormal directions of the free components).
struct SplitLoad {
  Dev fixed{};
  std::vector<Dev> free;
};
SplitLoad split(const LoadStep& load);
// The velocity gradient that the load's prescribed components and D make.
Mat3<double> velocity_gradient(const LoadStep& load, const Dev& D);

Dev to_crystal(const Mat3<double>& R, const Dev& d);
Dev to_sample(const Mat3<double>& R, const Dev& d);
inline double von_mises_strain(const Dev& D) { return std::sqrt(2.0 / 3.0 * dot(D, D)); }

struct Polycrystal {
  std::vector<Systems> systems;
  const std::int32_t* material_of = nullptr;  // [n] index into systems; null: all of the first
  std::vector<Grain> grains;
  std::vector<double> weights;  // [n], sum 1
  int threads = 0;
  std::vector<double> y;  // free part of the strain rate, 1/s: the start of the next solution

  const Systems& of(std::size_t g) const { return systems[material_of ? std::size_t(material_of[g]) : 0]; }
  void forget();  // the next solution starts from nothing
  // Solves all grains for `rates` (1/s) at orientations R[n] and resistances xi[n]; returns the strain rate D.
  // Throws Error kConvergence naming the grain and `step`.
  Dev solve(const SplitLoad& rates, const std::vector<Mat3<double>>& R, const std::vector<std::vector<double>>& xi,
            int step);
  Dev mean_stress(const std::vector<Mat3<double>>& R) const;

 private:
  void solve_each(const Dev& D, const std::vector<Mat3<double>>& R, const std::vector<std::vector<double>>& xi, int step);
};

}  // namespace grainspin::taylor_detail
