# What the tests of the store share: a directory, a store in it, and a file system that fails on demand.
add_library(test-store STATIC lib/temp_dir.c unit/store_model.c lib/vfs.c unit/store_world.c)
target_include_directories(test-store PUBLIC ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(test-store
  PUBLIC quire-storage test_lib_rng PkgConfig::SQLITE PkgConfig::CMOCKA PRIVATE quire_flags)

# What any store must do.
foreach(test chat documents edits random settle sharing)
  quire_test(unit/store_${test} test-store)
endforeach()

# What the SQLite store does beyond that.
foreach(test crash damage faults golden log memory open parts quarantine upkeep)
  quire_test(unit/store_${test} test-store)
endforeach()
# The malloc family of what is linked statically goes through the test.
target_link_options(test_store_memory PRIVATE -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc)
# And its syncs of directories.
target_link_options(test_store_open PRIVATE -Wl,--wrap=fsync)
target_compile_definitions(test_store_golden PRIVATE
  QUIRE_GOLDEN_DIR="${CMAKE_CURRENT_SOURCE_DIR}/golden/storage")
