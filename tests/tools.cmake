quire_test(unit/delta_json quire-text)
quire_test(unit/delta_memory quire-text)
# The malloc family of what is linked statically goes through the test.
target_link_options(test_delta_memory PRIVATE
  -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc)

# The engine against quill-delta, both ways. Needs `npm ci` in tests/conformance.
find_program(QUIRE_NODE node DOC "Node.js, 18 or later")
add_executable(quire-ot-cli conformance/cli.c)
target_link_libraries(quire-ot-cli PRIVATE quire_flags quire-tools)
add_executable(quire-ot-cases conformance/cases.c)
target_include_directories(quire-ot-cases PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(quire-ot-cases PRIVATE quire_flags quire-text)
add_test(NAME conformance
  COMMAND ${QUIRE_NODE} ${CMAKE_CURRENT_SOURCE_DIR}/conformance/run.js
          $<TARGET_FILE:quire-ot-cases> $<TARGET_FILE:quire-ot-cli>)
set_tests_properties(conformance PROPERTIES LABELS conformance TIMEOUT 600)
