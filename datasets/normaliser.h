// Scales of a training set, kept in the model file: embeddings per channel to mean 0 and deviation 1,
// increments by one root mean square for all components, stress per component.
#pragma once

#include <span>
#include <vector>

#include "datasets/run.h"
#include "grainspin/model.h"

namespace grainspin {

// Fills input_mean, input_scale, increment_scale and, where the runs hold stress, stress_mean and
// stress_scale of `spec` from all voxels of all steps. A channel that never varies gets scale 1.
// One increment scale for the three components: the network's output then turns like a vector.
void set_scales(std::span<const Run> runs, ModelSpec& spec);

// The same from runs that are given one after the other.
class Scales {
 public:
  void add(const Run& run);
  void set(ModelSpec& spec) const;

 private:
  // Of one column of values; double sums.
  struct Moments {
    double n = 0, sum = 0, squares = 0;
    void add(double v) { n += 1, sum += v, squares += v * v; }
    double mean() const { return n > 0 ? sum / n : 0; }
    double deviation() const;
  };
  std::vector<Moments> input_;
  Moments stress_[6], increment_;
};

}  // namespace grainspin
