// The periodic cell: voxels, its Fourier transform, and the Green operator of a reference stiffness.
#pragma once

#include <array>
#include <complex>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "pack.h"

struct fftw_plan_s;

namespace cp {

using Tangent = std::array<double, 81>;  // dP_ij/dF_kl at [9*(3*i+j) + 3*k+l]
using Free = std::array<bool, 9>;  // components of the mean deformation gradient that the load leaves free

// Memory that packs can be read from and FFTW likes.
template <class T>
struct Aligned {
  using value_type = T;
  Aligned() = default;
  template <class U>
  Aligned(const Aligned<U>&) {}
  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t(64))); }
  void deallocate(T* p, std::size_t) { ::operator delete(p, std::align_val_t(64)); }
  bool operator==(const Aligned&) const { return true; }
};
using Field = std::vector<double, Aligned<double>>;  // [component][stride], voxels x fastest

// Calls body(first, last) on parts of [0, n) from `threads` threads. What a part computes must not depend on
// the division: then neither does the result.
void parallel(int threads, std::int64_t n, const std::function<void(std::int64_t, std::int64_t)>& body);

class Cell {
 public:
  // Voxels along x, y, z and the box that they fill (only its shape matters).
  Cell(std::array<int, 3> voxels, std::array<double, 3> size, int threads);
  ~Cell();
  Cell(const Cell&) = delete;
  Cell& operator=(const Cell&) = delete;

  std::int64_t voxels() const { return voxels_; }
  std::int64_t stride() const { return stride_; }  // voxels, rounded up to whole packs
  std::array<int, 3> shape() const { return shape_; }
  int threads() const { return threads_; }
  Field field(int components) const { return Field(components * stride_, 0.0); }
  double mean(const Field& field, int component) const;

  // The preconditioner: homogeneous reference stiffness, made symmetric here. `free`: as in Green.
  void set_reference(const Tangent& C0, const Free& free);
  // strain = Green : stress. Where k is not 0: u = N^-1 (stress k), N_ik = C0_ijkl k_j k_l, strain = u k
  // (Moulinec and Suquet 1998, eq. 14, at finite strain: Eisenlohr et al. 2013, eq. 26); the mean: the free
  // components that C0 asks for, so that a free mean stress is part of the same equation. Components of k at
  // the Nyquist frequency are zero: there is no real wave with that derivative.
  void green(const Field& stress, Field& strain);

 private:
  std::array<int, 3> shape_;
  int threads_;
  std::int64_t voxels_, stride_, waves_;
  std::vector<std::array<double, 3>> k_;        // [wave]
  std::vector<std::array<double, 6>> inverse_;  // [wave] N^-1: xx yy zz yz xz xy
  std::array<double, 81> mean_compliance_{};
  std::vector<std::complex<double>, Aligned<std::complex<double>>> spectrum_;  // [9][waves]
  fftw_plan_s* forward_ = nullptr;
  fftw_plan_s* backward_ = nullptr;
};

}  // namespace cp
