// Many who take a little too much each: row 141 of docs/hostile-input.md.
import assert from "node:assert/strict";
import { after } from "node:test";
import { Server } from "../e2e/lib/server.js";
import { until } from "../e2e/lib/wait.js";
import { Client, KIND } from "./lib/client.js";
import { op } from "./lib/op.js";
import { rows } from "./lib/rows.js";

const row = rows();
const MIB = 1048576;
const HALF = Buffer.alloc(900_000); // of a message that never ends
const QUIET_PART = 0.6; // of its memory that the server takes when few are there

// What was freed counts no more: a sanitizer would keep it for long.
const env = { ASAN_OPTIONS: "detect_leaks=0:quarantine_size_mb=1:allocator_release_to_os_interval_ms=100" };
let server;
after(async () => await server?.remove());

async function memoryWhenQuiet() {
  const other = await Server.start({ env });
  const writer = await Client.open(other, "quiet");
  await writer.edit([{ insert: "a" }]);
  const held = await other.memory();
  writer.end();
  await other.remove();
  return held;
}

const statusOfNewcomer = async () => {
  const client = await Client.connect(server);
  const { status } = await client.askUpgrade();
  client.end();
  return status;
};

row(141, "messages that never end, readers who never read: nobody new is let in, those who hold most go, who works stays, and all is as before", async () => {
  const whole = Math.ceil((await memoryWhenQuiet()) / QUIET_PART / MIB);
  server = await Server.start({ env, args: ["--memory", String(whole)] });
  const writer = await Client.open(server, "work", { type: 2 });
  await writer.edit([{ insert: "before" }]);
  assert.equal(await statusOfNewcomer(), 101);

  const idle = await Promise.all(Array.from({ length: 5 }, () => Client.open(server, "work")));
  for (const client of idle) client.stopReading();
  const halves = await Promise.all(Array.from({ length: Math.ceil(whole * 0.6) }, () => Client.hello(server)));
  const ended = () => halves.filter(({ closed }) => closed);
  for (const client of halves) client.sendFrame({ payload: HALF, fin: false });
  // As those who hold most go there is room again, which the next who come take: so many come until one is not let in.
  const comes = async () => {
    const client = await Client.connect(server);
    const { status } = await client.askUpgrade();
    if (status !== 101) return status;
    client.send([KIND.HELLO, null, "Next", "#aa3322", null, null, "hostile"]);
    await client.until("an answer", () => client.messages.length > 0 || client.closed || client.ended);
    if (client.messages[0]?.[0] !== KIND.WELCOME) return status;
    client.sendFrame({ payload: HALF, fin: false });
    halves.push(client);
    return status;
  };
  await until("nobody new is let in", async () => (await Promise.all([comes(), comes()])).includes(503));
  await until("those who hold most go", () => ended().length > 0);
  for (const { closed } of ended()) assert.equal(closed.code, 4508);
  assert.equal(writer.closed, null);

  // Nobody has to go by themselves for the server to come back.
  await until("newcomers are let in", async () => (await statusOfNewcomer()) === 101);
  await until("who works is heard", async () => {
    const at = writer.channels[0];
    writer.send([KIND.EDIT, 0, at.seq + 1, at.version, op([{ insert: "after" }])]);
    await writer.until("an answer", () => writer.messages.some(([kind]) => kind === KIND.ACK || kind === KIND.ERROR));
    return writer.messages.splice(0).some(([kind]) => kind === KIND.ACK);
  });
  assert.equal(writer.closed, null);
  for (const client of [writer, ...idle, ...halves]) client.end();
});
