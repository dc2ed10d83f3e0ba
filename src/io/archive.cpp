#include "grainspin/archive.h"

#include "src/io/dadf5.h"

namespace grainspin {

std::unique_ptr<FieldReader> open_archive(const std::string& path, const OpenOptions& options) {
  h5::File file = h5::File::open(path);
  if (file.has_attribute("/", "DADF5_version_major")) return std::make_unique<Dadf5Reader>(std::move(file), options);
  if (file.has_link("DataContainers") || file.has_link("DataStructure"))
    throw Error(Errc::kFormat, path + ": is a DREAM.3D file, which is not supported yet");
  throw Error(Errc::kFormat, path + ": is an HDF5 file but no DAMASK result and no grainspin result");
}

}  // namespace grainspin
