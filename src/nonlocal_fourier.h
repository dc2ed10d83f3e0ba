// The fields of a nonlocal run and their transforms, in place: real fields of the cell, planes of z side by side by
// channel, and FFTW3's interface (single precision) for lines and planes.
//
// A pass over the grid is two sweeps: plane by plane, channels transformed along x and y (with the cell's work on the
// voxels between inverse and forward); then pencil by pencil, a few frequencies (kx, ky) with all their kz: forward
// along z, Green operator, inverse along z in a buffer that stays in cache. So each number is read and written twice a
// pass, and any number of threads can share a sweep without changing a bit: every transform is one thread's.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "aligned.h"
#include "grainspin/grid.h"
#include "grainspin/model.h"
#include "nonlocal_kernels.h"

struct fftwf_plan_s;

namespace grainspin {

class NonlocalFourier {
 public:
  // pressure: one more channel, the pressure of a step. Plans are by estimate: always the same for a shape.
  NonlocalFourier(Shape cell, const std::array<double, 3>& spacing, Frequencies frequencies, int polarisations,
                  bool pressure);
  ~NonlocalFourier();
  NonlocalFourier(const NonlocalFourier&) = delete;
  NonlocalFourier& operator=(const NonlocalFourier&) = delete;

  // Plane z of channel c: [ny][2 (nx/2 + 1)]. Channels 0 .. 8 M - 1, then the pressure.
  float* plane(int z, int channel) const {
    return fields_.get() + (std::int64_t(z) * channels_ + channel) * stride_;
  }
  std::int64_t stride() const { return stride_; }  // floats from channel to channel of a plane
  int pressure_channel() const { return 8 * polarisations_; }

  void forward(int z, int channel) const;  // along x and y
  void inverse(int z, int channel) const;

  // All of one pencil of a pass: p in channels 0 .. 5 M - 1 becomes e and w in 0 .. 8 M - 1, divided by the number of
  // voxels so that inverse transforms give the fields. The pressure's channel starts with `first`, gets weight[m] g_m,
  // and is taken back along z with `last`.
  std::int64_t pencils() const;
  void pencil(const NonlocalKernels& kernels, std::int64_t index, const float* beta, const float* weight, bool first,
              bool last, float* scratch) const;
  std::int64_t scratch_floats() const;

  static std::int64_t bytes(Shape cell, int polarisations, bool pressure);  // of the fields
  static std::int64_t scratch_floats(Shape cell, int polarisations);

 private:
  void release();

  Shape cell_;
  int polarisations_, channels_;
  std::int64_t stride_;
  AlignedFloats fields_;
  std::vector<float> kx_, ky_, kz_;
  fftwf_plan_s *plane_forward_ = nullptr, *plane_inverse_ = nullptr;
  fftwf_plan_s *line_forward_ = nullptr, *line_inverse_ = nullptr, *pressure_inverse_ = nullptr;
};

}  // namespace grainspin
