#include "open_library.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "grainspin/core.h"

namespace grainspin {
namespace {

// The folder of the library or program that this function is in; empty where the system does not say.
std::filesystem::path own_folder() {
  Dl_info info{};
  if (!dladdr(reinterpret_cast<const void*>(&own_folder), &info) || !info.dli_fname) return {};
  return std::filesystem::path(info.dli_fname).parent_path();
}

}  // namespace

void* open_library(const OptionalLibrary& wanted) {
  std::vector<std::string> places;
  const char* chosen = std::getenv(wanted.variable);
  if (chosen && *chosen) {
    places.push_back(chosen);
  } else {
    chosen = nullptr;
    const auto folder = own_folder();
    if (!folder.empty())
      for (const char* from : {".", "../lib", "../" GRAINSPIN_LIBDIR}) places.push_back((folder / from / wanted.name).string());
    places.push_back(wanted.name);
  }
  for (const std::string& place : places) {
    // A file that is there but does not load is the reason to tell; going on would hide it.
    if (void* library = dlopen(place.c_str(), RTLD_NOW | (wanted.global ? RTLD_GLOBAL : RTLD_LOCAL))) return library;
    const char* why = dlerror();
    std::error_code none;
    if (chosen || (place.find('/') != std::string::npos && std::filesystem::exists(place, none)))
      throw Error(Errc::kDevice, std::string("the ") + wanted.what + " library cannot be opened: " + (why ? why : place));
  }
  throw Error(Errc::kDevice, std::string("no ") + wanted.what + " here: " + wanted.name +
                                 " is neither beside libgrainspin nor on the library path");
}

}  // namespace grainspin
