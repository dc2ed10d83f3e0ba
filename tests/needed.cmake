# cmake -D LIBRARY=... -D READELF=... -P tests/needed.cmake. libgrainspin is what a solver links: it may ask for the
# C++ runtime, a library with FFTW3's interface (nonlocal family) and nothing else. Prints what it asks for.
execute_process(COMMAND "${READELF}" -d "${LIBRARY}" OUTPUT_VARIABLE text RESULT_VARIABLE status)
string(REGEX MATCHALL "\\(NEEDED\\)[^[]*\\[[^]]+\\]" lines "${text}")
if(NOT status EQUAL 0 OR NOT lines)
  message(FATAL_ERROR "no NEEDED entry could be read from ${LIBRARY}")
endif()
foreach(line IN LISTS lines)
  string(REGEX REPLACE ".*\\[(.*)\\]" "\\1" name "${line}")
  message(STATUS "needs ${name}")
  if(NOT name MATCHES "^(libstdc\\+\\+|libm|libgcc_s|libc|libdl|libpthread|librt|libfftw3f|libmkl_rt|ld-linux[^.]*)\\.so\\.[0-9]+$")
    message(SEND_ERROR "libgrainspin needs ${name}, which is neither of the C++ runtime nor FFTW3's interface")
  endif()
endforeach()
