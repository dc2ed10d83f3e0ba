// The load of each step from the mean deformation gradients of the states.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "grainspin/archive.h"

namespace grainspin {

// L = log(F1 F0^-1), the velocity gradient times time that carries F0 to F1 at a constant rate
// (principal matrix logarithm). Row-major. Throws Error kFormat where F0 or F1 has no positive
// determinant, the logarithm is not real, or a step stretches a thousandfold.
std::array<double, 9> load_between(const std::array<double, 9>& F0, const std::array<double, 9>& F1);

// loads[k] leads from steps[k] to steps[k + 1], nothing marked as prescribed; sets steps[].strain.
std::vector<LoadStep> loads_of(std::vector<StepInfo>& steps);

}  // namespace grainspin
