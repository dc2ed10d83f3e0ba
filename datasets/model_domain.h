// The domain of training of a model that is already there, from the archives that it was trained on.
#pragma once

#include <string>
#include <vector>

#include "grainspin/core.h"
#include "grainspin/model.h"

namespace grainspin {

struct ModelDomain {
  std::string json;   // ModelSpec::domain, with what the model's own held beside
  int trained = 0;    // archives whose ranges are in it
  int held_out = 0;   // left out: the model's provenance says that they were watched only
};

// Archives are known by their SHA-256. Error kArgument, naming the file, for one that is not in the model's provenance
// and for one of its training that is missing; a model without provenance takes them all. One archive is held at a time.
ModelDomain domain_of_archives(const ModelSpec& spec, const std::vector<std::string>& archives, const Progress& progress = {});

}  // namespace grainspin
