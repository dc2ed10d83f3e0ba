// The only file that includes build_info.h, which changes with every commit.
#include "grainspin/version_info.h"

#include "build_info.h"

namespace grainspin {

BuildInfo build_info() {
  return {GRAINSPIN_VERSION, GRAINSPIN_COMMIT, GRAINSPIN_COMPILER, GRAINSPIN_BUILD_TYPE, GRAINSPIN_CUDA_TOOLKIT};
}

std::string version_string() {
  const BuildInfo info = build_info();
  return info.version + " (" + info.commit + ")";
}

std::string instruction_sets() {
  std::string names;
#if defined(__x86_64__)  // a question to the processor, not a choice of code
  const auto add = [&](bool there, const char* name) {
    if (there) names += (names.empty() ? "" : ", ") + std::string(name);
  };
  __builtin_cpu_init();
  add(__builtin_cpu_supports("sse2"), "SSE2");
  add(__builtin_cpu_supports("avx2"), "AVX2");
  add(__builtin_cpu_supports("fma"), "FMA");
  add(__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"),
      "AVX-512");
#endif
  return names;
}

}  // namespace grainspin
