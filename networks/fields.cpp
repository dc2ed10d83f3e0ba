#include "networks/fields.h"

namespace grainspin {

namespace {

at::Tensor view(std::vector<float>& v, at::IntArrayRef shape, torch::Device device) {
  return v.empty() ? at::Tensor() : torch::from_blob(v.data(), shape).to(device);
}

// [T, N, n] of one run -> [N, T, n].
at::Tensor by_voxel(const std::vector<float>& v, std::int64_t steps, std::int64_t voxels, std::int64_t n) {
  return torch::from_blob(const_cast<float*>(v.data()), {steps, voxels, n}).transpose(0, 1);
}

at::Tensor square(const std::vector<double>& values, std::int64_t n) {
  return torch::tensor(values, torch::kDouble).view({n, n}).to(torch::kFloat);
}

}  // namespace

Sample to_tensors(Batch& batch, const LocalSpec& local, int channels, torch::Device device) {
  const std::int64_t B = batch.samples, T = batch.steps;
  Sample s;
  s.x = view(batch.x, {batch.patches, B, std::int64_t(taps(local.radius)) * channels}, device);
  s.own = view(batch.own, {T, B, channels}, device);
  s.q = view(batch.q, {T + 1, B, 4}, device);
  s.w = view(batch.w, {T, B, 3}, device);
  s.stress = view(batch.stress, {T, B, 6}, device);
  return s;
}

Sample to_tensors(TurnedRun& run, int steps, torch::Device device) {
  const std::int64_t N = run.shape.voxels(), T = steps;
  Sample s;
  s.q = view(run.q, {T + 1, N, 4}, device);
  s.w = view(run.w, {T, N, 3}, device);
  s.stress = view(run.stress, {T, N, 6}, device);
  return s;
}

DeviceFields::DeviceFields(Runs runs, const ModelSpec& spec, std::vector<Operation> operations,
                           torch::Device device)
    : runs_(std::move(runs)), local_(spec.local), operations_(std::move(operations)), device_(device) {
  const std::int64_t T = runs_[0]->steps(), C = runs_[0]->channels;
  std::vector<at::Tensor> e, q, w, stress;
  std::int64_t voxels = 0;
  for (const auto& pointer : runs_) {
    const Run& run = *pointer;
    const std::int64_t N = run.voxels();
    first_.push_back(voxels);
    voxels += N;
    e.push_back(torch::from_blob(const_cast<float*>(run.e.data()), {N, T + 1, C}));
    q.push_back(by_voxel(run.q, T + 1, N, 4));
    w.push_back(by_voxel(run.w, T, N, 3));
    if (!run.stress.empty()) stress.push_back(by_voxel(run.stress, T, N, 6));
  }
  e_ = torch::cat(e).to(device);
  q_ = torch::cat(q).contiguous().to(device);
  w_ = torch::cat(w).contiguous().to(device);
  if (!stress.empty()) stress_ = torch::cat(stress).contiguous().to(device);

  // What turns a row vector v is v M: M is the transposed matrix of the operation.
  const EmbeddingSpec& embedded = embedding(PointGroup::named(spec.point_group));
  const at::Tensor scale = torch::tensor(spec.input_scale);
  std::vector<at::Tensor> turn_e, turn_q, turn_w, turn_s;
  for (const Operation& op : operations_) {
    taps_.push_back(turned_taps(op, local_.radius));
    turn_e.push_back(square(embedding_rotation(embedded, op.p), C).t() / scale);
    const Quatd& p = op.p;
    turn_q.push_back(
        square({p.w, -p.x, -p.y, -p.z, p.x, p.w, -p.z, p.y, p.y, p.z, p.w, -p.x, p.z, -p.y, p.x, p.w}, 4)
            .t());
    std::vector<double> m;
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) m.push_back(op.det * op.Q(i, j));
    turn_w.push_back(square(m, 3).t());
    const auto s = stress_rotation(op);
    turn_s.push_back(square({s.begin(), s.end()}, 6).t());
  }
  turn_e_ = torch::stack(turn_e).contiguous().to(device);
  turn_q_ = torch::stack(turn_q).contiguous().to(device);
  turn_w_ = torch::stack(turn_w).contiguous().to(device);
  turn_s_ = torch::stack(turn_s).contiguous().to(device);
  offset_ = (-torch::tensor(spec.input_mean) / scale).to(device);
}

// index [B] into table [all, R, n], turns [B, n, n] or [1, n, n] -> [R, B, n].
at::Tensor DeviceFields::rows(const at::Tensor& table, const at::Tensor& index,
                              const at::Tensor& turns) const {
  return torch::matmul(table.index_select(0, index), turns).transpose(0, 1).contiguous();
}

Sample DeviceFields::gathered(const at::Tensor& voxels, const at::Tensor& operations) const {
  auto turns = [&](const at::Tensor& all) { return all.index_select(0, operations); };
  Sample s;
  s.q = rows(q_, voxels, turns(turn_q_));
  s.w = rows(w_, voxels, turns(turn_w_));
  if (stress_.defined()) s.stress = rows(stress_, voxels, turns(turn_s_));
  return s;
}

Sample DeviceFields::voxels(const std::vector<Draw>& draws) const {
  const std::int64_t B = std::int64_t(draws.size()), K = taps(local_.radius), C = e_.size(2), T = w_.size(1);
  at::Tensor index = torch::empty({B, K}, torch::kLong), centre = torch::empty({B}, torch::kLong),
             chosen = torch::empty({B}, torch::kLong);
  std::int64_t* neighbour = index.data_ptr<std::int64_t>();
  for (std::int64_t b = 0; b < B; ++b) {
    const Draw& d = draws[std::size_t(b)];
    const Run& run = *runs_[std::size_t(d.run)];
    const std::int64_t first = first_[std::size_t(d.run)];
    const int x = int(d.voxel % run.shape.nx), y = int(d.voxel / run.shape.nx % run.shape.ny),
              z = int(d.voxel / run.shape.nx / run.shape.ny);
    for (int k = 0; k < K; ++k)
      neighbour[b * K + taps_[std::size_t(d.operation)][std::size_t(k)]] =
          first + tap(run.shape, run.boundaries, x, y, z, local_.radius, k);
    centre.data_ptr<std::int64_t>()[b] = first + d.voxel;
    chosen.data_ptr<std::int64_t>()[b] = d.operation;
  }
  index = index.to(device_);
  centre = centre.to(device_);
  chosen = chosen.to(device_);
  Sample s = gathered(centre, chosen);
  const std::int64_t S = local_.feedback == Feedback::kNeighbours ? T : 1;
  const at::Tensor turn = turn_e_.index_select(0, chosen);
  const at::Tensor patches = e_.narrow(1, 0, S).index_select(0, index.view(-1)).view({B, K * S, C});
  s.x = (torch::bmm(patches, turn) + offset_).view({B, K, S, C}).permute({2, 0, 1, 3}).reshape({S, B, K * C});
  if (local_.feedback == Feedback::kOwn)
    s.own =
        (torch::bmm(e_.narrow(1, 0, T).index_select(0, centre), turn) + offset_).transpose(0, 1).contiguous();
  return s;
}

Sample DeviceFields::grid(const Draw& draw) const {
  const auto from =
      turned_voxels(operations_[std::size_t(draw.operation)], runs_[std::size_t(draw.run)]->shape);
  const at::Tensor voxels = (torch::tensor(from, torch::kLong) + first_[std::size_t(draw.run)]).to(device_);
  return gathered(voxels, torch::full({1}, draw.operation, torch::kLong).to(device_));
}

}  // namespace grainspin
