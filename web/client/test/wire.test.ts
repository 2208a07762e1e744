import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { OpError } from "../src/ot/errors.js";
import { WireError } from "../src/wire/fields.js";
import { clientCodec, serverCodec, type ClientMessage, type ServerMessage } from "../src/wire/messages.js";
import { announceSeed, Random } from "./random.js";

const seed = announceSeed("wire");

function unhex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
}

const CLIENT_GOLDEN: readonly [string, ClientMessage][] = [
  [
    "97 01 c0 a3 41 6e 6e a7 23 32 32 36 36 63 63 c0 c0 a2 6d 65",
    { kind: "hello", token: null, name: "Ann", color: "#2266cc", client: null, key: null, agent: "me" },
  ],
  [
    "97 03 01 00 a4 6e 6f 74 65 c0 c0 c0",
    { kind: "open", ref: 1, ch: 0, id: "note", epoch: null, version: null, chat: null, link: null },
  ],
  ["95 05 00 01 00 c4 03 02 09 61", { kind: "edit", ch: 0, seq: 1, base: 0, op: unhex("020961") }],
];

const SERVER_GOLDEN: readonly [string, ServerMessage][] = [
  ["94 25 00 01 01", { kind: "ack", ch: 0, version: 1, seq: 1 }],
  ["95 24 00 02 07 c4 04 04 08 09 62", { kind: "edit", ch: 0, version: 2, member: 7, op: unhex("04080962") }],
  ["94 27 00 02 ce 49 f3 84 42", { kind: "hash", ch: 0, version: 2, crc: 0x49f38442 }],
];

const SERVER_OTHERS: readonly ServerMessage[] = [
  {
    kind: "welcome",
    client: 2 ** 40,
    key: new Uint8Array(16).fill(7),
    epoch: 3,
    server: "quire 1",
    limits: { frame_bytes: 1048576, chat_chars: 500, document_bytes: 10_000_000, channels: 32 },
  },
  { kind: "error", ref: 5, ch: null, code: "overloaded", text: "später", retry_ms: 500, at: null },
  {
    kind: "presence",
    ch: 1,
    version: 9,
    full: false,
    people: 2,
    members: [
      { member: 1, left: true },
      { member: 2, left: false, anchor: 3, head: null, typing: true, data: null, profile: null },
      { member: 3, left: false, anchor: null, head: null, typing: false, data: "x", profile: { name: "B", color: "#000000" } },
    ],
  },
  { kind: "documents", ref: 1, more: false, documents: [{ id: "a", type: 1, title: "A", created_ms: 1e12, updated_ms: 2e12, key: 4, people: 0 }], before_ms: 3, before_key: null },
  { kind: "members", ref: 1, members: [{ sub: "ann", role: "owner", at_ms: 1e12 }] },
  { kind: "links", ref: 1, links: [{ number: 7, role: "viewer", label: "L", created_ms: 5, expires_ms: null }] },
  { kind: "linked", ref: 1, number: 7, secret: "s" },
  { kind: "role", ch: 0, role: "viewer" },
  { kind: "done", ref: 1, value: "id" },
  { kind: "done", ref: 2, value: 70000 },
  { kind: "done", ref: 3, value: null },
  { kind: "chats", ref: 1, ch: 0, more: true, messages: [{ number: 1, name: "A", color: "#123456", at_ms: 5, text: "hi" }] },
];

describe("messages", () => {
  test("the examples of the documentation", () => {
    for (const [bytes, message] of CLIENT_GOLDEN) {
      assert.deepEqual(Buffer.from(clientCodec.encode([message])), Buffer.from(unhex(bytes)));
      assert.deepEqual(clientCodec.decode(unhex(bytes)), [message]);
    }
    for (const [bytes, message] of SERVER_GOLDEN) {
      assert.deepEqual(Buffer.from(serverCodec.encode([message])), Buffer.from(unhex(bytes)));
      assert.deepEqual(serverCodec.decode(unhex(bytes)), [message]);
    }
  });

  test("a frame holds any number of messages", () => {
    const frame = serverCodec.encode(SERVER_OTHERS);
    assert.deepEqual(serverCodec.decode(frame), SERVER_OTHERS);
    assert.deepEqual(serverCodec.decode(new Uint8Array(0)), []);
  });

  test("unknown kinds and appended fields are passed over", () => {
    const later = unhex("93 3f 01 82 a1 61 92 01 cb 3ff0000000000000 a1 62 c0 93 21 07 c7 03 05 01 02 03 94 25 00 01 01");
    assert.deepEqual(serverCodec.decode(later), [
      { kind: "pong", n: 7 },
      { kind: "ack", ch: 0, version: 1, seq: 1 },
    ]);
    const member = unhex("96 28 00 05 c3 01 91 99 07 01 02 c2 c0 a1 41 a1 42 c3 91 01");
    const [presence] = serverCodec.decode(member);
    assert.equal(presence.kind === "presence" && presence.members.length, 1);
  });

  test("integers in any encoding are read", () => {
    assert.deepEqual(serverCodec.decode(unhex("92 21 d3 0000000000000007 92 cc 21 cf 0000000000000008")), [
      { kind: "pong", n: 7 },
      { kind: "pong", n: 8 },
    ]);
  });

  test("what is no message is refused", () => {
    const refused = [
      "90", "91 21", "92 21 ff", "92 21 a1 61", "21", "80", "92 21 cf ffffffffffffffff", "dd ffffffff 21",
      "96 28 00 05 c3 01 dd ffffffff", "94 25 00 01", "92 a1 21 00", "95 24 00 02 07 c6 ffffffff 00", "92 2d 00", "93 2d 00 a1 ff",
    ];
    for (const bytes of refused) {
      assert.throws(() => serverCodec.decode(unhex(bytes)), (e) => e instanceof WireError || e instanceof OpError, bytes);
    }
  });

  test("damaged frames are refused or read, never worse", () => {
    const random = new Random(seed);
    const frame = serverCodec.encode(SERVER_OTHERS);
    for (let i = 0; i < 20_000; i++) {
      const damaged = frame.slice(0, random.below(frame.length + 1));
      for (let k = random.below(4); k > 0 && damaged.length > 0; k--) damaged[random.below(damaged.length)] = random.below(256);
      try {
        serverCodec.decode(damaged);
      } catch (error) {
        if (!(error instanceof WireError) && !(error instanceof OpError)) throw error;
      }
    }
  });
});
