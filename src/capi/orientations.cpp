#include "capi/orientations.h"

#include <cmath>

namespace grainspin::capi {
namespace {

static_assert(int(Representation::kQuaternionWxyz) == GRAINSPIN_QUATERNION_WXYZ &&
              int(Representation::kQuaternionXyzw) == GRAINSPIN_QUATERNION_XYZW &&
              int(Representation::kBungeRadians) == GRAINSPIN_BUNGE_RADIANS &&
              int(Representation::kBungeDegrees) == GRAINSPIN_BUNGE_DEGREES &&
              int(Representation::kMatrix) == GRAINSPIN_MATRIX && int(Representation::kRodrigues) == GRAINSPIN_RODRIGUES &&
              int(Representation::kAxisAngle) == GRAINSPIN_AXIS_ANGLE);

std::string number(double x) {  // not negative; for a person, three decimals
  const double rounded = std::round(x * 1000);
  if (!(rounded < 1e15)) return "very large";
  const std::int64_t thousandths = std::int64_t(rounded);
  const std::string rest = std::to_string(thousandths % 1000);
  return std::to_string(thousandths / 1000) + "." + std::string(3 - rest.size(), '0') + rest;
}

std::string text(const Soundness& s) {
  switch (s.why) {
    case Unsound::kNotFinite: return "is not finite";
    case Unsound::kLength: return "is a quaternion of length " + number(s.value) + ", not 1";
    case Unsound::kAxis: return "has an axis of length " + number(s.value) + ", not 1";
    case Unsound::kMatrix: return "is a matrix that is no rotation, off by " + number(s.value);
    case Unsound::kNothing: break;
  }
  return "is no rotation to within 0.001";
}

template <class T>
void read_as(const View& from, const OrientationForm& form, const std::uint8_t* mask, bool masked_too, float* q) {
  each_voxel(from, [&](std::int64_t i, std::int64_t at) {
    const bool masked = mask && !mask[i];
    if (masked && !masked_too) return;
    double v[kMostNumbers];
    read_numbers<T>(from, at, v);
    const Soundness sound = orientation_of(form, v, from.components, !masked, q + 4 * i);
    if (sound.why != Unsound::kNothing) no_rotation(from.shape, i, sound);
  });
}

template <class T>
void write_as(const View& to, const OrientationForm& form, const float* q) {
  each_voxel(to, [&](std::int64_t i, std::int64_t at) {
    double v[kMostNumbers];
    numbers_of(form, q + 4 * i, v);
    write_numbers<T>(to, at, v);
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
int components(const OrientationForm& form) { return components(std::int32_t(form.representation)); }

OrientationForm checked(const grainspin_convention* convention) {
  if (!convention) return {};
  require(components(convention->representation) > 0, Errc::kArgument,
          "the representation " + std::to_string(convention->representation) + " of orientations is not known");
  require(convention->direction == GRAINSPIN_CRYSTAL_TO_SAMPLE || convention->direction == GRAINSPIN_SAMPLE_TO_CRYSTAL,
          Errc::kArgument, "the direction " + std::to_string(convention->direction) + " of orientations is not known");
  return {Representation(convention->representation), convention->direction == GRAINSPIN_SAMPLE_TO_CRYSTAL};
}

void no_rotation(Shape s, std::int64_t voxel, const Soundness& why) {
  const std::int64_t x = voxel % s.nx, y = voxel / s.nx % s.ny, z = voxel / s.nx / s.ny;
  throw Error(Errc::kArgument, "the orientation of voxel (" + std::to_string(x) + ", " + std::to_string(y) + ", " +
                                   std::to_string(z) + "), counted from 0, " + text(why));
}

void read_orientations(const View& from, const OrientationForm& form, const std::uint8_t* mask, bool masked_too, float* q) {
  from.type == Element::kDouble ? read_as<double>(from, form, mask, masked_too, q)
                                : read_as<float>(from, form, mask, masked_too, q);
}

void write_orientations(const View& to, const OrientationForm& form, const float* q) {
  if (form.representation == Representation::kQuaternionWxyz && !form.inverse) return write_fields(to, q);
  to.type == Element::kDouble ? write_as<double>(to, form, q) : write_as<float>(to, form, q);
}

}  // namespace grainspin::capi

int32_t grainspin_components(int32_t representation) { return grainspin::capi::components(representation); }
