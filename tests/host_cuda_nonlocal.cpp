// The launchers of the nonlocal family on the host: plain loops over cuda/nonlocal_elements.h, transforms by their
// definition, axis after axis, in double. What cuFFT leaves undefined is poisoned here: the padding of real rows, and
// the work area. A tile is one thread's work here, or that of a thread a warp with barriers (HostCuda::tile_threads).
#include <algorithm>
#include <barrier>
#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <thread>
#include <vector>

#include "cuda/nonlocal_tile_elements.h"
#include "cuda/variance_elements.h"
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

// out_k = sum_j in_j exp(sign 2 pi i j k / n) of n values that lie `step` apart: by halves where n is even, else as it stands.
std::vector<Complex> sums(const Complex* in, int n, std::int64_t step, int sign) {
  const std::size_t N = std::size_t(n);
  std::vector<Complex> out(N), roots;
  for (int j = 0; j < n; ++j) roots.push_back(std::polar(1.0, sign * 2 * std::acos(-1.0) * j / n));
  if (n % 2 == 0) {
    const auto even = sums(in, n / 2, 2 * step, sign), odd = sums(in + step, n / 2, 2 * step, sign);
    for (std::size_t k = 0; k < N; ++k) out[k] = even[k % (N / 2)] + roots[k] * odd[k % (N / 2)];
    return out;
  }
  for (std::size_t k = 0; k < N; ++k)
    for (std::size_t j = 0; j < N; ++j) out[k] += in[std::int64_t(j) * step] * roots[j * k % N];
  return out;
}
void transform_line(Complex* line, int n, std::int64_t step, int sign) {
  const auto out = sums(line, n, step, sign);
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

void inverse(Context* context, Spectral* plans, float* channels, bool single) {
  enqueue(context, [=] {
    const SpectralShape& s = plans->shape;
    const int batch = single ? 1 : s.inverse_batch;
    const int n0 = s.n[0], n1 = s.n[1], n2 = s.n[2];
    const std::int64_t h = half(s);
    std::memset(plans->work, 0xff, std::size_t(spectral_bytes(context, s)));
    for (float* f = channels; f < channels + batch * channel(s); f += channel(s)) {
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

void begin_step(Context* context, const StepLoad* table, int* counter, StepLoad* now) {
  enqueue(context, [=] { *now = table[(*counter)++]; });
}

// The team of one tile: all warps on one thread, or each on its own.
struct HostTeam {
  std::barrier<>* barrier = nullptr;  // null: one thread
  int warp = 0;
  template <class F>
  void each_warp(const F& f) const {
    if (barrier) return f(warp);
    for (int w = 0; w < kTileWarps; ++w) f(w);
  }
  template <class F>
  void lanes(const F& f) const {
    for (int v = 0; v < kTile; ++v) f(v);
  }
  template <class F>
  void each(int n, const F& f) const {
    for (int i = barrier ? warp : 0; i < n; i += barrier ? kTileWarps : 1) f(i);
  }
  template <class F>
  void once(const F& f) const {
    f();
  }
  template <class F>
  double sum(const F& f) const {
    double value = 0;
    for (int v = 0; v < kTile; ++v) value += f(v);
    return value;
  }
  void sync() const {
    if (barrier) barrier->arrive_and_wait();
  }
};

// run(team): of one tile.
template <class Run>
void with_team(bool threads, const Run& run) {
  if (!threads) return run(HostTeam{});
  std::barrier<> barrier(kTileWarps);
  std::vector<std::thread> warps;
  for (int w = 0; w < kTileWarps; ++w) warps.emplace_back([&, w] { run(HostTeam{&barrier, w}); });
  for (std::thread& warp : warps) warp.join();
}

template <int kN, bool kHalf>
void sweep(const SweepStep& s, const CellBasis<kN>& basis, bool threads) {
  const std::size_t floats = std::size_t(TileRows(s.shape).count) * kTile;
  std::vector<Quad<float>> shared(floats / 4, {{NAN, NAN, NAN, NAN}});
  for (std::int64_t tile = 0; tile < s.tiles.count(); ++tile) {
    float* const scratch = s.scratch ? s.scratch + tile % s.blocks * std::int64_t(floats) : shared[0].v;
    with_team(threads, [&](const HostTeam& team) { TileSweep<kN, kHalf, HostTeam>(s, basis, team, tile, scratch).run(); });
  }
}
template <int kN>
void sweep(const SweepStep& s, const CellBasis<kN>& basis, bool threads) {
  s.half ? sweep<kN, true>(s, basis, threads) : sweep<kN, false>(s, basis, threads);
}
void sweep(Context* context, const SweepStep& s) {
  enqueue(context, [=, threads = context->knobs->tile_threads] {
    if (s.shape.systems == 12) {
      CellBasis<12> basis;
      std::copy_n(s.basis_on_host, BasisPlaces(12).count, basis.numbers);
      sweep(s, basis, threads);
    } else {
      sweep(s, CellBasis<0>{s.basis}, threads);
    }
  });
}
template <bool kHalf>
void variance(const VarianceStep& s, bool threads) {
  std::vector<float> scratch(std::size_t(s.rows()) * kTile, NAN);
  for (std::int64_t tile = 0; tile < s.tiles.count(); ++tile)
    with_team(threads, [&](const HostTeam& team) { TileVariance<kHalf, HostTeam>(s, team, tile, scratch.data()).run(); });
}
void variance(Context* context, const VarianceStep& s) {
  enqueue(context, [=, threads = context->knobs->tile_threads] { s.half ? variance<true>(s, threads) : variance<false>(s, threads); });
}
SweepRoom sweep_room(Context* context) { return {context->knobs->shared_bytes, 2}; }
void clear(Context* context, const ClearStep& s) {
  enqueue(context, [=] {
    for (std::int64_t i = 0; i < s.n; ++i)
      for (int m = 0; m < s.polarisations; ++m) clear_element(s, i, m);
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
    for (std::int64_t f = 0; f < s.spectrum.frequencies(); ++f) green_element(s, f);
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
  t.forward = forward, t.inverse = inverse, t.begin_step = begin_step;
  t.sweep_room = sweep_room, t.sweep = sweep, t.clear = clear, t.mean = mean, t.green = green, t.close = close;
  t.stress = stress, t.mirror = mirror, t.variance = variance;
}

}  // namespace grainspin::cuda
