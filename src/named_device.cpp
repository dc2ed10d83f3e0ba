#include "named_device.h"

#include <exception>
#include <new>
#include <utility>

namespace grainspin {
namespace {

class NamedDevice final : public Surrogate {
 public:
  NamedDevice(std::unique_ptr<Surrogate> device, std::string name) : device_(std::move(device)), name_(std::move(name)) {}
  const ModelSpec& spec() const override { return device_->spec(); }
  std::string description() const override { return device_->description(); }
  std::int64_t workspace(const Region& region) const override { return device_->workspace(region); }
  bool fits(const Region& region, bool masked) const override { return device_->fits(region, masked); }
  RolloutSize rollout_size(const Region& region, bool masked) const override { return device_->rollout_size(region, masked); }
  std::unique_ptr<Rollout> start(const Region& region, const float* q0, const std::uint8_t* mask) const override {
    return device_->start(region, q0, mask);
  }
  void run(const Region& region, const float* q0, const std::uint8_t* mask, const float* teacher,
           const std::function<void(const StepOutput&)>& sink) const override {
    std::exception_ptr others;  // what the sink has thrown
    try {
      device_->run(region, q0, mask, teacher, [&](const StepOutput& out) {
        try {
          sink(out);
        } catch (...) {
          others = std::current_exception();
          throw;
        }
      });
    } catch (const Error& e) {
      if (others) std::rethrow_exception(others);
      throw Error(e.code(), name_ + ": " + e.what());
    } catch (const std::bad_alloc&) {
      if (others) std::rethrow_exception(others);
      throw Error(Errc::kMemory, name_ + ": out of memory");
    }
  }

 private:
  std::unique_ptr<Surrogate> device_;
  std::string name_;
};

}  // namespace

std::unique_ptr<Surrogate> named_device(std::unique_ptr<Surrogate> device, const std::string& name) {
  return std::make_unique<NamedDevice>(std::move(device), name);
}

}  // namespace grainspin
