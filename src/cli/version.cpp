// grainspin --version: what was built, and what of it this machine can use.
#include "grainspin/version_info.h"

#include <string>

#include "networks/networks.h"
#include "src/cli/verbs.h"

namespace grainspin::cli {

std::string version_text() {
  const BuildInfo info = build_info();
  const auto or_else = [](const std::string& text, const char* other) { return text.empty() ? other : text; };
  const std::string gpu = info.cuda_toolkit.empty() ? "not used" : "none found";
  return "grainspin " + info.version +                                          //
         "\ncommit       " + info.commit +                                      //
         "\ncompiler     " + info.compiler + ", " + info.build_type +           //
         "\nCUDA         " + or_else(info.cuda_toolkit, "not built") +          //
         "\nGPU          " + gpu +                                             //
         "\nLibTorch     " + or_else(torch_version(), "not built") +            //
         "\nprocessor    " + or_else(instruction_sets(), "no vector instructions that the engine knows") + "\n";
}

}  // namespace grainspin::cli
