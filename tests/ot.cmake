# Where random tests have their randomness from.
add_library(test_lib_rng STATIC lib/rng.c)
target_include_directories(test_lib_rng PUBLIC ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(test_lib_rng PRIVATE quire_flags)

# What the engine's tests share, and others may: random and readable operations, the rules as a plain model.
add_library(test_lib_ot STATIC lib/ot_case.c lib/ot_meter.c lib/ot_model.c lib/ot_random.c lib/ot_words.c)
target_include_directories(test_lib_ot PUBLIC ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(test_lib_ot PRIVATE quire_flags PUBLIC quire-ot test_lib_rng PkgConfig::CMOCKA)

# Every document that these change is looked at after each change.
add_library(test_lib_sound OBJECT lib/ot_sound.c)
target_link_libraries(test_lib_sound PRIVATE quire_flags quire-ot PkgConfig::CMOCKA)
target_link_options(test_lib_sound INTERFACE -Wl,--wrap=ot_doc_apply,--wrap=ot_doc_load)
foreach(test builder doc limits reader rules values)
  quire_test(unit/ot_${test} test_lib_ot test_lib_sound)
endforeach()
foreach(test algebra document hostile model)
  quire_test(property/ot_${test} test_lib_ot test_lib_sound)
endforeach()
if(QUIRE_SERVER)
  quire_test(property/ot_long test_lib_ot quire-laws test_lib_sound)
endif()
quire_test(unit/ot_damage test_lib_ot)
target_include_directories(test_ot_damage PRIVATE ${CMAKE_SOURCE_DIR}/ot/src)
quire_test(unit/ot_unchanged test_lib_ot)
foreach(test allocator memory)
  quire_test(unit/ot_${test} test_lib_ot)
  target_link_options(test_ot_${test} PRIVATE -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc)
endforeach()

# The header alone, as each language sees it.
set(ot_header ${CMAKE_SOURCE_DIR}/ot/include/quire/ot.h)
set(ot_header_flags -fsyntax-only -Wall -Wextra -Wpedantic -Werror)
add_test(NAME ot_header_c
  COMMAND ${CMAKE_C_COMPILER} -x c -std=c11 ${ot_header_flags} ${ot_header})
add_test(NAME ot_header_cxx
  COMMAND ${CMAKE_C_COMPILER} -x c++ -std=c++11 ${ot_header_flags} ${ot_header})

# An installed copy, used from outside.
set(ot_install_flags "${CMAKE_C_FLAGS}")
if(QUIRE_SANITIZE)
  string(APPEND ot_install_flags " -fsanitize=${QUIRE_SANITIZE}")
endif()
add_test(NAME ot_install
  COMMAND ${CMAKE_COMMAND} -DSOURCE_DIR=${CMAKE_CURRENT_SOURCE_DIR}/unit/ot_install
          -DDOCUMENT=${PROJECT_SOURCE_DIR}/docs/engine.md -DBUILD_DIR=${CMAKE_BINARY_DIR} -DWORK_DIR=${CMAKE_CURRENT_BINARY_DIR}/ot_install
          -DCONFIG=$<CONFIG> -DCC=${CMAKE_C_COMPILER} -DPKG_CONFIG=${PKG_CONFIG_EXECUTABLE}
          -DGENERATOR=${CMAKE_GENERATOR} -DFLAGS=${ot_install_flags}
          -P ${CMAKE_CURRENT_SOURCE_DIR}/unit/ot_install/run.cmake)

# Whatever the library defines for the linker begins with its name, so that it gets in nobody's way.
add_test(NAME ot_symbols
  COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} -DLIBRARY=$<TARGET_FILE:quire-ot>
          -P ${CMAKE_CURRENT_SOURCE_DIR}/unit/ot_symbols.cmake)
