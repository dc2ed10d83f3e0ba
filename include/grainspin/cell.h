// One unit of a recurrent cell, and one turn of an orientation: the formulas that CPU and GPU share.
// Gate orders and signs are PyTorch's. a.. are pre-activations, biases included.
#pragma once

#include <cmath>

#include "grainspin/orientation.h"

namespace grainspin {

template <class T>
GRAINSPIN_HD inline T sigmoid(T x) {
  return T(1) / (T(1) + std::exp(-x));  // exp may overflow to infinity: the quotient is then 0, as it should
}

// LSTM (Hochreiter & Schmidhuber 1997 with the forget gate of Gers, Schmidhuber & Cummins 2000), one unit:
//   c' = s(f) c + s(i) tanh(g),  h' = s(o) tanh(c')
// Returns h', replaces c.
template <class T>
GRAINSPIN_HD inline T lstm_unit(T i, T f, T g, T o, T& c) {
  c = sigmoid(f) * c + sigmoid(i) * std::tanh(g);
  return sigmoid(o) * std::tanh(c);
}

// GRU (Cho et al. 2014) in the form of PyTorch and cuDNN, where the reset gate acts after the recurrent
// product: n = tanh(n_x + s(r) n_h),  h' = (1 - s(z)) n + s(z) h.
// n_x from the input, n_h from the state, each with its bias.
template <class T>
GRAINSPIN_HD inline T gru_unit(T r, T z, T n_x, T n_h, T h) {
  const T u = sigmoid(z);
  return (T(1) - u) * std::tanh(n_x + sigmoid(r) * n_h) + u * h;
}

// q' = exp(w) q, w in radians in the sample frame; brought back to unit length, so that rounding does not add up.
template <class T>
GRAINSPIN_HD inline Quaternion<T> turned(const Quaternion<T>& q, const Vec3<T>& w) {
  return normalised(exp(w) * q);
}

}  // namespace grainspin
