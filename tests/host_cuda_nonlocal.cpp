// The launchers of the nonlocal family on the host: plain loops over cuda/nonlocal_elements.h, transforms by their
// definition, axis after axis, in double. What cuFFT leaves undefined is poisoned here: the padding of real rows, and
// the work area.
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <vector>

#include "cuda/nonlocal_elements.h"
#include "host_cuda_context.h"

namespace grainspin::cuda {

struct Spectral {
  SpectralShape shape;
  void* work;
};

namespace {

using Complex = std::complex<double>;

std::int64_t half(const SpectralShape& s) { return s.n[2] / 2 + 1; }
std::int64_t channel(const SpectralShape& s) { return 2 * std::int64_t(s.n[0]) * s.n[1] * half(s); }

std::int64_t spectral_bytes(Context*, const SpectralShape& s) {
  return std::max(s.forward_batch, s.inverse_batch) * channel(s) * std::int64_t(sizeof(float));
}
Spectral* spectral_create(Context* c, const SpectralShape& s, void* work) {
  not_recorded(c);
  return new Spectral{s, work};
}
void spectral_destroy(Context*, Spectral* plans) noexcept { delete plans; }

// out_k = sum_j in_j exp(sign 2 pi i j k / n) of a line of n values that lie `step` apart.
void transform_line(Complex* line, int n, std::int64_t step, int sign) {
  const std::size_t N = std::size_t(n);
  std::vector<Complex> out(N), roots;
  for (int j = 0; j < n; ++j) roots.push_back(std::polar(1.0, sign * 2 * std::acos(-1.0) * j / n));
  for (std::size_t k = 0; k < N; ++k)
    for (std::size_t j = 0; j < N; ++j) out[k] += line[std::int64_t(j) * step] * roots[j * k % N];
  for (int k = 0; k < n; ++k) line[k * step] = out[std::size_t(k)];
}
void transform(std::vector<Complex>& c, const SpectralShape& s, int sign) {
  const int *n = s.n, lines = n[0] * n[1];
  for (int l = 0; l < lines; ++l) transform_line(&c[std::size_t(l * n[2])], n[2], 1, sign);
  for (int a = 0; a < n[0]; ++a)
    for (int b = 0; b < n[2]; ++b) transform_line(&c[std::size_t(a * n[1] * n[2] + b)], n[1], n[2], sign);
  for (int a = 0; a < n[1] * n[2]; ++a) transform_line(&c[std::size_t(a)], n[0], n[1] * n[2], sign);
}

void forward(Context* context, Spectral* plans, float* channels) {
  enqueue(context, [=] {
    const SpectralShape& s = plans->shape;
    const std::int64_t lines = std::int64_t(s.n[0]) * s.n[1], h = half(s);
    std::memset(plans->work, 0xff, std::size_t(spectral_bytes(context, s)));
    for (float* f = channels; f < channels + s.forward_batch * channel(s); f += channel(s)) {
      std::vector<Complex> c;
      for (std::int64_t l = 0; l < lines; ++l)
        for (int x = 0; x < s.n[2]; ++x) c.push_back(double(f[l * 2 * h + x]));
      transform(c, s, -1);
      for (std::int64_t l = 0; l < lines; ++l)
        for (std::int64_t x = 0; x < h; ++x) {
          f[(l * h + x) * 2] = float(c[std::size_t(l * s.n[2] + x)].real());
          f[(l * h + x) * 2 + 1] = float(c[std::size_t(l * s.n[2] + x)].imag());
        }
    }
  });
}

void inverse(Context* context, Spectral* plans, float* channels) {
  enqueue(context, [=] {
    const SpectralShape& s = plans->shape;
    const int n0 = s.n[0], n1 = s.n[1], n2 = s.n[2];
    const std::int64_t h = half(s);
    std::memset(plans->work, 0xff, std::size_t(spectral_bytes(context, s)));
    for (float* f = channels; f < channels + s.inverse_batch * channel(s); f += channel(s)) {
      std::vector<Complex> c(std::size_t(std::int64_t(n0) * n1 * n2));
      for (int a = 0; a < n0; ++a)
        for (int b = 0; b < n1; ++b)
          for (int x = 0; x < n2; ++x) {  // the other half is the conjugate of the opposite frequency
            const bool here = x < h;
            const std::int64_t from = here ? (std::int64_t(a) * n1 + b) * h + x
                                           : (std::int64_t((n0 - a) % n0) * n1 + (n1 - b) % n1) * h + (n2 - x);
            const Complex v(f[2 * from], f[2 * from + 1]);
            c[std::size_t((std::int64_t(a) * n1 + b) * n2 + x)] = here ? v : std::conj(v);
          }
      transform(c, s, 1);
      for (std::int64_t l = 0; l < std::int64_t(n0) * n1; ++l)
        for (std::int64_t x = 0; x < 2 * h; ++x)
          f[l * 2 * h + x] =
              x < n2 ? float(c[std::size_t(l * n2 + x)].real()) : std::numeric_limits<float>::quiet_NaN();
    }
  });
}

void maps(Context* context, const Block& b, int in, int out, const float* a, const float* weight, int row_stride,
          bool accumulate, float* y) {
  enqueue(context, [=] {
    std::vector<float> sum(std::size_t(b.n));
    for (int o = 0; o < out; ++o) {
      float* to = y + std::int64_t(o) * b.stride;
      for (int i = 0; i < b.n; ++i) sum[std::size_t(i)] = accumulate ? to[i] : 0.0f;
      for (int k = 0; k < in; ++k) {
        const float w = weight[std::int64_t(o) * row_stride + k];
        for (int i = 0; i < b.n; ++i) sum[std::size_t(i)] += w * a[std::int64_t(k) * b.stride + i];
      }
      std::copy_n(sum.data(), b.n, to);
    }
  });
}

void begin_step(Context* context, const StepLoad* table, int* counter, StepLoad* now) {
  enqueue(context, [=] { *now = table[(*counter)++]; });
}

// A stage on every row of a block and every channel.
template <class Step, void (*element)(const Step&, int, int)>
void each(Context* context, const Step& s, int channels) {
  enqueue(context, [=] {
    for (int c = 0; c < channels; ++c)
      for (int i = 0; i < s.block.n; ++i) element(s, i, c);
  });
}
void start(Context* c, const StartStep& s) { each<StartStep, start_element>(c, s, start_channels(s)); }
void pass(Context* c, const PassStep& s) { each<PassStep, pass_element>(c, s, pass_channels(s)); }
void gate(Context* c, const GateStep& s) { each<GateStep, gate_element>(c, s, s.width); }
void carry(Context* c, const CarryStep& s) { each<CarryStep, carry_element>(c, s, s.channels); }
void polarise(Context* c, const PolariseStep& s) { each<PolariseStep, polarise_element>(c, s, s.polarisations); }
void state(Context* c, const StateStep& s) { each<StateStep, state_element>(c, s, s.channels + s.memory); }
void memory(Context* c, const MemoryStep& s) { each<MemoryStep, memory_element>(c, s, s.memory); }
void turn(Context* context, const TurnStep& s) {
  enqueue(context, [=] {
    for (int i = 0; i < s.block.n; ++i) turn_element(s, i);
  });
}

void mean(Context* context, const MeanStep& s) {
  enqueue(context, [=] {
    for (int m = 0; m < s.polarisations; ++m) {
      double sums[5] = {};
      for (int c = 0; c < 5 && any_free(*s.load); ++c) {
        double* partial = s.partial + (5 * m + c) * kPartials;
        for (int p = 0; p < kPartials; ++p) sums[c] += partial[p] = mean_partial(s, 5 * m + c, p, kPartials);
      }
      mean_element(s, m, sums);
    }
  });
}
void green(Context* context, const GreenStep& s) {
  enqueue(context, [=] {
    for (int m = 0; m < s.polarisations; ++m)
      for (std::int64_t f = 0; f < s.spectrum.frequencies(); ++f) green_element(s, f, m);
  });
}
void close(Context* context, const CloseStep& s) {
  enqueue(context, [=] { close_element(s); });
}
void stress(Context* context, const StressStep& s) {
  enqueue(context, [=] {
    double sum = 0;
    for (int p = 0; p < kPartials; ++p) sum += s.partial[p] = stress_partial(s, p, kPartials);
    s.partial[kPartials] = stress_constant(s, sum);
    for (std::int64_t i = 0; i < s.count; ++i) stress_element(s, i);
  });
}
void mirror(Context* context, const MirrorStep& s) {
  enqueue(context, [=] {
    for (std::int64_t v = 0; v < s.whole.voxels(); ++v) std::copy_n(s.from + 4 * mirrored(s, v), 4, s.to + 4 * v);
  });
}

}  // namespace

void fill_nonlocal(Table& t) {
  t.spectral_bytes = spectral_bytes, t.spectral_create = spectral_create, t.spectral_destroy = spectral_destroy;
  t.forward = forward, t.inverse = inverse, t.maps = maps, t.begin_step = begin_step;
  t.start = start, t.pass = pass, t.gate = gate, t.carry = carry, t.polarise = polarise, t.mean = mean;
  t.green = green, t.close = close, t.state = state, t.turn = turn, t.stress = stress, t.memory = memory;
  t.mirror = mirror;
}

}  // namespace grainspin::cuda
