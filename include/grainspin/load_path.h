// Loads by name: `uniaxial:z`, `plane-strain:zx:0.1`, `uniaxial:z:0.13:0.01+shear:xz:0.05`.
//
//   path = part { "+" part }        part = name ":" axes [ ":" strain [ ":" step ] ]
//
//   uniaxial:z        extension along z, lateral normal components free
//   compression:z     shortening along z, lateral normal components free
//   plane-strain:zx   extension along z, contraction along x (free), y held
//   biaxial:xy        equal extension along x and y, the third normal component free
//   shear:xz          simple shear: displacement along x that grows along z; nothing free
//
// All other components are prescribed, shears as zero. `strain` is the von Mises strain of the part; a negative one
// runs it backwards (shear:xz:-0.05). `step` is the von Mises strain of a step, the largest that is taken: the part
// is cut into equal steps. Parts follow each other; each is a constant velocity gradient in the sample frame.
#pragma once

#include <string_view>
#include <vector>

#include "grainspin/load.h"
#include "grainspin/model.h"

namespace grainspin {

struct LoadDefaults {
  double strain = 0.13;  // of the whole path: parts that state none share what the others leave of it
  double step = 0.01;
};

// From a model's domain of training: its total strain, and 1 % steps where it has seen them, else the nearest.
LoadDefaults load_defaults(const ModelSpec& spec);

// Throws Error kArgument with the piece that is wrong, and the names.
std::vector<LoadStep> named_load(std::string_view text, const LoadDefaults& defaults);

// One of each with its axes, for help texts and errors: "uniaxial:z, compression:z, ...".
const char* load_names();

}  // namespace grainspin
