# cmake -P tests/house_rules.cmake: the rules of the house that a text search can check, so that what must change with
# an outside library, and who may see whom, is known before the change.
cmake_minimum_required(VERSION 3.25)
get_filename_component(root "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)
set(folders include cuda src datasets networks)
list(TRANSFORM folders PREPEND "${root}/" OUTPUT_VARIABLE globs)
list(TRANSFORM globs REPLACE "$" "/*.[ch]*" OUTPUT_VARIABLE code_globs)
file(GLOB_RECURSE files RELATIVE "${root}" ${code_globs})
list(FILTER files INCLUDE REGEX "\\.(h|hpp|cuh|cpp|cu|c)$")
list(LENGTH files count)
if(count LESS 20)
  message(FATAL_ERROR "only ${count} source files found under ${root}: the search itself is broken")
endif()

# hits(pattern message [IN regex] [EXCEPT regex]): every line that matches, in files whose path matches IN and not
# EXCEPT, is an error.
function(forbid pattern message)
  cmake_parse_arguments(ARG "" "IN;EXCEPT" "" ${ARGN})
  foreach(file IN LISTS files)
    if((ARG_IN AND NOT file MATCHES "${ARG_IN}") OR (ARG_EXCEPT AND file MATCHES "${ARG_EXCEPT}"))
      continue()
    endif()
    file(STRINGS "${root}/${file}" hits REGEX "${pattern}")
    foreach(hit IN LISTS hits)
      if(NOT hit MATCHES "^ *//")
        message(SEND_ERROR "${file}: ${message}: ${hit}")
      endif()
    endforeach()
  endforeach()
endfunction()

# Each outside library is seen from one folder.
forbid("# *include *[<\"](torch|ATen|c10)/" "Torch belongs in networks/" EXCEPT "^networks/")
forbid("<<<" "kernel launches belong in cuda/" EXCEPT "^cuda/")
forbid("# *include *[<\"]hdf5" "HDF5 belongs in src/io/" EXCEPT "^src/io/")
forbid("# *include *[<\"]H5" "HDF5 belongs in src/io/" EXCEPT "^src/io/")
forbid("# *include *[<\"]CLI/" "CLI11 belongs in src/cli/" EXCEPT "^src/cli/")
forbid("# *include *[<\"]cairo" "cairo belongs in src/render/" EXCEPT "^src/render/")
forbid("# *include *[<\"](cuda_runtime|cuda\\.h|cublas|cufft|cub/)" "CUDA belongs in cuda/" EXCEPT "^cuda/")
forbid("# *include *[<\"](torch|Eigen)/" "neither Torch nor Eigen in device code" IN "\\.cuh?$")
forbid("# *include *[<\"](fmt|spdlog)/" "networks/ sees Torch, which ships another fmt" IN "^networks/")
forbid("# *include *[<\"](fmt|spdlog|Eigen|H5|hdf5)" "libgrainspin needs the C++ runtime only"
       IN "^(include|src/[^/]+$|src/capi)")

# A folder includes only what lies below it. A name without a folder is a neighbour's.
set(own "grainspin/|[^/\"]+\"")
function(only_sees folder allowed)
  foreach(file IN LISTS files)
    if(file MATCHES "${folder}")
      file(STRINGS "${root}/${file}" hits REGEX "^# *include \"")
      foreach(hit IN LISTS hits)
        if(NOT hit MATCHES "^# *include \"(${allowed})")
          message(SEND_ERROR "${file}: includes what lies above it or beside it: ${hit}")
        endif()
      endforeach()
    endif()
  endforeach()
endfunction()
only_sees("^include/" "grainspin/")
only_sees("^cuda/" "${own}|cuda/")
only_sees("^src/[^/]+$" "${own}|src/[^/]+\"|cuda/[^/]+\\.h\"")
only_sees("^src/io/" "${own}|src/io/|src/[^/]+\"")
only_sees("^src/render/" "${own}|src/render/|src/[^/]+\"")
only_sees("^datasets/" "${own}|datasets/|src/[^/]+\"")
only_sees("^networks/" "${own}|networks/|datasets/|src/[^/]+\"")

# Errors are thrown, and only the program prints and ends.
set(program "^src/cli/")
forbid("(^|[^a-zA-Z0-9_.>:])(std::)?(exit|_exit|quick_exit|abort)\\(" "no exit or abort below src/cli" EXCEPT "${program}")
forbid("std::(cout|cerr|clog)|(^|[^a-z_.>:])(std::)?(printf|puts|putchar)\\(|(fprintf|fputs)\\((stdout|stderr)"
       "no printing below src/cli" EXCEPT "${program}")
forbid("# *if(n?def)? .*(GRAINSPIN_CUDA|GRAINSPIN_TORCH)" "no #ifdef chooses a backend")

# Finished files of a size that can be read at once.
forbid("TODO|FIXME|XXX" "unfinished")
foreach(file IN LISTS files)
  file(STRINGS "${root}/${file}" lines REGEX "^")
  list(LENGTH lines length)
  if(length GREATER 430)  # list() counts an unbalanced bracket's lines as one: an upper bound is not exact here
    message(SEND_ERROR "${file}: ${length} lines; divide it")
  endif()
endforeach()
