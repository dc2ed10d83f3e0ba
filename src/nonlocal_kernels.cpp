#include "nonlocal_kernels.h"

namespace grainspin {
namespace {

std::vector<const NonlocalKernels*> supported() {
  std::vector<const NonlocalKernels*> all;
#ifdef GRAINSPIN_X86  // set by CMake where the compiler targets x86-64
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma"))
    all.push_back(&kNonlocalAvx512);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) all.push_back(&kNonlocalAvx2);
#endif
  all.push_back(&kNonlocalBaseline);
  return all;
}

}  // namespace

const std::vector<const NonlocalKernels*>& nonlocal_kernels() {
  static const auto all = supported();
  return all;
}

int head_row(const PhaseView& p) {
  const int inputs = 1 + p.channels + 2 * p.polarisations;
  const int side = p.width > p.memory ? p.width : p.memory;
  return 8 * p.polarisations + (3 * inputs + p.memory + 3 * side) * p.systems;
}

int scratch_rows(const PhaseView& p) { return head_row(p) + (p.channels > 2 ? p.channels : 2) * p.systems; }

}  // namespace grainspin
