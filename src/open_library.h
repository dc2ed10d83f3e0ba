// Libraries that are opened when they are first asked for, so that one program runs with and without them.
#pragma once

#include <string>

namespace grainspin {

struct OptionalLibrary {
  const char* name;      // libgrainspin_cuda.so
  const char* variable;  // environment: a file to be taken in its place
  const char* what;      // "CUDA", for what is said
  bool global = false;   // its names are seen by what it opens itself
};

// Its handle; it is never closed. Looked for where the variable says, beside this library or program, in the lib folder
// beside that one's, and where the system looks. Throws Error kDevice that says what is missing: the library, or
// something that it needs.
void* open_library(const OptionalLibrary& library);

}  // namespace grainspin
