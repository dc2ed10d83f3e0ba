// Weights of a trained model as the start of another's training: the same material with more runs, or another one.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "datasets/inheritance.h"
#include "datasets/phases.h"
#include "grainspin/model.h"

namespace grainspin {

nlohmann::json to_json(const Inheritance& inheritance);

// Of an ensemble its first member. Error kArgument where it is of the other family; errors of read_model.
Model read_parent(const std::string& path, Family family);

// Puts the weights of `parent` into `child`, which has the spec that is wanted and weights as a training would begin with.
// Both are of one family and ask for equal settings (heads may differ); Error kArgument names the first that does not agree.
//
// nonlocal: the child may have more passes, the new ones begin by adding nothing. A phase of the child starts from the
//   parent's phase of the same name, else from the one whose slip systems match best (slip_match.h). Coefficients of
//   matched orbits are the parent's with the sign of the match; of the dual kinship those on rotations resolved on a_s
//   turn around, since a_s does. So slip rates and stresses are exactly the parent's at equal orientation and load, and the
//   plastic spin is opposite. Systems without a counterpart begin with weights of their own, from which nothing flows
//   into the matched ones, the polarisations, or the result: the function is that of the matched systems alone. Where no
//   system matches, all that is tied to the slip systems is new, the rest the parent's.
//   stress_scale is the parent's where all phases are (its weights are in this unit), else the child's.
// local: tensors of equal shape are taken. The input normaliser is the parent's where the point group is. The scales of the
//   increment and of the stress are the child's.
Inheritance inherit(const Model& parent, const std::string& path, Model& child);

// Slip systems for a training that starts from `parent`: those chosen, and for its phases that are not mentioned its own.
SlipChoice inherited_slip(const SlipChoice& chosen, const NonlocalSpec& parent);

// Whether every phase of these archives is one of the parent's, so that its list of phases, order and all, can be kept.
// Errors of open_archive and phase_spec.
bool same_phases(const std::vector<std::string>& archives, const SlipChoice& slip, const NonlocalSpec& parent);

}  // namespace grainspin
