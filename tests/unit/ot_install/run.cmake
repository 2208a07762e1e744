# Installs the library, moves the copy elsewhere, and builds and runs the programs in the engine's documentation
# against it: through pkg-config, the first one also through CMake. Variables: SOURCE_DIR (this folder), DOCUMENT, BUILD_DIR
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

function(expect_program program expected)
  run(${program})
  if(NOT output STREQUAL "${expected}\n")
    message(FATAL_ERROR "${program} says: ${output}")
  endif()
endfunction()

# Writes the next program of `page` to a file, and takes it off the page.
function(write_program file)
  string(FIND "${page}" "```c\n" begin)
  if(begin EQUAL -1)
    message(FATAL_ERROR "${DOCUMENT} does not show ${file}")
  endif()
  math(EXPR begin "${begin} + 5")
  string(SUBSTRING "${page}" ${begin} -1 page)
  string(FIND "${page}" "```" end)
  string(SUBSTRING "${page}" 0 ${end} program)
  file(WRITE ${WORK_DIR}/${file} "${program}")
  set(page "${page}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK_DIR})
file(READ ${DOCUMENT} page)
write_program(merge.c)
write_program(arena.c)

run(${CMAKE_COMMAND} --install ${BUILD_DIR} --config "${CONFIG}" --component ot
  --prefix ${WORK_DIR}/first)
file(RENAME ${WORK_DIR}/first ${WORK_DIR}/moved)

file(GLOB_RECURSE pc_file ${WORK_DIR}/moved/quire-ot.pc)
get_filename_component(pc_dir "${pc_file}" DIRECTORY)
set(ENV{PKG_CONFIG_PATH} "${pc_dir}")
run(${PKG_CONFIG} --cflags --libs quire-ot)
separate_arguments(pc_flags UNIX_COMMAND "${output}")
separate_arguments(flags UNIX_COMMAND "${FLAGS}")
foreach(program merge arena)
  run(${CC} -std=c11 ${flags} -Wall -Wextra -Werror ${WORK_DIR}/${program}.c -o ${WORK_DIR}/${program} ${pc_flags})
endforeach()
expect_program(${WORK_DIR}/merge "Hello, dear moon")
expect_program(${WORK_DIR}/arena "Hello, arena")

run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${SOURCE_DIR} -B ${WORK_DIR}/by_cmake
  -DPROGRAM=${WORK_DIR}/merge.c -DCMAKE_C_COMPILER=${CC} -DCMAKE_PREFIX_PATH=${WORK_DIR}/moved "-DCMAKE_C_FLAGS=${FLAGS}")
run(${CMAKE_COMMAND} --build ${WORK_DIR}/by_cmake)
expect_program(${WORK_DIR}/by_cmake/ot_install "Hello, dear moon")
