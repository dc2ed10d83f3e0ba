#include "src/interactions/mfront_systems.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <numeric>

namespace grainspin::interactions {
namespace {

using Indices = std::vector<int>;

int dot(const Indices& a, const Indices& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0); }
bool parallel(const Indices& a, const Indices& b) { return dot(a, b) * dot(a, b) == dot(a, a) * dot(b, b); }

// Cubic: permutations of the sizes, smallest first, and of each the signs that differ by more than all at once.
std::vector<Indices> cubic(Indices v) {
  std::vector<Indices> all;
  for (int& i : v) i = std::abs(i);
  std::sort(v.begin(), v.end());
  do {
    all.push_back(v);
    Indices w = v;
    const auto zeros = std::count(v.begin(), v.end(), 0);
    if (zeros == 1) {
      for (std::size_t last = 3; last-- > 0;)
        if (w[last] != 0) {
          w[last] = -w[last];
          break;
        }
      all.push_back(w);
    } else if (zeros == 0) {
      for (const std::size_t turned : {2, 1, 2}) {
        w[turned] = -w[turned];
        all.push_back(w);
      }
    }
  } while (std::next_permutation(v.begin(), v.end()));
  return all;
}

// Hexagonal: permutations of the first three, smallest first; of a direction the fourth is turned around too, of a plane
// it is not.
std::vector<Indices> hexagonal(Indices v, bool direction) {
  std::vector<Indices> all;
  const auto add = [&](const Indices& w) {
    if (std::none_of(all.begin(), all.end(), [&](const Indices& other) { return parallel(w, other); })) all.push_back(w);
  };
  std::sort(v.begin(), v.begin() + 3);
  do {
    add(v);
    if (direction && v[3] != 0) add({v[0], v[1], v[2], -v[3]});
  } while (std::next_permutation(v.begin(), v.begin() + 3));
  return all;
}

}  // namespace

bool same_system(const IndexedSystem& s, const IndexedSystem& t) { return parallel(s.b, t.b) && parallel(s.n, t.n); }

std::vector<IndexedSystem> mfront_systems(const IndexedSystem& one) {
  const bool four = one.b.size() == 4;
  const std::vector<Indices> planes = four ? hexagonal(one.n, false) : cubic(one.n);
  const std::vector<Indices> directions = four ? hexagonal(one.b, true) : cubic(one.b);
  std::vector<IndexedSystem> systems;
  for (const Indices& n : planes)
    for (const Indices& b : directions)
      if (dot(b, n) == 0) systems.push_back({b, n});
  return systems;
}

}  // namespace grainspin::interactions
