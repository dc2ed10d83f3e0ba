#include "datasets/batch.h"

#include <algorithm>
#include <cmath>
#include <thread>

namespace grainspin {

namespace {

// Calls f(begin, end) over [0, n) in `threads` equal parts.
template <class F>
void parallel(int n, int threads, F f) {
  const int parts = std::max(1, std::min(threads, n / 32));
  std::vector<std::thread> workers;
  for (int k = 1; k < parts; ++k)
    workers.emplace_back(f, int(std::int64_t(n) * k / parts), int(std::int64_t(n) * (k + 1) / parts));
  f(0, n / parts);
  for (std::thread& w : workers) w.join();
}

}  // namespace

// SplitMix64 (Steele, Lea & Flood 2014), two rounds: one for the seed, one for the counter.
std::uint64_t mix(std::uint64_t seed, std::uint64_t i) {
  auto round = [](std::uint64_t z) {
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  };
  return round(round(seed) ^ i);
}

Draw draw(std::span<const Run> runs, int operations, std::uint64_t seed, std::int64_t i) {
  std::int64_t total = 0;
  for (const Run& run : runs) total += run.voxels();
  std::int64_t at = std::int64_t(mix(seed, 2 * std::uint64_t(i)) % std::uint64_t(total));
  Draw d;
  while (at >= runs[std::size_t(d.run)].voxels()) at -= runs[std::size_t(d.run++)].voxels();
  d.voxel = at;
  d.operation = int(mix(seed, 2 * std::uint64_t(i) + 1) % std::uint64_t(operations));
  return d;
}

BatchMaker::BatchMaker(const ModelSpec& spec, bool stress, std::vector<Operation> operations, int threads)
    : local_(spec.local),
      channels_(int(spec.input_mean.size())),
      steps_(spec.steps()),
      stress_(stress),
      operations_(std::move(operations)),
      threads_(threads) {
  const EmbeddingSpec& e = embedding(PointGroup::named(spec.point_group));
  require(e.size == channels_, Errc::kInternal, "normaliser and embedding differ in size");
  for (int c = 0; c < channels_; ++c)
    offset_.push_back(-spec.input_mean[std::size_t(c)] / spec.input_scale[std::size_t(c)]);
  for (const Operation& op : operations_) {
    Turn turn{{}, turned_taps(op, local_.radius), Turning(op)};
    const auto D = embedding_rotation(e, op.p);
    for (int i = 0; i < channels_; ++i)
      for (int j = 0; j < channels_; ++j)
        if (const double d = D[std::size_t(i * channels_ + j)]; std::abs(d) > 1e-9)
          turn.entries.push_back({i, j, float(d / spec.input_scale[std::size_t(i)])});
    turns_.push_back(std::move(turn));
  }
}

void BatchMaker::shape(int samples, Batch& batch) const {
  const std::size_t B = std::size_t(samples), T = std::size_t(steps_), C = std::size_t(channels_);
  const std::size_t K = std::size_t(taps(local_.radius));
  batch.samples = int(B);
  batch.steps = steps_;
  batch.patches = local_.feedback == Feedback::kNeighbours ? steps_ : 1;
  batch.x.resize(std::size_t(batch.patches) * B * K * C);
  batch.own.resize(local_.feedback == Feedback::kOwn ? T * B * C : 0);
  batch.q.resize((T + 1) * B * 4);
  batch.w.resize(T * B * 3);
  batch.stress.resize(stress_ ? T * B * 6 : 0);
}

void BatchMaker::fill(const Runs& runs, std::span<const Draw> draws, Batch& batch) const {
  shape(int(draws.size()), batch);
  parallel(int(draws.size()), threads_, [&](int begin, int end) {
    for (int b = begin; b < end; ++b) fill_one(runs(draws[std::size_t(b)].run), draws[std::size_t(b)], b, batch);
  });
}

void BatchMaker::fill(const Run& run, int index, std::span<const Draw> draws, Batch& batch) const {
  for (std::size_t b = 0; b < draws.size(); ++b)
    if (draws[b].run == index) fill_one(run, draws[b], int(b), batch);
}

void BatchMaker::fill_one(const Run& run, const Draw& draw, int b, Batch& batch) const {
  const Turn& turn = turns_[std::size_t(draw.operation)];
  const std::int64_t n = run.voxels(), B = batch.samples, C = channels_, K = taps(local_.radius);
  const std::int64_t history = std::int64_t(steps_ + 1) * C;
  const int x = int(draw.voxel % run.shape.nx), y = int(draw.voxel / run.shape.nx % run.shape.ny),
            z = int(draw.voxel / run.shape.nx / run.shape.ny);
  auto embed_into = [&](const float* e, float* out) {
    std::copy(offset_.begin(), offset_.end(), out);
    for (const Entry& d : turn.entries) out[d.row] += d.value * e[d.column];
  };
  for (int k = 0; k < K; ++k) {
    const std::int64_t neighbour = tap(run.shape, run.boundaries, x, y, z, local_.radius, k);
    const float* e = &run.e[std::size_t(neighbour * history)];
    float* out = &batch.x[std::size_t((b * K + turn.taps[std::size_t(k)]) * C)];
    for (int t = 0; t < batch.patches; ++t) embed_into(e + t * C, out + t * B * K * C);
  }
  const float* e = &run.e[std::size_t(draw.voxel * history)];
  if (!batch.own.empty())
    for (int t = 0; t < steps_; ++t) embed_into(e + t * C, &batch.own[std::size_t((t * B + b) * C)]);
  const Turning& turning = turn.turning;
  for (int t = 0; t <= steps_; ++t)
    turning.orientation(&run.q[std::size_t((t * n + draw.voxel) * 4)],
                        &batch.q[std::size_t((t * B + b) * 4)]);
  for (int t = 0; t < steps_; ++t) {
    turning.vector(&run.w[std::size_t((t * n + draw.voxel) * 3)], &batch.w[std::size_t((t * B + b) * 3)]);
    if (!batch.stress.empty())
      turning.stress(&run.stress[std::size_t((t * n + draw.voxel) * 6)],
                     &batch.stress[std::size_t((t * B + b) * 6)]);
  }
}

TurnedRun turn(const Run& run, const Operation& op) {
  TurnedRun out;
  out.shape = turned(op, run.shape);
  out.boundaries = turned(op, run.boundaries);
  const auto from = turned_voxels(op, run.shape);
  const Turning turning(op);
  turn_rows(from, run.q, 4, out.q, [&](const float* a, float* b) { turning.orientation(a, b); });
  turn_rows(from, run.w, 3, out.w, [&](const float* a, float* b) { turning.vector(a, b); });
  turn_rows(from, run.stress, 6, out.stress, [&](const float* a, float* b) { turning.stress(a, b); });
  return out;
}

}  // namespace grainspin
