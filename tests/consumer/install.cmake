# cmake -D BUILD=... -D WORK=... -D FIELDS=... -P install.cmake: installs the build folder, moves the installed tree to
# another place (everything in it finds its neighbours by relative paths; spaces and umlauts must do), and lets the installed program carry a small
# grid, whose fields the consumers are to reproduce.
cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/step.cmake")
file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}")
step("install" "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${WORK}/first")
file(RENAME "${WORK}/first" "${WORK}/ein größerer Baum")
file(GLOB_RECURSE found LIST_DIRECTORIES false "${WORK}/ein größerer Baum/*")
foreach(file IN LISTS found)  # text files name no folder of this machine
  if(file MATCHES "\\.(cmake|pc|h|hpp|f90)$" AND NOT file MATCHES "/grainspin-networks\\.cmake$")
    file(STRINGS "${file}" hits REGEX "${WORK}|${BUILD}")
    if(hits)
      message(FATAL_ERROR "${file} names a folder of this machine: ${hits}")
    endif()
  endif()
endforeach()
set(program "${WORK}/ein größerer Baum/bin/grainspin")
set(model "${WORK}/ein größerer Baum/share/grainspin/models/cu_uniaxial.safetensors")
# Voxels of 2^-20 m: edges over counts are then exactly equal, as the consumers' default spacing is.
step("make" "${program}" make voronoi -o "${WORK}/grid.h5" --cells 8 6 10 --grains 6 --seed 3 --voxel 9.5367431640625e-07 --quiet)
step("predict" "${program}" predict "${model}" "${WORK}/grid.h5" -o "${WORK}/result.h5" --device cpu --threads 1 --quiet)
step("fields" "${FIELDS}" "${WORK}/result.h5" 3 "${WORK}")
