#include "nonlocal_work.h"

#include <algorithm>
#include <cmath>
#include <new>

#include "grainspin/nonlocal_inline.h"

namespace grainspin {

namespace {
constexpr int V = kNonlocalBlock;
using Block = NonlocalCell::Block;
}  // namespace

// What a step adds to its load.
struct NonlocalWork::Step {
  CellLoad load;
  StepView view{};
  std::vector<float> bias, mean;
  std::array<double, 9> L{};  // L'
};

struct NonlocalWork::Finish {
  const float* kept;  // [region, 4] orientations of masked voxels; null: they are there
};

std::int64_t NonlocalWork::workspace(const Region& region) const {
  const NonlocalSpec& s = spec.nonlocal;
  const int phases = int(s.phases.size());
  const Shape cell = cell_shape(region);
  std::int64_t systems = 0;
  for (int p = 0; p < phases; ++p) systems = std::max<std::int64_t>(systems, weights_.phases()[p].systems);
  const std::int64_t blocks = NonlocalCell::most_blocks(region, phases);
  return NonlocalCell::bytes(region, phases) +
         NonlocalFourier::bytes(cell, s.polarisations, s.stress && s.passes > 0) +
         blocks * V * 4 * (systems * (s.channels + s.memory) + 7) + blocks * 8 * (5 * s.polarisations + 1) +
         region.inner.voxels() * 4 * (7 + (s.stress ? 6 : 0) + (variance_.any() ? 3 : 0)) + pool.size() * scratch_floats(cell) * 4 + (1 << 16);
}

std::int64_t NonlocalWork::most_carried_floats(const Region& region) const {
  std::int64_t systems = 0;
  for (const PhaseView& p : weights_.phases()) systems = std::max<std::int64_t>(systems, p.systems);
  return NonlocalCell::most_blocks(region, int(weights_.phases().size())) * V *
         (systems * (spec.nonlocal.channels + spec.nonlocal.memory) + 4);
}

std::int64_t NonlocalWork::scratch_floats(Shape cell) const {
  std::int64_t floats = NonlocalFourier::scratch_floats(cell, spec.nonlocal.polarisations);
  for (const PhaseView& p : weights_.phases())
    floats = std::max<std::int64_t>(floats, std::int64_t(scratch_rows(p) + 8) * V);
  return floats;
}

NonlocalWork::Step NonlocalWork::step_of(const LoadStep& given) const {
  const CellLoad load = cell_load(given);
  const NonlocalSpec& s = spec.nonlocal;
  Step step;
  step.load = load;
  step.bias = weights_.biases(load.log_size);
  step.mean.assign(std::size_t(8 * s.polarisations), 0.0f);
  for (int a = 0; a < 5; ++a) step.view.E0[a] = float(load.E0[a]);
  step.view.exponent = float(load.size / 0.01);
  step.view.bias = step.bias.data();
  step.L = load.L;
  return step;
}

std::unique_ptr<NonlocalRun> NonlocalWork::prepare(const Region& region, const std::uint8_t* mask) const {
  try {
    auto r = std::make_unique<NonlocalRun>(region, mask, spec, weights_, variance_.any());
    for (int t = 0; t < pool.size(); ++t) r->scratch.emplace_back(scratch_floats(r->cell.shape()));
    return r;
  } catch (const std::bad_alloc&) {
    throw Error(Errc::kMemory, "the run does not fit: it takes " + std::to_string(workspace(region) / 1'000'000) +
                                   " MB, and the nonlocal family cannot be cut into tiles");
  }
}

void NonlocalWork::warm_up(NonlocalRun& r, const LoadStep& load) const {
  if (!spec.nonlocal.carried) return;
  for (int i = 0; i < spec.nonlocal.warmup; ++i) {
    Step step = step_of(load);
    sweep(r, step, nullptr);
  }
}

LoadStep NonlocalWork::step(NonlocalRun& r, const Region& region, const std::uint8_t* mask, const LoadStep& load,
                            const float* kept) const {
  Step step = step_of(load);
  const Finish finish{kept};
  sweep(r, step, &finish);
  if (spec.nonlocal.stress) balance(r, region, mask, step);
  LoadStep result = load;
  result.L = step.L;
  return result;
}

void NonlocalWork::take_orientations(NonlocalRun& r, const float* q) const {
  const auto& blocks = r.cell.blocks();
  pool.run(r.cell.shape().nz, [&](std::int64_t z, int) {
    for (std::int64_t b = r.cell.first(int(z)); b < r.cell.first(int(z) + 1); ++b) {
      const std::int32_t* at = r.cell.places(blocks[b]);
      float* to = r.q.get() + b * 4 * V;
      for (int i = 0; i < V; ++i) {
        const std::int64_t from = r.cell.source(int(z), at[i]);
        for (int a = 0; a < 4; ++a) to[a * V + i] = q[from * 4 + a];
        require(std::isfinite(to[i] + to[V + i] + to[2 * V + i] + to[3 * V + i]), Errc::kArgument,
                "the orientation of voxel " + std::to_string(from) +
                    " is not finite: mask it, since in this family each voxel acts on all");
      }
    }
  });
}

BlockView NonlocalWork::view(const NonlocalRun& r, std::int64_t index, const Step& step, float* scratch) const {
  const Block& b = r.cell.blocks()[std::size_t(index)];
  BlockView v{};
  v.phase = &weights_.phases()[std::size_t(b.phase)];
  v.step = &step.view;
  v.count = b.count;
  v.at = r.cell.places(b);
  v.contiguous = b.contiguous;
  v.q = r.q.get() + index * 4 * V;
  v.x = r.x.get() + b.x;
  v.h = r.h.get() + b.h;
  v.spin = r.spin.get() + index * 3 * V;
  v.field = r.fourier.plane(b.plane, 0);
  v.stride = r.fourier.stride();
  v.sums = const_cast<double*>(r.sums.data()) + index * 5 * spec.nonlocal.polarisations;
  v.scratch = scratch;
  return v;
}

// Start and passes of a step; its end too where `finish` is set.
void NonlocalWork::sweep(NonlocalRun& r, Step& step, const Finish* finish) const {
  const int passes = spec.nonlocal.passes, m = spec.nonlocal.polarisations;
  const bool stress = spec.nonlocal.stress && passes > 0;
  planes(r, 0, false, passes > 0, [&](std::int64_t b, float* scratch) {
    const BlockView v = view(r, b, step, scratch);
    kernels_.begin(v);
    if (passes > 0) kernels_.polarise(v, 0);
    if (passes == 0 && finish) end(r, b, step, scratch);
  }, finish && passes == 0 ? finish : nullptr);
  for (int k = 0; k < passes; ++k) {
    const bool last = k + 1 == passes;
    pool.run(r.fourier.pencils(), [&](std::int64_t i, int thread) {
      r.fourier.pencil(kernels_, i, weights_.beta(k), weights_.pressure(k), k == 0, last,
                       r.scratch[std::size_t(thread)].get());
    });
    complete_load(r, step, k);
    planes(r, last && stress ? 8 * m + 1 : 8 * m, true, !last, [&](std::int64_t b, float* scratch) {
      const BlockView v = view(r, b, step, scratch);
      kernels_.pass(v, k);
      if (!last) kernels_.polarise(v, k + 1);
      if (last && finish) end(r, b, step, scratch);
    }, last ? finish : nullptr);
  }
}

// D_m of pass k: what it adds to every voxel, and to the mean velocity gradient.
void NonlocalWork::complete_load(const NonlocalRun& r, Step& step, int k) const {
  const int m = spec.nonlocal.polarisations;
  std::vector<double> total(std::size_t(5 * m), 0);
  for (std::size_t b = 0; b < r.cell.blocks().size(); ++b)
    for (int j = 0; j < 5 * m; ++j) total[j] += r.sums[b * 5 * m + j];
  const double voxels = double(r.cell.shape().voxels());
  for (int j = 0; j < m; ++j) {
    Deviator mean;
    for (int a = 0; a < 5; ++a) mean[a] = total[5 * j + a] / voxels;
    const std::array<double, 9> D = free_part(step.load.free, mean);
    const Deviator e = deviator(D);
    for (int a = 0; a < 5; ++a) step.mean[8 * j + a] = float(e[a]);
    step.mean[8 * j + 5] = float((D[7] - D[5]) / 2);
    step.mean[8 * j + 6] = float((D[2] - D[6]) / 2);
    step.mean[8 * j + 7] = float((D[3] - D[1]) / 2);
    for (int i = 0; i < 9; ++i) step.L[i] += step.load.size * weights_.free(k)[j] * D[i];
  }
  step.view.mean = step.mean.data();
  step.view.spin = weights_.spin(k);
}

// Every plane: channels back from frequencies, the work on its blocks, channels to frequencies. With few planes to
// a thread the three are swept one after the other; the bits are the same.
template <class Work>
void NonlocalWork::planes(const NonlocalRun& r, int channels, bool inverse, bool forward, const Work& work, const Finish* finish) const {
  const int nz = r.cell.shape().nz, m = spec.nonlocal.polarisations;
  const int in = inverse ? channels : 0, out = forward ? 5 * m : 0;
  const auto clear = [&](int z) {
    for (std::int64_t i = 0; i < r.cell.masked_count(z); ++i) {
      const std::int32_t place = r.cell.masked(z)[i];
      for (int c = 0; c < out; ++c) r.fourier.plane(z, c)[place] = 0;
      if (finish) keep(r, z, place, *finish);
    }
  };
  if (nz >= 4 * pool.size()) {
    pool.run(nz, [&](std::int64_t plane, int thread) {
      const int z = int(plane);
      for (int c = 0; c < in; ++c) r.fourier.inverse(z, c);
      for (std::int64_t b = r.cell.first(z); b < r.cell.first(z + 1); ++b)
        work(b, r.scratch[std::size_t(thread)].get());
      clear(z);
      for (int c = 0; c < out; ++c) r.fourier.forward(z, c);
    });
    return;
  }
  pool.run(std::int64_t(nz) * in, [&](std::int64_t i, int) { r.fourier.inverse(int(i / in), int(i % in)); });
  pool.run(std::int64_t(r.cell.blocks().size()),
            [&](std::int64_t b, int thread) { work(b, r.scratch[std::size_t(thread)].get()); });
  pool.run(nz, [&](std::int64_t z, int) { clear(int(z)); });
  pool.run(std::int64_t(nz) * out, [&](std::int64_t i, int) { r.fourier.forward(int(i / out), int(i % out)); });
}

// A masked voxel's outputs.
void NonlocalWork::keep(const NonlocalRun& r, int z, std::int32_t place, const Finish& finish) const {
  const std::int64_t v = r.cell.inner(z, place);
  if (v < 0) return;
  if (finish.kept)
    std::memcpy(r.orientation.get() + v * 4, finish.kept + r.cell.source(z, place) * 4, 4 * sizeof(float));
  std::fill_n(r.increment.get() + v * 3, 3, 0.0f);
  if (spec.nonlocal.stress) std::fill_n(r.stress.get() + v * 6, 6, 0.0f);
  if (r.log_variance.get()) std::fill_n(r.log_variance.get() + v * 3, 3, 0.0f);
}

// The variance head on one block: of its voxels what they turn by beyond the grid, [3] rows.
void NonlocalWork::judge(const NonlocalRun& r, const Block& b, const BlockView& v, const Step& step, const float* beyond) const {
  static_assert(V <= VarianceHead::kMostLanes);
  const int inputs = grainspin::variance_features(spec.nonlocal);
  std::vector<float> rows(std::size_t(inputs * V));
  float out[3 * V];
  grainspin::variance_features(v, beyond, step.load.size, step.load.log_size, rows.data());
  if (r.log_variance.get()) variance_.log_variance(b.phase, V, rows.data(), beyond, step.load.E0, step.load.size, out);
  for (int i = 0; i < b.count; ++i) {
    const std::int64_t to = r.cell.inner(b.plane, v.at[i]);
    if (to < 0) continue;
    if (r.log_variance.get())
      for (int a = 0; a < 3; ++a) r.log_variance.get()[to * 3 + a] = out[a * V + i];
    if (r.features.get())
      for (int k = 0; k < inputs; ++k) r.features.get()[to * inputs + k] = rows[std::size_t(k * V + i)];
  }
}

// The head's slip rates of one block's voxels.
void NonlocalWork::read_head(const NonlocalRun& r, const Block& b, const BlockView& v, const float* scratch) const {
  int columns = 0;
  for (const PhaseView& p : weights_.phases()) columns = std::max(columns, p.systems);
  const float* const y = scratch + std::int64_t(head_row(*v.phase)) * V;
  for (int i = 0; i < b.count; ++i) {
    const std::int64_t to = r.cell.inner(b.plane, v.at[i]);
    if (to < 0) continue;
    for (int s = 0; s < v.phase->systems; ++s) r.head.get()[to * columns + s] = y[s * V + i];
  }
}

// The end of a step on one block: turned orientations, outputs; of the stress all but pi_0 and its scale.
void NonlocalWork::end(const NonlocalRun& r, std::int64_t index, const Step& step, float* scratch) const {
  const Block& b = r.cell.blocks()[std::size_t(index)];
  const BlockView v = view(r, index, step, scratch);
  float* const omega = scratch + std::int64_t(scratch_rows(*v.phase)) * V;
  float* const dev = omega + 3 * V;
  kernels_.end(v, omega, dev);
  if (r.head.get()) read_head(r, b, v, scratch);
  const std::array<double, 9>& L = step.L;
  const float W[3] = {float((L[7] - L[5]) / 2), float((L[2] - L[6]) / 2), float((L[3] - L[1]) / 2)};
  const float size = float(step.load.size);
  if (r.log_variance.get() || r.features.get()) {
    float beyond[3 * V];
    for (int i = 0; i < 3 * V; ++i) beyond[i] = size * omega[i];
    judge(r, b, v, step, beyond);
  }
  float* const q = r.q.get() + index * 4 * V;
  double sum = 0;
  for (int i = 0; i < b.count; ++i) {
    const Vec3<float> w{W[0] + size * omega[i], W[1] + size * omega[V + i], W[2] + size * omega[2 * V + i]};
    const Quat next = turned(Quat{q[i], q[V + i], q[2 * V + i], q[3 * V + i]}, w);
    q[i] = next.w, q[V + i] = next.x, q[2 * V + i] = next.y, q[3 * V + i] = next.z;
    const std::int64_t to = r.cell.inner(b.plane, v.at[i]);
    if (to >= 0) {
      const float four[4] = {next.w, next.x, next.y, next.z}, three[3] = {w.x, w.y, w.z};
      std::memcpy(r.orientation.get() + to * 4, four, sizeof four);
      std::memcpy(r.increment.get() + to * 3, three, sizeof three);
    }
    if (!spec.nonlocal.stress) continue;
    const float pi = spec.nonlocal.passes > 0
                         ? r.fourier.plane(b.plane, r.fourier.pressure_channel())[v.at[i]] : 0.0f;
    const std::array<double, 9> s = tensor_of({dev[i], dev[V + i], dev[2 * V + i], dev[3 * V + i], dev[4 * V + i]});
    sum += mean_of_free(step, s) + double(pi);
    const float six[6] = {float(s[0]) + pi, float(s[4]) + pi, float(s[8]) + pi, float(s[5]), float(s[2]), float(s[1])};
    if (to >= 0) std::memcpy(r.stress.get() + to * 6, six, sizeof six);
  }
  for (int i = b.count; i < V; ++i)
    for (int a = 0; a < 4; ++a) q[a * V + i] = q[a * V + b.count - 1];
  if (spec.nonlocal.stress) const_cast<double&>(r.stress_sums[std::size_t(index)]) = sum;
}

// Mean of the free diagonal components; 0 where none is free.
double NonlocalWork::mean_of_free(const Step& step, const std::array<double, 9>& s) {
  double sum = 0;
  int count = 0;
  for (int i = 0; i < 9; i += 4)
    if (step.load.free[i]) {
      sum += s[i];
      ++count;
    }
  return count > 0 ? sum / count : 0;
}

// pi_0 and the scale.
void NonlocalWork::balance(const NonlocalRun& r, const Region& region, const std::uint8_t* mask, const Step& step) const {
  double total = 0;
  for (const double sum : r.stress_sums) total += sum;
  const bool free = step.load.free[0] || step.load.free[4] || step.load.free[8];
  const float level = free && r.cell.unmasked() > 0 ? float(-total / double(r.cell.unmasked())) : 0.0f;
  const float scale = spec.stress_scale[0];
  const Shape& n = region.inner;
  pool.run(n.nz, [&](std::int64_t z, int) {
    for (std::int64_t y = 0; y < n.ny; ++y)
      for (std::int64_t x = 0; x < n.nx; ++x) {
        const std::int64_t from =
            ((z + region.inner_lo[2]) * region.shape.ny + y + region.inner_lo[1]) * region.shape.nx + x +
            region.inner_lo[0];
        if (mask && !mask[from]) continue;
        float* const s = r.stress.get() + ((z * n.ny + y) * n.nx + x) * 6;
        for (int i = 0; i < 6; ++i) s[i] = scale * (i < 3 ? s[i] + level : s[i]);
      }
  });
}

}  // namespace grainspin
