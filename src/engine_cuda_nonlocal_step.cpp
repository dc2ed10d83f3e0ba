#include "engine_cuda_nonlocal_step.h"

namespace grainspin {

namespace {
constexpr std::int64_t kFloat = sizeof(float);

cuda::StepLoad step_load(const CellLoad& load) {
  cuda::StepLoad s{};
  for (std::size_t k = 0; k < 5; ++k) s.drive[k] = float(load.E0[k]);
  for (std::size_t k = 0; k < 3; ++k) s.spin[k] = float(load.W[k]);
  for (std::size_t k = 0; k < 9; ++k) s.free[k] = load.free[k];
  s.size = float(load.size);
  s.log_size = float(load.log_size);
  return s;
}
}  // namespace

struct NonlocalStep::Row {
  const PhasePlace& place;
  cuda::Block block;
  float *x, *h;
};

NonlocalStep::NonlocalStep(const Gpu& gpu, const NonlocalWeights& model, const Region& region,
                           const std::int32_t* phase, const std::uint8_t* mask, const std::vector<CellLoad>& loads,
                           const WorkspaceSize& size)
    : gpu_(gpu), model_(model), region_(region), cell_(padded_cell(region)),
      at_(workspace_of(model.spec, cell_, size)), blocks_(blocks_of(model.spec, cell_, phase, mask, size)),
      spectrum_(spectrum_of(cell_.whole)), plans_(nullptr, {&gpu}), masked_(mask) {
  memory_ = {gpu, at_.bytes};
  const auto upload = [&](std::int64_t place, const auto& values) {
    if (!values.empty())
      gpu_->copy(gpu_, bytes(place), values.data(), std::int64_t(values.size() * sizeof(values[0])));
  };
  for (int d = 0; d < 3; ++d) {
    spectrum_.k[d] = floats(at_.k[d]);
    upload(at_.k[d], frequencies_of(spectrum_, d, region.spacing, model.spec.frequencies));
  }
  std::vector<cuda::StepLoad> table;  // that of the first step also for each time that it is run beforehand
  for (const CellLoad& load : loads) table.push_back(step_load(load));
  table.insert(table.begin(), std::size_t(warmups(model.spec)), table[0]);
  upload(at_.loads, table);
  upload(at_.voxels, blocks_.voxels);
  gpu_->zero(gpu_, bytes(at_.counter), sizeof(int));
  if (at_.fields > at_.x) gpu_->zero(gpu_, bytes(at_.x), at_.fields - at_.x);  // x and h
  if (model.spec.passes > 0) {
    batches_ = spectral_of(spectrum_, model.spec.polarisations, model.spec.stress);
    if (voxels() > 1) plans_.reset(gpu_->spectral_create(gpu_, batches_, bytes(at_.transform)));
  }
}

NonlocalStep::~NonlocalStep() {
  try {
    gpu_->synchronise(gpu_);
  } catch (const Error&) {  // an error of the run itself is thrown by the call that waits for its results
  }
}

void NonlocalStep::take_load(const CellLoad& load) const {
  const std::vector<cuda::StepLoad> table(std::size_t(1 + warmups(model_.spec)), step_load(load));
  gpu_->copy(gpu_, bytes(at_.loads), table.data(), std::int64_t(table.size() * sizeof(table[0])));
  gpu_->zero(gpu_, bytes(at_.counter), sizeof(int));
  gpu_->synchronise(gpu_);  // the table ends here
}

void NonlocalStep::carry(void* to) const {
  gpu_->copy(gpu_, to, floats(at_.q), voxels() * 16);
  gpu_->copy(gpu_, static_cast<char*>(to) + voxels() * 16, bytes(at_.x), at_.fields - at_.x);
  gpu_->synchronise(gpu_);
}

void NonlocalStep::resume(const void* from) const {
  gpu_->copy(gpu_, floats(at_.q), from, voxels() * 16);
  gpu_->copy(gpu_, bytes(at_.x), static_cast<const char*>(from) + voxels() * 16, at_.fields - at_.x);
  gpu_->synchronise(gpu_);
}

void NonlocalStep::forget() const {
  if (at_.fields > at_.x) gpu_->zero(gpu_, bytes(at_.x), at_.fields - at_.x);
  gpu_->synchronise(gpu_);
}

void NonlocalStep::orientations(const float* q) const {
  if (!cell_.padded()) return gpu_->copy(gpu_, floats(at_.q), q, voxels() * 4 * kFloat);
  // The fields' place is free between steps.
  if (q != floats(at_.fields)) gpu_->copy(gpu_, floats(at_.fields), q, cell_.inside.voxels() * 4 * kFloat);
  gpu_->mirror(gpu_, {cell_.whole, cell_.inside, {cell_.layers[0], cell_.layers[1], cell_.layers[2]},
                      floats(at_.fields), floats(at_.q)});
}

void NonlocalStep::mirror() const {
  if (!cell_.padded()) return;
  gpu_->copy_box(gpu_, floats(at_.fields), floats(at_.q), inner(), 16);
  orientations(floats(at_.fields));
}

cuda::SubBox NonlocalStep::inner() const {
  cuda::SubBox box{cell_.whole, {}, region_.inner};
  for (int a = 0; a < 3; ++a) box.lo[a] = cell_.layers[a] + region_.inner_lo[std::size_t(a)];
  return box;
}

NonlocalStep::Row NonlocalStep::row(const PhaseBlock& b) const {
  const PhasePlace& place = model_.place.phases[std::size_t(b.phase)];
  cuda::Block block;
  block.n = b.n;
  block.stride = int(stride_of(b.n));
  block.first = b.first;
  block.voxels = blocks_.voxels.empty() ? nullptr : reinterpret_cast<const std::int64_t*>(bytes(at_.voxels));
  block.systems = place.systems;
  block.P = weight(place.P);
  block.a = weight(place.a);
  return {place, block, floats(at_.x) + b.x, floats(at_.h) + b.h};
}

void NonlocalStep::gated(const Row& r, const GatedPlace& map, int drives, int states, bool drives_first, int out,
                         Into into, float* y, const float* carry) const {
  const NonlocalSpec& s = model_.spec;
  const int N = r.block.systems, columns = map.in * N, DN = s.width * N;
  float *u = floats(at_.u), *gate = floats(at_.gate);
  const float* odd = weight(map.odd);
  if (drives > 0)
    gpu_->maps(gpu_, r.block, drives * N, DN, floats(at_.drives), odd + (drives_first ? 0 : states * N), columns, false,
               u);
  if (states > 0)
    gpu_->maps(gpu_, r.block, states * N, DN, r.x, odd + (drives_first ? drives * N : 0), columns, drives > 0, u);
  if (s.gated) {
    const int inputs = (map.in + s.memory) * N;
    gpu_->maps(gpu_, r.block, inputs, DN, floats(at_.magnitudes), weight(map.even), inputs, false, gate);
    gpu_->gate(gpu_, {r.block, s.width, now(), weight(map.bias), weight(map.rate), gate, u});
  }
  // The products above read x as it was.
  if (carry) gpu_->carry(gpu_, {r.block, s.channels, carry, y});
  gpu_->maps(gpu_, r.block, DN, out, u, weight(map.out), DN, into == Into::kAdd, y);
}

void NonlocalStep::start(const Row& r) const {
  const NonlocalSpec& s = model_.spec;
  const int states = s.carried ? s.channels : 0;
  float* magnitudes = s.gated ? floats(at_.magnitudes) : nullptr;
  gpu_->start(gpu_, {r.block, states, s.memory, now(), floats(at_.q), r.x, r.h, floats(at_.drives), magnitudes});
  gated(r, r.place.start, 1, states, true, s.channels * r.block.systems, s.carried ? Into::kAdd : Into::kReplace, r.x,
        s.carried ? weight(r.place.carry) : nullptr);
}

void NonlocalStep::convolve(int k) const {
  const NonlocalSpec& s = model_.spec;
  const int M = s.polarisations, inverse = (s.stress ? 9 : 8) * M;
  float *fields = floats(at_.fields), *D = floats(at_.mean_gradient) + std::int64_t(k) * M * 9;
  const std::int64_t channel = spectrum_.channel();
  // Masked voxels are in no list; of one voxel the imaginary part is.
  if (masked_ || !plans_) gpu_->zero(gpu_, fields, 5 * M * channel * kFloat);
  for (const PhaseBlock& b : blocks_.blocks) {
    const Row r = row(b);
    const int columns = s.channels * r.block.systems;
    gpu_->maps(gpu_, r.block, columns, 5 * M, r.x, weight(r.place.polarise[std::size_t(k)]), columns, false,
               floats(at_.crystal));
    gpu_->polarise(gpu_, {r.block, M, spectrum_, floats(at_.q), floats(at_.crystal), fields});
  }
  gpu_->mean(gpu_, {spectrum_, M, now(), fields, reinterpret_cast<double*>(bytes(at_.partial)), D});
  if (plans_)
    for (int c = 0; c < 5 * M; c += batches_.forward_batch)
      gpu_->forward(gpu_, plans_.get(), fields + c * channel);
  gpu_->green(gpu_, {spectrum_, M, s.stress, weight(model_.place.beta) + std::int64_t(k) * M, fields});
  if (plans_)
    for (int c = 0; c < inverse; c += batches_.inverse_batch)
      gpu_->inverse(gpu_, plans_.get(), fields + c * channel);
}

void NonlocalStep::pass(int k) const {
  const NonlocalSpec& s = model_.spec;
  const int M = s.polarisations;
  convolve(k);
  cuda::PassStep p{};
  p.channels = s.channels;
  p.polarisations = M;
  p.memory = s.memory;
  p.first = k == 0;
  p.spectrum = spectrum_;
  p.fields = floats(at_.fields);
  p.mean_gradient = floats(at_.mean_gradient) + std::int64_t(k) * M * 9;
  p.spin = weight(model_.place.spin) + std::int64_t(k) * M;
  p.pressure = s.stress ? weight(model_.place.pressure) + std::int64_t(k) * M : nullptr;
  p.q = floats(at_.q);
  p.drives = floats(at_.drives);
  p.magnitudes = s.gated ? floats(at_.magnitudes) : nullptr;
  p.spin_sum = floats(at_.spin_sum);
  p.pressure_sum = s.stress ? floats(at_.pressure_sum) : nullptr;
  for (const PhaseBlock& b : blocks_.blocks) {
    const Row r = row(b);
    p.block = r.block;
    p.x = r.x;
    p.h = r.h;
    gpu_->pass(gpu_, p);
    gated(r, r.place.passes[std::size_t(k)], 2 * M, s.channels, false, s.channels * r.block.systems, Into::kAdd, r.x);
  }
}

void NonlocalStep::end(const Row& r) const {
  const NonlocalSpec& s = model_.spec;
  const int N = r.block.systems, H = s.memory;
  if (s.gated || H > 0)
    gpu_->state(gpu_, {r.block, s.channels, H, r.x, r.h, floats(at_.magnitudes)});
  gated(r, r.place.head, 0, s.channels, false, s.stress ? 8 : 3, Into::kReplace, floats(at_.crystal));
  const bool summed = s.passes > 0;
  gpu_->turn(gpu_, {r.block, now(), floats(at_.crystal), summed ? floats(at_.spin_sum) : nullptr,
                    summed && s.stress ? floats(at_.pressure_sum) : nullptr, voxels(), floats(at_.q),
                    const_cast<float*>(increment()), const_cast<float*>(stress())});
  if (H == 0) return;
  const int inputs = (s.channels + H) * N;
  float *update = floats(at_.gate), *candidate = update + std::int64_t(H) * N * r.block.stride;
  gpu_->maps(gpu_, r.block, inputs, H * N, floats(at_.magnitudes), weight(r.place.update), inputs, false, update);
  gpu_->maps(gpu_, r.block, inputs, H * N, floats(at_.magnitudes), weight(r.place.candidate), inputs, false, candidate);
  gpu_->memory(gpu_, {r.block, H, now(), weight(r.place.update_bias), weight(r.place.candidate_bias), update, candidate,
                      r.h});
}

void NonlocalStep::sweep() const {
  gpu_->begin_step(gpu_, reinterpret_cast<const cuda::StepLoad*>(bytes(at_.loads)),
                   reinterpret_cast<int*>(bytes(at_.counter)), now());
  for (const PhaseBlock& b : blocks_.blocks) start(row(b));
  for (int k = 0; k < model_.spec.passes; ++k) pass(k);
}

void NonlocalStep::warm_up() const {
  for (int i = 0; i < warmups(model_.spec); ++i) sweep();
}

void NonlocalStep::launch() const {
  const NonlocalSpec& s = model_.spec;
  sweep();
  gpu_->close(gpu_, {s.passes * s.polarisations, weight(model_.place.free), floats(at_.mean_gradient), now()});
  if (masked_) gpu_->zero(gpu_, floats(at_.fields), voxels() * (s.stress ? 9 : 3) * kFloat);
  for (const PhaseBlock& b : blocks_.blocks) end(row(b));
  if (s.stress)
    gpu_->stress(gpu_, {blocks_.active,
                        blocks_.voxels.empty() ? nullptr : reinterpret_cast<const std::int64_t*>(bytes(at_.voxels)),
                        now(), model_.stress_scale, reinterpret_cast<double*>(bytes(at_.partial)),
                        const_cast<float*>(stress())});
}

}  // namespace grainspin
