#include "bench/ceilings.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "src/activation_halves.h"
#include "src/aligned.h"
#include "src/recurrent.h"
#include "src/tile_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif
#ifdef __linux__
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#endif

namespace grainspin::bench {
namespace {

// Least time of `repeats` calls: what else the machine does only adds.
template <class F>
double least_seconds(F&& f, int repeats = 40) {
  double least = 1e9;
  for (int r = 0; r < repeats; ++r) {
    const auto start = std::chrono::steady_clock::now();
    f();
    least = std::min(least, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return least;
}

constexpr int kRounds = 4000;

#if defined(__x86_64__)

// Twelve sums, in registers by name, hide the latency of four cycles on two ports with some to spare.
#define GRAINSPIN_TWELVE(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define GRAINSPIN_FMA256(k) s##k = _mm256_fmadd_ps(s##k, a, b); asm volatile("" : "+x"(s##k));
#define GRAINSPIN_FMA512(k) s##k = _mm512_fmadd_ps(s##k, a, b); asm volatile("" : "+v"(s##k));
#define GRAINSPIN_DOT512(k) s##k = _mm512_dpbf16_ps(s##k, a, b); asm volatile("" : "+v"(s##k));

[[gnu::target("avx2,fma")]] void fma_avx2() {
#define GRAINSPIN_SUM(k) __m256 s##k = _mm256_set1_ps(0.5f + k);
  GRAINSPIN_TWELVE(GRAINSPIN_SUM)
#undef GRAINSPIN_SUM
  const __m256 a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(0.001f);
  for (int i = 0; i < kRounds; ++i) { GRAINSPIN_TWELVE(GRAINSPIN_FMA256) }
}
#define GRAINSPIN_SUM(k) __m512 s##k = _mm512_set1_ps(0.5f + k);
[[gnu::target("avx512f")]] void fma_avx512() {
  GRAINSPIN_TWELVE(GRAINSPIN_SUM)
  const __m512 a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(0.001f);
  for (int i = 0; i < kRounds; ++i) { GRAINSPIN_TWELVE(GRAINSPIN_FMA512) }
}
[[gnu::target("avx512f,avx512bf16")]] void dots_avx512() {
  GRAINSPIN_TWELVE(GRAINSPIN_SUM)
  const __m512bh a = (__m512bh)_mm512_set1_epi16(0x3c00), b = (__m512bh)_mm512_set1_epi16(0x3800);
  for (int i = 0; i < kRounds; ++i) { GRAINSPIN_TWELVE(GRAINSPIN_DOT512) }
}

struct alignas(64) TileConfig {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
[[gnu::target("amx-tile,amx-bf16")]] void tiles(bool loads) {
  static constexpr TileConfig config;
  alignas(64) static const std::uint16_t operands[4][512] = {};
  _tile_loadconfig(&config);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int i = 0; i < kRounds; ++i) {
    if (loads || i == 0) {
      _tile_loadd(4, operands[0], 64);
      _tile_loadd(5, operands[1], 64);
      _tile_loadd(6, operands[2], 64);
      _tile_loadd(7, operands[3], 64);
    }
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
}

[[gnu::target("avx512f")]] void stream_avx512(float* to, const float* from, std::int64_t n) {
  for (std::int64_t i = 0; i < n; i += 16) _mm512_stream_ps(to + i, _mm512_load_ps(from + i));
  _mm_sfence();
}

std::vector<Ceiling> products() {
  const auto rate = [](bool has, double flops, auto&& f) { return has ? flops / least_seconds(f) : 0.0; };
  const bool avx512 = __builtin_cpu_supports("avx512f");
  bool dots = false, amx = false;  // the engine's own test of the processor and of the system's leave
  for (const RecurrentKernels* k : recurrent_kernels_bf16()) (k == &kRecurrentAmx ? amx : dots) = true;
  return {{"fp32, AVX2", "FLOP/s", rate(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"), kRounds * 12.0 * 16, fma_avx2)},
          {"fp32, AVX-512", "FLOP/s", rate(avx512, kRounds * 12.0 * 32, fma_avx512)},
          {"bf16, AVX-512", "FLOP/s", rate(dots, kRounds * 12.0 * 64, dots_avx512)},
          {"bf16, AMX, in registers", "FLOP/s", rate(amx, kRounds * 4.0 * 16384, [] { tiles(false); })},
          {"bf16, AMX, operands from L1", "FLOP/s", rate(amx, kRounds * 4.0 * 16384, [] { tiles(true); })}};
}

#else
std::vector<Ceiling> products() { return {}; }
#endif

}  // namespace

const std::vector<Ceiling>& product_ceilings() {
  static const auto all = products();
  return all;
}

double best_product_rate(bool bf16) {
  double best = 0;
  for (const Ceiling& c : product_ceilings())
    if (bf16 || c.name.starts_with("fp32")) best = std::max(best, c.rate);
  return best;
}

namespace {
double measured_activation_rate(bool bf16) {
  constexpr std::int64_t n = 4096;
  const AlignedFloats x(n), y(n);
  double best = 0;
  const auto of = [&](auto&& run, float offset, float unit) {
    for (std::int64_t i = 0; i < n; ++i) x.get()[i] = offset + unit * (float(i % 64) / 16 - 2);
    best = std::max(best, double(n) / least_seconds(run, 400));
  };
  for (const auto* list : {&recurrent_kernels(), &recurrent_kernels_bf16()})
    for (const RecurrentKernels* k : *list) {
      if (k->bf16 && !bf16) continue;
      if (k->tiles)
        of([&] { k->tiles->tanh(n, x.get(), reinterpret_cast<std::uint16_t*>(y.get())); }, kWholeOffset, float(kHalfUnit));
      else
        of([&] { k->tanh(n, x.get(), y.get()); }, 0, 1);
    }
  return best;
}
}  // namespace

double activation_rate(bool bf16) {
  static const double rates[2] = {measured_activation_rate(false), measured_activation_rate(true)};
  return rates[bf16];
}

double copy_rate() {
  constexpr std::int64_t n = 1 << 24;
  const AlignedFloats from(n), to(n);
  std::fill_n(from.get(), n, 1.0f);
  double least = least_seconds([&] { std::memcpy(to.get(), from.get(), n * sizeof(float)); }, 10);
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) least = std::min(least, least_seconds([&] { stream_avx512(to.get(), from.get(), n); }, 10));
#endif
  return 2.0 * n * sizeof(float) / least;
}

DiskRate disk_rate() {
  DiskRate rate;
#ifdef __linux__
  constexpr std::int64_t piece = 4 << 20, pieces = 64;
  std::vector<char> bytes(piece, 1);
  char name[] = "bench_disk_XXXXXX";
  const int file = mkstemp(name);
  if (file < 0) return rate;
  unlink(name);  // gone with the last that has it open
  bool whole = true;
  const auto timed = [&](auto&& f) { return whole ? double(piece * pieces) / least_seconds(f, 1) : 0.0; };
  rate.written = timed([&] {
    for (std::int64_t i = 0; i < pieces; ++i) whole = whole && pwrite(file, bytes.data(), piece, i * piece) == piece;
    whole = whole && fsync(file) == 0;
  });
  whole = whole && posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) == 0;
  rate.read = timed([&] {
    for (std::int64_t i = 0; i < pieces; ++i) whole = whole && pread(file, bytes.data(), piece, i * piece) == piece;
  });
  close(file);
  if (!whole) rate = {};
#endif
  return rate;
}

NetworkFloor floor_of(int gates, int hidden, int inputs, int steps, bool inputs_once, bool bf16) {
  const double flops = 2.0 * gates * hidden * (hidden + double(inputs) / (inputs_once ? steps : 1));
  const double products = flops / best_product_rate(bf16), activations = (gates == 4 ? 5.0 : 3.0) * hidden / activation_rate(bf16);
  const bool apart = bf16 && !recurrent_kernels_bf16().empty() && recurrent_kernels_bf16().front() == &kRecurrentAmx;
  if (!apart) return {products + activations, products + activations, "products and activations"};
  return {std::max(products, activations), products + activations, products > activations ? "tiles" : "activations"};
}

void report_ceilings() {
  const auto say = [](const std::string& name, double rate, const char* unit) {
    char text[64];
    std::snprintf(text, sizeof text, "%.4g G%s", rate / 1e9, unit);
    benchmark::AddCustomContext("ceiling, " + name, rate > 0 ? text : "not to be had here");
  };
  for (const Ceiling& c : product_ceilings()) say("products " + c.name, c.rate, c.unit.c_str());
  say("tanh fp32", activation_rate(false), "values/s");
  say("tanh of the bf16 kernels", activation_rate(true), "values/s");
}

}  // namespace grainspin::bench
