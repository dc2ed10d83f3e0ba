// Whole grids under way: each at some strain step of some turned run, with the state that the cell carries
// (truncated back-propagation through time).
#pragma once

#include <cstdint>
#include <vector>

#include "datasets/grid_set.h"
#include "networks/nonlocal.h"
#include "src/ranks/ranks.h"

namespace grainspin {

// A turned run as tensors on the network's device.
struct GridFields {
  GridFields(const GridRun& run, const NonlocalNetwork& network, torch::Device device);

  std::string path;
  NonlocalNetworkImpl::Grid grid;
  std::vector<CellLoad> loads;      // [T]
  std::vector<at::Tensor> answer;   // [T] of [9]; empty where not known
  at::Tensor q;                     // [T + 1, N, 4]
  at::Tensor w;                     // [T, N, 3]
  at::Tensor stress;                // [T, N, 6] Pa; undefined where not known
  int steps() const { return int(loads.size()); }
  std::int64_t voxels() const { return q.size(1); }
};

// The state before the first step: as the cell's warm-up leaves it (grainspin/nonlocal.h). q [V, 4] of the cell.
NonlocalNetworkImpl::State warmed_up(const NonlocalNetwork& network, const NonlocalNetworkImpl::Weights& weights,
                                     const GridFields& fields, const at::Tensor& q, bool checkpointed);

struct GridMember {
  int run = 0, operation = 0;  // index into the runs; into cube_operations()
  int step = 0;                // strain steps done
  bool first = true;           // no chunk of it has been run
  // On the rank that advances it; empty elsewhere.
  std::shared_ptr<const GridFields> fields;
  NonlocalNetworkImpl::State state;
  at::Tensor q;  // [V, 4] of the periodic cell: where the own path stands; read after step 0 of it
};

// Each pass over the runs is a new random order; operations are drawn evenly. Stateless (mix() of the seed and
// the position in the sequence), so that a resumed training draws the same. With several ranks all know where every
// grid stands, and member i lies on rank i % ranks.
class GridPool {
 public:
  // Keeps references. operations[r]: indices into cube_operations() that training run r may be turned by.
  GridPool(GridSet& data, std::vector<std::vector<int>> operations, std::uint64_t seed,
           const NonlocalNetwork& network, torch::Device device, Ranks& ranks);

  // Fills the pool from the start of the sequence.
  void fill(int members, std::int64_t& draws);
  GridMember& member(std::size_t i) { return members_[i]; }
  std::size_t size() const { return members_.size(); }
  int steps(std::size_t i) const { return data_.training()[std::size_t(members_[i].run)].steps(); }
  bool here(std::size_t i) const { return int(i % std::size_t(ranks_.size())) == ranks_.rank(); }
  // The next run of the sequence in a member's place, at its initial state.
  void renew(std::size_t i, std::int64_t& draws);

  // The members as tensors, for a checkpoint; collective, whole on rank 0 alone. And back, from all of them; Error kFormat
  // where they do not fit the runs.
  std::vector<at::Tensor> pack() const;
  void unpack(const std::vector<at::Tensor>& tensors);

 private:
  void place(std::size_t i, int run, int operation);
  std::vector<at::Tensor> of_member(const GridMember& m) const;
  GridSet& data_;
  std::vector<std::vector<int>> operations_;
  std::uint64_t seed_;
  NonlocalNetwork network_;
  torch::Device device_;
  Ranks& ranks_;
  std::vector<GridMember> members_;
};

}  // namespace grainspin
