# step(WHAT COMMAND...): runs a command, fails with what it printed. RESULT, OUTPUT name variables that receive both
# instead; IN a folder to run in.
function(step what)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "RESULT;OUTPUT;IN" "")
  if(NOT ARG_IN)
    set(ARG_IN "${WORK}")
  endif()
  execute_process(COMMAND ${ARG_UNPARSED_ARGUMENTS} WORKING_DIRECTORY "${ARG_IN}" RESULT_VARIABLE status
                  OUTPUT_VARIABLE text ERROR_VARIABLE text)
  if(ARG_RESULT)
    set(${ARG_RESULT} "${status}" PARENT_SCOPE)
    set(${ARG_OUTPUT} "${text}" PARENT_SCOPE)
  elseif(NOT status EQUAL 0)
    message(FATAL_ERROR "${what}: ${status}\n${text}")
  else()
    set(${what}_text "${text}" PARENT_SCOPE)
  endif()
endfunction()

# configure(FOLDER [options]): a consumer project against the installed tree, built in WORK/<folder>.
function(build folder)
  set(from "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/${folder}")
  set(to "${WORK}/${folder}")
  file(REMOVE_RECURSE "${to}")
  step("configure" "${CMAKE_COMMAND}" -G "${GENERATOR}" -S "${from}" -B "${to}" -D "CMAKE_PREFIX_PATH=${WORK}/ein größerer Baum" ${ARGN})
  step("build" "${CMAKE_COMMAND}" --build "${to}")
endfunction()
