// Names that every part uses: the error with its code, device, float formats at the edge.
//
// Conventions of the whole project (converted at the edges, never inside):
//   orientation  unit quaternion (w,x,y,z), maps crystal to sample vectors: v_sample = R(q) v_crystal
//   fields       x fastest: [step][z][y][x][component]; float32; int64 for voxel counts and offsets
//   units        SI (Pa, m, s); strain and rotation dimensionless or radians; degrees only for people
//   step 0       the undeformed state; T steps follow
#pragma once

#include <cstdint>
#include <functional>
#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>

// Functions shared by CPU and GPU. Nothing else in the project depends on the compiler being nvcc.
#ifdef __CUDACC__
#define GRAINSPIN_HD __host__ __device__
#else
#define GRAINSPIN_HD
#endif

struct CUstream_st;  // the type behind cudaStream_t, so that no header needs CUDA installed

namespace grainspin {

using Stream = CUstream_st*;

// What went wrong. The value is the C call status and the program's exit status.
enum class Errc : int {
  kArgument = 1,     // an option or argument that makes no sense
  kShape = 2,        // sizes that do not belong together
  kIo = 3,           // the file cannot be opened, read or written; no space left
  kFormat = 4,       // the file is not what it claims to be, or of an unknown version
  kDevice = 5,       // no such device, or the part was not built
  kMemory = 6,       // does not fit
  kConvergence = 7,  // a solver did not converge: retry with a smaller step
  kInternal = 8,     // a broken promise inside the library
  kInterrupted = 9,  // stopped on request; what was finished is kept
};

class Error : public std::runtime_error {
 public:
  Error(Errc code, const std::string& text) : std::runtime_error(text), code_(code) {}
  Errc code() const noexcept { return code_; }

 private:
  Errc code_;
};

// Throws Error(code, text) unless `condition` holds. The text is for the person with the file.
inline void require(bool condition, Errc code, std::string_view text) {
  if (!condition) throw Error(code, std::string(text));
}

enum class Device : int { kCpu = 0, kCuda = 1 };

// Long work reports through this and stops (Error kInterrupted) when it returns false.
// `fraction` is in [0,1]; `what` names the stage.
using Progress = std::function<bool(double fraction, std::string_view what)>;

}  // namespace grainspin
