// The networks that the nonlocal cell is compared with: plain ones, periodic like the grid, that turn every
// voxel of a grid in one pass. All see [1, channels, nz, ny, nx] and give the rotation increment [1, 3, nz,
// ny, nx] in units of its root mean square.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <torch/torch.h>

namespace grainspin::bench {

// A convolution over n^3 voxels, the grid continued periodically. It adds what it costs to `products`.
class PeriodicImpl : public torch::nn::Module {
 public:
  PeriodicImpl(int in, int out, int n) : pad_(n / 2) {
    conv_ = register_module("conv", torch::nn::Conv3d(torch::nn::Conv3dOptions(in, out, n)));
    products_ = double(in) * out * n * n * n;
  }
  torch::Tensor forward(const torch::Tensor& x) {
    if (pad_ == 0) return conv_(x);
    return conv_(torch::pad(x, {pad_, pad_, pad_, pad_, pad_, pad_}, "circular"));
  }
  double products() const { return products_; }

 private:
  int pad_;
  double products_;
  torch::nn::Conv3d conv_{nullptr};
};
TORCH_MODULE(Periodic);

class Model : public torch::nn::Module {
 public:
  virtual torch::Tensor forward(torch::Tensor x) = 0;
  // Multiplications of one voxel and step: half the floating point operations.
  double products() const { return products_; }

 protected:
  // `share`: which part of the grid's voxels this level has.
  Periodic add(const std::string& name, int in, int out, int n, double share = 1) {
    Periodic conv = register_module(name, Periodic(in, out, n));
    products_ += share * conv->products();
    return conv;
  }

 private:
  double products_ = 0;
};

// The cube of 27 voxels into a perceptron with two hidden layers: the local family without its memory.
class Cube : public Model {
 public:
  Cube(int channels, int width)
      : first_(add("first", channels, width, 3)),
        second_(add("second", width, width, 1)),
        head_(add("head", width, 3, 1)) {}
  torch::Tensor forward(torch::Tensor x) override {
    return head_(torch::gelu(second_(torch::gelu(first_(x)))));
  }

 private:
  Periodic first_, second_, head_;
};

// 3x3x3 convolutions one after another, each added to what went in; reach: layers + 1 voxels.
class Convolutions : public Model {
 public:
  Convolutions(int channels, int width, int layers)
      : first_(add("first", channels, width, 3)), head_(add("head", width, 3, 1)) {
    for (int i = 0; i < layers; ++i) layers_.push_back(add("layer" + std::to_string(i), width, width, 3));
  }
  torch::Tensor forward(torch::Tensor x) override {
    x = first_(x);
    for (Periodic& layer : layers_) x = x + layer(torch::gelu(x));
    return head_(torch::gelu(x));
  }

 private:
  Periodic first_, head_;
  std::vector<Periodic> layers_;
};

// U-Net (Ronneberger, Fischer & Brox 2015) with three levels, two convolutions each, means of 2x2x2 on the
// way down, the nearest voxel on the way up. Extents must be divisible by 4.
class UNet : public Model {
 public:
  UNet(int channels, int w)
      : down0a_(add("down0a", channels, w, 3)),
        down0b_(add("down0b", w, w, 3)),
        down1a_(add("down1a", w, 2 * w, 3, 1. / 8)),
        down1b_(add("down1b", 2 * w, 2 * w, 3, 1. / 8)),
        down2a_(add("down2a", 2 * w, 4 * w, 3, 1. / 64)),
        down2b_(add("down2b", 4 * w, 4 * w, 3, 1. / 64)),
        up1a_(add("up1a", 6 * w, 2 * w, 3, 1. / 8)),
        up1b_(add("up1b", 2 * w, 2 * w, 3, 1. / 8)),
        up0a_(add("up0a", 3 * w, w, 3)),
        up0b_(add("up0b", w, w, 3)),
        head_(add("head", w, 3, 1)) {}
  torch::Tensor forward(torch::Tensor x) override {
    const torch::Tensor x0 = both(down0a_, down0b_, x);
    const torch::Tensor x1 = both(down1a_, down1b_, torch::avg_pool3d(x0, 2));
    torch::Tensor y = both(down2a_, down2b_, torch::avg_pool3d(x1, 2));
    y = both(up1a_, up1b_, torch::cat({larger(y), x1}, 1));
    y = both(up0a_, up0b_, torch::cat({larger(y), x0}, 1));
    return head_(y);
  }

 private:
  static torch::Tensor both(Periodic& a, Periodic& b, const torch::Tensor& x) {
    return torch::gelu(b(torch::gelu(a(x))));
  }
  static torch::Tensor larger(const torch::Tensor& x) {
    return torch::upsample_nearest3d(x, {2 * x.size(2), 2 * x.size(3), 2 * x.size(4)});
  }
  Periodic down0a_, down0b_, down1a_, down1b_, down2a_, down2b_, up1a_, up1b_, up0a_, up0b_, head_;
};

}  // namespace grainspin::bench
