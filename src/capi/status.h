// The edge of the C interface: no exception passes it.
#pragma once

#include <exception>
#include <new>
#include <string>

#include "grainspin/core.h"
#include "grainspin/grainspin.h"

namespace grainspin::capi {

// Keeps the text for grainspin_last_error() of this thread.
grainspin_status failed(int code, const char* text) noexcept;

// Runs `work`; what it throws becomes the status and the text.
template <class Work>
grainspin_status guarded(const Work& work) noexcept {
  try {
    work();
    return GRAINSPIN_OK;
  } catch (const Error& e) {
    return failed(int(e.code()), e.what());
  } catch (const std::bad_alloc&) {
    return failed(GRAINSPIN_ERROR_MEMORY, "the memory of this machine does not suffice");
  } catch (const std::exception& e) {
    return failed(GRAINSPIN_ERROR_INTERNAL, e.what());
  } catch (...) {
    return failed(GRAINSPIN_ERROR_INTERNAL, "an exception of no known type");
  }
}

// Error kArgument for a pointer that must be there.
inline void required(const void* pointer, const char* what) {
  require(pointer, Errc::kArgument, std::string(what) + " is NULL");
}

}  // namespace grainspin::capi
