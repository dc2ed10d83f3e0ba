// tanh and the logistic function as parabolas with coefficients in fp16, for kernels that work on 32 halves at a time.
#pragma once

#include <cstdint>

#include "activation_table.h"

namespace grainspin {

// A double to the nearest fp16; below 2^-14 to a multiple of 2^-24.
constexpr std::uint16_t half(double x) {
  const std::uint16_t sign = x < 0 ? 0x8000 : 0;
  double size = x < 0 ? -x : x;
  int power = 0;
  for (; size >= 2; size /= 2) ++power;
  for (; size < 1 && power > -14; size *= 2) --power;
  const std::uint16_t bits = std::uint16_t(size * 1024 + 0.5);  // 1024 to 2048: the leading one stands in the exponent's place
  return std::uint16_t(sign | (bits + ((power + 14) << 10)));
}
constexpr double from_half(std::uint16_t h) {
  const int exponent = h >> 10 & 31;
  double size = (exponent ? 1 : 0) + (h & 0x3ff) / 1024.0;
  for (int power = exponent ? exponent : 1; power < 15; ++power) size /= 2;
  for (int power = 15; power < exponent; ++power) size *= 2;
  return h & 0x8000 ? -size : size;
}

// f(v) near a + b v + c v^2, v in [from, to], the parabola through the Chebyshev nodes in x = start + step (v - from), its
// coefficients rounded, and the last chosen so that the errors of both signs are equal.
struct HalfTable {
  alignas(64) std::uint16_t a[32];
  alignas(64) std::uint16_t b[32];
  alignas(64) std::uint16_t c[32];
};
constexpr double curve_of(bool logistic, double x) {
  const double half_x = logistic ? x / 2 : x, t = tanh_to_rounding(half_x);
  return logistic ? t / 2 + 0.5 : t;
}
constexpr void set_entry(HalfTable& table, int at, bool logistic, double from, double to, double start, double step) {
  const double mid_v = (from + to) / 2, away = 0.8660254037844386 * (to - from) / 2;
  const auto f = [&](double v) { return curve_of(logistic, start + step * (v - from)); };
  const double low = f(mid_v - away), mid = f(mid_v), high = f(mid_v + away);
  const double slope = (high - low) / (2 * away), bend = (high - 2 * mid + low) / (2 * away * away);
  table.c[at] = half(bend);
  const double c = from_half(table.c[at]);
  table.b[at] = half(slope - 2 * c * mid_v);
  const double b = from_half(table.b[at]);
  double most = -9, least = 9;
  for (int i = 0; i <= 16; ++i) {
    const double v = from + (to - from) * i / 16, off = f(v) - (b + c * v) * v;
    most = off > most ? off : most, least = off < least ? off : least;
  }
  table.a[at] = half((most + least) / 2);
}

// Arguments as whole numbers k of 16 bits, kHalfUnit * x (logistic: x / 2): segment k >> 11, and v = 1 + (the ten bits below)/1024.
constexpr double kHalfBound = 4.4, kHalfUnit = 32768 / kHalfBound;
constexpr HalfTable whole_table(bool logistic) {
  HalfTable t{};
  const double width = (logistic ? 2 : 1) * kHalfBound / 16;
  for (int segment = -16; segment < 16; ++segment)
    set_entry(t, segment & 31, logistic, 1, 2, (segment + 1 / 4096.0) * width, width);
  return t;
}
// The size of arguments in fp16: segment round(size * kSizeSegments), the parabola in the size itself.
constexpr double kSizeSegments = 31 / kHalfBound;
constexpr HalfTable size_table() {
  HalfTable t{};
  const double width = 1 / kSizeSegments;
  for (int segment = 0; segment <= 31; ++segment) {
    const double from = segment ? (segment - 0.5) * width : 0;
    set_entry(t, segment, false, from, (segment + 0.5) * width, from, 1);
  }
  return t;
}

constexpr HalfTable kWholeTanh = whole_table(false), kWholeLogistic = whole_table(true), kSizeTanh = size_table();

}  // namespace grainspin
