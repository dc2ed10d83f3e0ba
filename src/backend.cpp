#include "backend.h"

#include <dlfcn.h>

#include "open_library.h"

namespace grainspin {

namespace {

std::string cuda_version(int v) { return std::to_string(v / 1000) + "." + std::to_string(v % 1000 / 10); }

const cuda::Table* open_table() {
  constexpr const char* kName = "libgrainspin_cuda.so";
  void* const library = open_library({.name = kName, .variable = "GRAINSPIN_CUDA_LIBRARY", .what = "CUDA"});
  const auto function = reinterpret_cast<cuda::TableFunction>(dlsym(library, cuda::kTableSymbol));
  require(function, Errc::kDevice, std::string(kName) + " is not this project's: it has no " + cuda::kTableSymbol);
  const cuda::Table* table = function();
  require(table && table->version == cuda::kTableVersion, Errc::kDevice,
          std::string(kName) + " is of another version (" + std::to_string(table ? table->version : 0) +
              ") than libgrainspin (" + std::to_string(cuda::kTableVersion) + "): install both from one build");
  return table;  // never closed: CUDA does not survive being unloaded
}

}  // namespace

const cuda::Table& cuda_table() {
  static const cuda::Table* const table = open_table();  // after a failure the next call tries again
  return *table;
}

const cuda::Table& cuda_table(int gpu) {
  const cuda::Table& table = cuda_table();
  const cuda::Presence p = table.presence();
  require(p.driver > 0, Errc::kDevice, "no CUDA device: no NVIDIA driver is installed");
  // Minor versions of one major version are compatible.
  require(p.driver / 1000 >= p.runtime / 1000, Errc::kDevice,
          "the NVIDIA driver is too old: it supports CUDA " + cuda_version(p.driver) + ", this build needs " +
              std::to_string(p.runtime / 1000) + ".0 or later");
  require(p.devices > 0, Errc::kDevice, "no CUDA device");
  require(gpu >= 0 && gpu < p.devices, Errc::kDevice,
          "no CUDA device number " + std::to_string(gpu) + ": this machine has " + std::to_string(p.devices) +
              ", counted from 0");
  return table;
}

std::string cuda_unavailable() {
  try {
    cuda_table(0);
    return {};
  } catch (const Error& e) {
    return e.what();
  }
}

std::string cuda_summary() {
  try {
    const cuda::Table& table = cuda_table(0);
    const auto destroy = [&](cuda::Context* c) { table.destroy(c); };
    const std::unique_ptr<cuda::Context, decltype(destroy)> context(table.create(0), destroy);
    return "CUDA " + cuda_version(table.presence().runtime) + ", " + table.info(context.get()).name;
  } catch (const Error& e) {
    return e.what();
  }
}

}  // namespace grainspin
