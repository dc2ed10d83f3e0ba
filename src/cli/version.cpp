// grainspin --version: what was built, and what of it this machine can use.
#include "grainspin/version_info.h"

#include <string>

#include "networks/networks.h"
#include "src/backend.h"
#include "src/cli/verbs.h"
#include "src/ranks/mpi_ranks.h"
#include "src/recurrent.h"

namespace grainspin::cli {

std::string version_text() {
  const BuildInfo info = build_info();
  const auto or_else = [](const std::string& text, const char* other) { return text.empty() ? other : text; };
  std::string text = "grainspin " + info.version + "\n";
  const auto line = [&](const char* name, const std::string& value) {
    text += std::string(name).append(13 - std::string(name).size(), ' ') + value + "\n";
  };
  line("commit", info.commit);
  line("compiler", info.compiler + ", " + info.build_type);
  line("CUDA", or_else(info.cuda_toolkit, "not built"));
  line("GPU", cuda_summary());
  line("MPI", mpi_summary());
  line("LibTorch", or_else(torch_version(), "not built"));
  line("processor", or_else(instruction_sets(), "no vector instructions that the engine knows"));
  line("engine", std::string("uses ") + recurrent_kernels().front()->name);
  return text;
}

}  // namespace grainspin::cli
