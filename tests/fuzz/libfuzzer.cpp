// The targets under libFuzzer: GRAINSPIN_FUZZ_TARGET names the one (scripts/fuzz.sh).
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "fuzz.h"

namespace {
const grainspin::fuzz::Target* chosen = nullptr;
}

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* name = std::getenv("GRAINSPIN_FUZZ_TARGET");
  for (const auto& target : grainspin::fuzz::targets())
    if (name && std::string_view(name) == target.name) chosen = &target;
  if (!chosen) {
    std::fprintf(stderr, "GRAINSPIN_FUZZ_TARGET: wanted one of");
    for (const auto& target : grainspin::fuzz::targets()) std::fprintf(stderr, " %s", target.name);
    std::fprintf(stderr, "\n");
    std::exit(1);
  }
  // Inputs that are made rather than kept go where the caller wants the corpus.
  if (const char* folder = std::getenv("GRAINSPIN_FUZZ_SEEDS"); folder && chosen->seeds) {
    int i = 0;
    for (const std::string& seed : chosen->seeds())
      std::ofstream(std::filesystem::path(folder) / ("seed_" + std::to_string(i++)), std::ios::binary) << seed;
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  grainspin::fuzz::run(*chosen, {data, size});
  return 0;
}
