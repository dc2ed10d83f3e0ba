# LibTorch without its own CMake package, which asks for a GPU toolchain and changes CUDA settings. Looks in
# GRAINSPIN_TORCH_DIR (a folder with lib/ and include/; the environment variable is its default), Torch_DIR,
# CMAKE_PREFIX_PATH, then in the wheels that scripts/bootstrap.sh installs, then where the system has libraries.
# Defines LibTorch::LibTorch and LibTorch_VERSION. A CPU installation has torch_cpu and c10 (with cudart and cupti
# of the nvidia wheels beside it); one with CUDA has torch_cuda too.
include(Pinned)
set(GRAINSPIN_TORCH_DIR "$ENV{GRAINSPIN_TORCH_DIR}" CACHE PATH "LibTorch's folder (with lib/libtorch_cpu.so)")
if(NOT GRAINSPIN_TORCH_DIR STREQUAL "$CACHE{GRAINSPIN_TORCH_DIR_BEFORE}")  # another one: look again
  unset(LibTorch_CPU CACHE)
  set(GRAINSPIN_TORCH_DIR_BEFORE "${GRAINSPIN_TORCH_DIR}" CACHE INTERNAL "")
endif()
if(NOT LibTorch_CPU OR NOT EXISTS "${LibTorch_CPU}")
  unset(LibTorch_CPU CACHE)
  set(places "${GRAINSPIN_TORCH_DIR}")
  foreach(place IN LISTS Torch_DIR ITEMS $ENV{Torch_DIR})
    list(APPEND places "${place}/../../..")
  endforeach()
  string(REPLACE ":" ";" prefixes "$ENV{CMAKE_PREFIX_PATH}")
  foreach(place IN LISTS CMAKE_PREFIX_PATH prefixes)
    list(APPEND places "${place}" "${place}/../..")  # the second: of a wheel, torch/share/cmake is named
  endforeach()
  foreach(name torch-cuda torch-cpu)
    grainspin_pinned(site ${name})
    if(site)
      list(APPEND places "${site}/torch")
    endif()
  endforeach()
  find_library(LibTorch_CPU torch_cpu PATHS ${places} PATH_SUFFIXES lib NO_DEFAULT_PATH)
  find_library(LibTorch_CPU torch_cpu)
  unset(LibTorch_C10 CACHE)
  unset(LibTorch_CUDA CACHE)
  unset(LibTorch_INCLUDE CACHE)
endif()
if(LibTorch_CPU)
  get_filename_component(lib "${LibTorch_CPU}" REALPATH)
  get_filename_component(lib "${lib}" DIRECTORY)
  find_library(LibTorch_C10 c10 PATHS "${lib}" NO_DEFAULT_PATH)
  find_library(LibTorch_CUDA torch_cuda PATHS "${lib}" NO_DEFAULT_PATH)
  if(LibTorch_CUDA)  # the wheel always ships it; without the nvidia packages it cannot be loaded
    execute_process(COMMAND ldd "${LibTorch_CUDA}" OUTPUT_VARIABLE needed ERROR_QUIET)
    string(REGEX MATCHALL "[^\n\t ]+ => not found" missing "${needed}")
    list(FILTER missing EXCLUDE REGEX "^libcuda\\.so")  # the driver's
  endif()
  find_path(LibTorch_INCLUDE torch/csrc/api/include/torch/torch.h HINTS "${lib}/../include")
  foreach(header torch/headeronly/version.h torch/csrc/api/include/torch/version.h)
    if(EXISTS "${LibTorch_INCLUDE}/${header}")
      file(STRINGS "${LibTorch_INCLUDE}/${header}" lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
      if(lines)
        string(REGEX REPLACE ".*MAJOR ([0-9]+).*MINOR ([0-9]+).*PATCH ([0-9]+).*" "\\1.\\2.\\3" LibTorch_VERSION "${lines}")
        break()
      endif()
    endif()
  endforeach()
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch REQUIRED_VARS LibTorch_CPU LibTorch_C10 LibTorch_INCLUDE
                                  VERSION_VAR LibTorch_VERSION)
if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  add_library(LibTorch::LibTorch INTERFACE IMPORTED GLOBAL)  # tests link it too
  target_include_directories(LibTorch::LibTorch SYSTEM INTERFACE
    "${LibTorch_INCLUDE}" "${LibTorch_INCLUDE}/torch/csrc/api/include")
  target_link_libraries(LibTorch::LibTorch INTERFACE "${LibTorch_CPU}" "${LibTorch_C10}")
  # First of all libraries: LibTorch calls its own BLAS by the Fortran names that it exports, and an OpenBLAS before it in
  # the program would take these calls, with threads of its own that --threads does not reach.
  target_link_options(LibTorch::LibTorch INTERFACE "-Wl,--push-state,--no-as-needed,${LibTorch_CPU},--pop-state")
  # libtorch_cpu asks for cudart and cupti of the wheels beside it.
  file(GLOB nvidia LIST_DIRECTORIES true "${lib}/../../nvidia/cu13/lib" "${lib}/../../nvidia/*/lib")
  target_link_options(LibTorch::LibTorch INTERFACE "-Wl,-rpath,${lib}")
  foreach(dir IN LISTS nvidia)
    get_filename_component(dir "${dir}" REALPATH)
    target_link_options(LibTorch::LibTorch INTERFACE "-Wl,-rpath,${dir}" "-Wl,-rpath-link,${dir}")
  endforeach()
  if(LibTorch_CUDA AND NOT missing)  # registers itself when loaded, so it must not be dropped
    target_link_options(LibTorch::LibTorch INTERFACE "-Wl,--no-as-needed,${LibTorch_CUDA},--as-needed")
  endif()
endif()
