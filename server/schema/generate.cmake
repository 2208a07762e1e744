# cmake -DTABLE=formats.json -DOUTPUT=formats_table.h -P generate.cmake: the table of formats for C, from the
# one that the client reads. JSON objects come with their names sorted.
cmake_policy(VERSION 3.25)
file(READ "${TABLE}" json)

function(rule_of json result)
  string(JSON kind TYPE "{\"rule\":${json}}" rule)
  if(kind STREQUAL "BOOLEAN")
    set(row "{.kind = RULE_TRUE}")
  elseif(kind STREQUAL "STRING")
    set(row "{.kind = RULE_LITERAL, .words = ${json}}")
  else()
    string(JSON name MEMBER "${json}" 0)
    foreach(field from to word most text address relative)
      string(JSON ${field} ERROR_VARIABLE missing GET "${json}" ${field})
    endforeach()
    if(name STREQUAL "color")
      set(row "{.kind = RULE_COLOR}")
    elseif(name STREQUAL "pixels")
      set(row "{.kind = RULE_PIXELS}")
    elseif(name STREQUAL "text")
      set(row "{.kind = RULE_TEXT, .most = ${text}}")
    elseif(name STREQUAL "from")
      set(row "{.kind = RULE_RANGE, .least = ${from}, .most = ${to}}")
    elseif(name STREQUAL "most")
      set(row "{.kind = RULE_WORD, .most = ${most}, .words = \"${word}\"}")
    elseif(name STREQUAL "address")
      set(flag false)
      if(relative)
        set(flag true)
      endif()
      set(row "{.kind = RULE_ADDRESS, .most = ${most}, .relative = ${flag}, .words = \"${address}\"}")
    else()
      message(FATAL_ERROR "${TABLE}: no rule begins with ${name}")
    endif()
  endif()
  set(${result} "${row}" PARENT_SCOPE)
endfunction()

# The rules go into one array, of which each format has a stretch.
set(rules "")
set(rules_count 0)
function(rows_of what result)
  set(rows "")
  string(JSON count LENGTH "${json}" ${what})
  math(EXPR last "${count} - 1")
  foreach(i RANGE ${last})
    string(JSON name MEMBER "${json}" ${what} ${i})
    string(JSON alternatives LENGTH "${json}" ${what} "${name}")
    string(APPEND rows "    {\"${name}\", ${rules_count}, ${alternatives}},\n")
    math(EXPR last_alternative "${alternatives} - 1")
    foreach(k RANGE ${last_alternative})
      string(JSON kind TYPE "${json}" ${what} "${name}" ${k})
      string(JSON rule GET "${json}" ${what} "${name}" ${k})
      if(kind STREQUAL "STRING")
        set(rule "\"${rule}\"")
      elseif(kind STREQUAL "BOOLEAN")
        set(rule true)
      endif()
      rule_of("${rule}" row)
      string(APPEND rules "    ${row},\n")
      math(EXPR rules_count "${rules_count} + 1")
    endforeach()
  endforeach()
  set(${result} "${rows}" PARENT_SCOPE)
  set(rules "${rules}" PARENT_SCOPE)
  set(rules_count ${rules_count} PARENT_SCOPE)
endfunction()

rows_of(formats formats)
rows_of(embeds embeds)
string(JSON keys GET "${json}" limits keys)
string(JSON name_bytes GET "${json}" limits nameBytes)
string(JSON attributes_bytes GET "${json}" limits attributesBytes)

file(CONFIGURE OUTPUT "${OUTPUT}" CONTENT "/* Made of formats.json. */
#define TABLE_KEYS             @keys@
#define TABLE_NAME_BYTES       @name_bytes@
#define TABLE_ATTRIBUTES_BYTES @attributes_bytes@

static const struct rule known_rules[] = {
@rules@};

static const struct format known_formats[] = {
@formats@};

static const struct format known_embeds[] = {
@embeds@};
" @ONLY)
