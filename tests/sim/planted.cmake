# Are the tests any good? Each of these builds has one bug planted, which the simulation must find, and those in the
# program the faults of tests/faults (planted.test.js), too.

# quire_plant(NAME FILE OLD NEW [OLD NEW]...): quire-sim, and quire if it is a file of its own, with these words replaced.
function(quire_plant name file)
  set(path ${CMAKE_SOURCE_DIR}/${file})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
  file(READ ${path} text)
  math(EXPR last "${ARGC} - 1")
  foreach(at RANGE 2 ${last} 2)
    math(EXPR next "${at} + 1")
    string(FIND "${text}" "${ARGV${at}}" place)
    if(place EQUAL -1)
      message(FATAL_ERROR "${file} has no \"${ARGV${at}}\" to plant the bug ${name} at")
    endif()
    string(REPLACE "${ARGV${at}}" "${ARGV${next}}" text "${text}")
  endforeach()
  set(planted ${CMAKE_CURRENT_BINARY_DIR}/planted/${name}.c)
  file(CONFIGURE OUTPUT ${planted} CONTENT "${text}" @ONLY)
  add_executable(quire-sim-${name} ${planted} $<TARGET_OBJECTS:quire-sim-objects>)
  target_link_libraries(quire-sim-${name} PRIVATE quire-sim-objects)
  add_test(NAME sim_finds_${name}
    COMMAND quire-sim-${name} --must-fail --rounds 4000 --seed 1)
  set_tests_properties(sim_finds_${name} PROPERTIES TIMEOUT 300)
  if(NOT file MATCHES "^tools/")
    add_executable(quire-${name} ${planted} $<TARGET_OBJECTS:quire>)
    target_include_directories(quire-${name} PRIVATE ${CMAKE_SOURCE_DIR})
    target_link_libraries(quire-${name} PRIVATE $<TARGET_PROPERTY:quire,LINK_LIBRARIES>)
  endif()
endfunction()

quire_plant(ack_before_commit server/hub/edit.c
  "    hub_ask(hub, request);\n    room_settle"
  "    hub_ask(hub, request);
    encode_ack(&hub->scratch, member->channel, version, seq);
    hub_send_scratch(hub, member->connection->number);\n    room_settle")
quire_plant(broadcast_before_commit server/hub/edit.c
  "    room->appending++;"
  "    room->appending++;
    room_publish(hub, room, (struct hub_out){.blob = blob_ref(blob), .version = version,
                                             .author = entry.connection, .seq = seq});")
quire_plant(no_dedupe server/hub/edit.c
  "if (message->edit.seq == 0 || message->edit.seq != author->seq)" "if (message->edit.seq < UINT64_MAX)"
  "if (seq != member->author->seq + 1)" "if (seq > member->author->seq + 1)"
  "base < member->author->version" "base > room->head")
quire_plant(skipped_version server/hub/edit.c
  "uint64_t version = ++room->head;" "uint64_t version = room->head += 1 + (seq % 5 == 4);")
quire_plant(forgotten_clients server/hub/request.c
  "return store_client(store, request->key, request->client, &request->seq, &request->version);"
  "return STORE_OK;")
quire_plant(other_side_wins server/hub/history.c
  "ot_transform_all(op, overs, count, OT_RIGHT" "ot_transform_all(op, overs, count, OT_LEFT")
quire_plant(text_dropped_on_resync tools/peer/session.c
  "    session->has_document = true;" "    session->has_document = true;
    bytes_set(&session->buffer, empty_op());")
quire_plant(lost_edits_forgotten tools/peer/session.c
  "message->opened.seq < session->seq && offer_again" "message->opened.seq > session->seq && offer_again")
quire_plant(epoch_ignored server/hub/open.c "member->epoch == hub->epoch &&" "member->epoch < WIRE_NONE && hub->epoch < WIRE_NONE &&")
quire_plant(role_of_edits_ignored server/hub/edit.c "!member_may(hub, member, ACCESS_EDIT)" "hub == NULL")
quire_plant(reads_without_role server/hub/member.c "    if (role == ACCESS_NONE) {" "    if (role > ACCESS_OWNER) {")
quire_plant(unsynced_commit storage/sqlite/open.c "synchronous = FULL" "synchronous = NORMAL")
