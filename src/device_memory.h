// Owners of what a GPU context, its memory and pinned host memory are.
#pragma once

#include <cstdint>
#include <utility>

#include "cuda/launchers.h"

namespace grainspin {

// A GPU with one stream. Not copied or moved: buffers point to it.
class Gpu {
 public:
  Gpu(const cuda::Table& table, int gpu) : table_(table), context_(table.create(gpu)) {}
  ~Gpu() { table_.destroy(context_); }
  Gpu(const Gpu&) = delete;
  Gpu& operator=(const Gpu&) = delete;
  const cuda::Table* operator->() const { return &table_; }
  const cuda::Table& table() const { return table_; }
  operator cuda::Context*() const { return context_; }

 private:
  const cuda::Table& table_;
  cuda::Context* context_;
};

// n values of T in GPU memory, or (Pinned) in host memory that the GPU copies to by itself.
template <class T, bool kPinned>
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Gpu& gpu, std::int64_t n) : gpu_(&gpu) {
    const std::int64_t bytes = n * std::int64_t(sizeof(T));
    if (n > 0) data_ = static_cast<T*>(kPinned ? gpu->allocate_pinned(gpu, bytes) : gpu->allocate(gpu, bytes));
  }
  Buffer(Buffer&& o) noexcept : gpu_(o.gpu_), data_(std::exchange(o.data_, nullptr)) {}
  Buffer& operator=(Buffer&& o) noexcept {
    std::swap(gpu_, o.gpu_);
    std::swap(data_, o.data_);
    return *this;
  }
  ~Buffer() {
    if (!data_) return;
    if constexpr (kPinned) (*gpu_)->release_pinned(*gpu_, data_);
    else (*gpu_)->release(*gpu_, data_);
  }
  T* get() const { return data_; }

 private:
  const Gpu* gpu_ = nullptr;
  T* data_ = nullptr;
};
template <class T>
using DeviceBuffer = Buffer<T, false>;
template <class T>
using PinnedBuffer = Buffer<T, true>;

// values in GPU memory
template <class T>
DeviceBuffer<T> on_device(const Gpu& gpu, const T* values, std::int64_t n) {
  DeviceBuffer<T> buffer(gpu, n);
  if (n > 0) gpu->copy(gpu, buffer.get(), values, n * std::int64_t(sizeof(T)));
  return buffer;
}

}  // namespace grainspin
