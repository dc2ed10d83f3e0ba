#include "grainspin/orbits.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

namespace grainspin {
namespace {

double dot(const Vec3<double>& a, const Vec3<double>& b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}

// Orbits of the entries of an array: `images(e, out)` lists what entry e is tied to. Entries are visited
// in order, so ids come in the order of first entry.
template <class Images>
Orbits flood(std::int64_t entries, const Images& images) {
  Orbits orbits;
  orbits.of.assign(std::size_t(entries), -1);
  std::vector<std::int64_t> queue, out;
  for (std::int64_t e = 0; e < entries; ++e) {
    if (orbits.of[e] >= 0) continue;
    const int id = orbits.count++;
    orbits.of[e] = id;
    queue.assign(1, e);
    for (std::size_t k = 0; k < queue.size(); ++k) {
      out.clear();
      images(queue[k], out);
      for (const std::int64_t f : out) {
        if (orbits.of[f] >= 0) continue;
        orbits.of[f] = id;
        queue.push_back(f);
      }
    }
    orbits.size.push_back(std::int64_t(queue.size()));
  }
  return orbits;
}

}  // namespace

SlipAction slip_action(const SlipSet& set, const PointGroup& group) {
  const int n = set.count();
  SlipAction action;
  for (const Quatd& g : group.operators()) {
    const Mat3<double> R = matrix(g);
    std::vector<int> perm(n, -1), sign(n, 0);
    for (int s = 0; s < n; ++s) {
      const Vec3<double> b = R * set.systems[s].b, m = R * set.systems[s].n;
      for (int t = 0; t < n && perm[s] < 0; ++t) {
        const double direction = dot(b, set.systems[t].b), normal = dot(m, set.systems[t].n);
        if (set.systems[t].family != set.systems[s].family) continue;
        if (std::abs(direction) < 1 - 1e-9 || std::abs(normal) < 1 - 1e-9) continue;
        perm[s] = t;
        sign[s] = direction * normal > 0 ? 1 : -1;
      }
      require(perm[s] >= 0, Errc::kArgument,
              "slip set " + set.name + " is not closed under point group " + group.name());
    }
    action.perm.push_back(std::move(perm));
    action.sign.push_back(std::move(sign));
  }
  return action;
}

Orbits pair_orbits(const SlipAction& action, bool symmetric) {
  const std::int64_t n = action.perm.empty() ? 0 : std::int64_t(action.perm[0].size());
  return flood(n * n, [&](std::int64_t e, std::vector<std::int64_t>& out) {
    const std::int64_t i = e / n, j = e % n;
    for (const std::vector<int>& p : action.perm) out.push_back(p[i] * n + p[j]);
    if (symmetric) out.push_back(j * n + i);
  });
}

SignedOrbits signed_pair_orbits(const SlipAction& action) {
  const std::int64_t n = action.perm.empty() ? 0 : std::int64_t(action.perm[0].size());
  SignedOrbits orbits;
  orbits.of.assign(std::size_t(n * n), -1);
  orbits.sign.assign(std::size_t(n * n), 0);
  // Signs relative to the orbit's first entry, 0 where it has not been reached. The images of one entry under the
  // whole group are its whole orbit; a zero orbit is one that comes back to an entry with the other sign.
  std::vector<std::int8_t> relative(std::size_t(n * n), 0);
  std::vector<std::int64_t> members;
  for (std::int64_t e = 0; e < n * n; ++e) {
    if (relative[e] != 0) continue;
    const std::int64_t i = e / n, j = e % n;
    bool zero = false;
    members.clear();
    for (std::size_t g = 0; g < action.perm.size(); ++g) {
      const std::int64_t image = action.perm[g][i] * n + action.perm[g][j];
      const auto sign = std::int8_t(action.sign[g][i] * action.sign[g][j]);
      if (relative[image] == 0) {
        relative[image] = sign;
        members.push_back(image);
      }
      zero = zero || relative[image] != sign;
    }
    if (zero) continue;
    for (const std::int64_t m : members) {
      orbits.of[m] = orbits.count;
      orbits.sign[m] = relative[m];
    }
    ++orbits.count;
  }
  return orbits;
}

Orbits triple_orbits(const SlipAction& action, bool jk, bool full) {
  const std::int64_t n = action.perm.empty() ? 0 : std::int64_t(action.perm[0].size());
  return flood(n * n * n, [&](std::int64_t e, std::vector<std::int64_t>& out) {
    const std::int64_t i = e / (n * n), j = e / n % n, k = e % n;
    for (const std::vector<int>& p : action.perm) out.push_back((p[i] * n + p[j]) * n + p[k]);
    if (jk || full) out.push_back((i * n + k) * n + j);
    if (full) out.push_back((j * n + i) * n + k);  // with the swap above: every permutation
  });
}

}  // namespace grainspin
