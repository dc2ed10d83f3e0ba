// A nonlocal model's weights as the CPU kernels read them: orbit-tied maps as blocks in adapted coordinates.
#pragma once

#include <deque>
#include <vector>

#include "grainspin/model.h"
#include "grainspin/nonlocal.h"
#include "nonlocal_irreps.h"
#include "nonlocal_kernels.h"

namespace grainspin {

class NonlocalWeights {
 public:
  NonlocalWeights(const Model& model, const NonlocalKernels& kernels);
  NonlocalWeights(const NonlocalWeights&) = delete;  // views point into it
  NonlocalWeights& operator=(const NonlocalWeights&) = delete;

  const std::vector<PhaseView>& phases() const { return phases_; }
  // The biases of all gated maps at a load of log size r: bias + rate r.
  std::vector<float> biases(double r) const;
  // [K, M]; beta by the model's operator.
  const float* spin(int pass) const { return spin_.data() + pass * polarisations_; }
  const float* free(int pass) const { return free_.data() + pass * polarisations_; }
  const float* pressure(int pass) const { return pressure_.data() + pass * polarisations_; }
  const float* beta(int pass) const { return beta_.data() + pass * polarisations_; }

 private:
  struct Coordinates {
    AdaptedBasis odd, even;
  };
  // Row k of x at in[k] rows, row i of y at out[i] rows.
  ProductView product(int rows, int depth, int columns, const std::vector<double>& w, const std::vector<int>& in,
                      const std::vector<int>& out);
  ProductView dense(int rows, int depth, const std::vector<double>& w);
  MapView map(const Tensor& w, const AdaptedBasis& basis);
  GatedView gated(const Model& model, const std::string& name, const Coordinates& c);
  const float* numbers(const Tensor& t);
  PhaseView phase(const Model& model, int index);

  int rows_, polarisations_;
  std::deque<std::vector<float>> floats_;
  std::deque<std::vector<std::int32_t>> offsets_;
  std::deque<std::vector<ProductView>> parts_;
  std::deque<std::vector<GatedView>> passes_;
  std::deque<std::vector<MapView>> maps_;
  std::vector<PhaseView> phases_;
  std::vector<float> bias_, rate_;
  std::vector<float> spin_, free_, pressure_, beta_;
};

}  // namespace grainspin
