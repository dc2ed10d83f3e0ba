// A field over the grid at every state of a result file: where its boxes lie, how they are packed and compressed.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "grainspin/grid.h"
#include "grainspin/packed.h"
#include "src/io/hdf5.h"

namespace grainspin {

struct FieldKind {
  hid_t file = H5T_IEEE_F32LE, memory = H5T_NATIVE_FLOAT;  // types of its numbers
  int bytes = 4, width = 1;                                // of a number; numbers of a voxel
  Packing packing = Packing::kNone;                        // the numbers are bytes of packed orientations
  int voxel_bytes() const { return bytes * width; }
};

struct FieldLayout {
  Shape tile;             // boxes that it is written in; empty: any
  bool compress = false;  // shuffle and gzip
  bool early = false;     // not compressed: its place in the file is given when it is made
  int threads = 1;
};

// Cells of a chunk, empty for a contiguous field. Compressed fields: whole planes, about 1 MB, or what divides a tile;
// others: contiguous where tiles have whole rows, since that is read faster, else what divides a tile, about 1 MB.
Shape chunk_of(Shape grid, int voxel_bytes, const FieldLayout& layout);

class ResultField {
 public:
  ResultField() = default;
  // Made anew. [states, nz, ny, nx(, width)]
  ResultField(h5::File& file, const std::string& name, const FieldKind& kind, Shape grid, hsize_t states, const FieldLayout& layout);
  // As it lies in the file, to be written on.
  ResultField(const h5::File& file, const std::string& name, const FieldKind& kind, Shape grid, const FieldLayout& layout);

  // Box [lo, lo + extent) of a state; `from` is dense, of kind.memory, or float[4] orientations where the field is packed.
  // Whole chunks go to the file as they are, past HDF5's own filters. `packed`: they are packed already, as pack_orientations() does.
  void write(int state, std::array<int, 3> lo, Shape extent, const void* from, bool packed = false);
  const h5::Dataset& data() const { return data_; }

  // Compressed chunks that were written since the last call: state, x, y, z of their first cell, offset and bytes in the file.
  std::vector<std::array<std::uint64_t, 6>> places();
  // A compressed chunk as it is, from another file.
  void take(const std::array<std::uint64_t, 6>& place, const void* bytes);

 private:
  std::vector<hsize_t> corner(int state, std::array<int, 3> lo) const;
  struct Source {
    const std::uint8_t* bytes;
    Packing packing;  // that is left to be done
  };
  void write_slabs(int state, std::array<int, 3> lo, Shape extent, Source from);
  void write_chunks(int state, std::array<int, 3> lo, Shape extent, Source from);
  // Voxels `first` .. as they lie in the file, filters not applied.
  void convert(Source from, std::int64_t first, std::int64_t n, std::uint8_t* to) const;

  h5::Dataset data_;
  FieldKind kind_;
  Shape grid_, chunk_;
  bool compress_ = false;
  int threads_ = 1;
  std::vector<std::array<std::uint64_t, 4>> written_;
};

}  // namespace grainspin
