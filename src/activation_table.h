// tanh(x) and tanh(x)/2 + 1/2 as parabolas over 31 segments of equal width, for kernels whose products are rounded to bf16
// (half a unit in its last place: 2e-3): the largest error is below 3e-4. Constants of the compiler, no code at start-up.
#pragma once

namespace grainspin {

constexpr float kActivationBound = 4.4f;                             // beyond it the value at the bound
constexpr float kActivationSegments = 15.4999f / kActivationBound;   // round(x * this) is the segment, -15 to 15

// Entry (segment modulo 32): a + b x + c x^2. Entry 16 is never asked for.
struct alignas(64) ActivationTable {
  float a[32], b[32], c[32];
};

// tanh for |x| <= 5 to 1e-15: e^(-2|x|) by its series after nine halvings.
constexpr double tanh_to_rounding(double x) {
  const double size = x < 0 ? -x : x, small = -2 * size / 512;
  double power = 1;
  for (int k = 12; k > 0; --k) power = 1 + power * small / k;
  for (int k = 0; k < 9; ++k) power *= power;
  const double t = (1 - power) / (1 + power);
  return x < 0 ? -t : t;
}

// Through the three Chebyshev nodes of every segment: near the best parabola there is.
constexpr ActivationTable activation_table(double factor, double offset) {
  ActivationTable table{};
  const double width = 1 / double(kActivationSegments);
  for (int segment = -15; segment <= 15; ++segment) {
    const double middle = segment * width, away = 0.8660254037844386 * width / 2;
    const double low = offset + factor * tanh_to_rounding(middle - away), mid = offset + factor * tanh_to_rounding(middle),
                 high = offset + factor * tanh_to_rounding(middle + away);
    const double slope = (high - low) / (2 * away), bend = (high - 2 * mid + low) / (2 * away * away);
    const int at = segment & 31;
    table.c[at] = float(bend);
    table.b[at] = float(slope - 2 * bend * middle);
    table.a[at] = float(mid - slope * middle + bend * middle * middle);
  }
  return table;
}

constexpr ActivationTable kTanhTable = activation_table(1, 0), kHalfSigmoidTable = activation_table(0.5, 0.5);

}  // namespace grainspin
