// Structs that begin with their size: a caller's header may be older or newer than the library.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>

#include "capi/status.h"

namespace grainspin::capi {

inline constexpr std::size_t kMostSize = 65536;  // of any struct of any version

// `first`: size of the struct in the first version that had it.
inline void check_size(std::size_t size, std::size_t first, const char* name) {
  require(size >= first && size <= kMostSize, Errc::kArgument,
          std::string(name) + ".size is " + std::to_string(size) + ", at least " + std::to_string(first) +
              " bytes are wanted: it is to be sizeof(" + name + ")");
}

// The caller's struct, as far as it goes, over the defaults.
template <class T>
T taken(const T* from, const T& defaults, std::size_t first, const char* name) {
  required(from, name);
  std::size_t size = 0;
  std::memcpy(&size, from, sizeof size);
  check_size(size, first, name);
  const auto* bytes = reinterpret_cast<const unsigned char*>(from);
  for (std::size_t i = sizeof(T); i < size; ++i)
    require(bytes[i] == 0, Errc::kArgument,
            std::string(name) + ": asks for something that this version of the library does not know");
  T out = defaults;
  std::memcpy(&out, from, std::min(size, sizeof(T)));
  return out;
}

// A result into the caller's struct, as far as it goes; what the library does not know is zeroed.
template <class T>
void given(T* to, T value, std::size_t first, const char* name) {
  required(to, name);
  std::size_t size = 0;
  std::memcpy(&size, to, sizeof size);
  check_size(size, first, name);
  std::memcpy(&value, &size, sizeof size);
  std::memset(static_cast<void*>(to), 0, size);
  std::memcpy(static_cast<void*>(to), &value, std::min(size, sizeof(T)));
}

// As given(), for a struct whose size is not set yet.
template <class T>
void initialise(T* to, const T& defaults, std::size_t size, std::size_t first, const char* name) {
  required(to, name);
  check_size(size, first, name);
  std::memcpy(static_cast<void*>(to), &size, sizeof size);
  given(to, defaults, first, name);
}

}  // namespace grainspin::capi
