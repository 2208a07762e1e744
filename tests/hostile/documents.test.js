// What may come in edits, cursors and the names of documents: rows 69 to 94 of docs/hostile-input.md.
import assert from "node:assert/strict";
import { done } from "./lib/ask.js";
import { KIND } from "./lib/client.js";
import { assemble, component, op, varint } from "./lib/op.js";
import { hex, map, pack, raw, str, uint64 } from "./lib/pack.js";
import { rows } from "./lib/rows.js";

const RETAIN = 0;
const INSERT = 1;
const DELETE = 2;
const BAD_EDITS = 10; // of a connection in a minute
const CHANNELS = 32;

// A room for much text in a short time, which other rates would forbid.
const row = rows({ args: ["--rate-edit-bytes", "1000000000"] });

// Sends the bytes as an edit that would be the next one, and resolves with how it is refused.
async function refused(writer, bytes, channel = 0) {
  const at = writer.channels[channel];
  writer.send([KIND.EDIT, channel, at.seq + 1, at.version, bytes]);
  const [, ref, , code, , , place] = await writer.next(KIND.ERROR);
  assert.equal(ref, at.seq + 1);
  return { code, at: place };
}

// Each case is refused with this code (or one of several, a regular expression), and leaves the document as it was. Those of a connection
// are few enough for it to stay.
async function refusesEach(house, id, cases, code) {
  let writer = null;
  let before = null;
  for (const [number, bytes] of cases.entries()) {
    if (number % BAD_EDITS === 0) {
      writer = await house.open(id);
      before ??= await house.snapshot(id);
    }
    const refusal = await refused(writer, bytes);
    if (code instanceof RegExp) assert.match(refusal.code, code, `case ${number}`);
    else assert.equal(refusal.code, code, `case ${number}`);
  }
  assert.deepEqual(await house.snapshot(id), before);
  await writer.edit([{ insert: "still here" }]);
}

row(69, "edits that reach past the end; the eleventh of a minute closes the connection", async (house) => {
  const writer = await house.open("range");
  await writer.edit([{ insert: "abc" }]);
  const before = await house.snapshot("range");
  const past = [[{ delete: 5 }], [{ retain: 5 }, { insert: "x" }], [{ retain: 4 }, { delete: 1 }], [{ retain: 5, attributes: { bold: true } }], [{ retain: 2 ** 31 - 1, attributes: { bold: true } }]];
  for (const parts of [...past, ...past]) {
    const { code, at } = await refused(writer, op(parts));
    assert.equal(code, "out_of_range");
    assert.ok(at <= 5, String(at));
  }
  await writer.expectOpen();
  assert.deepEqual(await house.snapshot("range"), before);
  assert.equal((await refused(writer, op(past[0]))).code, "out_of_range");
  await writer.expectClose(4400);
});

row(70, "lengths that are none", async (house) => {
  const bold = pack({ bold: true });
  await refusesEach(house, "lengths", [
    assemble([component(DELETE, 0)]),
    assemble([component(RETAIN, 0), component(INSERT, 1)], Buffer.from("a")),
    assemble([component(INSERT, 0)]),
    assemble([component(DELETE, 2 ** 31)]),
    assemble([component(DELETE, 2 ** 32)]),
    assemble([component(DELETE, 2 ** 53 - 1)]),
    assemble([component(RETAIN, 2 ** 31 - 1, bold), component(DELETE, 2 ** 31 - 1)]),
    assemble([Buffer.concat([Buffer.of(DELETE | 0x80), Buffer.alloc(12, 0xff)])]),
    assemble([Buffer.concat([Buffer.of(DELETE | 0x80), hex("80 00")])]), // a varint longer than it needs
    Buffer.concat([varint(2 ** 40), hex("00")]),
    assemble([component(INSERT, 2)], Buffer.from("a")), // more than the text has
    assemble([component(INSERT, 1)], Buffer.from("ab")), // and less
  ], /^(bad_length|not_canonical|truncated|trailing_bytes)$/);
});

row(71, "edits in another form than the one there is; one of nothing gets a version", async (house) => {
  const bold = pack({ bold: true });
  await refusesEach(house, "forms", [
    assemble([component(INSERT, 1), component(RETAIN, 1)], Buffer.from("a")), // a retain at the end
    assemble([component(RETAIN, 1)]),
    assemble([component(INSERT, 1), component(INSERT, 1)], Buffer.from("ab")), // neighbours that are one
    assemble([component(INSERT, 1, bold), component(INSERT, 1, bold)], Buffer.from("ab")),
    assemble([component(DELETE, 1), component(DELETE, 1)]),
    assemble([component(INSERT, 1)], Buffer.from("a"), true), // wide, without need
    assemble([component(INSERT, 1)], Buffer.from("\u00e9"), false), // narrow, wrongly
    assemble([component(DELETE, 1, bold)]),
    assemble([component(INSERT, 1, pack({}))], Buffer.from("a")),
    assemble([component(INSERT, 1, pack({ bold: null }))], Buffer.from("a")),
  ], /^(not_canonical|bad_value|bad_utf8|bad_component|trailing_bytes)$/);
  const writer = await house.open("forms");
  const { version } = writer.channels[0];
  await writer.edit([]);
  assert.equal(writer.channels[0].version, version + 1);
  await writer.edit([{ delete: 1 }, { insert: "in this order, too" }]);
});

row(72, "a base that does not exist yet: refused at once", async (house) => {
  const writer = await house.open("future");
  for (const base of [1, 1000, 2 ** 53 - 1]) {
    writer.send([KIND.EDIT, 0, 1, base, op([{ insert: "a" }])]);
    await writer.expectError("bad_base", null);
  }
  await writer.edit([{ insert: "a" }]);
});

row([73, 74], "a base older than the edits at hand: refused, and the way on is to reopen", async (house) => {
  const late = await house.open("lag", { type: 2 });
  const writer = await house.open("lag", { type: 2 });
  for (let i = 0; i < 6; i++) await writer.edit([{ insert: "x".repeat(250_000) }]);
  assert.equal((await refused(late, op([{ insert: "late" }]))).code, "too_old");
  const { version } = late.channels[0];
  await late.openDocument("lag", 0, { epoch: late.epoch, version });
  assert.equal(late.channels[0].version, 6);
  await late.edit([{ insert: "late" }]);
});

row(75, "an edit that is sent again has its old answer, once", async (house) => {
  const first = await house.open("again", { type: 2 });
  await first.edit([{ insert: "once" }]);
  const { version } = first.channels[0];
  const before = await house.snapshot("again");
  // Over the same connection it is known to have been answered.
  first.send([KIND.EDIT, 0, 1, 0, op([{ insert: "once" }])]);
  await done(first, KIND.LIST, 1, null, null); // by then it would have come
  assert.deepEqual(first.messages.filter(([kind]) => kind === KIND.ACK || kind === KIND.ERROR), []);
  const member = { client: first.client, key: first.key };
  first.end();
  const second = await house.open("again", { type: 2, member });
  assert.equal(second.client, member.client);
  second.send([KIND.EDIT, 0, 1, 0, op([{ insert: "once" }])]);
  const [, , acknowledged, seq] = await second.next(KIND.ACK);
  assert.deepEqual([acknowledged, seq], [version, 1]);
  assert.deepEqual(await house.snapshot("again"), before);
});

row(76, "another edit under the number of one that is there", async (house) => {
  const writer = await house.open("conflict", { type: 2 });
  await writer.edit([{ insert: "mine" }]);
  const before = await house.snapshot("conflict");
  writer.send([KIND.EDIT, 0, 1, 1, op([{ insert: "other" }])]);
  await writer.expectError("seq_conflict", null);
  assert.deepEqual(await house.snapshot("conflict"), before);
  await writer.edit([{ insert: "next" }]);
});

row(77, "numbers of edits that are not the next one", async (house) => {
  const writer = await house.open("numbers", { type: 2 });
  await writer.edit([{ insert: "a" }]);
  await writer.edit([{ insert: "b" }]);
  for (const seq of [0, 1, 4, 2 ** 40, 2 ** 53 - 1]) {
    writer.send([KIND.EDIT, 0, seq, 2, op([{ insert: "x" }])]);
    const { ref } = await writer.expectError("bad_seq", null);
    assert.equal(ref, seq);
  }
  writer.send([KIND.EDIT, 0, uint64(2n ** 63n), 2, op([{ insert: "x" }])]);
  await writer.expectError("bad_message", 3);
  await writer.edit([{ insert: "c" }]);
});

row(78, "the number of another's client, with a guessed key", async (house) => {
  const owner = await house.open("owner", { type: 2 });
  await owner.edit([{ insert: "mine" }]);
  for (const key of [Buffer.alloc(16), Buffer.alloc(0), Buffer.alloc(17, 1), Buffer.from(owner.key).fill(0, 0, 1), null]) {
    const thief = await house.hello({ member: { client: owner.client, key } });
    assert.notEqual(thief.client, owner.client);
  }
  await owner.expectOpen();
  // With the key it is the same client, which has one connection.
  const again = await house.hello({ member: { client: owner.client, key: owner.key } });
  assert.equal(again.client, owner.client);
  await owner.expectClose(4409);
});

row(79, "edits that cut a surrogate pair", async (house) => {
  const writer = await house.open("pairs");
  await writer.edit([{ insert: "a\u{1f600}b" }]);
  const halves = [[{ retain: 2 }, { insert: "x" }], [{ retain: 2 }, { delete: 1 }], [{ delete: 2 }], [{ retain: 2, attributes: { bold: true } }]];
  await refusesEach(house, "pairs", halves.map(op), "split_surrogate");
});

row(80, "half a surrogate pair in an insert", async (house) => {
  await refusesEach(house, "halves", [
    assemble([component(INSERT, 1)], hex("ed a0 80")),
    assemble([component(INSERT, 2)], hex("ed a0 bd ed b8 80")), // both, as CESU-8 writes them
    assemble([component(INSERT, 1)], hex("c3")),
    assemble([component(INSERT, 1)], hex("f4 90 80 80")),
    assemble([component(INSERT, 1), component(DELETE, 1), component(INSERT, 1)], Buffer.from("\u{1f600}")), // cut between inserts
  ], /^(bad_utf8|split_surrogate)$/);
});

row(81, "ten thousand combining marks on one letter are text", async (house) => {
  const writer = await house.open("marks");
  await writer.edit([{ insert: `a${"\u0301".repeat(10_000)}\u200d\u200d` }]);
});

row(82, "very many or very large attributes", async (house) => {
  const names = Array.from({ length: 10_000 }, (_, i) => [`k${String(i).padStart(5, "0")}`, true]);
  const alternating = Array.from({ length: 5000 }, (_, i) => ({ insert: "x", attributes: i % 2 ? { bold: true } : { italic: true } }));
  await refusesEach(house, "attributes", [
    op([{ insert: "a", attributes: map(names) }]),
    op([{ retain: 1, attributes: map(names.slice(0, 17).map(([name]) => [name, null])) }]),
    op([{ insert: "a", attributes: { link: "x".repeat(1_000_000) } }]),
    op([{ insert: "a", attributes: { font: "x".repeat(41) } }]),
    op([{ retain: 1, attributes: { ["x".repeat(33)]: null } }]),
    op(alternating),
    op([{ insert: "a", attributes: { bold: [[[[[[[true]]]]]]] } }]),
  ], "bad_format");
  await refusesEach(house, "attributes", [op([{ insert: "a", attributes: { bold: [[[[[[[[true]]]]]]]] } }])], "too_deep");
});

row(83, "embeds that are none, and pictures that are not on the web", async (house) => {
  await refusesEach(house, "embeds", [
    { image: `data:image/png;base64,${"A".repeat(900_000)}` }, { image: "javascript:alert(1)" }, { image: "http://a.org/b.png" }, { image: "/b.png" },
    { image: { src: "https://a.org" } }, { image: true }, { video: "https://a.org" }, { formula: "x" }, { iframe: "https://a.org" }, { constructor: "https://a.org" },
    { image: "\u0001data:x" },
  ].map((insert) => op([{ insert }])), "bad_embed");
  await refusesEach(house, "embeds", [
    op([{ insert: map([["image", "https://a.org"], ["video", "x"]]) }]),
    op([{ insert: map([]) }]),
    op([{ insert: "" }]).subarray(0, 0),
  ], /^(bad_value|not_canonical|truncated)$/);
  const writer = await house.open("embeds");
  await writer.edit([{ insert: { image: "https://a.org/b.png" }, attributes: { alt: "b", width: "10px" } }]);
});

row(84, "links that run", async (house) => {
  const bad = [
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "\u0001\u0002javascript:x", "java\tscript:x", "java\nscript:x", "\u00a0javascript:x", "data:text/html,x",
    "vbscript:x", "file:///etc/passwd", "about:blank", "blob:https://a.org/1", "x".repeat(2049),
  ];
  await refusesEach(house, "links", bad.map((link) => op([{ insert: "a", attributes: { link } }])), "bad_format");
  await refusesEach(house, "links", [op([{ retain: 1, attributes: { link: bad[0] } }])], "bad_format");
  const writer = await house.open("links");
  for (const link of ["https://a.org/?q=javascript:x", "mailto:a@b.org", "tel:+49123", "/here", "#there"]) await writer.edit([{ insert: "a", attributes: { link } }]);
  await writer.edit([{ retain: 1, attributes: { link: null } }]);
});

row(86, "a document that would become too large: deleting goes on", async (house) => {
  const writer = await house.open("large", { type: 2 });
  const piece = "x".repeat(1_000_000);
  for (let i = 0; i < 16; i++) await writer.edit([{ insert: piece }]);
  assert.equal((await refused(writer, op([{ insert: piece }]))).code, "document_full");
  await writer.edit([{ insert: "a little goes in" }]);
  await writer.edit([{ delete: 2_000_000 }]);
  await writer.edit([{ insert: piece }]);
  await writer.edit([{ delete: 15_000_016 }]);
});

row(88, "all deleted and put in again, again and again", async (house) => {
  const writer = await house.open("storm", { type: 2 });
  await writer.edit([{ insert: "x".repeat(10_000) }]);
  for (let i = 0; i < 50; i++) await writer.edit([{ insert: `${i}`.padEnd(10_000, "y") }, { delete: 10_000 }]);
});

row(89, "documents that are not open, and too many that are", async (house) => {
  const client = await house.hello();
  client.send([KIND.EDIT, 3, 1, 0, op([{ insert: "a" }])]);
  const { ref, channel } = await client.expectError("not_open", null);
  assert.deepEqual([ref, channel], [1, 3]);
  client.send([KIND.CURSOR, 3, 0, 0, 0, false, null], [KIND.CLOSE, 3], [KIND.DIVERGED, 3, 0, 0]);
  client.send([KIND.CHAT, 5, 3, 7, "hello"]);
  await client.answer(5).then(([kind]) => assert.equal(kind, KIND.ERROR));
  for (let ch = 0; ch <= CHANNELS; ch++) {
    client.send([KIND.CREATE, 50 + ch, 2, "", `many-${ch}`], [KIND.OPEN, 100 + ch, ch, `many-${ch}`, null, null, null]);
    await client.answer(50 + ch);
  }
  await client.answer(100 + CHANNELS).then(([, , , code]) => assert.equal(code, "channel_limit"));
  for (let ch = 0; ch < CHANNELS; ch++) await client.next(KIND.OPENED);
  client.send([KIND.OPEN, 1, 128, "honest", null, null, null]);
  await client.expectError("bad_message", 3);
});

row(90, "ids of documents that are none", async (house) => {
  const client = await house.hello();
  const bad = ["", "x".repeat(65), "x".repeat(1_000_000), "../../etc/passwd", "a/b", "a.b", "a b", "a'; DROP TABLE document;--", "\u0430dmin", "a\u200b", "\u202ea", "a\n", "%2e%2e"];
  for (const id of bad) {
    const at = (message) => pack(message).indexOf(pack(id)) + pack(id).length - Buffer.byteLength(id);
    for (const message of [[KIND.OPEN, 9, 0, id, null, null, null], [KIND.CREATE, 9, 1, "t", id], [KIND.RENAME, 9, id, "t"], [KIND.DELETE, 9, id]]) {
      client.send(message);
      const refusal = await client.expectError("bad_id", at(message));
      assert.equal(refusal.ref, 9);
    }
  }
  client.send([KIND.DELETE, 9, str(hex("61 00 62"))]);
  await client.expectError("bad_message", 3);
  client.send([KIND.OPEN, 9, 0, "there-is-none", null, null, null]);
  await client.expectError("not_found", null);
});

row(91, "everybody inserts at one place at once: the order is the log's, for all", async (house) => {
  const people = await Promise.all(Array.from({ length: 8 }, () => house.open("tie", { type: 2 })));
  for (const [i, person] of people.entries()) person.send([KIND.EDIT, 0, 1, 0, op([{ insert: `<${i}>` }])]);
  const order = [];
  for (const [i, person] of people.entries()) order[(await person.next(KIND.ACK))[2] - 1] = `<${i}>`;
  // In the log each was moved behind those before it.
  const { version, snapshot } = await house.snapshot("tie");
  assert.equal(version, people.length);
  assert.deepEqual(snapshot, op([{ insert: order.join("") }]));
});

row(93, "names that every object in JavaScript has", async (house) => {
  const named = (name, value) => op([{ retain: 1, attributes: map([[name, value]]) }]);
  await refusesEach(house, "names", ["constructor", "prototype", "toString", "valueOf", "hasOwnProperty", "__defineGetter__"].flatMap((name) => [named(name, true), named(name, null)]), "bad_format");
  await refusesEach(house, "names", [named("__proto__", true), named("__proto__", null), op([{ insert: map([["__proto__", 1]]) }]), op([{ insert: { image: map([["__proto__", 1]]) } }])], "bad_key");
  await refusesEach(house, "names", [named("bold", raw("81 a1 61 01"))], "bad_format");
});

row(94, "cursors beyond the end, and very many of them", async (house) => {
  const seer = await house.open("cursors", { type: 2 });
  const mover = await house.open("cursors", { type: 2 });
  await mover.edit([{ insert: "abc" }]);
  const cursorsOf = ([, , , , , members]) => members.filter((line) => line.length >= 5 && line[1] !== null).map(([, anchor, head]) => [anchor, head]);
  mover.send([KIND.CURSOR, 0, 1, 2 ** 53 - 1, 1000, false, null]);
  const shown = await seer.next(KIND.PRESENCE, (message) => cursorsOf(message).length > 0);
  assert.deepEqual(cursorsOf(shown), [[3, 3]]);
  for (let i = 0; i < 2000; i += 100) {
    for (let k = 0; k < 100; k++) mover.send([KIND.CURSOR, 0, 1, k % 3, k % 3, false, null]);
    await mover.edit([]); // else those that wait for the hub become too many, which closes with 4508
  }
  mover.send([KIND.CURSOR, 0, 1, 1, 2, false, "end"]);
  await mover.expectOpen();
  await seer.next(KIND.PRESENCE, (message) => cursorsOf(message).some(([anchor, head]) => anchor === 1 && head === 2));
  const told = seer.messages.filter(([kind]) => kind === KIND.PRESENCE).length;
  assert.ok(told < 100, `${told} messages for 2000 cursors`);
  mover.send([KIND.CURSOR, 0, 1, 1, 1, false, "x".repeat(65)]);
  await mover.expectError("bad_message");
});
