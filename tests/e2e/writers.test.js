// Twenty writers in Node with random edits, while the server is restarted by SIGTERM and by kill -9 and
// connections are cut: all agree at the end, and every character typed is there once.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Connection, WebSocket } from "./lib/packages.js";
import { random, seed } from "./lib/random.js";
import { Server } from "./lib/server.js";
import { until } from "./lib/wait.js";

const WRITERS = 20;
const EDITS = 60;
const FIRST = 0x4e00; // each character typed is a code point of its own, from the CJK block on

let server;
before(async () => (server = await Server.start()));
after(async () => await server.remove());

// Node sockets that a test can cut.
class CuttableSocket extends WebSocket {
  static open = new Set();
  constructor(...args) {
    super(...args);
    CuttableSocket.open.add(this);
    this.on("close", () => CuttableSocket.open.delete(this));
  }
}

const connect = (name) => new Connection({ url: server.socketUrl, name, color: "#336699", WebSocket: CuttableSocket, storage: false });

class Writer {
  typed = new Set();
  deleted = new Set();

  constructor(number, documentId, alphabet) {
    this.rng = random(seed + number * 7919);
    this.alphabet = alphabet;
    this.connection = connect(`Writer ${number}`);
    this.doc = this.connection.open(documentId);
  }

  edit() {
    const text = this.doc.text();
    const at = this.rng.below(text.length + 1);
    const kind = this.rng.next();
    if (kind < 0.25 && text.length > 10) {
      const from = this.rng.below(text.length - 3);
      const length = 1 + this.rng.below(3);
      for (const character of text.slice(from, from + length)) this.deleted.add(character);
      this.doc.submit([...(from ? [{ retain: from }] : []), { delete: length }]);
    } else if (kind < 0.35 && text.length > 10 && this.doc.type === "rich") {
      const from = this.rng.below(text.length - 5);
      this.doc.submit([...(from ? [{ retain: from }] : []), { retain: 5, attributes: { bold: this.rng.next() < 0.5 || null } }]);
    } else {
      let insert = "";
      for (let i = 0; i <= this.rng.below(4); i++) insert += this.alphabet();
      for (const character of insert) this.typed.add(character);
      this.doc.submit([...(at ? [{ retain: at }] : []), { insert }]);
    }
  }
}

async function run(type) {
  const admin = connect("Admin");
  const id = await admin.documents.create({ type, title: "Twenty writers" });
  let next = FIRST;
  const alphabet = () => String.fromCodePoint(next++);
  const writers = Array.from({ length: WRITERS }, (_, i) => new Writer(i, id, alphabet));
  await Promise.all(writers.map((writer) => writer.doc.ready));

  const rng = random(seed);
  for (let round = 0; round < EDITS; round++) {
    for (const writer of writers) if (rng.next() < 0.8) writer.edit();
    if (round % 10 === 3) for (const socket of CuttableSocket.open) if (rng.next() < 0.3) socket.terminate();
    if (round === 20) await server.restart("SIGTERM");
    if (round === 40) await server.restart("SIGKILL");
    await new Promise((resolve) => setImmediate(resolve));
    if (round % 5 === 0) await until("some edit is acknowledged", () => writers.some((writer) => writer.doc.saved));
  }

  for (const writer of writers) writer.connection.reconnect();
  await until(() => `all is saved (${writers.map((w) => `${w.doc.status}:${w.doc.saved}`)})`, () => writers.every((writer) => writer.doc.saved));
  const newcomer = connect("Newcomer");
  const fresh = newcomer.open(id);
  await fresh.ready;
  await until("all have seen all", () => writers.every((writer) => writer.doc.version === fresh.version));

  const contents = fresh.contents();
  for (const writer of writers) assert.deepEqual(writer.doc.contents(), contents);
  const count = new Map();
  for (const character of fresh.text()) count.set(character, (count.get(character) ?? 0) + 1);
  const deleted = new Set(writers.flatMap((writer) => [...writer.deleted]));
  for (const writer of writers) {
    for (const character of writer.typed) {
      assert.equal(count.get(character) ?? 0, deleted.has(character) ? 0 : 1, `the character U+${character.codePointAt(0).toString(16)}`);
    }
  }
  for (const writer of writers) writer.connection.close();
  newcomer.close();
  admin.close();
  return { id, contents };
}

for (const type of ["text", "rich"]) {
  test(`twenty writers agree on a ${type} document (seed ${seed})`, { timeout: 300_000 }, async () => {
    const { id, contents } = await run(type);
    await server.restart("SIGKILL");
    const reader = connect("Reader");
    const stored = reader.open(id);
    await stored.ready;
    assert.deepEqual(stored.contents(), contents);
    reader.close();
  });
}
