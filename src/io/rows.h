// Scattered rows of a dataset with bounded memory: DAMASK stores a field phase by phase, so that the
// rows of neighbouring cells are neighbours only where the phase is alone.
#pragma once

#include <cstdint>
#include <vector>

#include "src/io/hdf5.h"

namespace grainspin::h5 {

struct Pick {
  std::int64_t row, to;  // out[to * width ..] = data[row, ..]
};

// Rows that follow each other come as one hyperslab straight into `out`; else, in order of the rows,
// ranges of at most `range` rows are read and picked from, leaving out gaps of more than `gap` rows.
// `width` numbers a row. `picks` is sorted by row. T: float, double.
template <class T>
void read_picked(const Dataset& data, int width, std::vector<Pick>& picks, T* out);

inline constexpr std::int64_t kRange = 1 << 16, kGap = 1 << 10;

}  // namespace grainspin::h5
