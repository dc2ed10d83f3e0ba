#include "grainspin/load.h"

namespace grainspin {

LoadStep completed(const LoadStep& load) {
  LoadStep out = load;
  double trace = 0;
  int free = 0;
  for (std::size_t c = 0; c < 9; ++c) {
    if (!load.prescribed[c]) out.L[c] = 0;
    if (c % 4 != 0) continue;
    if (load.prescribed[c]) trace += load.L[c];
    else ++free;
  }
  for (std::size_t c = 0; c < 9; c += 4)
    if (!load.prescribed[c]) out.L[c] = -trace / free;
  return out;
}

}  // namespace grainspin
