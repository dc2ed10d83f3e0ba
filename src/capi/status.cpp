#include "capi/status.h"

#include "grainspin/version_info.h"

namespace grainspin::capi {
namespace {

std::string& last_error() {
  thread_local std::string text;
  return text;
}

}  // namespace

grainspin_status failed(int code, const char* text) noexcept {
  try {
    last_error() = text;
  } catch (...) {  // no memory for the text: the status stands
    last_error().clear();
  }
  return grainspin_status(code);
}

}  // namespace grainspin::capi

const char* grainspin_last_error(void) { return grainspin::capi::last_error().c_str(); }

const char* grainspin_status_name(int status) {
  switch (status) {
    case GRAINSPIN_OK: return "ok";
    case GRAINSPIN_ERROR_ARGUMENT: return "argument";
    case GRAINSPIN_ERROR_SHAPE: return "shape";
    case GRAINSPIN_ERROR_IO: return "io";
    case GRAINSPIN_ERROR_FORMAT: return "format";
    case GRAINSPIN_ERROR_DEVICE: return "device";
    case GRAINSPIN_ERROR_MEMORY: return "memory";
    case GRAINSPIN_ERROR_CONVERGENCE: return "convergence";
    case GRAINSPIN_ERROR_INTERNAL: return "internal";
    case GRAINSPIN_INTERRUPTED: return "interrupted";
    default: return "unknown";
  }
}

int32_t grainspin_api_version(void) { return GRAINSPIN_API_VERSION; }

const char* grainspin_version(void) {
  try {
    static const std::string text = grainspin::version_string();
    return text.c_str();
  } catch (...) {
    return "";
  }
}

const char* grainspin_conventions(void) {
  return "orientation: unit quaternion (w,x,y,z), crystal to sample, v_sample = R(q) v_crystal; Bunge Euler angles: ZXZ, "
         "passive sample to crystal; increment: sample-frame rotation vector w in rad, q' = exp(w) q; stress: Cauchy, Pa, "
         "xx yy zz yz xz xy, sample frame; load: velocity gradient times time, row-major; grid: x fastest; crystal axes: z "
         "along the main axis, hexagonal and trigonal x parallel to a";
}
