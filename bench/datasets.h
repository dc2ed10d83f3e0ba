// Where the sample archives are: in the checkout that this was built from, or where GRAINSPIN_DATASETS says.
#pragma once

#include <cstdlib>
#include <string>

namespace grainspin::bench {

inline std::string dataset(const std::string& file) {
  const char* folder = std::getenv("GRAINSPIN_DATASETS");
  return (folder ? folder : GRAINSPIN_SOURCE_DIR "/datasets/cu_uniaxial") + ("/" + file);
}

}  // namespace grainspin::bench
