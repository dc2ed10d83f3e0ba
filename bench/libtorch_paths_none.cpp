#include "bench/libtorch_paths.h"

namespace grainspin::bench {

std::unique_ptr<Surrogate> make_libtorch_best(const Model&, const EngineOptions&, Kind, int) {
  throw Error(Errc::kDevice, "built without LibTorch");
}

}  // namespace grainspin::bench
