#include "recurrent.h"

#include <algorithm>
#include <cstddef>
#ifdef GRAINSPIN_X86  // set by CMake where the compiler targets x86-64
#include <cpuid.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

#include "bf16.h"

namespace grainspin {
namespace {

std::vector<const RecurrentKernels*> supported() {
  std::vector<const RecurrentKernels*> all;
#ifdef GRAINSPIN_X86
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("fma"))
    all.push_back(&kRecurrentAvx512);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) all.push_back(&kRecurrentAvx2);
#endif
  all.push_back(&kRecurrentBaseline);
  return all;
}

#ifdef GRAINSPIN_X86
// Linux hands the tiles' state out on request only, once for the process: arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA).
bool may_use_tiles() {
#ifdef __linux__
  return syscall(SYS_arch_prctl, 0x1023, 18) == 0;
#else
  return false;
#endif
}
#endif

std::vector<const RecurrentKernels*> supported_bf16() {
  std::vector<const RecurrentKernels*> all;
#ifdef GRAINSPIN_X86
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512vl"))
    return all;
  unsigned a, b, c, d;
  const bool dots = __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & 1u << 5);  // AVX512_BF16
  if (!dots) return all;
  const bool tiles = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & 1u << 22) && (d & 1u << 23) && (d & 1u << 24);  // AMX-BF16, AVX512-FP16, AMX-TILE
  if (tiles && may_use_tiles()) all.push_back(&kRecurrentAmx);
  all.push_back(&kRecurrentAvx512Bf16);
#endif
  return all;
}

}  // namespace

const std::vector<const RecurrentKernels*>& recurrent_kernels_bf16() {
  static const auto all = supported_bf16();
  return all;
}

const std::vector<const RecurrentKernels*>& recurrent_kernels() {
  static const auto all = supported();
  return all;
}

PackedLayer pack(const RecurrentKernels& kernels, int gates, int hidden, const float* weight_ih, int width,
                 int first, int inputs, const float* weight_hh, const float* bias_ih, const float* bias_hh) {
  const int units = kernels.units;
  // Gates through a sigmoid: LSTM i f o, GRU r z.
  const auto scale = [](int g) { return g == 2 ? 1.0f : 0.5f; };
  const auto rows = [&](AlignedFloats& to, const float* weight, int stride, int from, int columns) {
    to = AlignedFloats(std::int64_t(hidden) * gates * columns);
    float* out = to.get();
    for (int unit = 0; unit < hidden; unit += units)
      for (int k = 0; k < columns; ++k)
        for (int u = 0; u < units; ++u)
          for (int g = 0; g < gates; ++g)
            *out++ = scale(g) * weight[(std::size_t(g) * hidden + unit + u) * stride + from + k];
  };
  const auto eights = [&](AlignedFloats& to, const float* weight, int stride, int from, int columns) {
    to = AlignedFloats(std::int64_t(hidden) * gates * columns);
    float* out = to.get();
    for (int unit = 0; unit < hidden; unit += 16)
      for (int g = 0; g < gates; ++g)
        for (int first = 0; first < 16; first += 8)
          for (int k = 0; k < columns; ++k)
            for (int u = 0; u < 8; ++u) *out++ = scale(g) * weight[(std::size_t(g) * hidden + unit + first + u) * stride + from + k];
  };
  const auto tiles = [&](AlignedFloats& to, const float* weight, int stride, int from, int columns) {
    const int count = (columns + 31) / 32;
    to = AlignedFloats(std::int64_t(hidden) * gates * count * 16);
    auto* out = reinterpret_cast<std::uint16_t*>(to.get());
    for (int unit = 0; unit < hidden; unit += 16)
      for (int t = 0; t < count; ++t)
        for (int g = 0; g < gates; ++g)
          for (int u = 0; u < 16; ++u)
            for (int k = 32 * t; k < 32 * t + 32; ++k)
              *out++ = k < columns ? bf16(scale(g) * weight[(std::size_t(g) * hidden + unit + u) * stride + from + k]) : 0;
  };
  PackedLayer layer;
  layer.hidden = hidden;
  layer.inputs = inputs;
  if (inputs > 0 && !kernels.bf16) rows(layer.wx, weight_ih, width, first, inputs);
  if (inputs > 0 && kernels.bf16) weight_hh ? tiles(layer.tx, weight_ih, width, first, inputs) : eights(layer.wx, weight_ih, width, first, inputs);
  if (weight_hh) kernels.bf16 ? tiles(layer.th, weight_hh, hidden, 0, hidden) : rows(layer.wh, weight_hh, hidden, 0, hidden);
  layer.bias = AlignedFloats(std::int64_t(hidden) * 4);
  std::fill_n(layer.bias.get(), hidden * 4, 0.0f);
  if (bias_ih && bias_hh)
    for (int u = 0; u < hidden; ++u) {
      const auto sum = [&](int g) {
        return float(double(bias_ih[g * hidden + u]) + double(bias_hh[g * hidden + u]));
      };
      float* b = layer.bias.get() + std::ptrdiff_t(u) * 4;
      for (int g = 0; g < gates; ++g) b[g] = scale(g) * sum(g);
      if (gates == 3) {
        b[2] = bias_ih[2 * hidden + u];
        b[3] = bias_hh[2 * hidden + u];
      }
    }
  if (kernels.bf16) {
    layer.bias_tiles = AlignedFloats(std::int64_t(hidden) * 4 * 16);
    float* out = layer.bias_tiles.get();
    for (int unit = 0; unit < hidden; unit += 16)
      for (int g = 0; g < 4; ++g)
        for (int u = 0; u < 16; ++u, out += 16) std::fill_n(out, 16, layer.bias.get()[(unit + u) * 4 + g]);
  }
  return layer;
}

}  // namespace grainspin
