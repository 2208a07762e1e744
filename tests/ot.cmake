# What the engine's tests share, and others may: random and readable operations, the rules as a plain model.
add_library(test_lib_ot STATIC lib/ot_case.c lib/ot_model.c lib/ot_random.c lib/ot_words.c)
target_include_directories(test_lib_ot PUBLIC ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(test_lib_ot PRIVATE quire_flags PUBLIC quire-ot PkgConfig::CMOCKA)

foreach(test builder doc reader rules values)
  quire_test(unit/ot_${test} test_lib_ot)
endforeach()
foreach(test algebra document hostile model)
  quire_test(property/ot_${test} test_lib_ot)
endforeach()
quire_test(unit/ot_memory test_lib_ot)
target_link_options(test_ot_memory PRIVATE -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc)
