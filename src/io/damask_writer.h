// A state as DAMASK's grid solver starts from it: the geometry OUT.vti and the material configuration OUT.yaml.
#pragma once

#include <string>

#include "grainspin/archive.h"

namespace grainspin {

struct DamaskOptions {
  // The cell's size under the mean deformation gradient F of the state: size_i = F_ii size_i. A grid has straight
  // edges along the axes, so an F with shear or rotation (off-diagonal components above 1e-3) is refused; false keeps
  // the undeformed size.
  bool deformed = true;
  // xi_0_sl of every phase is what straining has made of it (hardened.h), in the mean of its voxels and of each family;
  // false: as the text has it.
  bool hardened = false;
  std::string material{};  // a material.yaml whose phases and homogenizations are taken; empty: the archive's own
};

// One material for each distinct orientation and phase, O in double precision and normalised; phases and homogenization
// as text from options.material, from the archive's material.yaml, or written from what it states of the phases (a
// phenomenological power law and elastic constants).
// Throws Error naming what is missing.
void write_damask(FieldReader& in, int step, const std::string& path, const DamaskOptions& options, const Progress& progress = {});

// The file of the material configuration beside a geometry.
std::string material_name(const std::string& geometry);

}  // namespace grainspin
