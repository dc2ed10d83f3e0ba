// Archives of one state, the initial one: what readers of text and of ids with a table of orientations fill.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "grainspin/archive.h"
#include "grainspin/orientation.h"

namespace grainspin {

struct State {
  // path, format, creator, shape, size, origin, boundaries and phases are the reader's to fill; has_orientation and
  // has_grain, the step and the phases' voxels are set by state_archive().
  ArchiveInfo info;
  std::vector<Quat> q;             // [rows]
  std::vector<std::int32_t> row;   // [voxels] row of q; empty: voxel i has row i
  std::vector<std::int32_t> grain; // [voxels] ids of the file, made dense here; empty: none
  std::vector<std::int32_t> phase; // [voxels] index into info.phases; empty: all 0
};

// Checks that counts agree, leaves out phases without voxels, makes grain ids dense, and applies what `source`
// says of lattices and spacing. Throws Error.
std::unique_ptr<FieldReader> state_archive(State state, const SourceOptions& source);

// The single step of such an archive.
StepInfo initial_step();

// Ids of any kind to 0 .. n-1 in their ascending order. Returns n. `ids` not empty.
std::int32_t make_dense(std::vector<std::int32_t>& ids);

// Is this what holds no crystal: voids, voxels that were not indexed?
bool has_no_crystal(const PhaseInfo& phase);

// "cF" or "NAME=cF" (DAMASK's lattice symbol, or a proper point group): for phases without a lattice, or by name.
// Throws Error kArgument for another word or a name that is not there.
void apply_lattices(const std::vector<std::string>& lattices, const std::string& path, std::vector<PhaseInfo>& phases);

// A voxel count from a file's header: each extent at least 1, all within int, and no more voxels than `limit`.
// Throws Error kShape naming `where`.
Shape checked_shape(const std::array<std::int64_t, 3>& cells, double limit, const std::string& where);

// info.size from spacings in the file's unit, or what the caller states. Throws Error kFormat where one is not
// a positive number.
void set_spacing(ArchiveInfo& info, const std::array<double, 3>& spacing, double unit, const SourceOptions& source);

}  // namespace grainspin
