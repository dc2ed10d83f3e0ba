// What this build is and what this machine offers it: for --version and for the provenance in model files.
#pragma once

#include <string>

namespace grainspin {

struct BuildInfo {
  std::string version;       // 0.1.0
  std::string commit;        // 12 hexadecimal digits, "-dirty" where files were changed; "unknown" without git
  std::string compiler;      // GNU 12.2.0
  std::string build_type;    // Release
  std::string cuda_toolkit;  // 13.0.88; empty where the kernels were not built
};
BuildInfo build_info();

// "0.1.0 (1a2b3c4d5e6f)": one line for files that say what wrote them.
std::string version_string();

// The vector instructions of this processor that the engine knows, the widest last: "SSE2, AVX2, FMA, AVX-512".
// Empty on processors without any of them.
std::string instruction_sets();

}  // namespace grainspin
