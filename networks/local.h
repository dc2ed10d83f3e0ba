// The `local` family as a torch::nn module; its input, columns and names are fixed in grainspin/model.h.
#pragma once

#include <torch/torch.h>

#include "grainspin/model.h"
#include "networks/neighbours.h"
#include "networks/rotation.h"

namespace grainspin {

// PyTorch's LSTM or GRU, step by step, so that predicted orientations can re-enter.
class RecurrentImpl : public torch::nn::Module {
 public:
  RecurrentImpl(Cell cell, int layers, int hidden, int inputs);
  struct State {
    std::vector<torch::Tensor> h, c;  // [layers] of [B, H]; c for LSTM only
  };
  State zero(std::int64_t batch) const;
  // x [.., P] -> x W_ih^T + b_ih (+ b_hh for LSTM) of layer 0, [.., G H]; `columns` of P only where given.
  torch::Tensor project(const torch::Tensor& x) const;
  torch::Tensor project_columns(const torch::Tensor& x, std::int64_t first, std::int64_t count) const;
  // One step from a projected input; returns the last layer's new h.
  torch::Tensor step(const torch::Tensor& projected, State& state) const;

 private:
  torch::Tensor cell_step(const torch::Tensor& input, int layer, State& state) const;
  Cell cell_;
  int hidden_, inputs_;
  std::vector<torch::Tensor> w_ih_, w_hh_, b_ih_, b_hh_;
};
TORCH_MODULE(Recurrent);

// Heads of one step, in the network's own units: increment / increment_scale, (stress - mean) / scale.
struct Heads {
  torch::Tensor increment, stress, log_variance;
};

class LocalNetworkImpl : public torch::nn::Module {
 public:
  explicit LocalNetworkImpl(const ModelSpec& spec);
  const ModelSpec& spec() const { return spec_; }
  Heads heads(const torch::Tensor& h) const;
  const RecurrentImpl& rnn() const { return *rnn_; }

  // True orientations drive every step. x [S, B, K C] and own [T, B, C] as in a Batch.
  std::vector<Heads> forced(const torch::Tensor& x, const torch::Tensor& own) const;

  struct Path {
    std::vector<Heads> heads;      // [T]
    std::vector<torch::Tensor> q;  // [T] of [N, 4], after each step
  };
  // The model's own path from q0 [N, 4]. `initial`, `own`: x [1, N, K C] are the patches. `neighbours`:
  // x is not read, and the voxels are the whole box that `table` was made for. With `truth` [T + 1, N, 4]
  // the true orientations are the input of every step in place of the predicted ones.
  Path roll(const torch::Tensor& x, const torch::Tensor& q0, const TapTable* table, const Embedder& embedder,
            const torch::Tensor& truth = {}) const;

  // Weights to and from the file's tensors.
  void save(Model& model) const;
  void load(const Model& model);

 private:
  ModelSpec spec_;
  Recurrent rnn_{nullptr};
  torch::nn::Linear increment_{nullptr}, stress_{nullptr}, variance_{nullptr};
  torch::Tensor scale_;
};
TORCH_MODULE(LocalNetwork);

}  // namespace grainspin
