// Lower precision of matrix products, switched on while an object lives.
#pragma once

#include <ATen/autocast_mode.h>
#include <torch/torch.h>

namespace grainspin {

// Autocast to bfloat16 on CUDA while it lives.
class Autocast {
 public:
  explicit Autocast(bool on) : on_(on) {
    if (!on_) return;
    at::autocast::set_autocast_enabled(at::kCUDA, true);
    at::autocast::set_autocast_dtype(at::kCUDA, at::kBFloat16);
  }
  ~Autocast() {
    if (!on_) return;
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCUDA, false);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  bool on_;
};

// Products of float32 matrices in bfloat16 on CPUs that have it (oneDNN), while it lives.
class MatmulPrecision {
 public:
  explicit MatmulPrecision(bool low) : low_(low) {
    if (low_) at::globalContext().setFloat32MatmulPrecision("medium");
  }
  ~MatmulPrecision() {
    if (low_) at::globalContext().setFloat32MatmulPrecision("highest");
  }
  MatmulPrecision(const MatmulPrecision&) = delete;
  MatmulPrecision& operator=(const MatmulPrecision&) = delete;

 private:
  bool low_;
};

}  // namespace grainspin
