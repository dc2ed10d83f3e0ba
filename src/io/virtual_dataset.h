// Datasets that are a view of datasets in other files (HDF5 virtual datasets): written, and checked before they are
// read, since HDF5 gives zeros without a word in the place of what it does not find.
#pragma once

#include <string>
#include <vector>

#include "src/io/hdf5.h"

namespace grainspin::h5 {

// Entries [begin, begin + count) of the second axis, all of the others, are dataset `name` of `file`, whole.
struct VirtualPart {
  std::string file;  // relative to the folder of the file that refers to it
  std::string name;
  hsize_t begin = 0, count = 0;
};

// A new dataset of the file that is a view of the parts, which need not be there yet.
Dataset make_view(const File& file, const std::string& name, hid_t type, const std::vector<hsize_t>& shape, const std::vector<VirtualPart>& parts);

bool is_virtual(hid_t dataset);
// Throws kIo where a file is missing, kFormat where a part is not there, was not written or does not fit, or where the
// parts do not cover the dataset.
void require_parts(const Dataset& data);

}  // namespace grainspin::h5
