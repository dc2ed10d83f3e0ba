# Writes grainspin/version.h into the build tree; the commit is read at configure time.
execute_process(COMMAND git -C "${CMAKE_CURRENT_SOURCE_DIR}" rev-parse --short=12 HEAD
                OUTPUT_VARIABLE GRAINSPIN_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT GRAINSPIN_COMMIT)
  set(GRAINSPIN_COMMIT unknown)
endif()
file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/generated/grainspin/version.h" CONTENT
"#pragma once
#define GRAINSPIN_VERSION \"@PROJECT_VERSION@\"
#define GRAINSPIN_COMMIT \"@GRAINSPIN_COMMIT@\"
#define GRAINSPIN_COMPILER \"@CMAKE_CXX_COMPILER_ID@ @CMAKE_CXX_COMPILER_VERSION@\"
" @ONLY)
