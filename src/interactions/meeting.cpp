#include "src/interactions/meeting.h"

#include <cmath>

namespace grainspin::interactions {
namespace {

using Vec = Vec3<double>;
constexpr double kTolerance = 1e-6;

double dot(const Vec& a, const Vec& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
Vec cross(const Vec& u, const Vec& v) { return {u.y * v.z - u.z * v.y, u.z * v.x - u.x * v.z, u.x * v.y - u.y * v.x}; }
Vec sum(const Vec& u, double a, const Vec& v) { return {u.x + a * v.x, u.y + a * v.y, u.z + a * v.z}; }
Vec burgers(const SlipSystem& s) { return {s.length * s.b.x, s.length * s.b.y, s.length * s.b.z}; }
bool parallel(const Vec& a, const Vec& b) { return std::abs(dot(a, b)) > 1 - 1e-9; }
double length(const Vec& v) { return std::sqrt(dot(v, v)); }

}  // namespace

bool same_direction(const SlipSystem& s, const SlipSystem& t) { return parallel(s.b, t.b); }

Meeting meeting(const SlipSystem& i, const SlipSystem& j) {
  const bool planes = parallel(i.n, j.n);
  if (parallel(i.b, j.b)) return planes ? Meeting::kSelf : Meeting::kCollinear;
  if (planes) return Meeting::kCoplanar;
  const double bb = dot(i.b, j.b);
  if (std::abs(bb) < kTolerance) return Meeting::kPerpendicular;
  const Vec junction = sum(burgers(i), bb > 0 ? -1 : 1, burgers(j));
  const bool in_i = std::abs(dot(junction, i.n)) < kTolerance * length(junction);
  const bool in_j = std::abs(dot(junction, j.n)) < kTolerance * length(junction);
  if (in_i && in_j) return Meeting::kGlissileInBoth;
  return in_j ? Meeting::kGlissileInActing : in_i ? Meeting::kGlissileInReacting : Meeting::kSessile;
}

bool frank_reaction(const SlipSystem& i, const SlipSystem& j, const SlipSystem& k) {
  const Vec bi = burgers(i), bj = burgers(j), bk = burgers(k);
  for (const double s : {1.0, -1.0})
    for (const double t : {1.0, -1.0})
      if (length(sum(sum(bi, -s, bj), -t, bk)) < kTolerance * i.length) return true;
  return false;
}

bool glissile_reaction(const SlipSystem& i, const SlipSystem& j, const SlipSystem& k) {
  const Vec line = cross(j.n, k.n);
  // In one plane any line will do, and only in that plane does the product glide with all of them.
  const bool along = length(line) > kTolerance ? std::abs(dot(line, i.n)) < kTolerance * length(line) : parallel(i.n, j.n);
  return along && frank_reaction(i, j, k);
}

}  // namespace grainspin::interactions
