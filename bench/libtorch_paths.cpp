#include "bench/libtorch_paths.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <tuple>
#include <vector>

#include <torch/torch.h>

#include "bench/timing.h"
#include "grainspin/ensemble.h"
#include "networks/cell.h"
#include "networks/device.h"
#include "networks/neighbours.h"
#include "networks/networks.h"
#include "networks/rotation.h"

namespace grainspin::bench {
namespace {

enum class Way { kSequence, kOperations, kOwnCell, kFp32Cells, kFused };
const char* name(Way way) {
  switch (way) {
    case Way::kSequence: return "sequence";
    case Way::kOperations: return "operations";
    case Way::kOwnCell: return "own cell";
    case Way::kFp32Cells: return "fp32 cells";
    case Way::kFused: return "fused";
  }
  return "";
}

at::Tensor tensor(const Model& model, const std::string& name) {
  const Tensor& t = model.tensors.at(name);
  return torch::tensor(t.values).view(t.shape);
}

class LibtorchPath final : public Surrogate {
 public:
  LibtorchPath(const Model& model, const EngineOptions& options, Kind kind)
      : spec_(model.spec), device_(torch_device(options.device, options.gpu)), kind_(kind), type_(kind == Kind::kBf16 ? torch::kBFloat16 : torch::kFloat),
        threads_(set_threads(options.threads)),
        embedder_(embedding(PointGroup::named(spec_.point_group)), spec_.input_mean, spec_.input_scale, device_, torch::kFloat) {
    require(spec_.local.layers == 1 && !is_ensemble(spec_), Errc::kArgument, "one model of one layer");
    torch::NoGradGuard no_gradient;
    const auto here = [&](const at::Tensor& t) { return t.to(device_, type_).contiguous(); };
    const at::Tensor w_ih = tensor(model, "rnn.weight_ih_l0"), b_ih = tensor(model, "rnn.bias_ih_l0"), b_hh = tensor(model, "rnn.bias_hh_l0");
    const std::int64_t P = taps(spec_.local.radius) * std::int64_t(embedder_.size());
    w_patch_ = here(w_ih.narrow(1, 0, P));
    if (w_ih.size(1) > P) w_own_ = here(w_ih.narrow(1, P, w_ih.size(1) - P));
    w_hh_ = here(tensor(model, "rnn.weight_hh_l0"));
    b_in_ = here(lstm() ? b_ih + b_hh : b_ih);
    b_hh_ = here(b_hh);
    w_head_ = here(tensor(model, "head.increment.weight"));
    b_head_ = here(tensor(model, "head.increment.bias"));
    scale_ = torch::tensor(std::vector<float>(spec_.increment_scale.begin(), spec_.increment_scale.end())).to(device_);
    const auto load = [&](auto& rnn) {
      for (auto& p : rnn->named_parameters()) p.value().copy_(tensor(model, "rnn." + p.key()));
      rnn->to(device_, type_);
      rnn->eval();
      rnn->flatten_parameters();
    };
    if (w_own_.defined()) return;  // not for a sequence: inputs depend on outputs
    if (lstm()) lstm_ = torch::nn::LSTM(torch::nn::LSTMOptions(P, spec_.local.hidden)), load(lstm_);
    else gru_ = torch::nn::GRU(torch::nn::GRUOptions(P, spec_.local.hidden)), load(gru_);
  }

  // The fastest way and number of voxels a time.
  void choose(int edge) {
    const Region region = whole({edge, edge, edge}, {});
    std::vector<float> q0(std::size_t(region.shape.voxels()) * 4);
    for (std::size_t i = 0; i < q0.size(); i += 4) {
      const Quat q = normalised(Quat{1, 0.1f * float(i % 7), 0.2f * float(i % 5), 0.3f * float(i % 3)});
      q0[i] = q.w, q0[i + 1] = q.x, q0[i + 2] = q.y, q0[i + 3] = q.z;
    }
    std::vector<Way> ways{kind_ == Kind::kOwnCell ? Way::kOwnCell : Way::kOperations};
    if (kind_ != Kind::kOwnCell && spec_.local.feedback == Feedback::kInitial) ways.push_back(Way::kSequence);
    if (type_ == torch::kBFloat16) ways.push_back(Way::kFp32Cells);
    if (!device_.is_cpu()) ways.push_back(Way::kFused);
    std::vector<std::int64_t> rows{256, 512, 1024, 2048, 8192};
    if (!device_.is_cpu()) rows = {1 << 15, 1 << 17, 1 << 19, 1 << 21};
    double least = std::numeric_limits<double>::infinity();
    std::optional<std::pair<Way, std::int64_t>> best;
    std::string refused;
    for (const Way way : ways)
      for (const std::int64_t n : rows) {
        way_ = way, rows_ = n;
        const auto once = [&] { run(region, q0.data(), nullptr, nullptr, [](const StepOutput&) {}); };
        try {
          once();
          if (const double took = seconds(once); took < least) least = took, best = {way, n};
        } catch (const Error& e) {  // no such product or cell on this processor, or no room
          refused = e.what();
        }
      }
    require(best.has_value(), Errc::kDevice, refused);
    std::tie(way_, rows_) = *best;
  }

  const ModelSpec& spec() const override { return spec_; }
  std::string description() const override {
    return "LibTorch " + torch_version() + ", " + (device_.is_cpu() ? "CPU, " + std::to_string(threads_) + " threads" : "CUDA") +
           (type_ == torch::kBFloat16 ? ", bf16, " : ", fp32, ") + name(way_) + " by " + std::to_string(rows_);
  }
  std::int64_t workspace(const Region&) const override { return 0; }  // LibTorch's own affair

  void run(const Region& region, const float* q0, const std::uint8_t* mask, const float* teacher,
           const std::function<void(const StepOutput&)>& sink) const override {
    require(!mask && !teacher && region.inner == region.shape, Errc::kArgument, "whole grids without masks only");
    guarded([&] {
      torch::InferenceMode inference;
      set_threads(threads_);
      if (!(shape_ == region.shape)) index_ = tap_table(region, spec_.local.radius, nullptr, device_).index, shape_ = region.shape;
      const std::int64_t N = region.shape.voxels(), T = spec_.steps();
      const at::Tensor q = torch::from_blob(const_cast<float*>(q0), {N, 4}).to(device_, torch::kFloat, false, true);
      std::vector<at::Tensor> out_q(static_cast<std::size_t>(T)), out_w(out_q.size());
      for (std::size_t t = 0; t < out_q.size(); ++t)
        if (wants(region, int(t) + 1)) out_q[t] = torch::empty({N, 4}, scale_.options()), out_w[t] = torch::empty({N, 3}, scale_.options());
      const auto put = [&](std::size_t t, std::int64_t first, const at::Tensor& w, const at::Tensor& turned) {
        if (!out_q[t].defined()) return;
        out_q[t].narrow(0, first, turned.size(0)).copy_(turned);
        out_w[t].narrow(0, first, w.size(0)).copy_(w);
      };
      if (spec_.local.feedback == Feedback::kNeighbours) closed(q, put);
      else open(q, put);
      for (std::size_t t = 0; t < out_q.size(); ++t) {
        StepOutput out{};
        out.step = int(t) + 1;
        at::Tensor a, b;
        if (out_q[t].defined()) {
          a = out_q[t].cpu(), b = out_w[t].cpu();
          out.orientation = a.data_ptr<float>(), out.increment = b.data_ptr<float>();
        }
        sink(out);
      }
    });
  }

 private:
  struct State {
    at::Tensor h, c;
  };

  bool lstm() const { return spec_.local.cell == Cell::kLstm; }
  at::Tensor patches(const at::Tensor& e, std::int64_t first, std::int64_t n) const {
    return gather(e, {index_.narrow(0, first, n), {}}).to(type_);
  }
  State zero(std::int64_t n) const {
    const auto options = scale_.options().dtype(way_ == Way::kFp32Cells ? torch::kFloat : type_);
    return {torch::zeros({n, spec_.local.hidden}, options), lstm() ? torch::zeros({n, spec_.local.hidden}, options) : at::Tensor()};
  }
  // A step of the cell from its projected input [n, G H]; the increment [n, 3] in radians.
  at::Tensor step(const at::Tensor& input, State& s) const {
    const at::Tensor h = s.h.to(type_);  // fp32 cells alone hold another type
    if (way_ == Way::kFused) {
      const at::Tensor y = lstm() ? torch::linear(h, w_hh_) : torch::linear(h, w_hh_, b_hh_);
      at::Tensor rest;
      if (lstm()) std::tie(s.h, s.c, rest) = at::_thnn_fused_lstm_cell(input, y, s.c);
      else std::tie(s.h, rest) = at::_thnn_fused_gru_cell(input, y, s.h);
    } else if (way_ == Way::kFp32Cells) {
      if (lstm()) std::tie(s.h, s.c) = lstm_cell(torch::linear(h, w_hh_).to(torch::kFloat).add_(input), s.c);
      else s.h = gru_cell(input.to(torch::kFloat), torch::linear(h, w_hh_, b_hh_).to(torch::kFloat), s.h);
    } else if (lstm()) {
      std::tie(s.h, s.c) = (way_ == Way::kOwnCell ? lstm_cell : lstm_cell_plain)(torch::addmm(input, h, w_hh_.t()), s.c);
    } else {
      s.h = (way_ == Way::kOwnCell ? gru_cell : gru_cell_plain)(input, torch::linear(h, w_hh_, b_hh_), s.h);
    }
    return increment(s.h);
  }
  at::Tensor increment(const at::Tensor& h) const { return torch::linear(h.to(type_), w_head_, b_head_).to(torch::kFloat) * scale_; }

  template <class Put>
  void open(const at::Tensor& q0, const Put& put) const {
    const std::int64_t N = q0.size(0), T = spec_.steps();
    const at::Tensor e = embedder_(q0);
    for (std::int64_t first = 0; first < N; first += rows_) {
      const std::int64_t n = std::min(rows_, N - first);
      at::Tensor q = q0.narrow(0, first, n);
      const at::Tensor x = patches(e, first, n);
      if (way_ == Way::kSequence) {
        const at::Tensor all = x.unsqueeze(0).expand({T, n, x.size(1)});
        const at::Tensor w = increment(lstm() ? std::get<0>(lstm_->forward(all)) : std::get<0>(gru_->forward(all)));
        for (std::int64_t t = 0; t < T; ++t) put(std::size_t(t), first, w[t], q = turn(w[t], q));
        continue;
      }
      const at::Tensor projected = torch::linear(x, w_patch_, b_in_);
      State s = zero(n);
      for (std::int64_t t = 0; t < T; ++t) {
        const at::Tensor w = step(w_own_.defined() ? projected + torch::linear(embedder_(q).to(type_), w_own_) : projected, s);
        put(std::size_t(t), first, w, q = turn(w, q));
      }
    }
  }

  template <class Put>
  void closed(at::Tensor q, const Put& put) const {
    const std::int64_t N = q.size(0), T = spec_.steps();
    std::vector<State> states;
    for (std::int64_t first = 0; first < N; first += rows_) states.push_back(zero(std::min(rows_, N - first)));
    for (std::int64_t t = 0; t < T; ++t) {
      const at::Tensor e = embedder_(q);
      std::vector<at::Tensor> turned;
      for (std::int64_t first = 0; first < N; first += rows_) {
        const std::int64_t n = std::min(rows_, N - first);
        const at::Tensor w = step(torch::linear(patches(e, first, n), w_patch_, b_in_), states[std::size_t(first / rows_)]);
        turned.push_back(turn(w, q.narrow(0, first, n)));
        put(std::size_t(t), first, w, turned.back());
      }
      q = torch::cat(turned);
    }
  }

  ModelSpec spec_;
  torch::Device device_;
  Kind kind_;
  torch::ScalarType type_;
  int threads_;
  Embedder embedder_;
  at::Tensor w_patch_, w_own_, w_hh_, b_in_, b_hh_, w_head_, b_head_, scale_;
  mutable torch::nn::LSTM lstm_{nullptr};  // forward() of a module is no const function
  mutable torch::nn::GRU gru_{nullptr};
  Way way_ = Way::kOperations;
  std::int64_t rows_ = 8192;
  // Of the last grid: a grid's taps do not change, and who runs a path often looks them up once.
  mutable at::Tensor index_;
  mutable Shape shape_;
};

}  // namespace

std::unique_ptr<Surrogate> make_libtorch_best(const Model& model, const EngineOptions& options, Kind kind, int edge) {
  std::unique_ptr<LibtorchPath> path;
  guarded([&] { path = std::make_unique<LibtorchPath>(model, options, kind); });
  path->choose(edge);
  return path;
}

}  // namespace grainspin::bench
