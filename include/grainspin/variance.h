// How sure the nonlocal family is: a small head on the frozen cell's state gives the variance of each increment, which adds
// up along the path to the angle that a voxel is likely off by.
//
// Features of a voxel after a step; the same in all equivalent crystal frames, and after every operation of the cube with
// the load turned along. x, h, w, L' and s are those of nonlocal.h after the step, C channels and H memory channels:
//   ln(1e-6 + mean over systems of x_c^2)   C of them
//   mean over systems of h_d^2              H of them; 0 without gates, which alone read the memory
//   ln(1e-6 + |v|^2 / s^2)                  v = w - axial(antisym L'): what the voxel turns by beyond the grid
//   ln(s / 0.01)
// With f = (feature - mean) / scale, a = tanh(V f + v0), o = U a + u0 and E the tensor of E0, the variance of component i is
//   ln sigma_i^2 = ln s^2 + o_0 + o_1 E_ii + o_2 (E E)_ii + o_3 v_i^2 / |v|^2        rad^2
// which turns with the grid. Where s or |v| is 0 its quotient is 0. o is kept within [-30, 30].
//
// Tensors, phase i (F = C + H + 2 features, D hidden):
//   phase<i>.variance.mean [F]  .scale [F]  .hidden [D, F]  .hidden_bias [D]  .out [4, D]  .out_bias [4]
// and in the domain of training (ModelSpec::domain) "uncertainty": {"hidden": D, "correlation": c, "expected": e,
//   "increment": [3], "radius": [3]}. A model without it gives no variance.
//
// Along a path errors of successive steps are alike: with correlation c^k between steps k apart, a component's variance after
// step t is S_t = S_(t-1) + sigma_t^2 + 2 sigma_t c R_(t-1),  R_t = c R_(t-1) + sigma_t. With m^2 the mean of S over the three
// components the angle is off by e m in the mean, and by less than radius[l] m in 50, 90 and 95 of 100 voxels; increment[l]
// sigma_i likewise bounds the error of an increment's component. These factors come from runs set aside (variance_fit.h).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "grainspin/model.h"
#include "grainspin/surrogate.h"

namespace grainspin {

inline constexpr std::array<double, 3> kCoverageLevels{0.5, 0.9, 0.95};

struct Calibration {
  int hidden = 0;
  double correlation = 0, expected = 1;
  std::array<double, 3> increment{}, radius{};  // by kCoverageLevels
};

// What ModelSpec::domain states; nothing where it states none. Error kFormat where it is of another form.
std::optional<Calibration> calibration(const ModelSpec& spec);
// The domain with this calibration in it.
std::string with_calibration(const std::string& domain, const Calibration& calibration);

int variance_features(const NonlocalSpec& spec);  // F
// Names and shapes of the head's tensors; none where the model states no uncertainty.
std::vector<std::pair<std::string, std::vector<std::int64_t>>> variance_tensors(const ModelSpec& spec);

// The heads of all phases, ready to be evaluated.
class VarianceHead {
 public:
  VarianceHead() = default;  // none
  explicit VarianceHead(const Model& model);
  bool any() const { return !phases_.empty(); }
  // features: F rows of `lanes` floats, voxels side by side; v: 3 rows; E0 in the basis of nonlocal.h; out: 3 rows of
  // ln sigma^2. `lanes` at most kMostLanes. No voxel's numbers depend on its neighbours.
  static constexpr int kMostLanes = 32;
  void log_variance(int phase, int lanes, const float* features, const float* v, const std::array<double, 5>& E0, double size,
                    float* out) const;

 private:
  struct Phase {
    int inputs = 0, hidden = 0;
    std::vector<float> mean, inverse, V, v0, U, u0;
  };
  std::vector<Phase> phases_;
};

// A whole run on the model's own path on the CPU, with the features of every step: [voxels, F]. The head need not be there.
void run_with_features(const Model& model, const Region& region, const float* q0, int threads,
                       const std::function<void(const StepOutput&, const float* features)>& sink);

// The error of the angle that adds up along a path, voxel by voxel.
class PathError {
 public:
  PathError(std::int64_t voxels, const Calibration& calibration)
      : calibration_(calibration), run_(std::size_t(voxels) * 3), sum_(std::size_t(voxels) * 3) {}
  void add(const float* log_variance);  // [voxels, 3]
  double m(std::int64_t voxel) const;   // rad
  double expected(std::int64_t voxel) const { return calibration_.expected * m(voxel); }
  double radius(std::int64_t voxel, std::size_t level) const { return calibration_.radius[level] * m(voxel); }
  std::int64_t voxels() const { return std::int64_t(run_.size() / 3); }
  // What has been added: kCarried floats a voxel, for one that goes on elsewhere.
  static constexpr std::int64_t kCarried = 6;
  void carry(float* to) const;
  void resume(const float* from);

 private:
  Calibration calibration_;
  std::vector<float> run_, sum_;  // R, S
};

}  // namespace grainspin
