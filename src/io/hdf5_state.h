// One state in HDF5 arrays on a regular grid, read slab by slab: DREAM.3D's, or arrays that the caller names.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "grainspin/archive.h"
#include "src/io/hdf5.h"
#include "src/io/representation.h"

namespace grainspin {

// An array [nz, ny, nx(, width)] or, of one layer, [ny, nx(, width)].
class CellArray {
 public:
  CellArray() = default;
  // Throws Error kShape where the dataset is not of the grid's shape, kFormat where it was never written or is too
  // large for what is stored.
  CellArray(h5::Dataset data, Shape shape, int width);
  bool open() const { return data_.id() >= 0; }
  const std::string& where() const { return data_.where(); }
  template <class T>
  void read(std::int64_t begin, std::int64_t count, T* out) const;

 private:
  h5::Dataset data_;
  Shape shape_;
  int width_ = 1;
};

struct Hdf5State {
  h5::File file;
  ArchiveInfo info;  // shape, size, phases, boundaries: by whoever finds the arrays
  CellArray orientation, grain, phase;  // grain and phase may be missing
  OrientationFormat format;
  std::vector<Quat> table;                  // not empty: orientations by the number in `grain`
  std::map<std::int64_t, std::int32_t> phase_of;  // index into info.phases of the file's number
};

// Counts the phases' voxels and applies what `source` says of lattices. Throws Error.
std::unique_ptr<FieldReader> hdf5_state(Hdf5State state, const SourceOptions& source);

// Arrays named by source.orientations (with source.representation and source.angles), grains and phases; spacing 1 m
// unless stated. Not periodic.
std::unique_ptr<FieldReader> read_hdf5_arrays(h5::File file, const SourceOptions& source);

// What source.representation and source.angles say; `missing` where no representation is stated.
OrientationFormat stated_format(const SourceOptions& source, Representation missing);

}  // namespace grainspin
