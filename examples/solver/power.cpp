// x^a of many numbers, in a file of its own: with the compiler's leave to reorder and to forget about NaN
// (CMakeLists.txt) the loop becomes calls of the C library's vector functions, where it has them.
#include <cmath>

namespace cp {

void powers(double* x, int count, double a) {
  for (int i = 0; i < count; ++i) x[i] = std::pow(x[i], a);
}

}  // namespace cp
