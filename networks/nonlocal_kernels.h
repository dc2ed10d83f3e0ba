// Loops over voxels and frequencies that would be many passes over memory as tensor operations. CPU, float
// and double, threaded by LibTorch; the same bits on every instruction set and for any thread count.
#pragma once

#include <cstdint>

namespace grainspin::kernels {

// y[a, m, v] = sum_b T[a, b, v] p[b, m, v], with `transposed` T[b, a, v]; n rows and columns.
template <class T>
void turn_fields(const T* rotation, const T* p, T* y, int n, std::int64_t M, std::int64_t V, bool transposed);

// g[a, b, v] = sum_m y[a, m, v] p[b, m, v].
template <class T>
void outer_fields(const T* y, const T* p, T* g, int n, std::int64_t M, std::int64_t V);

// The Green operator over F2 = 2 F numbers (real and imaginary parts): p [5, F2] -> u [8 or 9 rows, F2].
template <class T>
void green(const T* n, T beta, const T* p, T* u, std::int64_t F2, std::int64_t stride, bool pressure);

// Its transpose: u [8 or 9, F2] -> p [5, F2]. With `spectrum` (p of the forward pass) it returns
// -sum weight (n . v) (n . t), the change with beta.
template <class T>
double green_transposed(const T* n, T beta, const T* u, T* p, std::int64_t F2, std::int64_t stride,
                        bool pressure, const T* spectrum, const T* weight);

// out[i] = sum_b weights[b stride] rows[b row_stride + i], b < count, i < n.
template <class T>
void combine(const T* weights, std::int64_t stride, const T* rows, std::int64_t row_stride,
             std::int64_t count, std::int64_t n, T* out);
// to[i] = |from[i]|; to[i] += from[i]; to[i] += sign(of[i]) d[i].
template <class T>
void sizes(const T* from, T* to, std::int64_t n);
template <class T>
void add(const T* from, T* to, std::int64_t n);
template <class T>
void add_signed(const T* of, const T* d, T* to, std::int64_t n);
// g = sigmoid(g + bias), u = u g.
template <class T>
void gate(T* u, T* g, T bias, std::int64_t n);
// From y = u g in `u` and the gate g: g = dy y (1 - g), whose sum is returned, and u = dy g (of the old g).
template <class T>
T gate_backward(const T* dy, T* u, T* g, std::int64_t n);

}  // namespace grainspin::kernels
