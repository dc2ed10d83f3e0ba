// What the nonlocal cell is made of (nonlocal.h): slip maps, the load of a step, the tensor basis.
#include "grainspin/nonlocal.h"

#include <cmath>

#include "grainspin/symmetry.h"

namespace grainspin {
namespace {

const double kRoot2 = std::sqrt(2.0), kRoot6 = std::sqrt(6.0);

}  // namespace

Deviator deviator(const std::array<double, 9>& t) {
  return {(t[0] - t[4]) / kRoot2, (2 * t[8] - t[0] - t[4]) / kRoot6, (t[5] + t[7]) / kRoot2,
          (t[2] + t[6]) / kRoot2, (t[1] + t[3]) / kRoot2};
}

std::array<double, 9> tensor_of(const Deviator& d) {
  const double a = d[0] / kRoot2, b = d[1] / kRoot6, yz = d[2] / kRoot2, xz = d[3] / kRoot2,
               xy = d[4] / kRoot2;
  return {a - b, xy, xz, xy, -a - b, yz, xz, yz, 2 * b};
}

SlipMaps slip_maps(const PhaseSpec& phase) {
  SlipMaps maps;
  maps.set = slip_set(phase.slip_families, phase.c_over_a);
  const SlipAction action = slip_action(maps.set, PointGroup::named(phase.point_group));
  maps.odd = signed_pair_orbits(action);
  maps.even = pair_orbits(action);
  for (const SlipSystem& s : maps.set.systems) {
    const Vec3<double>&b = s.b, &n = s.n;
    maps.P.push_back(
        deviator({b.x * n.x, b.x * n.y, b.x * n.z, b.y * n.x, b.y * n.y, b.y * n.z, b.z * n.x, b.z * n.y, b.z * n.z}));
    // (b (x) n - n (x) b) v / 2 = (n x b) x v / 2
    maps.a.push_back(
        {(n.y * b.z - n.z * b.y) / 2, (n.z * b.x - n.x * b.z) / 2, (n.x * b.y - n.y * b.x) / 2});
  }
  return maps;
}

CellLoad cell_load(const LoadStep& load) {
  CellLoad c;
  for (int i = 0; i < 9; ++i) {
    c.free[i] = !load.prescribed[i];
    require(c.free[i] || std::isfinite(load.L[i]), Errc::kArgument,
            std::string("load: the prescribed component L_") + "xyz"[i / 3] + "xyz"[i % 3] + " is not finite");
  }
  c.L = completed(load).L;
  c.W = {(c.L[7] - c.L[5]) / 2, (c.L[2] - c.L[6]) / 2, (c.L[3] - c.L[1]) / 2};
  c.E0 = deviator(c.L);
  double square = 0;
  for (const double e : c.E0) square += e * e;
  c.size = std::sqrt(2.0 / 3.0 * square);
  const bool strained = c.size >= 1e-12;
  for (double& e : c.E0) e = strained ? e / c.size : 0;
  c.log_size = strained ? std::log(c.size / 0.01) : 0;
  return c;
}

std::array<double, 9> free_part(const std::array<bool, 9>& free, const Deviator& mean) {
  std::array<double, 9> D = tensor_of(mean);
  double trace = 0;
  int free_diagonals = 0;
  for (int i = 0; i < 9; ++i) {
    if (!free[i]) D[i] = 0;
    if (i % 4 == 0 && free[i]) {
      trace += D[i];
      ++free_diagonals;
    }
  }
  for (int i = 0; i < 9; i += 4)
    if (free[i]) D[i] -= trace / free_diagonals;
  return D;
}

}  // namespace grainspin
