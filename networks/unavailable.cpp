// Stands in for this folder in builds without LibTorch.
#include "networks/networks.h"
#include "networks/train.h"

namespace grainspin {

namespace {
[[noreturn]] void missing(const char* what) {
  throw Error(Errc::kDevice, std::string(what) + ": this program was built without LibTorch");
}
}  // namespace

std::unique_ptr<Surrogate> make_libtorch(const Model&, const EngineOptions&, bool) {
  missing("the LibTorch backend");
}

TrainReport train(const TrainOptions&, const TrainProgress&) {
  missing("training");
}

TrainReport train(const TrainOptions&, Ranks&, const TrainProgress&) {
  missing("training");
}

TrainOptions train_defaults(Family) {
  return {};
}

std::string torch_version() {
  return {};
}
bool torch_has_cuda() {
  return false;
}
int torch_cuda_devices() {
  return 0;
}

}  // namespace grainspin
