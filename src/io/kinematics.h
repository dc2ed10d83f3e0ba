// The load of each step from the mean deformation gradients of the states.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "grainspin/archive.h"

namespace grainspin {

// L = log(F1 F0^-1), the velocity gradient times time that carries F0 to F1 at a constant rate
// (principal matrix logarithm). Row-major. Throws Error kFormat where F0 or F1 has no positive
// determinant, the logarithm is not real, or a step stretches a thousandfold.
std::array<double, 9> load_between(const std::array<double, 9>& F0, const std::array<double, 9>& F1);

// exp(L) F: the deformation gradient after a step of load L. Row-major.
std::array<double, 9> deformed_by(const std::array<double, 9>& L, const std::array<double, 9>& F);

// Mean deformation gradient of a state: as the archive states it, else from the loads of the steps to it and the first
// state's; nothing where the archive tells neither.
std::optional<std::array<double, 9>> mean_deformation(const ArchiveInfo& info, int step);

// loads[k] leads from steps[k] to steps[k + 1], nothing marked as prescribed; sets steps[].strain.
std::vector<LoadStep> loads_of(std::vector<StepInfo>& steps);

}  // namespace grainspin
