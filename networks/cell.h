// The pointwise part of LSTM and GRU, fused: the matrix products stay with Torch.
#pragma once

#include <utility>

#include <torch/torch.h>

namespace grainspin {

// PyTorch's LSTM: gates [B, 4 H] before activation in the order i, f, g, o; c [B, H]:
//   c' = sigmoid(f) c + sigmoid(i) tanh(g),  h' = sigmoid(o) tanh(c').   Returns (h', c').
// On the CPU in float32 one pass forward and one backward; elsewhere the same by tensor operations.
std::pair<torch::Tensor, torch::Tensor> lstm_cell(const torch::Tensor& gates, const torch::Tensor& c);

// PyTorch's GRU: x [B, 3 H] = W_ih x + b_ih and y [B, 3 H] = W_hh h + b_hh in the order r, z, n; h [B, H]:
//   n = tanh(x_n + sigmoid(r) y_n),  h' = n + sigmoid(z) (h - n).
torch::Tensor gru_cell(const torch::Tensor& x, const torch::Tensor& y, const torch::Tensor& h);

// By tensor operations, any device and type; what the fused passes are tested against.
std::pair<torch::Tensor, torch::Tensor> lstm_cell_plain(const torch::Tensor& gates, const torch::Tensor& c);
torch::Tensor gru_cell_plain(const torch::Tensor& x, const torch::Tensor& y, const torch::Tensor& h);

}  // namespace grainspin
