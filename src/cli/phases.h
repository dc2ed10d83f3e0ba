// Which of a model's phases the phases of an archive are.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "grainspin/archive.h"
#include "grainspin/model.h"

namespace grainspin::cli {

struct PhaseMatch {
  std::vector<std::int32_t> model;  // of each of the archive's phases the model's; -1: masked away
  std::vector<std::string> notes;   // what was taken for what, where the names differ
};

// By name; `named` holds NAME=MODEL (a name or number of the model's phases) where they differ. One phase and a model of
// one phase belong together where their point groups agree. `masks` as in read_mask: phases left out need no match.
// Throws Error kArgument naming a phase that the model does not know, or whose point group is another one.
PhaseMatch match_phases(const ArchiveInfo& info, const NonlocalSpec& spec, const std::vector<std::string>& named,
                        const std::vector<std::string>& masks);

// The model's phase of each voxel, masked ones 0; empty where all voxels are of the model's phase 0.
std::vector<std::int32_t> read_model_phases(FieldReader& reader, const PhaseMatch& match);

}  // namespace grainspin::cli
