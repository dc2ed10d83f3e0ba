// Stands in for this folder in builds without LibTorch.
#include "networks/networks.h"

namespace grainspin {

namespace {
[[noreturn]] void missing(const char* what) {
  throw Error(Errc::kDevice, std::string(what) + ": this program was built without LibTorch");
}
}  // namespace

std::unique_ptr<Surrogate> make_libtorch(const Model&, const EngineOptions&) {
  missing("the LibTorch backend");
}

std::string torch_version() { return {}; }

}  // namespace grainspin
