// A small ensemble: models of the same settings, trained on the same archives from other seeds, in one file. Each member runs
// its own path; what the ensemble gives of a voxel after a step is, over N members,
//   orientation   the chordal mean of their rotations: the unit quaternion that makes sum_i |R - R_i|^2 least, the eigenvector
//                 of the largest eigenvalue of sum_i q_i q_i^T (Moakher 2002, SIAM J. Matrix Anal. Appl. 24:1, section 3.1;
//                 Markley, Cheng, Crassidis, Oshman 2007, J. Guid. Control Dyn. 30:1193, eq. 12)
//   increment, stress, free components of the load   the means
//   log variance  of component k  ln(mean_i sigma_ik^2 + mean_i (w_ik - mean w_k)^2), the variance of a mixture of N normal
//                 densities of equal weight (Lakshminarayanan, Pritzel, Blundell 2017, NeurIPS, section 2.4); where every member has one.
//                 Local: over increment_scale^2 as a member's, of member 0
// Increments and orientations are means of their own: exp(increment) times the orientation before is the orientation to second
// order in what the members differ by. N times the time and the memory of one member.
//
// In the file (format version 2) and in Model alike: the tensors of member 0 as those of a single model, of further ones member<i>.<name>;
// spec is member 0's, but for
//   format_version  2
//   provenance      {"training": ..., "held_out": ...: member 0's, "members": [{"provenance": {...}, "scores": {...},
//                   "normaliser": {...}, "uncertainty": {...} or null}, by member]}
//   scores          {}
//   domain          its "uncertainty" is the calibration of all members together (variance.h); each one's own stands in `members`
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "grainspin/model.h"
#include "grainspin/surrogate.h"

namespace grainspin {

inline constexpr std::size_t kMostMembers = 16;

inline bool is_ensemble(const ModelSpec& spec) { return spec.format_version == 2; }

// Of single models or ensembles, whose members are taken one by one. Error kArgument for fewer than two or too many members, for
// two that are the same, and for one that differs from the first in family, crystal, settings or load, or was trained on
// other archives (where both state them). All together have no calibration yet.
Model ensemble_of(const std::vector<Model>& models);

// Each member as a single model, with the ensemble's domain and its own calibration; a single model is its only member. Error
// kFormat where the description of the members, or a tensor, is not as above.
std::vector<Model> members_of(const Model& model);
// What is to run: 0 and all of its members: the model as it is; 1: the first alone. Error kArgument for another number, which no
// calibration is of.
Model with_members(Model model, int members);
void check_members(const Model& model);  // each of them, and what must agree; Error kFormat naming the member

// The members' surrogates, made one by one, behind one. They take turns, so each may use all threads. run() takes what theirs takes,
// start() goes step by step where theirs does.
std::unique_ptr<Surrogate> ensemble_of(const Model& model, int threads,
                                       const std::function<std::unique_ptr<Surrogate>(const Model&)>& make);

}  // namespace grainspin
