// The tensors of a nonlocal model (nonlocal.h) as the GPU multiplies them: orbit-tied maps as blocks in coordinates adapted to
// the point group, and what is linear behind a map (P_s, a_s) multiplied into it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cuda/nonlocal_launchers.h"
#include "grainspin/nonlocal.h"

namespace grainspin {

// Numbers put one behind another, each array at a multiple of 4 (16 bytes); rows and tasks that speak of them.
class Packed {
 public:
  std::int64_t add(const std::vector<float>& values);
  std::int32_t add_indices(const int* rows, int n);
  std::int64_t add_tasks(const std::vector<cuda::MapTask>& tasks);
  const std::vector<float>& values() const { return values_; }
  const std::vector<std::int32_t>& indices() const { return indices_; }
  const std::vector<cuda::MapTask>& tasks() const { return tasks_; }

 private:
  std::vector<float> values_;
  std::vector<std::int32_t> indices_;
  std::vector<cuda::MapTask> tasks_;
};

// Places in a Packed.
struct TaskPlace {
  std::int64_t first = 0;
  std::int16_t begin[cuda::kTileWarps + 1] = {};
};
struct GatedPlace {
  TaskPlace first, out;
  std::int64_t bias = 0, rate = 0;  // [D], gated models only
};
struct PhasePlace {
  cuda::CellShape shape;
  std::vector<float> numbers;  // cuda::BasisPlaces, at `basis` too
  std::int64_t basis = 0;
  GatedPlace start, head;
  std::vector<GatedPlace> passes;
  std::vector<TaskPlace> polarise;
  std::int64_t carry = 0;                           // [C]
  std::int64_t update_bias = 0, candidate_bias = 0;  // [H]
  std::int64_t variance = 0;                        // cuda::VarianceStep::numbers
  std::int64_t work = 0;  // multiply-adds of a voxel's step, warm-ups apart: maps, drives and changes of coordinates
};
struct ModelPlace {
  std::vector<PhasePlace> phases;
  std::int64_t spin = 0, free = 0, pressure = 0, beta = 0;  // [K M]
  int variance_hidden = 0;                                  // 0: no variance head
};
ModelPlace pack(const Model& model, Packed& packed);

// A packed model on a GPU.
struct ModelNumbers {
  const float* values;
  const std::int32_t* indices;
  const cuda::MapTask* tasks;
};
cuda::MapList list_of(const ModelNumbers& numbers, const TaskPlace& place);
cuda::GatedMap map_of(const ModelNumbers& numbers, const GatedPlace& place);

}  // namespace grainspin
