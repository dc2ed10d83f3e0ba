#include "nonlocal_fourier.h"

#include <fftw3.h>

#include <algorithm>
#include <cstring>
#include <mutex>

#include "grainspin/core.h"
#include "grainspin/nonlocal_inline.h"

namespace grainspin {
namespace {

constexpr int kLanes = 8;  // frequencies of a plane that a pencil holds: 64 bytes
constexpr int kWidth = 2 * kLanes;

// The planner is the one part of the library that threads may not share.
std::mutex& planner() {
  static std::mutex mutex;
  return mutex;
}

int channels_of(int polarisations, bool pressure) { return 8 * polarisations + (pressure ? 1 : 0); }

std::int64_t stride_of(Shape cell) {
  const std::int64_t floats = std::int64_t(2) * (cell.nx / 2 + 1) * cell.ny;
  return (floats + kWidth - 1) / kWidth * kWidth;
}

fftwf_complex* complex(float* p) { return reinterpret_cast<fftwf_complex*>(p); }

}  // namespace

NonlocalFourier::NonlocalFourier(Shape cell, const std::array<double, 3>& spacing, Frequencies frequencies,
                                 int polarisations, bool pressure)
    : cell_(cell),
      polarisations_(polarisations),
      channels_(channels_of(polarisations, pressure)),
      stride_(stride_of(cell)),
      fields_(cell.nz * channels_ * stride_) {
  // Also what lies between planes, where pencils reach over the last frequency.
  std::fill_n(fields_.get(), cell.nz * channels_ * stride_, 0.0f);
  for (int i = 0; i <= cell.nx / 2; ++i) kx_.push_back(float(frequency(i, cell.nx, spacing[0], frequencies)));
  for (int i = 0; i < cell.ny; ++i) ky_.push_back(float(frequency(i, cell.ny, spacing[1], frequencies)));
  for (int i = 0; i < cell.nz; ++i) kz_.push_back(float(frequency(i, cell.nz, spacing[2], frequencies)));
  const AlignedFloats scratch(scratch_floats());
  const std::lock_guard lock(planner());
  float* const field = fields_.get();
  plane_forward_ = fftwf_plan_dft_r2c_2d(cell.ny, cell.nx, field, complex(field), FFTW_ESTIMATE);
  plane_inverse_ = fftwf_plan_dft_c2r_2d(cell.ny, cell.nx, complex(field), field, FFTW_ESTIMATE);
  const auto lines = [&](int count, int stride, int sign, float* at) {
    return fftwf_plan_many_dft(1, &cell_.nz, count, complex(at), nullptr, stride, 1, complex(at), nullptr, stride, 1,
                               sign, FFTW_ESTIMATE);
  };
  line_forward_ = lines(5 * polarisations * kLanes, 8 * polarisations * kLanes, FFTW_FORWARD, scratch.get());
  line_inverse_ = lines(8 * polarisations * kLanes, 8 * polarisations * kLanes, FFTW_BACKWARD, scratch.get());
  if (pressure) pressure_inverse_ = lines(kLanes, kLanes, FFTW_BACKWARD, scratch.get());
  if (plane_forward_ && plane_inverse_ && line_forward_ && line_inverse_ && (!pressure || pressure_inverse_)) return;
  release();
  throw Error(Errc::kInternal, "the FFT library has no plan for " + std::to_string(cell.nx) + " x " +
                                   std::to_string(cell.ny) + " x " + std::to_string(cell.nz) + " voxels");
}

NonlocalFourier::~NonlocalFourier() {
  const std::lock_guard lock(planner());
  release();
}

void NonlocalFourier::release() {
  for (fftwf_plan_s* plan : {plane_forward_, plane_inverse_, line_forward_, line_inverse_, pressure_inverse_})
    if (plan) fftwf_destroy_plan(plan);
}

void NonlocalFourier::forward(int z, int channel) const {
  float* const p = plane(z, channel);
  fftwf_execute_dft_r2c(plane_forward_, p, complex(p));
}

void NonlocalFourier::inverse(int z, int channel) const {
  float* const p = plane(z, channel);
  fftwf_execute_dft_c2r(plane_inverse_, complex(p), p);
}

std::int64_t NonlocalFourier::pencils() const { return stride_ / kWidth; }

void NonlocalFourier::pencil(const NonlocalKernels& kernels, std::int64_t index, const float* beta,
                             const float* weight, bool first, bool last, float* scratch) const {
  const std::int64_t at = index * kWidth, xs = cell_.nx / 2 + 1;
  alignas(64) float kx[kWidth], ky[kWidth];
  for (int i = 0; i < kWidth; ++i) {
    const std::int64_t j = at / 2 + i / 2;  // beyond the plane's last frequency: zeros, whatever k is
    kx[i] = kx_[std::size_t(j % xs)];
    ky[i] = ky_[std::size_t(std::min<std::int64_t>(j / xs, cell_.ny - 1))];
  }
  const int in = 5 * polarisations_, out = 8 * polarisations_;
  for (int z = 0; z < cell_.nz; ++z)
    for (int c = 0; c < in; ++c)
      std::memcpy(scratch + (std::int64_t(z) * out + c) * kWidth, plane(z, c) + at, kWidth * sizeof(float));
  fftwf_execute_dft(line_forward_, complex(scratch), complex(scratch));
  float* const pressure = pressure_inverse_ ? scratch + std::int64_t(cell_.nz) * out * kWidth : nullptr;
  if (pressure)
    for (int z = 0; z < cell_.nz; ++z) {
      float* const line = pressure + std::int64_t(z) * kWidth;
      if (first)
        std::fill_n(line, kWidth, 0.0f);
      else
        std::memcpy(line, plane(z, pressure_channel()) + at, kWidth * sizeof(float));
    }
  kernels.green(cell_.nz, kLanes, polarisations_, kx, ky, kz_.data(), float(1.0 / double(cell_.voxels())), beta,
                scratch, weight, pressure);
  fftwf_execute_dft(line_inverse_, complex(scratch), complex(scratch));
  if (pressure && last) fftwf_execute_dft(pressure_inverse_, complex(pressure), complex(pressure));
  for (int z = 0; z < cell_.nz; ++z) {
    for (int c = 0; c < out; ++c)
      std::memcpy(plane(z, c) + at, scratch + (std::int64_t(z) * out + c) * kWidth, kWidth * sizeof(float));
    if (pressure)
      std::memcpy(plane(z, pressure_channel()) + at, pressure + std::int64_t(z) * kWidth, kWidth * sizeof(float));
  }
}

std::int64_t NonlocalFourier::scratch_floats(Shape cell, int polarisations) {
  return std::int64_t(cell.nz) * (8 * polarisations + 1) * kWidth;
}
std::int64_t NonlocalFourier::scratch_floats() const { return scratch_floats(cell_, polarisations_); }

std::int64_t NonlocalFourier::bytes(Shape cell, int polarisations, bool pressure) {
  return cell.nz * channels_of(polarisations, pressure) * stride_of(cell) * std::int64_t(sizeof(float));
}

}  // namespace grainspin
