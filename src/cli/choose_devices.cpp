#include "src/cli/choose_devices.h"

#include <algorithm>
#include <charconv>
#include <cstddef>

#include "src/backend.h"
#include "src/named_device.h"
#include "src/parallel_for.h"

namespace grainspin::cli {

std::vector<std::unique_ptr<Surrogate>> choose_devices(const Model& model, const DeviceChoice& choice, const std::vector<int>& gpus) {
  std::vector<std::unique_ptr<Surrogate>> all;
  if (choice.device.starts_with("cpu:")) {
    int n = 0;
    const char *from = choice.device.data() + 4, *to = choice.device.data() + choice.device.size();
    const auto [end, error] = std::from_chars(from, to, n);
    require(error == std::errc() && end == to && n >= 1 && n <= 4096, Errc::kArgument,
            "--device: '" + choice.device + "', wanted cpu:N with N from 1 to 4096");
    const int threads = thread_count(choice.threads);
    for (int i = 0; i < n; ++i) {
      DeviceChoice one = choice;
      one.device = "cpu";
      one.threads = std::max(1, int(std::int64_t(threads) * (i + 1) / n - std::int64_t(threads) * i / n));
      all.push_back(choose_surrogate(model, one));
      if (n > 1) all.back() = named_device(std::move(all.back()), "CPU engine " + std::to_string(i));
    }
    return all;
  }
  DeviceChoice one = choice;
  if (gpus.size() > 1 && choice.device != "cpu") {
    for (const int gpu : gpus) require(std::ranges::count(gpus, gpu) == 1, Errc::kArgument, "--gpu: " + std::to_string(gpu) + " is named twice");
    one.device = "cuda";  // who names several means them
    for (const int gpu : gpus) {
      one.gpu = gpu;
      all.push_back(named_device(choose_surrogate(model, one), "GPU " + std::to_string(gpu)));
    }
    return all;
  }
  if (!gpus.empty()) one.gpu = gpus[0];
  all.push_back(choose_surrogate(model, one));
  return all;
}

std::string device_text(const std::vector<std::unique_ptr<Surrogate>>& devices) {
  const std::string first = devices.at(0)->description();
  if (devices.size() == 1) return first;
  if (std::ranges::all_of(devices, [&](const auto& d) { return d->description() == first; }))
    return std::to_string(devices.size()) + " devices, each " + first;
  std::string all;
  for (const auto& d : devices) all.append(all.empty() ? "" : "; ").append(d->description());
  return all;
}

int gpu_of_rank(int rank) {
  try {
    return rank % std::max(1, cuda_table(0).presence().devices);
  } catch (const Error&) {  // none: the engine says so where one is wanted
    return 0;
  }
}

}  // namespace grainspin::cli
