// A local model's network on blocks of voxels: what the engine's runs ask of it, whatever the kernels. Arrays are in the
// network's own order, their sizes in floats; no voxel's arithmetic depends on its place in a block.
#pragma once

#include <cstdint>
#include <memory>

#include "grainspin/model.h"
#include "lanes.h"
#include "recurrent.h"

namespace grainspin {

class BlockNetwork {
 public:
  virtual ~BlockNetwork() = default;

  // Held by a thread around project() and step().
  class Busy {
   public:
    explicit Busy(const BlockNetwork& net) : net_(net) { net_.begin(); }
    ~Busy() { net_.end(); }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

   private:
    const BlockNetwork& net_;
  };

  virtual int head_rows() const = 0;                                     // increment 3, stress 6, log variance 3
  virtual std::int64_t embedded_floats(std::int64_t voxels) const = 0;   // of a region's embeddings
  virtual std::int64_t patch_floats() const = 0;                         // of a block's neighbours
  virtual std::int64_t own_floats() const = 0;                           // of a block's own embeddings
  virtual std::int64_t state_floats() const = 0;                         // what a block carries; zeros before the first step
  virtual std::int64_t start_floats() const = 0;                         // what a block's neighbours give it once; 0 with `neighbours`
  virtual std::int64_t scratch_floats() const = 0;

  // Normalised embeddings of q[count, 4], voxels first .. of a region of `voxels`, to their places in e.
  virtual void embed(std::int64_t first, std::int64_t count, std::int64_t voxels, const float* q, float* e) const = 0;
  // The same of a block's orientations q[kBlock, 4], as step() takes them with `own`.
  virtual void embed_own(const float* q, float* own) const = 0;
  // The neighbours of a block from a region's embeddings.
  virtual void gather(const RegionTaps& taps, const Lanes& lanes, const std::uint8_t* mask, const float* e,
                      std::int64_t voxels, float* patch) const = 0;
  virtual void project(const float* patch, float* start, float* scratch) const = 0;
  // One step: x is what varies (a patch, own embeddings, null with `initial`), state is carried, heads[head_rows()][kBlock] in
  // rad, Pa and log.
  virtual void step(const float* start, const float* x, float* state, float* scratch, float* heads) const = 0;
  // RecurrentKernels::turn.
  virtual std::uint32_t turn(const float* w, const float* q, float* next) const = 0;

 private:
  virtual void begin() const {}
  virtual void end() const {}
};

// For these kernels. Throws Error kFormat where the model's embedding has another size than its normaliser.
std::unique_ptr<BlockNetwork> block_network(const Model& model, const RecurrentKernels& kernels);

}  // namespace grainspin
