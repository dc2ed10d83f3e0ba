// A model ready to run on one device: the engine (CPU, CUDA) or LibTorch behind one interface.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "grainspin/grid.h"
#include "grainspin/model.h"
#include "grainspin/packed.h"
#include "grainspin/rollout.h"

namespace grainspin {

class DomainJudge;  // domain.h

// Fields of a step that somebody reads beside the orientation.
struct OutputFields {
  bool increment = true, stress = true, log_variance = true;
};

// A box of voxels with everything that a run over it needs. Along each axis the box either closes on
// itself (kWrap: it is the whole periodic axis), or ends on each side at the grid's clamped face
// (kFace: taps beyond it are the nearest voxel inside) or inside the grid (kCut: what lies beyond is
// unknown; after every pass over the neighbours `radius` more layers next to a cut are worthless).
enum class Edge : int { kWrap = 0, kFace = 1, kCut = 2 };
struct Region {
  Shape shape;                                // of the box, halo included
  std::array<std::array<Edge, 2>, 3> edge{};  // [axis x,y,z][low, high]
  std::array<int, 3> inner_lo{};              // the part that is asked for
  Shape inner;

  // What the nonlocal family reads beside; the local one does not. It takes whole grids only (no kCut).
  std::array<double, 3> spacing{1, 1, 1};  // of voxels along x, y, z; only their ratios matter
  std::vector<LoadStep> loads;             // [T]; empty: the model's own
  const std::int32_t* phase = nullptr;     // [shape] index into NonlocalSpec::phases; null: all of phase 0
  // Layers of mirror images put beyond each face of an axis that does not close on itself (kFace), so that
  // the cell is periodic: the declared padding, at most the axis' extent.
  int padding = 8;

  // Steps whose fields somebody reads: wanted[t - 1] != 0 for step t; empty: all. Of the others a run may give null
  // fields (the sink is called all the same, with the step's load where it has one), which saves copies and memory.
  std::vector<std::uint8_t> wanted;
  OutputFields fields;  // that somebody reads of the wanted steps; others may be null
  // How somebody reads them. A GPU packs orientations and judges voxels before they are copied to the host, where it can do
  // all that is asked for (StepOutput::packed, verdict); else a run gives `orientation`, and `increment` for the judge.
  Packing packing = Packing::kNone;
  const DomainJudge* judge = nullptr;  // loads of DomainJudge::voxels() are those of the steps
};
inline bool wants(const Region& region, int step) {
  return region.wanted.empty() || region.wanted[std::size_t(step - 1)] != 0;
}

class Surrogate {
 public:
  virtual ~Surrogate() = default;
  virtual const ModelSpec& spec() const = 0;
  virtual std::string description() const = 0;  // "engine, CPU AVX-512, 2 threads"
  // q0[region.shape, 4]; mask[region.shape]: 0 where a voxel is masked, null for none. A masked
  // neighbour counts as the centre voxel; a masked voxel keeps its orientation.
  // teacher: null for a rollout on the model's own path; else [T][region.shape][4], the orientations
  // that are taken as the input of step t in place of its own (teacher[0] is step 0): one-step readings,
  // memory carried. orientation is then exp(w_t) teacher[t-1]. `sink` is called for t = 1..T in order, by the calling
  // thread; what it is given is valid until it returns.
  virtual void run(const Region& region, const float* q0, const std::uint8_t* mask, const float* teacher,
                   const std::function<void(const StepOutput&)>& sink) const = 0;
  // Bytes that run() allocates for this region, q0 and teacher not counted.
  virtual std::int64_t workspace(const Region& region) const = 0;
  // The same steps one by one, on a region without cuts whose inner part is the whole; region.loads is not read, mask
  // and phase are read now only. q0 may be memory of the GPU that the engine runs on. Error kArgument by a backend that
  // runs whole paths only.
  virtual std::unique_ptr<Rollout> start(const Region& region, const float* q0, const std::uint8_t* mask) const;
  virtual RolloutSize rollout_size(const Region& region, bool masked) const;  // of start(), nothing allocated
  // Whether the device itself has room for this region now (its own memory, beside what the host has).
  virtual bool fits(const Region& region, bool masked) const { return (void)region, (void)masked, true; }
};

// kStrict: fp32 throughout. kFast: local family, products of weights and state in bf16 with sums in fp32 and activations
// within 3e-4, where the device has such units; the same as kStrict elsewhere (description() says which runs).
enum class Precision : int { kStrict = 0, kFast = 1 };

struct EngineOptions {
  Device device = Device::kCpu;
  int gpu = 0;
  int threads = 0;  // 0: as many as the machine has
  Precision precision = Precision::kStrict;
};

// The project's own engine. Throws Error kDevice where the device is not there.
std::unique_ptr<Surrogate> make_engine(const Model& model, const EngineOptions& options);

// Voxels that a cube of the model's radius reaches in all steps: the halo of an exact tile. 0 for the nonlocal
// family, which reaches everything and is never cut.
int reach(const ModelSpec& spec);

// The whole of a grid as one region, no cuts.
Region whole(Shape shape, Boundaries boundaries);

}  // namespace grainspin
