#include "src/ranks/slabs.h"

#include <algorithm>
#include <string>

namespace grainspin {

std::array<int, 2> own_planes(int nz, int rank, int ranks) {
  const int each = nz / ranks, more = nz % ranks;
  const int first = rank * each + std::min(rank, more);
  return {first, first + each + (rank < more ? 1 : 0)};
}

Slab slab_of(int nz, Boundary along_z, int rank, int ranks, int halo) {
  require(ranks <= nz, Errc::kArgument,
          std::to_string(ranks) + " ranks for a grid of " + std::to_string(nz) +
              " planes along z: every rank takes at least one, so start at most " + std::to_string(nz));
  Slab s;
  s.nz = nz;
  s.own = own_planes(nz, rank, ranks);
  const std::int64_t low = std::int64_t(s.own[0]) - halo, high = std::int64_t(s.own[1]) + halo;
  s.boundary = along_z;
  if (along_z == Boundary::kPeriodic && high - low >= nz) {
    s.first = 0;
    s.count = nz;
  } else if (along_z == Boundary::kPeriodic) {
    s.first = int(low);
    s.count = int(high - low);
    s.boundary = Boundary::kClamped;
  } else {
    s.first = int(std::max<std::int64_t>(low, 0));
    s.count = int(std::min<std::int64_t>(high, nz)) - s.first;
  }
  return s;
}

}  // namespace grainspin
