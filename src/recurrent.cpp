#include "recurrent.h"

#include <cstddef>

namespace grainspin {
namespace {

std::vector<const RecurrentKernels*> supported() {
  std::vector<const RecurrentKernels*> all;
#ifdef GRAINSPIN_X86  // set by CMake where the compiler targets x86-64
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("fma"))
    all.push_back(&kRecurrentAvx512);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) all.push_back(&kRecurrentAvx2);
#endif
  all.push_back(&kRecurrentBaseline);
  return all;
}

}  // namespace

const std::vector<const RecurrentKernels*>& recurrent_kernels() {
  static const auto all = supported();
  return all;
}

PackedLayer pack(const RecurrentKernels& kernels, int gates, int hidden, const float* weight_ih, int width,
                 int first, int inputs, const float* weight_hh, const float* bias_ih, const float* bias_hh) {
  const int units = kernels.units;
  // Gates through a sigmoid: LSTM i f o, GRU r z.
  const auto scale = [gates](int g) { return gates == 4 ? (g == 2 ? 1.0f : 0.5f) : (g == 2 ? 1.0f : 0.5f); };
  const auto rows = [&](std::vector<float>& to, const float* weight, int stride, int from, int columns) {
    to.resize(std::size_t(hidden) * gates * columns);
    auto out = to.begin();
    for (int unit = 0; unit < hidden; unit += units)
      for (int k = 0; k < columns; ++k)
        for (int u = 0; u < units; ++u)
          for (int g = 0; g < gates; ++g)
            *out++ = scale(g) * weight[(std::size_t(g) * hidden + unit + u) * stride + from + k];
  };
  PackedLayer layer;
  layer.hidden = hidden;
  layer.inputs = inputs;
  if (inputs > 0) rows(layer.wx, weight_ih, width, first, inputs);
  if (weight_hh) rows(layer.wh, weight_hh, hidden, 0, hidden);
  layer.bias.assign(std::size_t(hidden) * 4, 0.0f);
  if (bias_ih && bias_hh)
    for (int u = 0; u < hidden; ++u) {
      const auto sum = [&](int g) {
        return float(double(bias_ih[g * hidden + u]) + double(bias_hh[g * hidden + u]));
      };
      float* b = &layer.bias[std::size_t(u) * 4];
      for (int g = 0; g < gates; ++g) b[g] = scale(g) * sum(g);
      if (gates == 3) {
        b[2] = bias_ih[2 * hidden + u];
        b[3] = bias_hh[2 * hidden + u];
      }
    }
  return layer;
}

}  // namespace grainspin
