// H and K fitted to DDD runs: targets, features, ties, path, cross-validation by runs, selection, refit.
//   H   z_i = ((g_i - tau0_i)/(mu b_i))^2 = sum_j H_ij rho_j,  H_ij >= 0
//   K   rhodot_i = sum over terms of sum_jk K_ijk x_jk, pointwise or in the weak form
//       rho_i(t2) - rho_i(t1) = sum K_ijk int_t1^t2 x_jk dt (no derivative of noisy densities is taken)
// Entries that the crystal's point group ties are one unknown; the LASSO chooses unknowns, whole runs are left out in
// cross-validation, and what is chosen is fitted again without penalty (reconstruction of Messner, Rhee, Arsenlis &
// Barton, MSMSE 25 (2017) 044001).
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "grainspin/interactions/data.h"
#include "grainspin/interactions/law.h"
#include "grainspin/interactions/regression.h"
#include "grainspin/interactions/terms.h"
#include "grainspin/interactions/ties.h"

namespace grainspin::interactions {

enum class Target { kResistance, kRate, kIncrement };  // z_i; rhodot_i; the weak form: rho_i(t2) - rho_i(t1) against int x dt
enum class Select { kLambdaMin, kOneSe };
enum class Selector { kLasso, kStlsq };
enum class Penalty { kOne, kOrbitSize };  // lambda sum |theta_o|; lambda sum |o| |theta_o|, the LASSO of all entries

// An unknown that the penalty treats in its own way.
struct PenaltyRule {
  std::string orbit;  // its name in the orbit table (fit.h: Unknown::name)
  double factor = 1;  // 0: never penalised; infinity: excluded
};

struct FitOptions {
  bool h = true, k = true;
  // Symmetry. Empty: the slip set's own point group; "1": every entry an unknown of its own; else one of its subgroups.
  std::string group;
  // A subgroup whose deviations from the group's values are penalised unknowns of their own, so that the data can
  // speak against the full symmetry. Empty: none.
  std::string refine;
  double refine_penalty = 1;  // of the deviations, beside the group's unknowns
  bool h_symmetric = false;   // H_ij = H_ji
  std::vector<std::string> k_terms = {"P2"};
  Target k_target = Target::kRate;
  int window = 5;             // intervals of rows that a window of the weak form spans
  int stride = 0;             // rows between the starts of two windows; 0: `window`
  // Entries of K of two indices that may be non-zero [N^3] (empty: all) and what to call that choice.
  std::vector<std::uint8_t> mask;
  std::string mask_name;
  // Runs (ids) that no fit sees: scored at the end.
  std::vector<std::string> held_out;
  bool relative = false;      // rows weighted by 1/(mean of y^2): noise in proportion to the response

  Selector selector = Selector::kLasso;
  Select select = Select::kOneSe;
  int folds = 5;              // of whole runs; fewer where there are fewer runs
  std::uint64_t seed = 0;     // of the folds; 0: run r is in fold r modulo folds
  double lambda = 0;          // given, in parts of lambda_max: no cross-validation
  PathOptions path;           // grid, l1_ratio, gap, early stop, standardise; penalty and nonnegative are set by the fit
  Penalty penalty = Penalty::kOne;
  std::vector<PenaltyRule> penalties;
  bool adaptive = false;      // second stage with weights 1/|theta of the first|^adaptive_power (Zou 2006)
  double adaptive_power = 1;
  bool refit = true;          // least squares on what was chosen, with standard errors
  double t_threshold = 4;     // |value/error| below it leaves, weakest first, refitted each time (4: one in 16,000 by chance); 0: keeps all
  int stability = 0;          // subsamples of half the runs (Meinshausen & Buehlmann 2010); 0: none
  double stability_threshold = 0.6;  // unknowns chosen in fewer subsamples are dropped
  double stlsq_threshold = 0; // of standardised coefficients, in parts of the largest; 0: chosen by cross-validation
  double stlsq_ridge = 1e-8;
  int threads = 0;            // 0: as many as the machine has; results do not depend on it
  Progress progress;
};

// One unknown: an orbit of entries, or a deviation of a part of one.
struct Unknown {
  std::string name;           // of the orbit (names.h: unknown_names); "deviation of .."
  std::string entry;          // its first entry in the field's notation: entry_text()
  std::int64_t size = 0;      // entries that it stands for
  double value = 0;           // as the law uses it
  double penalised = 0;       // before the refit
  double error = std::numeric_limits<double>::quiet_NaN();      // standard error of the refit
  double frequency = std::numeric_limits<double>::quiet_NaN();  // of being chosen, in stability selection
  double contribution = 0;    // rms of its part of the responses over the responses' rms, in its regression
};

// The support and size of a fitted tensor against the truth it was planted with.
struct PlantedScore {
  std::int64_t planted = 0, chosen = 0, common = 0;  // entries not zero
  double precision = 0, recall = 0, f1 = 0;
  double relative_error = 0;  // |fit - truth| / |truth|, Frobenius
};

// H, or the K of one term.
struct Tensor {
  std::string symbol;         // H; K, with several terms K1 K2 ..
  Term term;
  Ties orbits;                // under the group alone
  Ties ties;                  // what of it the mask leaves
  std::vector<Unknown> unknowns;    // [ties.count]
  Ties fine;                  // of the subgroup (count 0 without one): entry = unknown + deviation
  std::vector<Unknown> deviations;  // [fine.count]
  std::vector<double> value;  // [N^(1 + arity)], row-major, first index the response
  std::optional<PlantedScore> planted;  // where a truth was given
};

// What a table of a tensor says.
struct TensorCounts {
  std::int64_t entries = 0;                        // all
  std::int64_t free_orbits = 0, free_entries = 0;  // under the group
  std::int64_t left_orbits = 0, left_entries = 0;  // after the mask
  std::int64_t kept_orbits = 0, kept_entries = 0;  // not zero
};
TensorCounts counts(const Tensor& tensor);

// One independent regression: the responses of a family.
struct BlockFit {
  struct Column {
    int tensor = 0, layer = 0, unknown = 0;  // of FitPart::tensors; layer 1: a deviation
  };
  std::string name;           // families of the responses
  std::vector<int> responses;
  std::vector<Column> columns;
  double response_rms = 0;    // of the responses here; lambda and errors below are of responses in parts of it
  Path path;                  // over all runs, coefficients in the responses' own units
  std::vector<double> cv_error, cv_se;  // [points] mean squared error of left-out runs, its standard error over folds
  int at_min = -1, at_one_se = -1, at = -1;  // points: least error, 1-SE rule, chosen (-1: none)
  int rank = 0;               // of the Gram matrix of the columns
  double unsquared = 1;       // H: what the refit's values are multiplied by, since squares of noisy resistances are too large
  double r2 = 0, r2_cv = 0;   // 1 - rss/yy of the law: on the runs fitted; on left-out runs at the chosen point
  std::int64_t rows = 0;
};

struct FitPart {
  Target target = Target::kResistance;
  std::vector<Tensor> tensors;
  std::vector<BlockFit> blocks;
  std::int64_t rows = 0;
  double response_rms = 0;
};

// How the law does on runs that it was not fitted to.
struct RunScore {
  std::string run;
  std::vector<double> h_r2, k_r2;  // by family (empty: not fitted)
  // Of the trajectory rolled from the run's first row (trajectory.h: TrajectoryErrors), and what drove it.
  double density_error = std::numeric_limits<double>::quiet_NaN();
  double resistance_error = std::numeric_limits<double>::quiet_NaN();
  double shear_error = std::numeric_limits<double>::quiet_NaN();
  std::string drive;
};

struct InteractionFit {
  SlipSet slip;
  std::string group;          // used for the ties
  DddMaterial material;
  double gdot0 = 1e-3, n = 20;  // flow law, from the runs' slip rates where they allow it
  bool flow_fitted = false;
  std::vector<double> density0;  // [N] mean over runs of the first row
  std::optional<FitPart> h, k;
  std::vector<std::string> runs, held_out;
  std::vector<RunScore> scores;  // of the held-out runs
  std::vector<std::string> remarks;
  std::string options = "{}";     // JSON: the options in full, penalty convention among them
  std::string provenance = "{}";  // JSON: files with hashes, command, version
};

// Throws Error kArgument for options that do not go together and for columns that the data lacks (naming them), kFormat
// for data that validate() refuses, kConvergence from the solver, kInterrupted.
InteractionFit fit_interactions(const DddData& data, const FitOptions& options);

// Densities, resistances and flow of a fit. A part that was not fitted is zero.
DislocationLaw law_of(const InteractionFit& fit);

// "prism<a> 1 <- basal 2 x pyrI<a> 3": an entry in the field's notation; numbers count within the family from 1.
std::string entry_text(const SlipSet& slip, const Tensor& tensor, std::int64_t entry);

PlantedScore against_truth(const std::vector<double>& fitted, const std::vector<double>& truth);
// Scores every tensor of the fit; a term that the law lacks is all zero there. Throws Error kArgument for another slip set.
void score_against(InteractionFit& fit, const DislocationLaw& truth);

}  // namespace grainspin::interactions
