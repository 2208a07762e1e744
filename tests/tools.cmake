quire_test(unit/delta_json quire-text)
quire_test(unit/delta_memory quire-text)
# The malloc family of what is linked statically goes through the test.
target_link_options(test_delta_memory PRIVATE
  -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc)

# The engine against quill-delta, both ways. Needs `npm ci` in tests/conformance.
add_executable(quire-ot-cases conformance/cases.c)
target_include_directories(quire-ot-cases PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(quire-ot-cases PRIVATE quire_flags quire-text)
add_test(NAME conformance
  COMMAND ${QUIRE_NODE} ${CMAKE_CURRENT_SOURCE_DIR}/conformance/run.js
          $<TARGET_FILE:quire-ot-cases> $<TARGET_FILE:quire> ot)
set_tests_properties(conformance PROPERTIES LABELS conformance TIMEOUT 600)

# What the engine and the client in TypeScript (web/client/test/ot.test.ts) both answer.
set(golden ${CMAKE_CURRENT_SOURCE_DIR}/golden/ot)
add_test(NAME ot_golden
  COMMAND sh -c "'$<TARGET_FILE:quire>' ot <'${golden}/questions.jsonl' | diff - '${golden}/answers.jsonl'")

# The client in C.
quire_test(unit/peer_wire quire-peer)
quire_test(unit/peer_ws quire-peer)
quire_test(unit/peer_difference quire-peer test_lib_ot)
foreach(session_test session turns)
  quire_test(unit/peer_${session_test} quire-peer quire-replay test_lib_ot)
  target_sources(test_peer_${session_test} PRIVATE lib/session_world.c)
endforeach()

set(traces ${PROJECT_SOURCE_DIR}/bench/traces)
add_test(NAME replay_engine COMMAND quire replay --quiet
  ${traces}/friendsforever.json.gz ${traces}/json-crdt-patch.edits.gz ${traces}/sveltecomponent.edits.gz)
set_tests_properties(replay_engine PROPERTIES TIMEOUT 300)
add_test(NAME replay_corpus COMMAND quire replay --quiet --format corpus --check
  ${PROJECT_SOURCE_DIR}/fuzz/corpus/script)
quire_test(unit/peer_replay quire-replay)
quire_test(unit/replay_check quire-replay test_lib_ot)
target_sources(test_replay_check PRIVATE lib/temp_dir.c)
quire_test(unit/replay_laws quire-laws test_lib_ot)
target_link_options(test_replay_laws PRIVATE
  -Wl,--wrap=ot_compose,--wrap=ot_transform,--wrap=ot_invert,--wrap=ot_transform_position
  -Wl,--wrap=ot_doc_check,--wrap=ot_doc_apply,--wrap=ot_doc_hash)
quire_test(unit/peer_trail quire-peer test_lib_ot)
quire_test(unit/peer_load quire-peer test_lib_ot)
target_sources(test_peer_load PRIVATE
  ${PROJECT_SOURCE_DIR}/bench/load/histogram.c ${PROJECT_SOURCE_DIR}/bench/load/stamp.c)
add_test(NAME replay_server
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/replay_server.sh $<TARGET_FILE:quire> ${traces})
set_tests_properties(replay_server PROPERTIES TIMEOUT 600)

# The operator's commands, as they are run.
add_library(test-operate STATIC lib/operate_world.c)
target_link_libraries(test-operate
  PUBLIC test-server-process test_lib_ot quire-operate PkgConfig::SQLITE PRIVATE quire_flags)
foreach(test backup compact export reopen restore restore_stopped verify)
  quire_test(unit/operate_${test} test-operate)
endforeach()
quire_test(unit/output test-operate)
target_compile_definitions(test_output PRIVATE
  QUIRE_QUESTIONS="${CMAKE_CURRENT_SOURCE_DIR}/golden/ot/questions.jsonl")
foreach(test compact restore_stopped)
  target_compile_definitions(test_operate_${test} PRIVATE
    QUIRE_SHIM="$<TARGET_FILE:quire-fault-shim>")
  add_dependencies(test_operate_${test} quire-fault-shim)
endforeach()
target_link_options(test_operate_verify PRIVATE -Wl,--wrap=ot_doc_apply)
quire_test(unit/limits_process test-operate)
target_sources(test_limits_process PRIVATE lib/ws_raw.c)
quire_test(unit/serve_admin quire-serve)
target_sources(test_serve_admin PRIVATE lib/temp_dir.c)
target_link_options(test_serve_admin PRIVATE -Wl,--wrap=store_backup_step,--wrap=clock_monotonic_ms)
