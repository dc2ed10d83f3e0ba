// Conversions of arrays: the one-orientation formulas of orientation.h, row by row.
#include "grainspin/orientation.h"

namespace grainspin {
namespace {

template <class T>
Quaternion<T> load(const T* q) {
  return normalised(Quaternion<T>{q[0], q[1], q[2], q[3]});
}

template <class T>
void store(const Quaternion<T>& q, T* out) {
  out[0] = q.w, out[1] = q.x, out[2] = q.y, out[3] = q.z;
}

template <class T>
void store(const Vec3<T>& v, T* out) {
  out[0] = v.x, out[1] = v.y, out[2] = v.z;
}

}  // namespace

template <class T>
void bunge_from_quaternions(std::int64_t n, const T* q, T* angles) {
  for (std::int64_t i = 0; i < n; ++i) store(bunge(load(q + 4 * i)), angles + 3 * i);
}

template <class T>
void quaternions_from_bunge(std::int64_t n, const T* angles, T* q) {
  for (std::int64_t i = 0; i < n; ++i) {
    store(from_bunge(Vec3<T>{angles[3 * i], angles[3 * i + 1], angles[3 * i + 2]}), q + 4 * i);
  }
}

template <class T>
void axis_angles_from_quaternions(std::int64_t n, const T* q, T* out) {
  for (std::int64_t i = 0; i < n; ++i) {
    const AxisAngle<T> a = axis_angle(load(q + 4 * i));
    store(a.axis, out + 4 * i);
    out[4 * i + 3] = a.angle;
  }
}

template <class T>
void quaternions_from_axis_angles(std::int64_t n, const T* in, T* q) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T* a = in + 4 * i;
    store(from_axis_angle(AxisAngle<T>{{a[0], a[1], a[2]}, a[3]}), q + 4 * i);
  }
}

template <class T>
void matrices_from_quaternions(std::int64_t n, const T* q, T* matrices) {
  for (std::int64_t i = 0; i < n; ++i) {
    const Mat3<T> R = matrix(load(q + 4 * i));
    for (int k = 0; k < 9; ++k) matrices[9 * i + k] = R.m[k];
  }
}

template <class T>
void quaternions_from_matrices(std::int64_t n, const T* matrices, T* q) {
  for (std::int64_t i = 0; i < n; ++i) {
    Mat3<T> R;
    for (int k = 0; k < 9; ++k) R.m[k] = matrices[9 * i + k];
    store(from_matrix(R), q + 4 * i);
  }
}

template <class T>
void rodrigues_from_quaternions(std::int64_t n, const T* q, T* vectors) {
  for (std::int64_t i = 0; i < n; ++i) store(rodrigues(load(q + 4 * i)), vectors + 3 * i);
}

template <class T>
void quaternions_from_rodrigues(std::int64_t n, const T* vectors, T* q) {
  for (std::int64_t i = 0; i < n; ++i) {
    store(from_rodrigues(Vec3<T>{vectors[3 * i], vectors[3 * i + 1], vectors[3 * i + 2]}), q + 4 * i);
  }
}

template <class T>
void dream3d_from_quaternions(std::int64_t n, const T* q, T* xyzw) {
  for (std::int64_t i = 0; i < n; ++i) to_dream3d(load(q + 4 * i), xyzw + 4 * i);
}

template <class T>
void quaternions_from_dream3d(std::int64_t n, const T* xyzw, T* q) {
  for (std::int64_t i = 0; i < n; ++i) store(positive(normalised(from_dream3d(xyzw + 4 * i))), q + 4 * i);
}

#define GRAINSPIN_CONVERSIONS(T)                                          \
  template void bunge_from_quaternions(std::int64_t, const T*, T*);       \
  template void quaternions_from_bunge(std::int64_t, const T*, T*);       \
  template void axis_angles_from_quaternions(std::int64_t, const T*, T*); \
  template void quaternions_from_axis_angles(std::int64_t, const T*, T*); \
  template void matrices_from_quaternions(std::int64_t, const T*, T*);    \
  template void quaternions_from_matrices(std::int64_t, const T*, T*);    \
  template void rodrigues_from_quaternions(std::int64_t, const T*, T*);   \
  template void quaternions_from_rodrigues(std::int64_t, const T*, T*);   \
  template void dream3d_from_quaternions(std::int64_t, const T*, T*);     \
  template void quaternions_from_dream3d(std::int64_t, const T*, T*);
GRAINSPIN_CONVERSIONS(float)
GRAINSPIN_CONVERSIONS(double)
#undef GRAINSPIN_CONVERSIONS

}  // namespace grainspin
