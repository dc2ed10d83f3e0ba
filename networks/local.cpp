#include "networks/local.h"

#include <cmath>
#include <tuple>

#include "networks/cell.h"

namespace grainspin {

RecurrentImpl::RecurrentImpl(Cell cell, int layers, int hidden, int inputs)
    : cell_(cell), hidden_(hidden), inputs_(inputs) {
  const int G = cell == Cell::kLstm ? 4 : 3;
  const double bound = 1 / std::sqrt(double(hidden));  // as PyTorch initialises
  auto parameter = [&](const std::string& name, at::IntArrayRef shape) {
    return register_parameter(name, torch::empty(shape).uniform_(-bound, bound));
  };
  for (int l = 0; l < layers; ++l) {
    const std::string tail = "_l" + std::to_string(l);
    w_ih_.push_back(parameter("weight_ih" + tail, {G * hidden, l == 0 ? inputs : hidden}));
    w_hh_.push_back(parameter("weight_hh" + tail, {G * hidden, hidden}));
    b_ih_.push_back(parameter("bias_ih" + tail, {G * hidden}));
    b_hh_.push_back(parameter("bias_hh" + tail, {G * hidden}));
  }
}

RecurrentImpl::State RecurrentImpl::zero(std::int64_t batch) const {
  State state;
  for (const at::Tensor& w : w_hh_) {
    state.h.push_back(torch::zeros({batch, hidden_}, w.options()));
    if (cell_ == Cell::kLstm) state.c.push_back(torch::zeros({batch, hidden_}, w.options()));
  }
  return state;
}

at::Tensor RecurrentImpl::project(const at::Tensor& x) const {
  const at::Tensor bias = cell_ == Cell::kLstm ? b_ih_[0] + b_hh_[0] : b_ih_[0];
  return torch::linear(x, w_ih_[0], bias);
}

at::Tensor RecurrentImpl::project_columns(const at::Tensor& x, std::int64_t first, std::int64_t count) const {
  const at::Tensor w = w_ih_[0].narrow(1, first, count);
  if (first > 0) return torch::linear(x, w);
  return torch::linear(x, w, cell_ == Cell::kLstm ? b_ih_[0] + b_hh_[0] : b_ih_[0]);
}

at::Tensor RecurrentImpl::cell_step(const at::Tensor& input, int layer, State& state) const {
  const std::size_t l = std::size_t(layer);
  at::Tensor& h = state.h[l];
  if (cell_ == Cell::kLstm)
    std::tie(h, state.c[l]) = lstm_cell(torch::addmm(input, h, w_hh_[l].t()), state.c[l]);
  else
    h = gru_cell(input, torch::linear(h, w_hh_[l], b_hh_[l]), h);
  return h;
}

at::Tensor RecurrentImpl::step(const at::Tensor& projected, State& state) const {
  at::Tensor h = cell_step(projected, 0, state);
  for (std::size_t l = 1; l < w_ih_.size(); ++l) {
    const at::Tensor bias = cell_ == Cell::kLstm ? b_ih_[l] + b_hh_[l] : b_ih_[l];
    h = cell_step(torch::linear(h, w_ih_[l], bias), int(l), state);
  }
  return h;
}

LocalNetworkImpl::LocalNetworkImpl(const ModelSpec& spec) : spec_(spec) {
  const LocalSpec& local = spec.local;
  rnn_ = register_module("rnn", Recurrent(local.cell, local.layers, local.hidden, input_width(spec)));
  auto head = register_module("head", std::make_shared<torch::nn::Module>());
  auto linear = [&](const char* name, int outputs) {
    return head->register_module(name, torch::nn::Linear(local.hidden, outputs));
  };
  increment_ = linear("increment", 3);
  if (local.stress) stress_ = linear("stress", 6);
  if (local.variance) variance_ = linear("variance", 3);
  // Starts near "nothing turns".
  torch::NoGradGuard no_gradient;
  increment_->weight.mul_(0.1);
  increment_->bias.zero_();
  scale_ = register_buffer(
      "scale", torch::tensor(std::vector<float>(spec.increment_scale.begin(), spec.increment_scale.end())));
}

Heads LocalNetworkImpl::heads(const at::Tensor& h) const {
  Heads out;
  auto apply = [&](const torch::nn::Linear& l) { return torch::linear(h, l->weight, l->bias); };
  out.increment = apply(increment_);
  if (spec_.local.stress) out.stress = apply(stress_);
  if (spec_.local.variance) out.log_variance = apply(variance_);
  return out;
}

std::vector<Heads> LocalNetworkImpl::forced(const at::Tensor& x, const at::Tensor& own) const {
  const int T = spec_.steps();
  const std::int64_t patch = x.size(-1);
  auto state = rnn_->zero(x.size(1));
  // unbind, not select: its gradient is one stack, where select's would fill a whole tensor a step.
  const auto projected = rnn_->project_columns(x, 0, patch).unbind(0);  // [S] of [B, G H]
  std::vector<at::Tensor> added;
  if (spec_.local.feedback == Feedback::kOwn)
    added = rnn_->project_columns(own, patch, own.size(-1)).unbind(0);
  std::vector<Heads> out;
  for (int t = 0; t < T; ++t) {
    at::Tensor input = projected[projected.size() == 1 ? 0 : std::size_t(t)];
    if (!added.empty()) input = input + added[std::size_t(t)];
    out.push_back(heads(rnn_->step(input, state)));
  }
  return out;
}

LocalNetworkImpl::Path LocalNetworkImpl::roll(const at::Tensor& x, const at::Tensor& q0,
                                              const TapTable* table, const Embedder& embedder,
                                              const at::Tensor& truth) const {
  Path path;
  auto state = rnn_->zero(q0.size(0));
  at::Tensor q = q0, projected;
  const Feedback feedback = spec_.local.feedback;
  if (feedback != Feedback::kNeighbours) projected = rnn_->project_columns(x.select(0, 0), 0, x.size(-1));
  for (int t = 0; t < spec_.steps(); ++t) {
    if (truth.defined()) q = truth.select(0, t);
    at::Tensor input = projected;
    if (feedback == Feedback::kNeighbours) input = rnn_->project(gather(embedder(q), *table));
    if (feedback == Feedback::kOwn)
      input = projected + rnn_->project_columns(embedder(q), x.size(-1), embedder.size());
    path.heads.push_back(heads(rnn_->step(input, state)));
    q = turn(path.heads.back().increment.to(q.scalar_type()) * scale_, q);
    path.q.push_back(q);
  }
  return path;
}

void LocalNetworkImpl::save(Model& model) const {
  model.spec = spec_;
  model.tensors.clear();
  for (const auto& item : named_parameters()) {
    const at::Tensor t = item.value().detach().to(torch::kCPU, torch::kFloat).contiguous();
    grainspin::Tensor out;
    out.shape.assign(t.sizes().begin(), t.sizes().end());
    out.values.assign(t.data_ptr<float>(), t.data_ptr<float>() + t.numel());
    model.tensors[item.key()] = std::move(out);
  }
}

void LocalNetworkImpl::load(const Model& model) {
  check(model);
  torch::NoGradGuard no_gradient;
  for (auto& item : named_parameters()) {
    const grainspin::Tensor& in = model.tensors.at(item.key());
    item.value().copy_(torch::tensor(in.values).view(in.shape));
  }
}

}  // namespace grainspin
