# The hub, its rooms and the store in one thread under a seed.
add_library(quire-sim-objects OBJECT
  sim/bounds.c sim/events.c sim/gate.c sim/guard.c sim/ledger.c sim/line.c sim/partner.c sim/person.c sim/plan.c sim/round.c sim/run.c
  sim/server.c sim/shrink.c sim/sim.c sim/tokens.c sim/undo.c sim/vectors.c sim/view.c sim/witness.c lib/hub_out_whole.c lib/shortage.c lib/temp_dir.c
  lib/token_words.c lib/vfs.c
  ${CMAKE_SOURCE_DIR}/server/serve/refusals.c)
target_include_directories(quire-sim-objects PUBLIC ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(quire-sim-objects
  PUBLIC quire_flags quire-hub quire-storage quire-peer quire-replay test_lib_ot PkgConfig::SQLITE)
add_executable(quire-sim $<TARGET_OBJECTS:quire-sim-objects>)
target_link_libraries(quire-sim PRIVATE quire-sim-objects)

# New rounds for a minute, and all plans that failed once.
add_test(NAME sim COMMAND quire-sim --minutes 1)
file(GLOB plans CONFIGURE_DEPENDS sim/plans/*.plan)
add_test(NAME sim_plans COMMAND quire-sim ${plans})
set_tests_properties(sim sim_plans PROPERTIES TIMEOUT 600)

# What its sessions do is still what the vectors say that other clients are held against.
set(vectors ${CMAKE_CURRENT_SOURCE_DIR}/golden/session/vectors.jsonl.gz)
add_test(NAME sim_vectors COMMAND sh -c
  "gzip -dc '${vectors}' >vectors.golden && '$<TARGET_FILE:quire-sim>' --vectors 300 | cmp - vectors.golden")

include(sim/planted.cmake)
