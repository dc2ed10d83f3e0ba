# A folder's files are its library: every .cpp beside the CMakeLists.txt, less those named after EXCEPT.
function(grainspin_sources var)
  cmake_parse_arguments(ARG "" "" "EXCEPT" ${ARGN})
  file(GLOB files CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  foreach(name IN LISTS ARG_EXCEPT)
    list(REMOVE_ITEM files "${CMAKE_CURRENT_SOURCE_DIR}/${name}")
  endforeach()
  set(${var} "${files}" PARENT_SCOPE)
endfunction()

# Flags of the project's own C++ code. A target, so that nothing leaks into third parties or CUDA.
add_library(grainspin_flags INTERFACE)
target_compile_features(grainspin_flags INTERFACE cxx_std_20)
target_compile_options(grainspin_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -ffp-contract=off>
  # GCC 12's -Wrestrict is mistaken about a literal plus a std::string (GCC bug 105651).
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${GRAINSPIN_WERROR}>>:-Werror;-Wno-error=restrict>)
if(GRAINSPIN_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "GRAINSPIN_FUZZ: libFuzzer comes with clang; this is ${CMAKE_CXX_COMPILER_ID}")
  endif()
  target_compile_options(grainspin_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-O1 -g1 -fsanitize=fuzzer-no-link,address,undefined
    -fno-sanitize-recover=undefined -fno-omit-frame-pointer -fprofile-instr-generate -fcoverage-mapping>)
  target_link_options(grainspin_flags INTERFACE -fsanitize=address,undefined -fprofile-instr-generate)
endif()
if(GRAINSPIN_ASAN)
  target_compile_options(grainspin_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=address,undefined -fno-omit-frame-pointer>)
  target_link_options(grainspin_flags INTERFACE -fsanitize=address,undefined)
endif()
if(GRAINSPIN_TSAN)
  target_compile_options(grainspin_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=thread>)
  target_link_options(grainspin_flags INTERFACE -fsanitize=thread)
endif()
