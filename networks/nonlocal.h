// The `nonlocal` family as a torch::nn module; the cell and its tensors are defined in grainspin/nonlocal.h.
//
// Fields inside are [system * channels + channel, voxel], voxels x fastest and contiguous: each map is one
// matrix product over all voxels of a phase, and rows are the fields that the FFT takes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include <torch/torch.h>

#include "grainspin/grid.h"
#include "grainspin/nonlocal.h"
#include "networks/nonlocal_green.h"
#include "networks/nonlocal_maps.h"

namespace grainspin {

class NonlocalNetworkImpl : public torch::nn::Module {
 public:
  // Parameters of this type, initialised with seed 1.
  explicit NonlocalNetworkImpl(const ModelSpec& spec, torch::ScalarType type = torch::kFloat);
  const ModelSpec& spec() const { return spec_; }

  // Random weights: maps of about unit gain, the inner and outer maps of a pass smaller the more passes there
  // are, scalars of the passes 0, carry 0.5, update_bias -1, learned beta 1.
  void initialise(std::uint64_t seed);

  // What a run over one grid needs of it; made once, cheap to copy. `voxels` is the periodic cell: the
  // caller's grid with its padding.
  struct Grid {
    Shape shape;        // of the caller's grid
    Shape cell;         // with the mirror images beyond the faces
    at::Tensor source;  // [V] voxel of the caller's grid in the cell's place; undefined without padding
    at::Tensor inside;  // [voxels of shape] place of a caller's voxel in the cell; undefined likewise
    std::vector<at::Tensor> phase;  // [phases] of [V_p] places in the cell; undefined where one phase has all
    at::Tensor keep;                // [V] 0 where a voxel is masked, else 1; undefined without a mask
    std::int64_t unmasked = 0;      // voxels of the cell
    std::shared_ptr<const GreenOperator> green;
    std::int64_t voxels() const { return cell.voxels(); }
    // Rows [voxels of shape, n] to the cell's [V, n], and back.
    at::Tensor pad(const at::Tensor& rows) const;
    at::Tensor crop(const at::Tensor& rows) const;
  };
  // phase [shape]: null for all of phase 0; mask [shape]: null for none, 0 where masked. An axis that is not
  // periodic gets min(padding, extent) mirror images of its voxels beyond each face. Lies where the
  // parameters lie, in their type. Errors: kShape (no voxels), kArgument (spacing, padding, unknown phase).
  Grid grid(Shape shape, const std::array<double, 3>& spacing = {1, 1, 1},
            const std::int32_t* phase = nullptr, const std::uint8_t* mask = nullptr,
            Boundaries boundaries = {}, int padding = 8) const;

  // All maps made ready. With gradients on they carry them: expand once an optimiser step, then step(). On
  // the CPU gated maps are packed blocks, elsewhere or with `blocks` false dense matrices: the same numbers
  // to rounding.
  using Weights = CellWeights;
  Weights expand(bool blocks = true) const;

  // Carried from step to step; x is empty where nothing is carried, h where there is no memory.
  struct State {
    std::vector<at::Tensor> x, h;  // [phases] of [N C, V_p], [N H, V_p]
    void detach();
  };
  State start(const Grid& grid) const;  // zeros

  // The warm-up before a run's first step, on that step's load and orientations: x of a new state is
  // replaced.
  void warm_up(const Weights& weights, const Grid& grid, const CellLoad& load, const at::Tensor& q,
               State& state) const;

  struct Step {
    at::Tensor increment;  // [V, 3] rad
    at::Tensor stress;     // [V, 6] over stress_scale[0], xx yy zz yz xz xy; undefined without a stress head
    at::Tensor L;          // [9] row-major: the mean velocity gradient L'
    std::vector<at::Tensor> x;  // [phases] of [N C, V_p]: the odd state after the last pass; undefined where no voxel is of the phase. step() alone
  };
  // One step from q [V, 4]; `state` is replaced by the next one. Differentiable in weights, q and state.
  Step step(const Weights& weights, const Grid& grid, const CellLoad& load, const at::Tensor& q,
            State& state) const;
  // The same numbers and gradients with inputs and state alone kept: the step is run again in the backward
  // pass.
  Step step_checkpointed(const Weights& weights, const Grid& grid, const CellLoad& load, const at::Tensor& q,
                         State& state) const;

  // Weights to and from the file's tensors.
  void save(Model& model) const;
  void load(const Model& model);

 private:
  // A step, or the warm-up with so many runs.
  Step run(const Weights& weights, const Grid& grid, const CellLoad& load, const at::Tensor& q, State& state,
           int warmup) const;

  struct Phase {
    PhaseMaps maps;                    // what the matrices are made of
    GatedTensors in, head;             // parameters
    std::vector<GatedTensors> passes;  // [K]
    std::vector<at::Tensor> polarise;  // [K]
    at::Tensor carry, update, update_bias, candidate, candidate_bias;
  };
  ModelSpec spec_;
  std::vector<Phase> phases_;
  at::Tensor spin_, free_, pressure_, beta_;
  mutable std::shared_ptr<GreenCache> green_;
};
TORCH_MODULE(NonlocalNetwork);

}  // namespace grainspin
