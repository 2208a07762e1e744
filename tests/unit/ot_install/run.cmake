# Installs the library, moves the copy elsewhere, and builds and runs the program in the engine's documentation
# against it: once through pkg-config, once through CMake. Variables: SOURCE_DIR (this folder), DOCUMENT, BUILD_DIR
# (of the project), WORK_DIR, CONFIG, CC, PKG_CONFIG, GENERATOR, FLAGS (that the library's objects need at the link).
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output
    ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

function(expect_program program)
  run(${program})
  if(NOT output STREQUAL "Hello, dear moon\n")
    message(FATAL_ERROR "${program} says: ${output}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK_DIR})
file(READ ${DOCUMENT} page)
string(FIND "${page}" "```c\n" begin)
if(begin EQUAL -1)
  message(FATAL_ERROR "${DOCUMENT} shows no program")
endif()
math(EXPR begin "${begin} + 5")
string(SUBSTRING "${page}" ${begin} -1 program)
string(FIND "${program}" "```" end)
string(SUBSTRING "${program}" 0 ${end} program)
file(WRITE ${WORK_DIR}/merge.c "${program}")

run(${CMAKE_COMMAND} --install ${BUILD_DIR} --config "${CONFIG}" --component ot
  --prefix ${WORK_DIR}/first)
file(RENAME ${WORK_DIR}/first ${WORK_DIR}/moved)

file(GLOB_RECURSE pc_file ${WORK_DIR}/moved/quire-ot.pc)
get_filename_component(pc_dir "${pc_file}" DIRECTORY)
set(ENV{PKG_CONFIG_PATH} "${pc_dir}")
run(${PKG_CONFIG} --cflags --libs quire-ot)
separate_arguments(pc_flags UNIX_COMMAND "${output}")
separate_arguments(flags UNIX_COMMAND "${FLAGS}")
run(${CC} -std=c11 ${flags} -Wall -Wextra -Werror ${WORK_DIR}/merge.c -o ${WORK_DIR}/by_pkg_config ${pc_flags})
expect_program(${WORK_DIR}/by_pkg_config)

run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${SOURCE_DIR} -B ${WORK_DIR}/by_cmake
  -DPROGRAM=${WORK_DIR}/merge.c -DCMAKE_C_COMPILER=${CC} -DCMAKE_PREFIX_PATH=${WORK_DIR}/moved "-DCMAKE_C_FLAGS=${FLAGS}")
run(${CMAKE_COMMAND} --build ${WORK_DIR}/by_cmake)
expect_program(${WORK_DIR}/by_cmake/ot_install)
