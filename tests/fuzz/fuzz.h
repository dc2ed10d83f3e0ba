// What the fuzz targets share. A target reads bytes as one of the project's readers reads a file. Whatever the bytes are,
// the reader answers or throws Error with a code for input (never kInternal), within bounded memory and time; anything
// else ends the process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "grainspin/archive.h"

namespace grainspin::fuzz {

using Bytes = std::span<const std::uint8_t>;

struct Target {
  const char* name;
  void (*run)(Bytes);
  std::size_t longest;       // inputs are cut off here
  std::vector<std::string> (*seeds)();  // made here, beside the files of the corpus; may be null
};
const std::vector<Target>& targets();  // targets.cpp

// Runs it; an exception that is no Error for input is thrown on.
void run(const Target& target, Bytes bytes);

inline std::string text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// A folder in memory (/dev/shm where there is one) that goes with the process; its path has a blank.
const std::string& scratch_folder();
// Writes a file in it, and returns its path.
std::string scratch_file(const std::string& name, std::string_view bytes);

// All that an archive's reader offers, of a bounded part of it.
void read_archive(FieldReader& reader);

// Edits of an HDF5 file: `base` with changes that `program` says, op by op: links deleted and renamed, values overwritten,
// datasets and attributes replaced by others of any type and shape (hostile ones too), texts changed. Empty where HDF5
// itself refuses. edits.cpp
std::string edited_hdf5(const std::string& base, Bytes program);

}  // namespace grainspin::fuzz
