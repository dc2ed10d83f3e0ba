// An array of floats on a cache line's boundary, values not set.
#pragma once

#include <cstdint>
#include <memory>
#include <new>

namespace grainspin {

class AlignedFloats {
 public:
  static constexpr std::size_t kAlignment = 64;
  AlignedFloats() = default;
  explicit AlignedFloats(std::int64_t n)
      : data_(static_cast<float*>(
            ::operator new(std::size_t(n) * sizeof(float), std::align_val_t(kAlignment)))) {}
  float* get() const { return data_.get(); }

 private:
  struct Free {
    void operator()(float* p) const { ::operator delete(p, std::align_val_t(kAlignment)); }
  };
  std::unique_ptr<float, Free> data_;
};

}  // namespace grainspin
