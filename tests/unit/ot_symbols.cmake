# Fails if LIBRARY defines a symbol that does not begin with `ot_`.
execute_process(COMMAND ${NM} -g --defined-only ${LIBRARY} OUTPUT_VARIABLE output
  RESULT_VARIABLE result ERROR_QUIET)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${NM} cannot read ${LIBRARY}")
endif()
string(REGEX MATCHALL "[0-9a-f]+ [A-Z] [^\n]+" lines "${output}")
list(LENGTH lines count)
if(count LESS 50)
  message(FATAL_ERROR "only ${count} symbols found")
endif()
foreach(line IN LISTS lines)
  # Those with two underscores are the sanitizers' own.
  if(NOT line MATCHES "^[0-9a-f]+ [A-Z] (ot_|__)")
    message(SEND_ERROR "a symbol without the prefix: ${line}")
  endif()
endforeach()
