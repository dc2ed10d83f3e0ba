// The unknowns of a fit: tensors with their ties, and how a regression sees them.
#pragma once

#include <vector>

#include "grainspin/interactions/fit.h"

namespace grainspin::interactions {

// Tensors of the terms under the options' symmetry and mask, values zero.
std::vector<Tensor> tensors_of(const SlipSet& slip, const std::vector<Term>& terms, bool resistance, const FitOptions& options);

// Which entries of [N, features of all terms] share unknowns. Ids: tensor by tensor, its unknowns, then its deviations.
Tied tied_of(const std::vector<Tensor>& tensors, int systems);
std::vector<BlockFit::Column> columns_of(const std::vector<Tensor>& tensors);

Unknown& unknown_of(std::vector<Tensor>& tensors, const BlockFit::Column& column);
const Unknown& unknown_of(const std::vector<Tensor>& tensors, const BlockFit::Column& column);

// Penalty weights of the columns of all tensors. Throws Error kArgument for a rule whose orbit does not exist.
std::vector<double> penalties_of(const std::vector<Tensor>& tensors, const std::vector<BlockFit::Column>& columns, const FitOptions& options);

// Fills the tensors' values from those of their unknowns.
void fill_values(std::vector<Tensor>& tensors);

}  // namespace grainspin::interactions
