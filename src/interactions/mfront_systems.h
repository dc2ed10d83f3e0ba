// The slip systems that MFront makes of a family, in its order (TFEL's NUMODIS, as read in 2025).
#pragma once

#include <vector>

namespace grainspin::interactions {

struct IndexedSystem {
  std::vector<int> b, n;  // three indices, or four in hexagonal crystals
};
// All systems of the family of `one`: planes and, for each, the Burgers vectors that lie in it.
std::vector<IndexedSystem> mfront_systems(const IndexedSystem& one);
bool same_system(const IndexedSystem& s, const IndexedSystem& t);

}  // namespace grainspin::interactions
