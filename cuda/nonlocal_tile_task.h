// What a lane of a tile's team (nonlocal_tile_elements.h) works with: the numbers of a phase, a column of its own, one task.
#pragma once

#include "cuda/nonlocal_tile.h"

#ifndef GRAINSPIN_UNROLL
#ifdef __CUDA_ARCH__
#define GRAINSPIN_UNROLL _Pragma("unroll")
#else
#define GRAINSPIN_UNROLL
#endif
#endif

namespace grainspin::cuda {

// Numbers of a phase's basis: by value, with kN systems known when this is compiled, or where they lie in memory (kN = 0).
template <int kN>
struct CellBasis {
  float numbers[BasisPlaces(kN).count];
};
template <>
struct CellBasis<0> {
  const float* numbers;
};

// N numbers of one voxel: registers, or rows of the scratch where they lie.
template <int kN>
struct Column {
  float v[kN];
  GRAINSPIN_HD static Column of(const float* rows) {
    Column c;
    GRAINSPIN_UNROLL
    for (int i = 0; i < kN; ++i) c.v[i] = rows[i * kTile];
    return c;
  }
  GRAINSPIN_HD static Column room(float*) { return {}; }
  GRAINSPIN_HD float operator[](int i) const { return v[i]; }
  GRAINSPIN_HD void set(int i, float value) { v[i] = value; }
};
template <>
struct Column<0> {
  float* v;
  GRAINSPIN_HD static Column of(float* rows) { return {rows}; }
  GRAINSPIN_HD static Column room(float* rows) { return {rows}; }
  GRAINSPIN_HD float operator[](int i) const { return v[i * kTile]; }
  GRAINSPIN_HD void set(int i, float value) { v[i * kTile] = value; }
};

template <class T>
struct alignas(4 * sizeof(T)) Quad {
  T v[4];
};

// One task on the lane whose column of the scratch is `rows`.
template <int kRows, int kColumns>
GRAINSPIN_HD inline void map_task_of(const MapTask& t, const float* weights, const std::int32_t* indices, float* rows) {
  const float* w = weights + t.weight;
  const std::int32_t *in = indices + t.in, *out = indices + t.out;
  float sum[kColumns][kRows] = {};
  for (int k = 0; k < t.depth; ++k, w += kRows) {
    const float* x = rows + in[k] * kTile;
    float weight[kRows];
    GRAINSPIN_UNROLL
    for (int r = 0; r < kRows; r += 4) {
      const Quad<float> four = *reinterpret_cast<const Quad<float>*>(w + r);
      for (int i = 0; i < 4; ++i) weight[r + i] = four.v[i];
    }
    GRAINSPIN_UNROLL
    for (int c = 0; c < kColumns; ++c) {
      const float value = x[c * kTile];
      GRAINSPIN_UNROLL
      for (int r = 0; r < kRows; ++r) sum[c][r] += weight[r] * value;
    }
  }
  GRAINSPIN_UNROLL
  for (int r = 0; r < kRows; ++r) {
    if (r >= t.rows) break;
    GRAINSPIN_UNROLL
    for (int c = 0; c < kColumns; ++c) {
      float& to = rows[(out[r] + c) * kTile];
      to = t.add ? to + sum[c][r] : sum[c][r];
    }
  }
}
GRAINSPIN_HD inline void map_task(const MapTask& t, const float* weights, const std::int32_t* indices, float* rows) {
  if (t.narrow) {
    if (t.columns == 1) map_task_of<kNarrowRows, 1>(t, weights, indices, rows);
    else if (t.columns == 2) map_task_of<kNarrowRows, 2>(t, weights, indices, rows);
    else map_task_of<kNarrowRows, 3>(t, weights, indices, rows);
  } else {
    if (t.columns == 1) map_task_of<kTaskRows, 1>(t, weights, indices, rows);
    else if (t.columns == 2) map_task_of<kTaskRows, 2>(t, weights, indices, rows);
    else map_task_of<kTaskRows, 3>(t, weights, indices, rows);
  }
}

}  // namespace grainspin::cuda
