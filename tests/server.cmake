add_library(test-hub-world STATIC lib/hub_world.c lib/hub_transcript.c)
target_include_directories(test-hub-world PUBLIC ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(test-hub-world PUBLIC quire-hub PkgConfig::MSGPACK PRIVATE quire_flags)
quire_test(unit/hub_rooms quire-hub quire-storage test-hub-world)
quire_test(unit/hub_opening quire-hub quire-storage test-hub-world)
quire_test(unit/hub_talk quire-hub quire-storage test-hub-world)
quire_test(unit/config_options quire-config)
quire_test(unit/config_docs quire-config)
target_compile_definitions(test_config_docs PRIVATE
  QUIRE_OPERATIONS_PAGE="${CMAKE_SOURCE_DIR}/docs/operations.md")
quire_test(unit/serve_log quire-log PkgConfig::JANSSON)
quire_test(unit/serve_mailbox quire-thread)

add_library(test-gate-world STATIC lib/ws_raw.c unit/gate_reading.c unit/gate_world.c)
target_include_directories(test-gate-world PUBLIC ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(test-gate-world PUBLIC quire-gate quire-thread PkgConfig::CMOCKA PRIVATE quire_flags)
foreach(gate_test handshake hostile messages outbox pages rooms slots stop wheel window)
  quire_test(unit/gate_${gate_test} test-gate-world quire-gate)
endforeach()
quire_test(unit/serve_store_thread quire-serve)
target_link_options(test_serve_store_thread PRIVATE -Wl,--wrap=store_append)
add_test(NAME structure COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/structure.sh)

quire_test(unit/wire_utf8 quire-wire test_lib_ot)
foreach(test encode hostile read)
  quire_test(unit/wire_${test} quire-wire quire-peer test_lib_ot)
  target_sources(test_wire_${test} PRIVATE unit/wire_golden.c)
endforeach()
quire_test(unit/table quire-hub test_lib_ot)
quire_test(unit/history quire-hub test_lib_ot)
quire_test(property/hub_convergence quire-hub quire-peer test_lib_ot)
target_sources(test_hub_convergence PRIVATE
  property/hub_events.c property/hub_gate.c property/hub_ledger.c property/hub_person.c
  property/hub_plan.c property/hub_round.c property/hub_server.c property/hub_tokens.c
  property/hub_view.c property/hub_witness.c ${CMAKE_SOURCE_DIR}/server/serve/refusals.c)
set_tests_properties(hub_convergence PROPERTIES TIMEOUT 600)
quire_test(unit/serve_pace quire-serve)
quire_test(unit/serve_lifecycle quire-serve)

# The real program, with people who write.
add_library(test-server-process STATIC lib/server_process.c lib/temp_dir.c lib/writers.c)
target_include_directories(test-server-process PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/tests)
target_compile_definitions(test-server-process PUBLIC QUIRE_PROGRAM="$<TARGET_FILE:quire>")
target_link_libraries(test-server-process
  PUBLIC quire-storage quire-peer PkgConfig::CMOCKA PRIVATE quire_flags)
add_dependencies(test-server-process quire)
quire_test(unit/serve_process test-server-process)
