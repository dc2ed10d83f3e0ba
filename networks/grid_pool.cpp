#include "networks/grid_pool.h"

#include <numeric>
#include <sstream>

#include "datasets/batch.h"
#include "datasets/operations.h"

namespace grainspin {

namespace {

at::Tensor on(torch::Device device, const std::vector<float>& values, at::IntArrayRef shape) {
  return torch::from_blob(const_cast<float*>(values.data()), shape).clone().to(device);
}

}  // namespace

GridFields::GridFields(const GridRun& run, const NonlocalNetwork& network, torch::Device device) : path(run.path) {
  const std::int64_t T = run.steps(), N = run.voxels();
  grid = network->grid(run.shape, run.spacing, run.phase.empty() ? nullptr : run.phase.data(), nullptr,
                       run.boundaries);
  for (const LoadStep& load : run.loads) loads.push_back(cell_load(load));
  for (const auto& L : run.answer)
    answer.push_back(torch::tensor(std::vector<float>(L.begin(), L.end())).to(device));
  q = on(device, run.q, {T + 1, N, 4});
  w = on(device, run.w, {T, N, 3});
  if (!run.stress.empty()) stress = on(device, run.stress, {T, N, 6});
}

NonlocalNetworkImpl::State warmed_up(const NonlocalNetwork& network, const NonlocalNetworkImpl::Weights& weights,
                                     const GridFields& fields, const at::Tensor& q, bool checkpointed) {
  auto state = network->start(fields.grid);
  if (!checkpointed) {
    network->warm_up(weights, fields.grid, fields.loads[0], q, state);
    return state;
  }
  // The same by whole steps, of which x alone is taken.
  const NonlocalSpec& spec = network->spec().nonlocal;
  for (int i = 0; i < spec.warmup && spec.carried; ++i) {
    auto next = state;
    network->step_checkpointed(weights, fields.grid, fields.loads[0], q, next);
    state.x = next.x;
  }
  return state;
}

GridPool::GridPool(GridSet& data, std::vector<std::vector<int>> operations, std::uint64_t seed,
                   const NonlocalNetwork& network, torch::Device device, Ranks& ranks)
    : data_(data),
      operations_(std::move(operations)),
      seed_(seed),
      network_(network),
      device_(device),
      ranks_(ranks) {}

void GridPool::place(std::size_t i, int run, int operation) {
  GridMember& member = members_[i];
  member = {};
  member.run = run;
  member.operation = operation;
  if (!here(i)) return;
  const GridRun turned = turn(*data_.fields(std::size_t(run)), cube_operations()[std::size_t(operation)]);
  member.fields = std::make_shared<GridFields>(turned, network_, device_);
  member.state = network_->start(member.fields->grid);
  member.q = member.fields->grid.pad(member.fields->q.select(0, 0));
}

void GridPool::renew(std::size_t member, std::int64_t& draws) {
  const std::uint64_t n = data_.training().size(), i = std::uint64_t(draws++);
  std::vector<int> order(n);
  std::iota(order.begin(), order.end(), 0);
  const std::uint64_t pass = mix(seed_ ^ 0x6e0, i / n);
  for (std::uint64_t k = n - 1; k > 0; --k) std::swap(order[k], order[mix(pass, k) % (k + 1)]);
  const int run = order[i % n];
  const auto& allowed = operations_[std::size_t(run)];
  place(member, run, allowed[mix(seed_ ^ 0x0b5, i) % allowed.size()]);
}

void GridPool::fill(int members, std::int64_t& draws) {
  members_.resize(std::size_t(members));
  for (std::size_t i = 0; i < members_.size(); ++i) renew(i, draws);
}

std::vector<at::Tensor> GridPool::of_member(const GridMember& m) const {
  std::vector<at::Tensor> tensors{m.q.to(torch::kCPU)};
  for (const auto* list : {&m.state.x, &m.state.h})
    for (const at::Tensor& t : *list) tensors.push_back(t.to(torch::kCPU));
  return tensors;
}

std::vector<at::Tensor> GridPool::pack() const {
  std::vector<std::int64_t> places;
  std::vector<at::Tensor> tensors{at::Tensor()};
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const GridMember& m = members_[i];
    for (const int v : {m.run, m.operation, m.step, int(m.first)}) places.push_back(v);
    std::vector<at::Tensor> own;
    std::string bytes;
    if (here(i)) own = of_member(m);
    if (ranks_.size() > 1) {  // to rank 0, which writes
      const int owner = int(i % std::size_t(ranks_.size()));
      if (here(i)) {
        std::ostringstream out;
        torch::save(own, out);
        bytes = std::move(out).str();
      }
      bytes.resize(std::size_t(ranks_.gather(std::int64_t(bytes.size()))[std::size_t(owner)]));
      const RankMessage message{ranks_.root() ? owner : 0, bytes.data(), std::int64_t(bytes.size())};
      const std::span one(&message, 1);
      const bool sends = here(i) && !ranks_.root(), receives = ranks_.root() && !here(i);
      ranks_.exchange(one.first(sends ? 1 : 0), one.first(receives ? 1 : 0));
      if (receives) {
        std::istringstream in(bytes);
        torch::load(own, in);
      }
    }
    tensors.insert(tensors.end(), own.begin(), own.end());
  }
  tensors[0] = torch::tensor(places, torch::kLong).view({-1, 4});
  return tensors;
}

void GridPool::unpack(const std::vector<at::Tensor>& tensors) {
  require(!tensors.empty() && tensors[0].dim() == 2 && tensors[0].size(1) == 4, Errc::kFormat,
          "checkpoint: a pool of grids of another layout");
  const auto places = tensors[0].accessor<std::int64_t, 2>();
  members_.assign(std::size_t(tensors[0].size(0)), {});
  require(!members_.empty() && (tensors.size() - 1) % members_.size() == 0, Errc::kFormat,
          "checkpoint: a pool of grids of another layout");
  const std::size_t each = (tensors.size() - 1) / members_.size();
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const auto at = places[std::int64_t(i)];
    require(at[0] >= 0 && at[0] < std::int64_t(data_.training().size()) && at[1] >= 0 && at[1] < 48, Errc::kFormat,
            "checkpoint: the pool's grids do not fit the runs");
    place(i, int(at[0]), int(at[1]));
    GridMember& m = members_[i];
    m.step = int(at[2]);
    m.first = at[3] != 0;
    if (!here(i)) continue;
    std::size_t next = 1 + i * each;
    const std::size_t end = next + each;
    const auto take = [&](at::Tensor& into) {
      require(next < end && tensors[next].sizes() == into.sizes(), Errc::kFormat,
              "checkpoint: the pool's grids do not fit the runs");
      into = tensors[next++].to(device_);
    };
    take(m.q);
    for (auto* list : {&m.state.x, &m.state.h})
      for (at::Tensor& t : *list) take(t);
  }
}

}  // namespace grainspin
