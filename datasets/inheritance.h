// What the weights of a training that started from a model were at its start.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace grainspin {

// What a model got from its parent. A tensor is taken whole, in part (some orbits, rows or passes are its own), or new.
struct Inheritance {
  std::string file, sha256;
  std::vector<std::string> taken, in_part, fresh;  // names of tensors
  std::vector<std::string> lines;                  // for people: a line a phase, a scale, ..
  std::int64_t numbers = 0, of_numbers = 0;        // weights that are the parent's, of how many
};

}  // namespace grainspin
