// Disorientation of single orientations (double) and of arrays (float).
#include <cmath>
#include <vector>

#include "grainspin/symmetry.h"

namespace grainspin {
namespace {

// The operator s for which b s is nearest to a: the rotation a s^-1 b^-1 has the scalar part (conj(b) a, s),
// so it is the s with the largest |(conj(b) a, s)|.
const Quatd& nearest_operator(const PointGroup& group, const Quatd& a, const Quatd& b) {
  const Quatd m = conjugate(b) * a;
  const Quatd* best = &group.operators()[0];
  double largest = -1;
  for (const Quatd& s : group.operators()) {
    const double c = std::abs(m.w * s.w + m.x * s.x + m.y * s.y + m.z * s.z);
    if (c > largest) largest = c, best = &s;
  }
  return *best;
}

// Arrays are worked on in blocks, component by component, so that the loops over a block vectorise.
constexpr int kBlock = 64;

struct Block {
  float w[kBlock], x[kBlock], y[kBlock], z[kBlock];
  Quat at(int i) const { return {w[i], x[i], y[i], z[i]}; }
  void put(int i, const Quat& q) { w[i] = q.w, x[i] = q.x, y[i] = q.y, z[i] = q.z; }
};

// m = conj(b) a; a tail is padded with its last entry.
void misorientations(const float* a, const float* b, int n, Block& m) {
  for (int i = 0; i < kBlock; ++i) {
    const float *p = a + 4 * (i < n ? i : n - 1), *q = b + 4 * (i < n ? i : n - 1);
    m.put(i, Quat{q[0], -q[1], -q[2], -q[3]} * Quat{p[0], p[1], p[2], p[3]});
  }
}

// Index of the nearest operator (see nearest_operator), as a float.
void nearest_operators(const std::vector<Quat>& operators, const Block& m, float* nearest) {
  float largest[kBlock], index[kBlock];
  for (int i = 0; i < kBlock; ++i) largest[i] = -1, index[i] = 0;
  for (std::size_t k = 0; k < operators.size(); ++k) {
    const Quat s = operators[k];
    const float id = float(k);
    for (int i = 0; i < kBlock; ++i) {
      const float c = std::fabs(m.w[i] * s.w + m.x[i] * s.x + m.y[i] * s.y + m.z[i] * s.z);
      const float better = c > largest[i] ? 1.f : 0.f;  // as a number: a branch would not vectorise
      index[i] += better * (id - index[i]);
      largest[i] += better * (c - largest[i]);
    }
  }
  for (int i = 0; i < kBlock; ++i) nearest[i] = index[i];
}

void descending(float& a, float& b) {
  const float high = a > b ? a : b, low = a > b ? b : a;
  a = high, b = low;
}

// 432 in closed form. With |m| sorted, a >= b >= c >= d, the nearest operator gives the scalar part
// max(a, (a + b)/sqrt(2), (a + b + c + d)/2) (Grimmer 1974); beside each the square of its vector part,
// written with differences so that small angles keep their digits.
void cubic_parts(const Block& m, float* scalar, float* vector2) {
  const float r = 0.70710678f;
  for (int i = 0; i < kBlock; ++i) {
    float a = std::fabs(m.w[i]), b = std::fabs(m.x[i]), c = std::fabs(m.y[i]), d = std::fabs(m.z[i]);
    descending(a, b), descending(c, d), descending(a, c), descending(b, d), descending(b, c);
    const float ab = a - b, ac = a - c, ad = a - d, bc = b - c, bd = b - d, cd = c - d;
    const float two = r * (a + b), four = 0.5f * (a + b + c + d);
    float s = a, v = b * b + c * c + d * d;
    v = two > s ? 0.5f * ab * ab + c * c + d * d : v;
    s = two > s ? two : s;
    v = four > s ? 0.25f * (ab * ab + ac * ac + ad * ad + bc * bc + bd * bd + cd * cd) : v;
    s = four > s ? four : s;
    scalar[i] = s;
    // comparisons drop a NaN, so it is put back
    vector2[i] = v + 0 * (m.w[i] + m.x[i] + m.y[i] + m.z[i]);
  }
}

void parts(const std::vector<Quat>& operators, const Block& m, float* scalar, float* vector2) {
  float index[kBlock];
  nearest_operators(operators, m, index);
  for (int i = 0; i < kBlock; ++i) {
    const Quat d = m.at(i) * conjugate(operators[std::size_t(index[i])]);
    scalar[i] = std::fabs(d.w);
    vector2[i] = d.x * d.x + d.y * d.y + d.z * d.z;
  }
}

// 2 atan(vector/scalar), both >= 0: from the vector part, because the arc cosine of the scalar part would
// lose small angles. atan t = 2 atan(t/(1 + sqrt(1 + t^2))) brings the argument below tan(pi/8), where the
// series to t^13 is within 2e-8. Vectorises, which std::atan2 does not.
void angles(const float* scalar, const float* vector2, float* angle) {
  for (int i = 0; i < kBlock; ++i) {
    const float v = std::sqrt(vector2[i]), s = scalar[i];
    const float low = v < s ? v : s, high = v < s ? s : v;
    const float t = low / (high + std::sqrt(high * high + low * low)), u = t * t;
    const float a =
        4 * t * (1 - u * (1 / 3.f - u * (1 / 5.f - u * (1 / 7.f - u * (1 / 9.f - u * (1 / 11.f - u / 13))))));
    angle[i] = (v < s ? a : 3.14159265f - a) + 0 * v;
  }
}

std::vector<Quat> single_precision(const PointGroup& group) {
  std::vector<Quat> operators;
  for (const Quatd& s : group.operators())
    operators.push_back({float(s.w), float(s.x), float(s.y), float(s.z)});
  return operators;
}

}  // namespace

Vec3<double> disorientation(const PointGroup& group, const Quatd& a, const Quatd& b) {
  return log(a * conjugate(b * nearest_operator(group, a, b)));
}

double disorientation_angle(const PointGroup& group, const Quatd& a, const Quatd& b) {
  const Vec3<double> w = disorientation(group, a, b);
  return std::sqrt(w.x * w.x + w.y * w.y + w.z * w.z);
}

Vec3<double> disorientation_axis(const PointGroup& group, const Quatd& a, const Quatd& b) {
  const Vec3<double> w = matrix(conjugate(b)) * disorientation(group, a, b);
  const double angle = std::sqrt(w.x * w.x + w.y * w.y + w.z * w.z);
  if (angle < 1e-14) return {};  // rounding only: no axis
  return standard_triangle(group, {w.x / angle, w.y / angle, w.z / angle});
}

void disorientation_angles(const PointGroup& group, std::int64_t n, const float* a, const float* b,
                           float* angle) {
  const std::vector<Quat> operators = single_precision(group);
  const bool cubic = operators.size() == 24;
  Block m;
  float scalar[kBlock], vector2[kBlock], out[kBlock];
  for (std::int64_t first = 0; first < n; first += kBlock) {
    const int count = int(n - first < kBlock ? n - first : kBlock);
    misorientations(a + 4 * first, b + 4 * first, count, m);
    if (cubic) {
      cubic_parts(m, scalar, vector2);
    } else {
      parts(operators, m, scalar, vector2);
    }
    angles(scalar, vector2, out);
    for (int i = 0; i < count; ++i) angle[first + i] = out[i];
  }
}

void disorientations(const PointGroup& group, std::int64_t n, const float* a, const float* b, float* w) {
  const std::vector<Quat> operators = single_precision(group);
  Block m;
  float index[kBlock];
  for (std::int64_t first = 0; first < n; first += kBlock) {
    const int count = int(n - first < kBlock ? n - first : kBlock);
    misorientations(a + 4 * first, b + 4 * first, count, m);
    nearest_operators(operators, m, index);
    for (int i = 0; i < count; ++i) {
      const float *p = a + 4 * (first + i), *q = b + 4 * (first + i);
      const Quat moved = Quat{q[0], q[1], q[2], q[3]} * operators[std::size_t(index[i])];
      const Vec3<float> v = log(Quat{p[0], p[1], p[2], p[3]} * conjugate(moved));
      float* out = w + 3 * (first + i);
      out[0] = v.x, out[1] = v.y, out[2] = v.z;
    }
  }
}

}  // namespace grainspin
