# quire_flags: the compiler flags of every target of this project, and of nothing that uses it.
add_library(quire_flags INTERFACE)
target_compile_features(quire_flags INTERFACE c_std_11)
target_compile_options(quire_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
  -Wvla -Wformat=2 -Wundef -Wwrite-strings -Wno-sign-conversion
  -fstack-protector-strong -fno-common
  $<$<CONFIG:Debug>:-Werror>)
target_compile_definitions(quire_flags INTERFACE _GNU_SOURCE $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
if(QUIRE_SANITIZE)
  target_compile_options(quire_flags INTERFACE
    -fsanitize=${QUIRE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(quire_flags INTERFACE -fsanitize=${QUIRE_SANITIZE})
endif()

set(CMAKE_C_STANDARD 11)
# Link-time optimisation on all processors, where it is asked for.
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  set(CMAKE_C_COMPILE_OPTIONS_IPO -flto=auto -fno-fat-lto-objects)
endif()

set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# Asserts guard our own invariants and stay on in release builds.
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
