# FFTW3f::FFTW3f: FFTW3's interface in single precision. FFTW itself (libfftw3f), or any library with that interface:
# MKL's, say, with -DFFTW3F_LIBRARY=.../libmkl_rt.so -DFFTW3F_INCLUDE_DIR=.../include/fftw (FFTW is under the GPL).
find_path(FFTW3F_INCLUDE_DIR fftw3.h)
find_library(FFTW3F_LIBRARY NAMES fftw3f)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(FFTW3f REQUIRED_VARS FFTW3F_LIBRARY FFTW3F_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "the nonlocal family needs FFTW in single precision: install libfftw3-dev (scripts/packages.txt), or name a library with its interface: -DFFTW3F_LIBRARY=... -DFFTW3F_INCLUDE_DIR=...")
if(FFTW3f_FOUND AND NOT TARGET FFTW3f::FFTW3f)
  add_library(FFTW3f::FFTW3f UNKNOWN IMPORTED)
  set_target_properties(FFTW3f::FFTW3f PROPERTIES IMPORTED_LOCATION "${FFTW3F_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${FFTW3F_INCLUDE_DIR}")
endif()
mark_as_advanced(FFTW3F_INCLUDE_DIR FFTW3F_LIBRARY)
