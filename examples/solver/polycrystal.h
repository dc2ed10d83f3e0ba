// A polycrystal in a periodic cell: equilibrium at finite strain, one increment of time at a time.
//
// div P(F) = 0 with F = mean + periodic gradient, by the Green operator of a reference stiffness (Moulinec &
// Suquet 1998; finite strain and mixed mean conditions: Eisenlohr, Diehl, Lebensohn & Roters, Int. J.
// Plasticity 46 (2013) 37). Two ways to the same solution of the same discrete equations:
//   basic    the fixed point F <- F - Green : P(F), sped up by Anderson's mixing
//   newton   Newton's method with the points' tangents, each linear system by conjugate gradients
//   preconditioned with
//            the Green operator of the mean tangent (Zeman et al. 2010, Gelebart & Mondon-Cancel 2013)
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "cell.h"
#include "material.h"

namespace cp {

struct MeanLoad {
  Matrix F = kIdentity;  // at the end of the increment; read where not free
  Free free{};           // there the mean P is zero
};

enum class Scheme { kNewton, kBasic };

struct Tolerances {
  double balance = 5e-4;  // RMS of the compatible part of P over the size of the mean P; see Report
  double mean = 1e-3;     // of the free mean stresses, likewise
  int iterations = 250;
  double linear = 0.1;  // each linear system to this part of its right-hand side
};

struct Report {
  int iterations = 0;  // evaluations of the law everywhere
  int products = 0;    // linear iterations, one Green operator each
  int cuts = 0;        // times that the increment was halved
  double balance = 0;
};

class Polycrystal {
 public:
  // orientation [voxels][4]: unit quaternions, crystal to sample. The cell is undeformed and free of stress.
  Polycrystal(const Material& material, std::array<int, 3> voxels, std::array<double, 3> size,
              const double* orientation, int threads, Scheme scheme = Scheme::kNewton,
              const Tolerances& tolerances = {});

  // One increment of time to the given mean load. An increment that does not converge is halved, five times
  // at most; then std::runtime_error, and the state is that of the last good part.
  Report advance(double dt, const MeanLoad& load);

  std::int64_t voxels() const { return cell_.voxels(); }
  Matrix mean_F() const;
  Matrix mean_P() const;
  double mean_von_mises() const;       // mean over the voxels, of the Cauchy stress, Pa
  void orientations(double* q) const;  // [voxels][4], w >= 0: the rotation of Fe's polar decomposition
  void cauchy(double* stress) const;   // [voxels][6] Pa: xx yy zz yz xz xy
  void resistances(double* xi) const;  // [voxels][12] Pa
  void slips(double* slip) const;      // [voxels] sum of |slip| since the start
  void deformation(double* F) const;   // [voxels][9]

  // A step that another one took (a surrogate): the mean goes to `F`, every voxel's F as it went on before
  // (at first: with the mean, as Taylor has it), the law follows it without equilibrium, so that slip and
  // resistances are those of that path; then the lattice is turned to `q` [voxels][4], elastic stretch kept.
  void follow(double dt, const Matrix& F, const double* q);
  // A mark to come back to.
  struct State {
    Field F, rate, Fp_inverse, S, xi, slip;
  };
  State state() const { return {F0_, rate_, Fp_inverse0_, S0_, xi0_, slip0_}; }
  void restore(const State& state);

 private:
  void turn_to(const double* q);
  bool increment(double dt, const MeanLoad& load, Report& report);
  bool evaluate(double dt, bool tangents);
  bool newton(double dt, const MeanLoad& load, Report& report);
  bool basic(double dt, const MeanLoad& load, Report& report);
  bool balanced(const Field& correction, const MeanLoad& load, Report& report) const;
  void linearise(const MeanLoad& load);
  bool solve_linear(Field& x, Report& report);

  Crystal crystal_;
  Cell cell_;
  Scheme scheme_;
  Tolerances tolerances_;
  Field F_, F0_, rate_;             // [9] now; at the last increment's end; its rate then
  Field Fp_inverse_, Fp_inverse0_;  // [9]
  Field S_, S0_;                    // [6]
  Field xi_, xi0_;                  // [12]
  Field P_, slip_, slip0_;          // [9] [1] [1]
  Field K_;                         // [81]
  Tangent reference_{};
};

double von_mises(const double* stress);  // xx yy zz yz xz xy

}  // namespace cp
