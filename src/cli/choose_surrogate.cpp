#include "src/cli/choose_surrogate.h"

#include "networks/networks.h"

namespace grainspin::cli {

std::unique_ptr<Surrogate> choose_surrogate(const Model& model, const DeviceChoice& choice) {
  require(choice.backend != "libtorch" || choice.precision != "fast", Errc::kArgument, "--precision fast is the engine's own: LibTorch runs in fp32");
  const auto make = [&](Device device) {
    const EngineOptions options{.device = device, .gpu = choice.gpu, .threads = choice.threads,
                                .precision = choice.precision == "fast" ? Precision::kFast : Precision::kStrict};
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
