// A grid cut along z, a slab of planes for each rank, and what a rank reads beside its own planes.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "grainspin/grid.h"
#include "grainspin/reconstruct.h"
#include "src/ranks/ranks.h"

namespace grainspin {

// The planes of rank `rank`, [first, end): all ranks have nz / ranks of them, the first nz % ranks one more.
std::array<int, 2> own_planes(int nz, int rank, int ranks);

// A rank's planes and `halo` more on each side, as far as the axis goes: planes [first, first + count) of the grid, which
// on a periodic axis may reach below 0 or over the end. Where the halo would meet itself the slab is the whole axis.
struct Slab {
  int nz = 0;                    // of the grid
  std::array<int, 2> own{0, 0};  // [first, end) of the grid
  int first = 0, count = 0;      // the wide slab: with its halo
  Boundary boundary = Boundary::kPeriodic;  // of the wide slab along z: periodic where it is the whole periodic axis, else clamped

  int planes() const { return own[1] - own[0]; }
  // The rank's planes among those of the wide slab.
  std::array<int, 2> inner() const { return {own[0] - first, own[1] - first}; }
};
// Throws Error kArgument, with what would do, where there are more ranks than planes.
Slab slab_of(int nz, Boundary along_z, int rank, int ranks, int halo);

// Results of a wide slab in the place of the rank's own planes.
class OwnPlanes final : public OrientationSink {
 public:
  OwnPlanes(OrientationSink& sink, const Slab& slab) : sink_(sink), below_(slab.inner()[0]) {}
  void write(std::array<int, 3> lo, Shape extent, const StepOutput& out) override {
    lo[2] -= below_;
    sink_.write(lo, extent, out);
  }
  void whole(std::int64_t tile, std::array<int, 3> lo) override {
    lo[2] -= below_;
    sink_.whole(tile, lo);
  }

 private:
  OrientationSink& sink_;
  int below_;
};

}  // namespace grainspin
