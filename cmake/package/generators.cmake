# Read by cpack for each generator.
if(CPACK_GENERATOR STREQUAL "DEB" AND CPACK_GRAINSPIN_TORCH)
  # What is linked to LibTorch runs only where that lies; it is in no Debian package.
  message(WARNING "this build has training (LibTorch): no Debian package of the program and of the component networks is "
                  "made of it; the preset `package` builds without")
  list(REMOVE_ITEM CPACK_COMPONENTS_ALL program cxx)
endif()
