#include "src/cli/choose_surrogate.h"

#include "networks/networks.h"

namespace grainspin::cli {

std::unique_ptr<Surrogate> choose_surrogate(const Model& model, const DeviceChoice& choice) {
  const auto make = [&](Device device) {
    const EngineOptions options{.device = device, .gpu = choice.gpu, .threads = choice.threads};
    return choice.backend == "libtorch" ? make_libtorch(model, options) : make_engine(model, options);
  };
  if (choice.device != "auto") return make(choice.device == "cuda" ? Device::kCuda : Device::kCpu);
  try {
    return make(Device::kCuda);
  } catch (const Error& e) {
    if (e.code() != Errc::kDevice) throw;
    return make(Device::kCpu);
  }
}

}  // namespace grainspin::cli
