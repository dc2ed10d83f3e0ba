// Launchers that show their name in a profiler (NVTX range on the host's time line around what they send to the GPU). Without a
// profiler a range is a test of a pointer; where the toolkit has no nvtx3 there are none. For .cu files only.
#pragma once

#if __has_include(<nvtx3/nvtx3.hpp>)
#include <nvtx3/nvtx3.hpp>
#endif

namespace grainspin::cuda {

#if __has_include(<nvtx3/nvtx3.hpp>)
struct NvtxDomain {
  static constexpr const char* name = "grainspin";
};
using Range = nvtx3::scoped_range_in<NvtxDomain>;
#else
struct Range {
  explicit Range(const char*) {}
};
#endif

// t.embed = Named<embed>("embed"): embed within a range of that name.
template <auto kLauncher>
class Named {
 public:
  explicit Named(const char* name) { name_ = name; }
  template <class Result, class... Arguments>
  using Pointer = Result (*)(Arguments...);
  template <class Result, class... Arguments>
  operator Pointer<Result, Arguments...>() const {
    return &call<Result, Arguments...>;
  }

 private:
  template <class Result, class... Arguments>
  static Result call(Arguments... arguments) {
    [[maybe_unused]] const Range range(name_);
    return kLauncher(arguments...);
  }
  static inline const char* name_ = "";
};

}  // namespace grainspin::cuda
