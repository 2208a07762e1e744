// What may come within a binary frame: rows 53 to 68 of docs/hostile-input.md.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { KIND } from "./lib/client.js";
import { op } from "./lib/op.js";
import { arrayHead, bin, ext, float, hex, int, map, mapHead, pack, raw, str, uint, uint64 } from "./lib/pack.js";
import { rows } from "./lib/rows.js";

const row = rows();
const REFUSALS = 3; // bad messages of a connection until it is closed

// Each of these is refused as a bad message at its place, and so the connection is closed with the third. `cases`:
// [bytes or a message, the place].
async function refusesEach(house, cases) {
  let client = null;
  for (const [number, [message, at]] of cases.entries()) {
    client ??= await house.hello();
    client.sendBytes(Buffer.isBuffer(message) ? message : pack(message));
    await client.expectError("bad_message", at);
    if (number % REFUSALS === REFUSALS - 1) {
      await client.expectClose(4400);
      client = null;
    }
  }
  await client?.expectOpen();
}

const nested = (depth) => (depth === 0 ? 1 : [nested(depth - 1)]);

row(53, "arrays nested too deeply", async (house) => {
  await refusesEach(house, [
    [[KIND.PING, nested(3)], 4],
    [[KIND.PING, nested(40)], 4],
    [Buffer.alloc(100_000, 0x91), 3],
  ]);
  // Three are not too deep, only wrong: what follows in the frame is read.
  const client = await house.hello();
  client.send([KIND.PING, nested(2)], [KIND.PING, 7]);
  await client.expectError("bad_message", 2);
  assert.equal((await client.next(KIND.PONG))[1], 7);
});

// Of the server's process, in bytes of address space and of memory.
async function memory(house) {
  const status = await readFile(`/proc/${house.server.pid}/status`, "utf8");
  const figure = (name) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)[1]) * 1024;
  return { space: figure("VmSize"), held: figure("VmRSS") };
}

row(54, "counts that the bytes cannot hold: nothing is reserved for them", async (house) => {
  const warm = await house.hello();
  await warm.expectOpen();
  const before = await memory(house);
  await refusesEach(house, [
    [hex("dd 0fffffff"), 0],
    [hex("dd ffffffff"), 0],
    [hex("dc ffff 02"), 0],
    [Buffer.concat([hex("92 02"), arrayHead(2 ** 28, 4).bytes]), 2],
    [Buffer.concat([hex("92 02"), mapHead(2 ** 28, 4).bytes]), 2],
    [hex("df 0fffffff"), 0],
  ]);
  const after = await memory(house);
  assert.ok(after.space - before.space < 256 * 2 ** 20, `${after.space - before.space} bytes of address space`);
  assert.ok(after.held - before.held < 64 * 2 ** 20, `${after.held - before.held} bytes of memory`);
});

row(55, "strings, bins and numbers that go on past the end of the frame", async (house) => {
  await refusesEach(house, [
    [hex("93 0c 01 d9 05 78"), 3],
    [hex("93 0c 01 db ffffffff 78"), 3],
    [hex("93 0c 01 bf 78"), 3],
    [hex("95 05 00 01 00 c4 05 00"), 5],
    [hex("95 05 00 01 00 c6 7fffffff 00"), 5],
    [hex("92 02 cf 0000"), 2],
    [hex("92 02 ce"), 2],
    [hex("92 02"), 0],
    [hex("92"), 0],
  ]);
});

row(56, "extension types, times among them", async (house) => {
  await refusesEach(house, [
    [[KIND.PING, ext(1, hex("00"))], 2],
    [[KIND.PING, ext(-1, Buffer.alloc(12))], 2],
    [[KIND.PING, raw("d4 ff 00")], 2],
    [[KIND.PING, raw("d6 ff 00000000")], 2],
    [[KIND.PING, raw("c9 ffffffff ff")], 2],
    [ext(5, hex("92 02 01")).bytes, 0],
  ]);
});

row(57, "a byte that msgpack does not use", async (house) => {
  await refusesEach(house, [
    [hex("c1"), 0],
    [hex("92 02 c1"), 2],
    [hex("92 c1 05"), 1],
  ]);
});

row(58, "bytes after a message: they are the next one, or refused as such", async (house) => {
  const client = await house.hello();
  client.sendBytes(Buffer.concat([pack([KIND.PING, 5]), hex("00")]));
  assert.equal((await client.next(KIND.PONG))[1], 5);
  await client.expectError("bad_message", 0);
  client.sendBytes(Buffer.concat([pack([KIND.PING, 6]), hex("c1"), pack([KIND.PING, 7])]));
  assert.equal((await client.next(KIND.PONG))[1], 6);
  await client.expectError("bad_message", 0);
  // An operation, too, has nothing behind its end.
  const writer = await house.open("trailing");
  writer.send([KIND.EDIT, 0, 1, 0, Buffer.concat([op([{ insert: "a", attributes: { bold: true } }]).subarray(0, 1), hex("00")])]);
  await writer.next(KIND.ERROR);
  writer.send([KIND.EDIT, 0, 1, 0, hex("00 00")]);
  await writer.expectError("trailing_bytes", 1);
});

row(59, "maps, with a key twice or not", async (house) => {
  await refusesEach(house, [
    [map([["kind", 2], ["n", 5]]).bytes, 0],
    [[KIND.PING, map([["n", 1], ["n", 2]])], 2],
    [hex("de 0001 01 02"), 0],
  ]);
  // Operations have maps: those keys come once, and in order.
  const writer = await house.open("keys");
  const pairs = [["bold", true], ["bold", true]];
  writer.send([KIND.EDIT, 0, 1, 0, op([{ insert: "a", attributes: map(pairs) }])]);
  await writer.expectError("not_canonical");
  writer.send([KIND.EDIT, 0, 1, 0, op([{ insert: "a", attributes: map([["italic", true], ["bold", true]]) }])]);
  await writer.expectError("not_canonical");
  await writer.expectOpen();
});

row(60, "kinds and fields that do not exist", async (house) => {
  await refusesEach(house, [
    [[KIND.PING, 5, 6], 2],
    [[KIND.PING], 2],
    [[16, 1], 2],
    [[0], 2],
    [[KIND.EDITED, 0, 1, 1, hex("00")], 2],
    [[2 ** 40, 1], 10],
    [["ping", 1], 1],
    [Buffer.concat([arrayHead(60_000).bytes, Buffer.alloc(60_000, 2)]), 4],
  ]);
  const writer = await house.open("numbered");
  writer.send([KIND.EDIT, 0, 1, 0, op([{ insert: "a", attributes: raw("81 01 c3") }])]);
  await writer.expectError("bad_key");
});

row(61, "floats, NaN and infinities", async (house) => {
  await refusesEach(house, [
    [[KIND.PING, float(5)], 2],
    [[KIND.PING, float(NaN)], 2],
    [[KIND.PING, float(Infinity)], 2],
    [[KIND.PING, float(-0)], 2],
    [[KIND.PING, float(5, 4)], 2],
    [[float(2), 5], 1],
  ]);
  // In attributes there may be floats, but only finite ones that are no integers.
  const writer = await house.open("floats");
  for (const value of [NaN, Infinity, -Infinity, -0, 5]) {
    writer.send([KIND.EDIT, 0, 1, 0, op([{ insert: "a", attributes: { size: float(value) } }])]);
    assert.match((await writer.next(KIND.ERROR))[3], /^(bad_value|not_canonical)$/);
  }
});

row(62, "integers that are too large, negative, or not in their shortest encoding", async (house) => {
  await refusesEach(house, [
    [[KIND.PING, uint64(2n ** 53n)], 2],
    [[KIND.PING, uint64(2n ** 64n - 1n)], 2],
    [[KIND.PING, int(-(2n ** 63n), 8)], 2],
    [[KIND.PING, -1], 2],
    [[KIND.PING, int(-100, 1)], 2],
    [[KIND.PING, uint(5, 1)], 2],
    [[KIND.PING, uint(255, 2)], 2],
    [[KIND.PING, uint(65535, 4)], 2],
    [[KIND.PING, uint(5, 8)], 2],
    [[KIND.PING, int(5, 1)], 2],
    [[uint(2, 1), 5], 1],
    [[KIND.CLOSE, uint(5, 2)], 2],
    [[KIND.DELETE, 1, str("x", 1)], 3],
    [[KIND.EDIT, 0, 1, 0, bin(hex("00"), 2)], 5],
    [Buffer.concat([arrayHead(2, 2).bytes, hex("02 05")]), 0],
  ]);
  const client = await house.hello();
  client.send([KIND.PING, 2 ** 53 - 1]);
  assert.equal((await client.next(KIND.PONG))[1], 2 ** 53 - 1);
});

row(63, "strings that are not UTF-8, or hold U+0000; what is only odd is text", async (house) => {
  const bad = ["c3", "c3 28", "ed a0 80", "f4 90 80 80", "c0 80", "e0 80 80", "80", "ff", "61 00 62"];
  await refusesEach(house, bad.map((bytes) => [[KIND.DELETE, 1, str(hex(bytes))], 3]));
  const client = await house.hello();
  client.send([KIND.CREATE, 1, 2, "", "odd"]);
  await client.answer(1);
  await client.openDocument("odd");
  for (const text of ["\ufeffmark", "a\u202eb\u2066c", "\uffff\u{1fffe}", "e\u0301".repeat(100)]) {
    client.send([KIND.CHAT, 3, 0, Math.floor(Math.random() * 2 ** 32), text]);
    assert.equal((await client.answer(3))[0], KIND.DONE);
    assert.equal((await client.next(KIND.CHATTED))[7], text);
  }
});

row(64, "many small items: nothing is built of them", async (house) => {
  const before = await memory(house);
  const client = await house.hello();
  const count = 900_000;
  client.sendBytes(Buffer.concat([arrayHead(count).bytes, Buffer.of(2), Buffer.alloc(count - 1, 0xc0)]));
  await client.expectError("bad_message");
  await client.expectOpen();
  const after = await memory(house);
  assert.ok(after.held - before.held < 64 * 2 ** 20, `${after.held - before.held} bytes of memory for a frame of one megabyte`);
});

row(65, "fields of another type, an empty frame, no array: closed with the third", async (house) => {
  await refusesEach(house, [
    [[KIND.EDIT, 0, 1, 0, "op"], 5],
    [[KIND.EDIT, "0", 1, 0, hex("00")], 2],
    [[KIND.OPEN, 1, 0, 5, null, null, null], 4],
    [[KIND.OPEN, 1, 0, "x", null, "1", null], 7],
    [[KIND.CURSOR, 0, 0, 1, null, false, null], 6],
    [[KIND.CURSOR, 0, 0, 1, 1, 1, null], 6],
    [Buffer.alloc(0), 0],
    [hex("05"), 0],
    [hex("c0"), 0],
    [hex("a1 78"), 0],
    [[], 1],
    [[[KIND.PING, 1]], 1],
  ]);
  const client = await house.hello();
  for (let i = 0; i < REFUSALS; i++) client.send([KIND.PING, true]);
  await client.expectClose(4400);
  assert.equal(client.closed.reason, "");
  assert.equal(client.messages.filter((message) => message[0] === KIND.ERROR).length, REFUSALS);
});
