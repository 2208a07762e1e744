# Makes the table of embedded files: cmake -DFILES=DIR -DOUT=DIR -P embed.cmake
#
# OUT/assets_data.S holds the bytes of every file in FILES (by .incbin), OUT/assets_table.c the
# table of server/assets/assets.h. Both are rewritten only when a file has changed.
cmake_minimum_required(VERSION 3.25)

set(types
  html "text/html"
  js "text/javascript"
  mjs "text/javascript"
  css "text/css"
  json "application/json"
  map "application/json"
  txt "text/plain"
  svg "image/svg+xml"
  png "image/png"
  ico "image/x-icon"
  woff2 "font/woff2"
  webmanifest "application/manifest+json")

function(type_of path type_out)
  string(REGEX REPLACE ".*\\." "" extension "${path}")
  list(FIND types "${extension}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "${path}: no type is known for this kind of file; add it to embed.cmake")
  endif()
  math(EXPR at "${at} + 1")
  list(GET types ${at} type)
  if(type MATCHES "^text/")
    string(APPEND type "; charset=utf-8")
  endif()
  set(${type_out} "${type}" PARENT_SCOPE)
endfunction()

function(write_if_changed path content)
  set(old "")
  if(EXISTS "${path}")
    file(READ "${path}" old)
  endif()
  if(NOT old STREQUAL content)
    file(WRITE "${path}" "${content}")
  endif()
endfunction()

file(GLOB_RECURSE paths LIST_DIRECTORIES false RELATIVE "${FILES}" "${FILES}/*")
list(SORT paths)
if(NOT "index.html" IN_LIST paths)
  message(FATAL_ERROR "${FILES} has no index.html")
endif()

set(symbols "")
set(rows "")
set(data "")
set(number 0)
foreach(path IN LISTS paths)
  type_of("${path}" type)
  file(SHA256 "${FILES}/${path}" hash)
  file(SIZE "${FILES}/${path}" size)
  string(SUBSTRING "${hash}" 0 32 tag)
  string(APPEND data
    "    .globl quire_asset_${number}\n"
    "    .balign 16\n"
    "quire_asset_${number}: # ${hash}\n"
    "    .incbin \"${FILES}/${path}\"\n"
    "    .byte 0\n")
  string(APPEND symbols "extern const uint8_t quire_asset_${number}[];\n")
  string(APPEND rows
    "    {\"/${path}\", \"${type}\", \"\\\"${tag}\\\"\", quire_asset_${number}, ${size}},\n")
  math(EXPR number "${number} + 1")
endforeach()

write_if_changed("${OUT}/assets_data.S"
"    .section .rodata
${data}    .section .note.GNU-stack,\"\",%progbits
")
write_if_changed("${OUT}/assets_table.c"
"#include \"server/assets/assets.h\"

${symbols}
const struct gate_asset quire_assets[] = {
${rows}    {0},
};
")
