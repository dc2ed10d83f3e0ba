#include "engine_cuda_nonlocal_step.h"

#include <algorithm>

#include "grainspin/variance.h"

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

NonlocalStep::NonlocalStep(const Gpu& gpu, const NonlocalModel& model, const Region& region,
                           const std::int32_t* phase, const std::uint8_t* mask, const std::vector<CellLoad>& loads,
                           const WorkspaceSize& size)
    : gpu_(gpu), model_(model), region_(region), cell_(padded_cell(region)),
      at_(workspace_of(model.spec, cell_, size)), lists_(lists_of(model.spec, cell_, phase, mask, size)),
      spectrum_(spectrum_of(cell_.whole)), plans_{{nullptr, {&gpu}}, {nullptr, {&gpu}}}, half_(size.half),
      scratch_blocks_(size.scratch_bytes > 0 ? gpu->sweep_room(gpu).blocks : 0) {
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
  upload(at_.voxels, lists_.voxels);
  gpu_->zero(gpu_, bytes(at_.counter), sizeof(int));
  gpu_->zero(gpu_, bytes(at_.x), at_.fields - at_.x);               // x and h
  gpu_->zero(gpu_, bytes(at_.increment), at_.voxels - at_.increment);  // outputs: of masked voxels they stay zero
  if (model.spec.passes > 0 && voxels() > 1) {
    batches_ = spectral_of(spectrum_);
    for (int i = 0; i < spectral_streams(model.spec); ++i)
      plans_[i].reset(gpu_->spectral_create(gpu_, batches_, bytes(at_.transform[i])));
  }
}

NonlocalStep::~NonlocalStep() {
  try {
    gpu_->on_stream(gpu_, kMainStream);
    for (const int beside : {kBesideStream, kCopyStream}) gpu_->follow(gpu_, beside);
    gpu_->synchronise(gpu_);
  } catch (const Error&) {  // an error of the run itself is thrown by the call that waits for its results
  }
}

void NonlocalStep::take_load(const CellLoad& load) const {
  const std::vector<cuda::StepLoad> table(std::size_t(1 + warmups(model_.spec)), step_load(load));
  gpu_->copy(gpu_, bytes(at_.loads), table.data(), std::int64_t(table.size() * sizeof(table[0])));
  gpu_->zero(gpu_, bytes(at_.counter), sizeof(int));
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
  gpu_->zero(gpu_, bytes(at_.x), at_.fields - at_.x);
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

void NonlocalStep::sweep(int pass, bool end, bool stress) const {
  const NonlocalSpec& s = model_.spec;
  const int M = s.polarisations, next = pass + 1;
  cuda::SweepStep step;
  step.spectrum = spectrum_;
  step.half = half_;
  step.start = pass < 0;
  step.first_pass = pass == 0;
  step.polarise = next < s.passes;
  step.end = end;
  step.load = now();
  step.weights = model_.numbers.values;
  step.indices = model_.numbers.indices;
  if (pass >= 0) {
    step.mean_gradient = floats(at_.mean_gradient) + std::int64_t(pass) * M * 9;
    step.spin = weight(model_.place.spin) + std::int64_t(pass) * M;
  }
  step.q = floats(at_.q);
  step.fields = floats(at_.fields);
  step.spin_sum = s.passes > 0 ? floats(at_.spin_sum) : nullptr;
  step.pressure = stress && s.passes > 0;
  step.increment = floats(at_.increment);
  step.stress = stress ? floats(at_.stress) : nullptr;
  step.scratch = scratch_blocks_ > 0 ? floats(at_.scratch) : nullptr;
  step.blocks = scratch_blocks_;
  const std::int64_t number = half_ ? 2 : kFloat;
  for (const PhaseTiles& t : lists_.phases) {
    const PhasePlace& place = model_.place.phases[std::size_t(t.phase)];
    step.tiles = {t.n, t.first, list()};
    step.shape = place.shape;
    step.basis = weight(place.basis);
    step.basis_on_host = place.numbers.data();
    step.map = map_of(model_.numbers, pass < 0 ? place.start : place.passes[std::size_t(pass)]);
    step.head = map_of(model_.numbers, place.head);
    if (step.polarise) step.polarisation = list_of(model_.numbers, place.polarise[std::size_t(next)]);
    step.carry = weight(place.carry);
    step.update_bias = weight(place.update_bias);
    step.candidate_bias = weight(place.candidate_bias);
    step.x = bytes(at_.x + t.x * number);
    step.h = bytes(at_.h + t.h * number);
    step.sums = reinterpret_cast<double*>(bytes(at_.sums)) + t.tile * 5 * M;
    gpu_->sweep(gpu_, step);
  }
  if (!step.polarise) return;
  const std::int64_t masked = std::int64_t(lists_.voxels.size()) - lists_.active;
  if (masked > 0) gpu_->clear(gpu_, {masked, list() + lists_.active, spectrum_, M, floats(at_.fields)});
  gpu_->mean(gpu_, {voxels(), lists_.tiles, M, now(), reinterpret_cast<const double*>(bytes(at_.sums)),
                    reinterpret_cast<double*>(bytes(at_.partial)), floats(at_.mean_gradient) + std::int64_t(next) * M * 9});
}

void NonlocalStep::convolve(int k, bool pressure) const {
  const NonlocalSpec& s = model_.spec;
  const int M = s.polarisations;
  const std::int64_t channel = spectrum_.channel();
  float* const fields = floats(at_.fields);
  if (!plans_[0]) return gpu_->zero(gpu_, fields, (8 * M + s.stress) * channel * kFloat);  // one voxel: frequency 0 alone
  float* const sum = pressure ? fields + 8 * M * channel : nullptr;
  const auto with = [&](int m, const auto& work) {
    gpu_->on_stream(gpu_, m % 2 ? kBesideStream : kMainStream);
    work(plans_[m % 2].get(), fields + 8 * m * channel);
  };
  const auto there = [&](cuda::Spectral* plans, float* at) {
    for (int c = 0; c < 5; c += batches_.forward_batch) gpu_->forward(gpu_, plans, at + c * channel);
  };
  const auto back = [&](cuda::Spectral* plans, float* at) {
    for (int c = 0; c < 8; c += batches_.inverse_batch) gpu_->inverse(gpu_, plans, at + c * channel, false);
  };
  if (M > 1) {
    gpu_->on_stream(gpu_, kBesideStream);
    gpu_->follow(gpu_, kMainStream);
  }
  for (int first = 0; first < M; first += 2) {
    const int end = std::min(first + 2, M);
    for (int m = first; m < end; ++m) with(m, there);
    for (int m = first; m < end; ++m)
      with(m, [&](cuda::Spectral*, float* at) {
        if (sum && m > 0) gpu_->follow(gpu_, m % 2 ? kMainStream : kBesideStream);  // the pressure is summed in one order
        const std::int64_t which = std::int64_t(k) * M + m;
        gpu_->green(gpu_, {spectrum_, weight(model_.place.beta) + which, at, sum, weight(model_.place.pressure) + which,
                           k == 0 && m == 0});
      });
    for (int m = first; m < end; ++m) with(m, back);
  }
  gpu_->on_stream(gpu_, kMainStream);
  if (M > 1) gpu_->follow(gpu_, kBesideStream);
  if (sum && k + 1 == s.passes) gpu_->inverse(gpu_, plans_[0].get(), sum, true);
}

void NonlocalStep::before_last(bool pressure) const {
  gpu_->begin_step(gpu_, reinterpret_cast<const cuda::StepLoad*>(bytes(at_.loads)),
                   reinterpret_cast<int*>(bytes(at_.counter)), now());
  for (int k = 0; k < model_.spec.passes; ++k) {
    sweep(k - 1, false);
    convolve(k, pressure);
  }
}

void NonlocalStep::warm_up() const {
  for (int i = 0; i < warmups(model_.spec); ++i) {
    before_last(false);
    sweep(model_.spec.passes - 1, false);
  }
}

void NonlocalStep::approach(Read read) const { before_last(model_.spec.stress && read.stress); }

void NonlocalStep::arrive(Read read) const {
  const NonlocalSpec& s = model_.spec;
  const bool stress = s.stress && read.stress;
  gpu_->close(gpu_, {s.passes * s.polarisations, weight(model_.place.free), floats(at_.mean_gradient), now()});
  gpu_->copy(gpu_, floats(at_.found), now()->found, 9 * kFloat);  // the next step's load comes while this travels
  sweep(s.passes - 1, true, stress);
  if (stress)
    gpu_->stress(gpu_, {lists_.active, list(), now(), model_.stress_scale, reinterpret_cast<double*>(bytes(at_.partial)),
                        floats(at_.stress)});
  if (model_.place.variance_hidden > 0 && read.log_variance) judge();
}

void NonlocalStep::judge() const {
  cuda::VarianceStep step;
  step.features = variance_features(model_.spec);
  step.hidden = model_.place.variance_hidden;
  step.half = half_;
  step.load = now();
  step.increment = floats(at_.increment);
  step.log_variance = floats(at_.log_variance);
  const std::int64_t number = half_ ? 2 : kFloat;
  for (const PhaseTiles& t : lists_.phases) {
    const PhasePlace& place = model_.place.phases[std::size_t(t.phase)];
    step.tiles = {t.n, t.first, list()};
    step.shape = place.shape;
    step.numbers = weight(place.variance);
    step.x = bytes(at_.x + t.x * number);
    step.h = bytes(at_.h + t.h * number);
    gpu_->variance(gpu_, step);
  }
}

}  // namespace grainspin
