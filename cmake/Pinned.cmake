# What scripts/bootstrap.sh has put into the user's cache: ${XDG_CACHE_HOME:-~/.cache}/grainspin/<name>-<key>-<python>,
# the key being the start of the SHA-256 of scripts/python/<name>.txt.

# Sets var to the folder in which the wheels of scripts/python/<name>.txt lie, or to an empty string.
function(grainspin_pinned var name)
  set(cache "$ENV{XDG_CACHE_HOME}")
  if(NOT cache)
    set(cache "$ENV{HOME}/.cache")
  endif()
  file(SHA256 "${PROJECT_SOURCE_DIR}/scripts/python/${name}.txt" key)
  string(SUBSTRING ${key} 0 12 key)
  file(GLOB found LIST_DIRECTORIES true "${cache}/grainspin/${name}-${key}-python*/lib/python*/site-packages")
  list(FILTER found EXCLUDE REGEX "\\.partial/")
  list(POP_BACK found newest)
  set(${var} "${newest}" PARENT_SCOPE)
endfunction()
