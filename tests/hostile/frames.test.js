// WebSocket frames: rows 28 to 51 of docs/hostile-input.md.
import assert from "node:assert/strict";
import { until } from "../e2e/lib/wait.js";
import { KIND } from "./lib/client.js";
import { BINARY, CLOSE, CONTINUATION, frame, PING, PONG, TEXT } from "./lib/frame.js";
import { pack } from "./lib/pack.js";
import { rows } from "./lib/rows.js";

const row = rows({ args: ["--log-level", "debug"] });

const ping = (n) => pack([KIND.PING, n]);
const MIB = 1048576;
// From server/limits.h.
const FRAME_BYTES = MIB;
const FRAGMENTS = 256;
const NOISE = 100;
const PING_MS = 25_000;
const SILENCE_MS = 60_000;
const STALL_MS = 30_000;
const CLOSE_MS = 5_000;

// Whoever sends these frames is closed with the code; null: the connection ends without a word.
async function refused(house, code, ...frames) {
  const client = await house.hello();
  for (const each of frames) client.sendFrame(each);
  // Where libwebsockets closes, what follows the bad frame may hide our answer from it: it then waits for that (row 46).
  if (code === 1002) return until("the close frame", () => client.closed).then(({ code }) => assert.equal(code, 1002));
  if (code !== null) return client.expectClose(code);
  await client.expectEof();
  return assert.equal(client.closed, null);
}

// PING in these frames is answered, and the connection goes on.
async function taken(house, ...frames) {
  const client = await house.hello();
  for (const each of frames) client.sendFrame(each);
  await client.next(KIND.PONG, (message) => message[1] === 5);
  await client.expectOpen();
  return client;
}

row(28, "a frame without mask: taken as it is, since libwebsockets does not tell", async (house) => {
  await taken(house, { payload: ping(5), mask: null });
});

row(29, "reserved bits", async (house) => {
  for (const rsv of [1, 2, 4, 7]) await refused(house, 1002, { payload: ping(5), rsv });
});

row(30, "reserved opcodes", async (house) => {
  for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) await refused(house, 1002, { payload: ping(5), opcode });
});

row(31, "a control frame in parts", async (house) => {
  for (const opcode of [PING, PONG, CLOSE]) await refused(house, 1002, { payload: Buffer.from([3, 232]), opcode, fin: false });
});

row(32, "a control frame of 126 bytes", async (house) => {
  for (const opcode of [PING, PONG, CLOSE]) await refused(house, null, { payload: Buffer.alloc(126), opcode });
});

row(33, "a continuation of nothing, and a new message within another", async (house) => {
  await refused(house, 1002, { payload: ping(5), opcode: CONTINUATION });
  await refused(house, 1002, { payload: ping(5), fin: false }, { payload: ping(5) });
});

row(34, "a ping between the parts of a message", async (house) => {
  const client = await taken(house, { payload: ping(5).subarray(0, 1), fin: false }, { opcode: PING, payload: Buffer.from("x") }, { opcode: CONTINUATION, payload: ping(5).subarray(1) });
  assert.deepEqual(client.pongs, [Buffer.from("x")]);
});

row(35, "lengths in more bytes than they need", async (house) => {
  await taken(house, { payload: ping(5), lengthBytes: 2 });
  await taken(house, { payload: ping(5), lengthBytes: 8 });
});

row(36, "a length with the highest bit", async (house) => {
  await refused(house, null, { payload: ping(5), declared: 2n ** 63n + 3n });
});

row(37, "a frame that is said to be larger than any may be", async (house) => {
  for (const declared of [2n ** 62n, FRAME_BYTES + 1]) await refused(house, 1009, { payload: ping(5), declared });
});

row(38, "a message larger than any may be, in frames that each could be", async (house) => {
  const part = Buffer.alloc(MIB / 8);
  await refused(house, 1009, { payload: part, fin: false }, ...Array.from({ length: 8 }, () => ({ payload: part, opcode: CONTINUATION, fin: false })));
  // One as large as may be is read: it is no message.
  await refused(house, 4400, { payload: part, fin: false }, ...Array.from({ length: 7 }, (_, i) => ({ payload: part, opcode: CONTINUATION, fin: i === 6 })));
});

row(39, "a message in very many frames, of one byte and of none", async (house) => {
  const parts = (count, payload) => Array.from({ length: count }, () => ({ opcode: CONTINUATION, fin: false, payload }));
  await refused(house, 1009, { payload: ping(5).subarray(0, 1), fin: false }, ...parts(FRAGMENTS, Buffer.alloc(1)));
  await refused(house, 1009, { payload: ping(5).subarray(0, 1), fin: false }, ...parts(FRAGMENTS, Buffer.alloc(0)));
  await taken(house, { payload: ping(5).subarray(0, 1), fin: false }, ...parts(FRAGMENTS - 2, Buffer.alloc(0)), { opcode: CONTINUATION, payload: ping(5).subarray(1) });
});

row(40, "a flood of pings, and of pongs that nobody asked for", async (house) => {
  const flood = async (opcode) => {
    const client = await house.hello();
    const wave = Buffer.concat(Array.from({ length: 200 }, () => frame({ opcode, payload: Buffer.from("a") })));
    const timer = setInterval(() => client.write(wave), 1);
    await client.expectClose(4508);
    clearInterval(timer);
  };
  await flood(PING);
  await flood(PONG);
  const calm = await house.hello();
  for (let i = 0; i < NOISE / 2; i++) calm.sendFrame({ opcode: PING, payload: Buffer.from("a") });
  await calm.expectOpen();
});

row(40, "a flood of pings without a gap, of which libwebsockets tells nothing; one who writes as much is left alone", async (house) => {
  const writer = await house.open("much", { type: 2 });
  for (const isReading of [true, false]) {
    const client = await house.hello();
    if (!isReading) client.stopReading();
    const flood = Buffer.concat(Array.from({ length: 20_000 }, () => frame({ opcode: PING })));
    const more = () => {
      if (!client.socket.destroyed) client.socket.write(flood, () => setImmediate(more));
    };
    more();
    await writer.edit([{ insert: "x".repeat(500_000) }]);
    for (let i = 0; i < 300; i++) writer.send([KIND.PING, i]);
    await writer.edit([{ delete: 500_000 }]);
    await client.until("it is cut off", () => client.ended);
    if (isReading) assert.equal(client.closed.code, 4508);
  }
  await writer.expectOpen();
});

row(42, "text frames, good ones and bad ones", async (house) => {
  await refused(house, 1003, { opcode: TEXT, payload: Buffer.from("hello") });
  await refused(house, 1003, { opcode: TEXT });
  // Only so many a second are told at this level.
  const isTold = (line) => line.includes('"level":"info"') && /"connection_closing".*"ip":"127\.0\.0\.1","code":1003/.test(line);
  await until("a line for the operator", async () => {
    await refused(house, 1003, { opcode: TEXT });
    return house.server.log.some(isTold);
  });
  for (const bad of ["ff", "c0af", "eda080", "f4908080", "e282"]) await refused(house, 1007, { opcode: TEXT, payload: Buffer.from(bad, "hex") });
});

row(43, "a character that is split between two frames", async (house) => {
  const [before, after] = [Buffer.from("e2", "hex"), Buffer.from("82ac", "hex")];
  await refused(house, 1003, { opcode: TEXT, payload: before, fin: false }, { opcode: CONTINUATION, payload: after });
  const bytes = pack([KIND.HELLO, null, "€", "#112233", null, null, "x"]);
  const at = bytes.indexOf(before) + 1;
  const client = await house.upgrade();
  client.sendFrame({ opcode: BINARY, payload: bytes.subarray(0, at), fin: false });
  client.sendFrame({ opcode: CONTINUATION, payload: bytes.subarray(at) });
  await client.next(KIND.WELCOME);
});

row(44, "close frames of one byte, with codes that may not be sent, with a reason that is no text", async (house) => {
  const code = (number, ...reason) => Buffer.of(number >> 8, number & 255, ...reason);
  for (const payload of [Buffer.alloc(0), Buffer.of(3), ...[0, 999, 1004, 1005, 1006, 1015, 2000, 2999, 5000, 65535].map((number) => code(number)), code(1000, 0xff), code(1000, 0xc3)]) {
    const client = await house.hello();
    client.sendFrame({ opcode: CLOSE, payload });
    await client.expectEof();
    if (client.closed) assert.ok([1000, 1002].includes(client.closed.code), `${payload.toString("hex")}: ${client.closed.code}`);
  }
  const good = await house.hello();
  good.sendFrame({ opcode: CLOSE, payload: code(4321, 0x61) });
  await good.expectEof();
  assert.deepEqual(good.closed, { code: 4321, reason: "" });
});

row(45, "data after a close frame", async (house) => {
  const client = await house.hello();
  client.sendFrame({ opcode: CLOSE, payload: Buffer.of(3, 232) });
  client.send([KIND.CREATE, 9, 1, "late", "late"]);
  await client.expectEof();
  const other = await house.hello();
  other.send([KIND.CREATE, 1, 1, "late", "late"]);
  assert.deepEqual(await other.answer(1), [KIND.DONE, 1, "late"]);
});

row(46, "a peer that never answers our close frame", async (house) => {
  const client = await house.hello();
  const begun = Date.now();
  client.sendFrame({ opcode: TEXT });
  await until("the close frame", () => client.closed);
  await client.expectEof();
  assert.ok(Date.now() - begun > CLOSE_MS - 500, "it was cut at once");
});

row([47, 48], "compressed frames: compression is never agreed to, so they are none", async (house) => {
  const bomb = Buffer.concat([Buffer.from("ecc1010d000000c2a0f74f6d0e37a0", "hex"), Buffer.alloc(65_000)]);
  const client = await house.connect();
  const { headers } = await client.askUpgrade({ headers: { "Sec-WebSocket-Extensions": "permessage-deflate; server_no_context_takeover, x-webkit-deflate-frame" } });
  assert.equal(headers["sec-websocket-extensions"], undefined);
  client.sendFrame({ payload: bomb, rsv: 4 });
  await until("the close frame", () => client.closed);
  assert.equal(client.closed.code, 1002);
  await refused(house, 1002, { payload: ping(5).subarray(0, 1), fin: false }, { opcode: CONTINUATION, payload: ping(5).subarray(1), rsv: 4 });
  await refused(house, 1002, { opcode: PING, payload: Buffer.from("a"), rsv: 4 });
});

row([41, 49], "a peer that sends pongs is asked all the same for a sign of life; one that gives none is closed with 4504", async (house) => {
  const begun = Date.now();
  const client = await house.hello();
  client.answersPings = false;
  const pongs = setInterval(() => client.sendFrame({ opcode: PONG, payload: Buffer.from("a") }), 500);
  await until("a ping", () => client.pings.length > 0, 2 * PING_MS).finally(() => clearInterval(pongs));
  assert.ok(Date.now() - begun > PING_MS - 1000);
  await until("the close frame", () => client.closed, SILENCE_MS);
  assert.equal(client.closed.code, 4504);
  assert.ok(Date.now() - begun > SILENCE_MS - 2000);
  await client.expectEof();
});

row(50, "a reader that never reads: the others go on, and it is cut when nothing has gone out for long", async (house) => {
  const writer = await house.open("unread", { type: 2 });
  const reader = await house.open("unread", { type: 2, name: "Idle" });
  reader.stopReading();
  for (let i = 0; i < 20; i++) {
    await writer.edit([{ insert: "x".repeat(400_000) }]);
    await writer.edit([{ delete: 400_000 }]);
  }
  const cut = () => house.server.log.find((line) => line.includes('"connection_closing"') && line.includes('"code":4508'));
  await until("the reader is cut", cut, 2 * STALL_MS);
  await writer.edit([{ insert: "still here" }]);
});

row(51, "what is refused is never repeated to whoever sent it", async (house) => {
  const mark = "gotcha1337";
  const page = await house.connect();
  const { head, body } = await page.request([`GET /${mark} HTTP/1.1`, `Host: 127.0.0.1:${house.server.port}`, `Referer: http://${mark}/`]);
  assert.ok(!`${head}${body}`.includes(mark));
  for (const headers of [{ Host: mark }, { Origin: `http://${mark}` }, { "Sec-WebSocket-Protocol": mark }, { Upgrade: mark }, { "Sec-WebSocket-Version": mark }]) {
    const client = await house.connect();
    const response = await client.askUpgrade({ headers });
    assert.ok(!`${response.head}${response.body}`.includes(mark), response.head);
  }
  const client = await house.hello();
  client.send([KIND.OPEN, 1, 0, `${mark}!`, null, null, null], [KIND.CREATE, 2, 1, mark, `${mark}!`], [KIND.RENAME, 3, mark, "t"], [KIND.CHAT, 4, 9, 1, mark]);
  const answers = [];
  for (const ref of [1, 2, 3, 4]) answers.push(await client.answer(ref));
  assert.ok(answers.every(([kind]) => kind === KIND.ERROR));
  client.sendFrame({ opcode: CLOSE, payload: Buffer.concat([Buffer.of(3, 232), Buffer.from(mark)]) });
  await client.expectEof();
  assert.ok(!JSON.stringify([answers, client.messages, client.closed]).includes(mark), JSON.stringify([answers, client.messages, client.closed]));
});
