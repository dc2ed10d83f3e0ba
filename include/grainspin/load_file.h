// Loads from files: DAMASK's load case, a table of numbers, or the load of an archive.
#pragma once

#include <string>
#include <vector>

#include "grainspin/archive.h"
#include "grainspin/load_path.h"

namespace grainspin {

// What --load says: a file (told by its content: an archive, DAMASK's load.yaml, a table), or the name of a path
// (load_path.h). Throws Error: kIo, kFormat naming file and place, kArgument naming the piece of a path.
std::vector<LoadStep> read_load(const std::string& text, const LoadDefaults& defaults);

// The loads of an archive's steps; free components are 0: their true values are left behind. Error kFormat where
// the archive does not tell its load.
std::vector<LoadStep> prescribed_loads(const ArchiveInfo& info);

// DAMASK's load case (load.yaml of 3.x): one step for each output that the solver would write (every f_out
// increments), and one for what remains of a loadstep after its last output. L = log(F_k F_(k-1)^-1) of what F, dot_F
// or L prescribe; what is free is completed meanwhile as in completed(). Free components must be without stress (P or
// dot_P zero).
std::vector<LoadStep> read_load_yaml(const std::string& yaml, const std::string& where);

// One line a step: nine numbers, row-major, velocity gradient times time, `x` where a component is free; separated by
// blanks, tabs, commas or semicolons; decimal points. Lines that start with # are comment; a first line of names
// that end in xx, xy, ... states another order.
std::vector<LoadStep> read_load_table(const std::string& text, const std::string& where);

}  // namespace grainspin
