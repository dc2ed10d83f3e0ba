// What a result file holds beside its fields: VTK's description of the grid, tables, texts.
#pragma once

#include <string>
#include <vector>

#include "src/io/result.h"

namespace grainspin {

inline constexpr std::size_t kRemark = 2000;  // characters of a remark that comes at the end

// A dataset of `shape` with these values.
template <class T>
h5::Dataset write_table(h5::File& file, const std::string& name, hid_t type, const std::vector<hsize_t>& shape,
                        const std::vector<T>& values);

// Groups, attributes, tables and texts of a new file. Returns the table of loads, which is changed by what a run predicts.
h5::Dataset write_head(h5::File& file, const ArchiveInfo& info, const WriteOptions& options);

}  // namespace grainspin
