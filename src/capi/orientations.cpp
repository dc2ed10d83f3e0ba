#include "capi/orientations.h"

#include <cmath>
#include <numbers>

#include "grainspin/orientation.h"

namespace grainspin::capi {
namespace {

constexpr double kDegree = std::numbers::pi / 180;
constexpr double kUnit = 1e-5;      // float quaternions this close to unit are taken as they are
constexpr double kRotation = 1e-3;  // and this close to a rotation they are made one

bool quaternions(std::int32_t representation) {
  return representation == GRAINSPIN_QUATERNION_WXYZ || representation == GRAINSPIN_QUATERNION_XYZW;
}

[[noreturn]] void no_rotation(const View& v, std::int64_t voxel, const std::string& why) {
  const std::int64_t x = voxel % v.shape.nx, y = voxel / v.shape.nx % v.shape.ny, z = voxel / v.shape.nx / v.shape.ny;
  throw Error(Errc::kArgument, "the orientation of voxel (" + std::to_string(x) + ", " + std::to_string(y) + ", " +
                                   std::to_string(z) + "), counted from 0, " + why);
}

std::string number(double x) {  // not negative; for a person, three decimals
  const double rounded = std::round(x * 1000);
  if (!(rounded < 1e15)) return "very large";
  const std::int64_t thousandths = std::int64_t(rounded);
  const std::string rest = std::to_string(thousandths % 1000);
  return std::to_string(thousandths / 1000) + "." + std::string(3 - rest.size(), '0') + rest;
}

// How far a row-major matrix is from a rotation.
double off_rotation(const double* m) {
  double worst = 0;
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) {
      double dot = i == j ? -1 : 0;
      for (int k = 0; k < 3; ++k) dot += m[3 * i + k] * m[3 * j + k];
      worst = std::fmax(worst, std::fabs(dot));
    }
  const double determinant = m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6]) +
                             m[2] * (m[3] * m[7] - m[4] * m[6]);
  return std::fmax(worst, std::fabs(determinant - 1));
}

// Of anything but quaternions; `why` is set where it is no rotation.
Quatd rotation_of(std::int32_t representation, const double* v, std::string* why) {
  switch (representation) {
    case GRAINSPIN_BUNGE_RADIANS: return from_bunge(Vec3<double>{v[0], v[1], v[2]});
    case GRAINSPIN_BUNGE_DEGREES: return from_bunge(Vec3<double>{v[0] * kDegree, v[1] * kDegree, v[2] * kDegree});
    case GRAINSPIN_RODRIGUES: return from_rodrigues(Vec3<double>{v[0], v[1], v[2]});
    case GRAINSPIN_AXIS_ANGLE: {
      if (v[3] == 0) return {};
      const double length = std::sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
      if (!(std::fabs(length - 1) <= kRotation)) *why = "has an axis of length " + number(length) + ", not 1";
      return from_axis_angle(AxisAngle<double>{{v[0] / length, v[1] / length, v[2] / length}, v[3]});
    }
    default: {
      const double off = off_rotation(v);
      if (!(off <= kRotation)) *why = "is a matrix that is no rotation, off by " + number(off);
      Mat3<double> m;
      std::copy_n(v, 9, m.m);
      return from_matrix(m);
    }
  }
}

template <class T>
void read_as(const View& from, const grainspin_convention& convention, const std::uint8_t* mask, bool masked_too,
             float* q) {
  const T* const data = static_cast<const T*>(from.data);
  const bool quaternion = quaternions(convention.representation);
  const bool inverse = convention.direction == GRAINSPIN_SAMPLE_TO_CRYSTAL &&
                       convention.representation != GRAINSPIN_BUNGE_RADIANS &&
                       convention.representation != GRAINSPIN_BUNGE_DEGREES;
  const int w = convention.representation == GRAINSPIN_QUATERNION_XYZW ? 3 : 0, xyz = w == 3 ? 0 : 1;
  each_voxel(from, [&](std::int64_t i, std::int64_t at) {
    const bool masked = mask && !mask[i];
    if (masked && !masked_too) return;
    double v[9];
    bool finite = true;
    for (int c = 0; c < from.components; ++c) finite &= bool(std::isfinite(v[c] = double(data[at + c * from.c])));
    if (!finite && !masked) no_rotation(from, i, "is not finite");
    float* const to = q + i * 4;
    if (quaternion) {
      Quatd p{v[w], v[xyz], v[xyz + 1], v[xyz + 2]};
      const double norm = p.w * p.w + p.x * p.x + p.y * p.y + p.z * p.z;
      if (!masked && !(std::fabs(std::sqrt(norm) - 1) <= kRotation))
        no_rotation(from, i, "is a quaternion of length " + number(std::sqrt(norm)) + ", not 1");
      if (!masked && std::fabs(norm - 1) > kUnit) p = normalised(p);
      if (inverse) p = conjugate(p);
      to[0] = float(p.w), to[1] = float(p.x), to[2] = float(p.y), to[3] = float(p.z);
      return;
    }
    std::string why;
    Quatd p = rotation_of(convention.representation, v, &why);
    if (!masked && !why.empty()) no_rotation(from, i, why);
    if (inverse) p = conjugate(p);
    to[0] = float(p.w), to[1] = float(p.x), to[2] = float(p.y), to[3] = float(p.z);
  });
}

// What is no quaternion, of a quaternion in double precision.
void representation_of(std::int32_t representation, const Quatd& q, double* v) {
  Vec3<double> three{};
  switch (representation) {
    case GRAINSPIN_BUNGE_RADIANS: three = bunge(q); break;
    case GRAINSPIN_BUNGE_DEGREES:
      three = bunge(q);
      three = {three.x / kDegree, three.y / kDegree, three.z / kDegree};
      break;
    case GRAINSPIN_RODRIGUES: three = rodrigues(q); break;
    case GRAINSPIN_AXIS_ANGLE: {
      const AxisAngle<double> a = axis_angle(q);
      three = a.axis;
      v[3] = a.angle;
      break;
    }
    default: {
      const Mat3<double> m = matrix(q);
      std::copy_n(m.m, 9, v);
      return;
    }
  }
  v[0] = three.x, v[1] = three.y, v[2] = three.z;
}

template <class T>
void write_as(const View& to, const grainspin_convention& convention, const float* q) {
  T* const data = static_cast<T*>(to.data);
  const bool quaternion = quaternions(convention.representation);
  const bool bunge_angles = convention.representation == GRAINSPIN_BUNGE_RADIANS ||
                            convention.representation == GRAINSPIN_BUNGE_DEGREES;
  const bool inverse = convention.direction == GRAINSPIN_SAMPLE_TO_CRYSTAL && !bunge_angles;
  const int w = convention.representation == GRAINSPIN_QUATERNION_XYZW ? 3 : 0, xyz = w == 3 ? 0 : 1;
  each_voxel(to, [&](std::int64_t i, std::int64_t at) {
    const float* const from = q + i * 4;
    double v[9];
    if (quaternion) {
      const float sign = inverse ? -1.0f : 1.0f;
      v[w] = from[0];
      for (int c = 0; c < 3; ++c) v[xyz + c] = sign * from[1 + c];
    } else {
      Quatd p = normalised(Quatd{from[0], from[1], from[2], from[3]});
      if (inverse) p = conjugate(p);
      representation_of(convention.representation, p, v);
    }
    for (int c = 0; c < to.components; ++c) data[at + c * to.c] = T(v[c]);
  });
}

}  // namespace

int components(std::int32_t representation) {
  switch (representation) {
    case GRAINSPIN_QUATERNION_WXYZ:
    case GRAINSPIN_QUATERNION_XYZW:
    case GRAINSPIN_AXIS_ANGLE: return 4;
    case GRAINSPIN_BUNGE_RADIANS:
    case GRAINSPIN_BUNGE_DEGREES:
    case GRAINSPIN_RODRIGUES: return 3;
    case GRAINSPIN_MATRIX: return 9;
    default: return 0;
  }
}

grainspin_convention checked(const grainspin_convention* convention) {
  if (!convention) return {GRAINSPIN_QUATERNION_WXYZ, GRAINSPIN_CRYSTAL_TO_SAMPLE};
  require(components(convention->representation) > 0, Errc::kArgument,
          "the representation " + std::to_string(convention->representation) + " of orientations is not known");
  require(convention->direction == GRAINSPIN_CRYSTAL_TO_SAMPLE || convention->direction == GRAINSPIN_SAMPLE_TO_CRYSTAL,
          Errc::kArgument, "the direction " + std::to_string(convention->direction) + " of orientations is not known");
  return *convention;
}

void read_orientations(const View& from, const grainspin_convention& convention, const std::uint8_t* mask,
                       bool masked_too, float* q) {
  from.type == GRAINSPIN_DOUBLE ? read_as<double>(from, convention, mask, masked_too, q)
                                : read_as<float>(from, convention, mask, masked_too, q);
}

void write_orientations(const View& to, const grainspin_convention& convention, const float* q) {
  if (convention.representation == GRAINSPIN_QUATERNION_WXYZ && convention.direction == GRAINSPIN_CRYSTAL_TO_SAMPLE)
    return write_fields(to, q);
  to.type == GRAINSPIN_DOUBLE ? write_as<double>(to, convention, q) : write_as<float>(to, convention, q);
}

}  // namespace grainspin::capi

int32_t grainspin_components(int32_t representation) { return grainspin::capi::components(representation); }
