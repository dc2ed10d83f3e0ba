# What `cmake --install` puts where, in parts that become packages (Package.cmake):
#   library      libgrainspin.so.<SOVERSION>: all that a linked solver needs to run
#   cuda         libgrainspin_cuda.so, beside it; opened where a GPU is
#   mpi          libgrainspin_mpi.so, beside it; opened by `predict --mpi`
#   development  headers of the C interface, the Fortran module's source, CMake package, pkg-config file
#   cxx          static libraries and headers of the components io and networks
#   program      the program and its pages
#   models       shipped models
# Everything finds its neighbours by relative paths: the installed tree can be moved as a whole.
include(CMakePackageConfigHelpers)

set(GRAINSPIN_INSTALL_MODELS "${CMAKE_INSTALL_DATADIR}/grainspin/models")
set(GRAINSPIN_INSTALL_CMAKE "${CMAKE_INSTALL_LIBDIR}/cmake/grainspin")
set(pkgconfig "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
set(documents "${CMAKE_INSTALL_DATADIR}/doc")

set_target_properties(grainspin PROPERTIES INSTALL_RPATH "")  # asks the system's libraries only
install(TARGETS grainspin EXPORT grainspin
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT library NAMELINK_COMPONENT development)
install(FILES LICENSE THIRD_PARTY.md DESTINATION "${documents}/libgrainspin" COMPONENT library)
if(TARGET grainspin_cuda)
  install(TARGETS grainspin_cuda LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT cuda)
endif()
if(TARGET grainspin_mpi)
  install(TARGETS grainspin_mpi LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT mpi)
endif()
install(TARGETS grainspin_cli RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT program)
file(GLOB pages CONFIGURE_DEPENDS docs/*.md)
install(FILES LICENSE THIRD_PARTY.md README.md CHANGELOG.md CITATION.cff DESTINATION "${documents}/grainspin" COMPONENT program)
install(FILES ${pages} DESTINATION "${documents}/grainspin/docs" COMPONENT program)
install(DIRECTORY docs/pictures DESTINATION "${documents}/grainspin/docs" COMPONENT program)
file(GLOB models CONFIGURE_DEPENDS networks/pretrained/*.safetensors networks/pretrained/*.md)
install(FILES ${models} DESTINATION "${GRAINSPIN_INSTALL_MODELS}" COMPONENT models)

# The drop-in: what a solver in C, C++ or Fortran sees. The Fortran module is compiled by who uses it: a .mod file
# belongs to one compiler.
file(GLOB headers CONFIGURE_DEPENDS include/grainspin/grainspin.h include/grainspin/grainspin.hpp)
install(FILES ${headers} DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/grainspin" COMPONENT development)
install(DIRECTORY src/capi/fortran DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/grainspin" COMPONENT development
  FILES_MATCHING PATTERN "*.f90")
install(FILES LICENSE DESTINATION "${documents}/libgrainspin-dev" COMPONENT development)
install(EXPORT grainspin NAMESPACE grainspin:: FILE grainspinTargets.cmake
  DESTINATION "${GRAINSPIN_INSTALL_CMAKE}" COMPONENT development)
set(folder "${PROJECT_BINARY_DIR}/package")
configure_package_config_file(cmake/package/grainspinConfig.cmake.in "${folder}/grainspinConfig.cmake"
  INSTALL_DESTINATION "${GRAINSPIN_INSTALL_CMAKE}" NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR GRAINSPIN_INSTALL_MODELS)
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file("${folder}/grainspinConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${folder}/grainspinConfig.cmake" "${folder}/grainspinConfigVersion.cmake" cmake/package/grainspin-fortran.cmake
  DESTINATION "${GRAINSPIN_INSTALL_CMAKE}" COMPONENT development)

# pkg-config's prefix is where the .pc file lies now, not where it was meant to.
cmake_path(ABSOLUTE_PATH pkgconfig BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}" OUTPUT_VARIABLE full)
file(RELATIVE_PATH GRAINSPIN_PC_PREFIX "${full}" "${CMAKE_INSTALL_PREFIX}")
string(REGEX REPLACE "/$" "" GRAINSPIN_PC_PREFIX "${GRAINSPIN_PC_PREFIX}")
foreach(name INCLUDEDIR LIBDIR DATADIR)
  cmake_path(APPEND GRAINSPIN_PC_${name} "\${prefix}" "${CMAKE_INSTALL_${name}}")
endforeach()
configure_file(cmake/package/grainspin.pc.in "${folder}/grainspin.pc" @ONLY)
install(FILES "${folder}/grainspin.pc" DESTINATION "${pkgconfig}" COMPONENT development)

# Components io and networks: the C++ of the program's own parts, as static libraries.
set(GRAINSPIN_IO_LIBRARIES grainspin_io grainspin_interactions grainspin_engine)
install(TARGETS ${GRAINSPIN_IO_LIBRARIES} ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT cxx)
install(DIRECTORY include/grainspin DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT cxx
  FILES_MATCHING PATTERN "*.h" PATTERN "grainspin.h" EXCLUDE)
configure_file(cmake/package/grainspin-io.cmake.in "${folder}/grainspin-io.cmake" @ONLY)
install(FILES "${folder}/grainspin-io.cmake" cmake/FindFFTW3f.cmake DESTINATION "${GRAINSPIN_INSTALL_CMAKE}" COMPONENT cxx)
if(GRAINSPIN_TORCH_FOUND)
  install(TARGETS grainspin_datasets grainspin_networks grainspin_ranks ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT cxx)
  # Under a folder of their own: they include each other as "networks/...", "datasets/...".
  set(training "${CMAKE_INSTALL_INCLUDEDIR}/grainspin/training")
  install(FILES networks/networks.h networks/train.h DESTINATION "${training}/networks" COMPONENT cxx)
  install(FILES datasets/grid_run.h datasets/inheritance.h datasets/operations.h datasets/phases.h DESTINATION "${training}/datasets" COMPONENT cxx)
  get_target_property(GRAINSPIN_LIBTORCH_LIBRARIES LibTorch::LibTorch INTERFACE_LINK_LIBRARIES)
  get_target_property(GRAINSPIN_LIBTORCH_OPTIONS LibTorch::LibTorch INTERFACE_LINK_OPTIONS)
  configure_file(cmake/package/grainspin-networks.cmake.in "${folder}/grainspin-networks.cmake" @ONLY)
  install(FILES "${folder}/grainspin-networks.cmake" DESTINATION "${GRAINSPIN_INSTALL_CMAKE}" COMPONENT cxx)
endif()
