// What training the nonlocal family makes small.
#pragma once

#include "datasets/grid_set.h"
#include "networks/grid_pool.h"
#include "networks/nonlocal.h"

namespace grainspin {

// With s the step's von Mises strain, S the strain from the chunk's start to the step's end, and W of GridScales, a step's
// loss is
//   true path   mean |w - w_true|^2 / (s^2 W)
//   own path    mean angle(q, q_wanted)^2 / (s S W), where q_wanted is what the own orientations at the chunk's start
//               become by the true increments: the error that the chunk itself adds. (The whole error so far would be
//               mostly that of earlier chunks, which no gradient reaches: measured, it ruins a trained model.)
//   + stress (mean |dev d|^2 / 5 + mean (tr d / 3)^2 + curve |dev mean d|^2 / 5)   d the stress error in stress_scale[0]
//   + free sum over free components of (L' - L_true)^2 / s^2
// Means are over the grid's voxels. A step of no size (s < 1e-12) has no loss.
class NonlocalLoss {
 public:
  NonlocalLoss(const GridScales& scales, double stress_unit, double stress_weight, double curve_weight,
               double free_weight);
  // The weight of the stress from now on.
  void stress_weight(double weight) { stress_weight_ = weight; }

  struct Terms {
    at::Tensor total;      // what is differentiated; undefined where the step has no size
    at::Tensor increment;  // the first line alone, for the log: true path and own path
  };
  // `q`: the own path after the step [V, 4] of the cell; undefined on the true path, as are `wanted` [voxels, 4] and S.
  Terms step(const GridFields& fields, int t, const NonlocalNetworkImpl::Step& predicted, const at::Tensor& q,
             const at::Tensor& wanted = {}, double strain = 0) const;

 private:
  GridScales scales_;
  double unit_, stress_weight_, curve_weight_, free_weight_;
};

}  // namespace grainspin
