// Solver and surrogate in turns, through grainspin's C++ header over its C interface.
//
// The solver takes the first step: the fluctuation of the deformation begins there. Then the surrogate takes
// k steps, the solver the next one (the check step), and so on. While the surrogate runs, what it does not
// carry is reconstructed (Polycrystal::follow): every voxel's F goes on at the rate of the solver's last step
// (Taylor's assumption, about the local rate in place of the mean one; the mean follows what the surrogate
// found), slip and resistances follow from the law along that path, the lattice has the surrogate's
// orientation. At the check step both take the same step from the same orientations: the difference of their
// rotations, voxel by voxel, is the surrogate's error of one step. Much of it lasts from step to step, so it
// is added to the surrogate's rotations until the next check. The surrogate falls back to the solver where
// its verdict is "outside" (the step is reverted) and, for the step after a check, where the difference that
// is left is above a limit.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "files.h"
#include "grainspin/grainspin.hpp"
#include "polycrystal.h"

namespace cp {

struct TurnOptions {
  int surrogate_steps = 2;    // k; 0: the solver takes every step
  int increments = 4;         // of a solver step
  int first_increments = 16;  // of the first one, each `first_ratio` times as long as the one before
  double first_ratio = 1.4;
  bool correct = true;  // add the last check's difference to the surrogate's rotations
  double limit = 0.5;   // of the difference that is left, over the rotation
  int threads = 1;
  Tolerances tolerances = {.balance = 2e-2, .mean = 2e-2, .linear = 0.2};
};

struct Turn {
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  bool by_solver = false, reverted = false;
  int verdict = 0;            // GRAINSPIN_FINE ...
  std::string reason;         // of verdict or fall back
  double difference = kNone;  // of a check step: RMS over the voxels of the rotations' difference,
                              // corrections included, over that of the solver's rotations
  // At a hand-over to the solver, its stress at the first equilibrium (after the first of its increments)
  // against the surrogate's at that time, between its last step and this one: the relative change of the mean
  // von Mises stress, and the RMS of the tensors' difference over the surrogate's RMS.
  double jump = kNone, local_jump = kNone;
  double solver_seconds = 0, surrogate_seconds = 0, follow_seconds = 0;  // of CPU
  Report report;                                                         // of the solver
};

class TurnTaking {
 public:
  // Throws grainspin::api::Error, std::runtime_error.
  TurnTaking(const std::string& model, const Material& material, const Microstructure& start,
             const TurnOptions& options);
  // The next load step: one step of the surrogate, or `increments` of the solver.
  Turn step(const LoadStep& load);
  const std::vector<double>& orientations() const { return q_; }  // [voxels][4]
  double mean_von_mises() const;                                  // Pa, of whoever took the last step
  const Polycrystal& polycrystal() const { return polycrystal_; }

 private:
  void solver_step(const LoadStep& load, Turn& turn);
  void measure_jump(double part, Turn& turn) const;

  TurnOptions options_;
  Polycrystal polycrystal_;
  grainspin::api::Model model_;
  grainspin::api::State state_;
  int step_ = 0, surrogate_ran_ = 0;
  bool stay_ = false;
  std::vector<double> q_;                     // [voxels][4]
  std::vector<double> rotation_, error_;      // [voxels][3] of the surrogate's step; of the last check
  std::vector<double> stress_, next_stress_;  // [voxels][6] of the surrogate's last step; of this one
};

// A load step as the surrogate takes it: log(F F_before^-1), the free components marked.
grainspin_load velocity_gradient(const LoadStep& load, const Matrix& F_before);

}  // namespace cp
