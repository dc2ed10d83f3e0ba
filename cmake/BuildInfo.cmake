# Target grainspin_build_info: writes build_info.h, which src/version.cpp alone includes. The commit is read at every
# build and the file touched only when it has changed, so that a commit recompiles one file.
# Run as a script (-P) it is the step itself.
if(CMAKE_SCRIPT_MODE_FILE)
  cmake_minimum_required(VERSION 3.25)
  execute_process(COMMAND git -C "${SOURCE_DIR}" describe --always --dirty --abbrev=12 --exclude=*
                  OUTPUT_VARIABLE COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
  if(NOT status EQUAL 0 OR NOT COMMIT)
    set(COMMIT unknown)
  endif()
  file(CONFIGURE OUTPUT "${OUTPUT}" @ONLY CONTENT
"#define GRAINSPIN_VERSION \"@VERSION@\"
#define GRAINSPIN_COMMIT \"@COMMIT@\"
#define GRAINSPIN_COMPILER \"@COMPILER@\"
#define GRAINSPIN_BUILD_TYPE \"@BUILD_TYPE@\"
#define GRAINSPIN_CUDA_TOOLKIT \"@CUDA@\"
")
  return()
endif()

# cuda: the version of the toolkit that the kernels were built with, empty without kernels.
function(grainspin_build_info target cuda)
  set(folder "${PROJECT_BINARY_DIR}/build_info")
  add_custom_target(grainspin_build_info
    COMMAND "${CMAKE_COMMAND}" -D "SOURCE_DIR=${PROJECT_SOURCE_DIR}" -D "OUTPUT=${folder}/build_info.h"
      -D "VERSION=${PROJECT_VERSION}" -D "COMPILER=${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}"
      -D "BUILD_TYPE=${CMAKE_BUILD_TYPE}" -D "CUDA=${cuda}" -P "${PROJECT_SOURCE_DIR}/cmake/BuildInfo.cmake"
    BYPRODUCTS "${folder}/build_info.h"
    COMMENT "" VERBATIM)
  target_include_directories(${target} PRIVATE "${folder}")
  add_dependencies(${target} grainspin_build_info)
endfunction()
