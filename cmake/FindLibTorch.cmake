# LibTorch without its own CMake package, which asks for a GPU toolchain and changes CUDA settings.
# Looks in GRAINSPIN_TORCH_DIR (a folder with lib/ and include/), then for `import torch` of Python3,
# then CMAKE_PREFIX_PATH. Defines LibTorch::LibTorch and LibTorch_VERSION. A CPU installation has
# torch_cpu and c10 (with cudart and cupti of the nvidia wheels beside it); one with CUDA torch_cuda too.
set(GRAINSPIN_TORCH_DIR "" CACHE PATH "LibTorch's folder (with lib/libtorch_cpu.so)")
find_library(LibTorch_CPU torch_cpu HINTS "${GRAINSPIN_TORCH_DIR}" PATH_SUFFIXES lib)
if(LibTorch_CPU)
  get_filename_component(LibTorch_LIBDIR "${LibTorch_CPU}" DIRECTORY)
  find_library(LibTorch_C10 c10 HINTS "${LibTorch_LIBDIR}" NO_DEFAULT_PATH)
  find_library(LibTorch_CUDA torch_cuda HINTS "${LibTorch_LIBDIR}" NO_DEFAULT_PATH)
  find_path(LibTorch_INCLUDE torch/extension.h HINTS "${LibTorch_LIBDIR}/../include")
  file(STRINGS "${LibTorch_INCLUDE}/torch/csrc/api/include/torch/version.h" lines
       REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
  string(REGEX REPLACE ".*MAJOR ([0-9]+).*MINOR ([0-9]+).*PATCH ([0-9]+).*" "\\1.\\2.\\3" LibTorch_VERSION "${lines}")
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch REQUIRED_VARS LibTorch_CPU LibTorch_C10 LibTorch_INCLUDE
                                  VERSION_VAR LibTorch_VERSION)
if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  add_library(LibTorch::LibTorch INTERFACE IMPORTED)
  target_include_directories(LibTorch::LibTorch SYSTEM INTERFACE
    "${LibTorch_INCLUDE}" "${LibTorch_INCLUDE}/torch/csrc/api/include")
  target_link_libraries(LibTorch::LibTorch INTERFACE "${LibTorch_CPU}" "${LibTorch_C10}")
  # libtorch_cpu asks for cudart and cupti of the wheels beside it.
  file(GLOB nvidia LIST_DIRECTORIES true "${LibTorch_LIBDIR}/../../nvidia/cu13/lib" "${LibTorch_LIBDIR}/../../nvidia/*/lib")
  target_link_options(LibTorch::LibTorch INTERFACE "-Wl,-rpath,${LibTorch_LIBDIR}")
  foreach(dir IN LISTS nvidia)
    get_filename_component(dir "${dir}" REALPATH)
    target_link_options(LibTorch::LibTorch INTERFACE "-Wl,-rpath,${dir}" "-Wl,-rpath-link,${dir}")
  endforeach()
  if(LibTorch_CUDA)  # registers itself when loaded, so it must not be dropped
    target_link_options(LibTorch::LibTorch INTERFACE "-Wl,--no-as-needed,${LibTorch_CUDA},--as-needed")
  endif()
endif()
