// Crystals, loads and materials that the tests of the Taylor model share.
#pragma once

#include <cmath>
#include <vector>

#include "draw.h"
#include "grainspin/orientation.h"
#include "grainspin/taylor.h"

namespace grainspin::testing {

constexpr double kDegree = 3.14159265358979323846 / 180;

inline LoadStep tension(double strain, bool lateral_free = true) {
  LoadStep load;
  load.L = {0, 0, 0, 0, 0, 0, 0, 0, strain};
  load.prescribed.fill(true);
  if (lateral_free) {
    load.prescribed[0] = load.prescribed[4] = false;
  } else {
    load.L[0] = load.L[4] = -strain / 2;
  }
  return load;
}

// The rotation that brings crystal direction c onto sample z.
inline Quatd along_z(Vec3<double> c) {
  const double s = std::sqrt(c.x * c.x + c.y * c.y + c.z * c.z);
  return normalised(Quatd{1 + c.z / s, c.y / s, -c.x / s, 0});  // half-way rotation: 1 + c.z, c x z
}

inline std::vector<float> field(std::initializer_list<Quatd> list) {
  std::vector<float> q;
  for (const Quatd& r : list)
    for (const double x : {r.w, r.x, r.y, r.z}) q.push_back(float(x));
  return q;
}

inline Quatd at(const std::vector<float>& q, int i) { return {q[4 * i], q[4 * i + 1], q[4 * i + 2], q[4 * i + 3]}; }

inline TaylorMaterial without_hardening(const char* slip, double n) {
  TaylorMaterial material;
  material.slip = named_slip_set(slip, 1.587);
  material.n = n;
  return material;
}

inline Phenopowerlaw copper() {
  Phenopowerlaw law;
  law.N_sl = {12};
  law.gdot0 = {3e-3}, law.n = {20}, law.a = {0.6}, law.xi0 = {1.6e6}, law.xi_inf = {96.4e6}, law.h0 = {350e6};
  law.h_sl_sl = {1, 1, 5.123, 0.574, 1.123, 1.123, 1};
  return law;
}

}  // namespace grainspin::testing
