add_library(test-tokens STATIC lib/temp_dir.c lib/token_words.c)
target_include_directories(test-tokens PUBLIC ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(test-tokens PUBLIC quire-auth PkgConfig::CMOCKA PRIVATE quire_flags)
quire_test(unit/auth_token test-tokens)
quire_test(unit/auth_keys test-tokens)
target_link_options(test_auth_keys PRIVATE -Wl,--wrap=sodium_memcmp,--wrap=json_object_seed)
add_library(test-hub-world STATIC lib/hub_world.c lib/hub_out_whole.c lib/hub_transcript.c lib/temp_dir.c)
target_include_directories(test-hub-world PUBLIC ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(test-hub-world PUBLIC quire-hub PkgConfig::MSGPACK PRIVATE quire_flags)
quire_test(unit/hub_rooms quire-hub quire-storage test-hub-world)
quire_test(unit/hub_settle quire-hub quire-storage test-hub-world PkgConfig::SQLITE)
target_sources(test_hub_settle PRIVATE lib/plant.c)
quire_test(unit/hub_opening quire-hub quire-storage test-hub-world)
quire_test(unit/hub_talk quire-hub quire-storage test-hub-world)
quire_test(unit/limits_document quire-hub quire-storage test-hub-world)
foreach(guarded_test hub_access hub_sharing hub_tokens limits_hub limits_work limits_rooms hub_snapshots)
  quire_test(unit/${guarded_test} quire-hub quire-storage test-hub-world test-tokens)
  target_sources(test_${guarded_test} PRIVATE lib/hub_guarded.c)
endforeach()
target_sources(test_hub_access PRIVATE lib/plant.c)
target_link_libraries(test_hub_access PRIVATE PkgConfig::SQLITE)
target_link_options(test_limits_rooms PRIVATE -Wl,--wrap=ot_doc_memory,--wrap=store_revoke)
quire_test(unit/config_options quire-config)
quire_test(unit/config_docs quire-config)
target_compile_definitions(test_config_docs PRIVATE
  QUIRE_OPERATIONS_PAGE="${CMAKE_SOURCE_DIR}/docs/operations.md"
  QUIRE_LIMITS_PAGE="${CMAKE_SOURCE_DIR}/docs/limits.md")
quire_test(unit/serve_log quire-log PkgConfig::JANSSON)
quire_test(unit/serve_mailbox quire-thread)

add_library(test-gate-world STATIC lib/ws_raw.c unit/gate_reading.c unit/gate_world.c)
target_include_directories(test-gate-world PUBLIC ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(test-gate-world PUBLIC quire-gate quire-thread PkgConfig::CMOCKA PRIVATE quire_flags)
quire_test(unit/limits_flood test-gate-world quire-gate)
quire_test(unit/limits_gate test-gate-world quire-gate)
quire_test(unit/limits_times test-gate-world quire-gate)
target_link_options(test_limits_times PRIVATE
  -Wl,--wrap=uv_now,--wrap=uv_timer_start,--wrap=socket_read_bytes)
foreach(gate_test admission busy handshake hostile ip messages outbox pages rooms slots stop wheel window)
  quire_test(unit/gate_${gate_test} test-gate-world quire-gate)
endforeach()
quire_test(unit/serve_refusals quire-serve)
quire_test(unit/serve_store_thread quire-serve)
target_sources(test_serve_store_thread PRIVATE lib/letters.c)
target_link_options(test_serve_store_thread PRIVATE -Wl,--wrap=store_append,--wrap=store_history)
add_test(NAME structure COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/structure.sh)

quire_test(unit/wire_utf8 quire-wire test_lib_ot)
foreach(test encode hostile read)
  quire_test(unit/wire_${test} quire-wire quire-peer test_lib_ot)
  target_sources(test_wire_${test} PRIVATE unit/wire_golden.c)
endforeach()
quire_test(unit/table quire-hub test_lib_ot)
quire_test(unit/limits_rates quire-rate)
quire_test(unit/limits_wire quire-wire)
quire_test(unit/limits_budget quire-serve)
quire_test(unit/limits_metrics quire-hub quire-storage test-hub-world)
target_compile_definitions(test_limits_metrics PRIVATE
  QUIRE_PROTOCOL_PAGE="${CMAKE_SOURCE_DIR}/docs/protocol.md")
quire_test(unit/history quire-hub test_lib_ot)
include(sim/sim.cmake)
quire_test(unit/serve_pace quire-serve)
quire_test(unit/serve_lifecycle quire-serve)
quire_test(unit/limits_serve quire-serve)
target_sources(test_limits_serve PRIVATE lib/temp_dir.c)
target_link_options(test_limits_serve PRIVATE -Wl,--wrap=budget_init,--wrap=gates_drain)
quire_test(unit/serve_server quire-serve)
target_sources(test_serve_server PRIVATE lib/temp_dir.c)
target_link_options(test_serve_server PRIVATE -Wl,--wrap=gates_stop)

# The real program, with people who write.
add_library(test-server-process STATIC
  lib/secrets.c lib/server_process.c lib/temp_dir.c lib/writers.c)
target_include_directories(test-server-process PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/tests)
target_compile_definitions(test-server-process
  PUBLIC QUIRE_PROGRAM="$<TARGET_FILE:quire>" PRIVATE QUIRE_NO_SANDBOX=${quire_no_sandbox})
target_link_libraries(test-server-process
  PUBLIC quire-storage quire-peer PkgConfig::CMOCKA PRIVATE quire_flags)
add_dependencies(test-server-process quire)
quire_test(unit/serve_process test-server-process)
quire_test(unit/arguments test-server-process)
quire_test(unit/serve_sandbox test-server-process)
quire_test(unit/serve_tokens test-server-process)
target_sources(test_serve_tokens PRIVATE lib/ws_raw.c)

# Hostile clients over raw sockets, one test a file. script/test runs the files by itself, to name their rows.
file(GLOB hostile_files CONFIGURE_DEPENDS hostile/*.test.js)
foreach(file ${hostile_files})
  get_filename_component(base ${file} NAME_WE)
  add_test(NAME hostile_${base} COMMAND ${QUIRE_NODE} --test ${file})
  set_tests_properties(hostile_${base} PROPERTIES
    LABELS hostile TIMEOUT 600 ENVIRONMENT "QUIRE_BIN=$<TARGET_FILE:quire>")
endforeach()

# Preloaded into the real program by tests/faults.
add_library(quire-fault-shim MODULE faults/shim.c)
target_link_libraries(quire-fault-shim PRIVATE quire_flags)
quire_test(unit/serve_notify test-server-process)
target_compile_definitions(test_serve_notify PRIVATE
  QUIRE_SHIM="$<TARGET_FILE:quire-fault-shim>" QUIRE_UNIT="${CMAKE_BINARY_DIR}/quire.service")
add_dependencies(test_serve_notify quire-fault-shim)

# The unit says nothing that systemd does not understand, runs what is there, and is as narrow as
# docs/operations.md says.
block()
  set(QUIRE_BINDIR ${CMAKE_BINARY_DIR})
  configure_file(${CMAKE_SOURCE_DIR}/deploy/quire.service.in ${CMAKE_CURRENT_BINARY_DIR}/quire.service @ONLY)
endblock()
add_test(NAME unit_verify
  COMMAND systemd-analyze verify --man=no ${CMAKE_CURRENT_BINARY_DIR}/quire.service)
set_tests_properties(unit_verify PROPERTIES FAIL_REGULAR_EXPRESSION ".")
add_test(NAME unit_exposure
  COMMAND systemd-analyze security --offline=true --threshold=13 ${CMAKE_CURRENT_BINARY_DIR}/quire.service)
quire_test(unit/schema quire-schema quire-text)
target_compile_definitions(test_schema PRIVATE
  QUIRE_FORMAT_CASES="${CMAKE_CURRENT_SOURCE_DIR}/golden/formats.json")
