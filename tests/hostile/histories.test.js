// What becomes of a document after very many edits, by several who write it in several ways: rows 85, 87 and 92 of docs/hostile-input.md.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before } from "node:test";
import { Connection, Delta, ot, WebSocket } from "../e2e/lib/packages.js";
import { random, seed } from "../e2e/lib/random.js";
import { Server } from "../e2e/lib/server.js";
import { until } from "../e2e/lib/wait.js";
import { Client, KIND } from "./lib/client.js";
import { op } from "./lib/op.js";
import { run } from "./lib/program.js";
import { rows } from "./lib/rows.js";
import { anyEdit, Follower, Scribe } from "./lib/scribe.js";

const row = rows();
const TYPES = { rich: 1, text: 2 };

const connect = (server, name) => new Connection({ url: server.socketUrl, name, color: "#336699", WebSocket, storage: false });

async function exported(server, ...words) {
  const { code, out, text } = await run(["export", "--data", server.data, "--quiet", ...words]);
  assert.equal(code, 0, text);
  return out;
}

// Whoever comes gets this document: over a raw connection, with the shipped client, as a file; and its log makes it.
async function isWhole(house, id, expected) {
  const { snapshot } = await house.snapshot(id);
  assert.deepEqual(ot.decode(snapshot), expected.ops);
  const reader = connect(house.server, "Reader");
  const doc = reader.open(id);
  await doc.ready;
  assert.deepEqual(doc.contents().ops, expected.ops);
  await reader.close();
  assert.deepEqual(JSON.parse(await exported(house.server, id)).ops, expected.ops);
  assert.equal(await exported(house.server, "--format", "text", id), expected.filter(({ insert }) => typeof insert === "string").map(({ insert }) => insert).join(""));
  const [header, ...edits] = (await exported(house.server, "--with-history", id)).trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(edits.map(({ version }) => version), edits.map((_, at) => at + 1));
  assert.deepEqual(edits.reduce((state, { ops }) => state.compose(new Delta(ops)), new Delta(header.ops)).ops, expected.ops);
}

for (const [type, number] of Object.entries(TYPES))
  row(85, `after hundreds of valid edits of every kind, whoever comes can load a ${type} document, and its export is whole (seed ${seed})`, async (house) => {
    const id = `any-${type}`;
    const follower = new Follower(await house.open(id, { type: number }), type);
    const scribes = [];
    for (let i = 0; i < 4; i++) scribes.push(new Scribe(random(seed + i), await house.open(id), follower));
    for (let round = 1; round <= 100; round++) {
      for (const scribe of scribes) scribe.send();
      await follower.reach(Math.max(...(await Promise.all(scribes.map((scribe) => scribe.saved())))));
      if (round % 25 === 0) await isWhole(house, id, follower.document);
    }
    assert.ok(follower.hashes > 0);
  });

row(92, `the server, the shipped client and quill-delta make the same of the same edits in one document (seed ${seed})`, async (house) => {
  const follower = new Follower(await house.open("three", { type: 1 }), "rich");
  const scribes = [];
  for (let i = 0; i < 2; i++) scribes.push(new Scribe(random(seed + i), await house.open("three"), follower));
  const people = ["Ann", "Bob", "Cem"].map((name, i) => ({ rng: random(seed + 10 + i), connection: connect(house.server, name) }));
  for (const person of people) person.doc = person.connection.open("three");
  await Promise.all(people.map(({ doc }) => doc.ready));
  let told = 0;
  for (const { doc } of people) for (const event of ["draft", "error"]) doc.on(event, () => told++);
  const documents = () => people.map(({ doc }) => doc);

  for (let round = 0; round < 100; round++) {
    for (const scribe of scribes) scribe.send();
    // What is not saved yet, and what came meanwhile, is what the next edit is made on.
    for (const { rng, doc } of people) if (rng.below(3) > 0) doc.submit(anyEdit(rng, new Delta(doc.contents().ops), "rich").ops);
    await follower.reach(Math.max(...(await Promise.all(scribes.map((scribe) => scribe.saved())))));
  }
  await until("all is saved", () => documents().every((doc) => doc.saved));
  await follower.reach(Math.max(...documents().map((doc) => doc.version), ...scribes.map(({ own }) => own)));
  await until("all have seen all", () => documents().every((doc) => doc.version === follower.version));

  for (const doc of documents()) assert.deepEqual(doc.contents().ops, follower.document.ops);
  await isWhole(house, "three", follower.document);
  assert.equal(told, 0, "something was given back, or refused");
  assert.ok(follower.hashes > 0);
  await Promise.all(people.map(({ connection }) => connection.close()));
});

// ---- a row that wants servers of its own ----

const RATE = 100; // edits of a connection in 5 s
const USER_RATE = 150; // and of a user in 10 s
const MIB = 1048576;
const MANY = "1000000000";
const FIRST = 0x4e00; // each character is a code point of its own

let strict, open;
before(async () => {
  strict = await Server.start({ args: ["--rate-edits", String(RATE), "--rate-user-edits", String(USER_RATE)] });
  open = await Server.start({ args: ["--rate-edits", MANY, "--rate-user-edits", MANY, "--rate-messages", MANY] });
});
after(async () => await Promise.all([strict?.remove(), open?.remove()]));

// Edits of one character, each as soon as the one before is answered, until so many answers have come: { accepted, refused }.
async function flood(client, answers, character) {
  const at = client.channels[0];
  const accepted = [];
  const refused = [];
  while (accepted.length + refused.length < answers) {
    client.send([KIND.EDIT, 0, at.seq + 1, at.version, op([{ insert: character(accepted.length) }])]);
    for (let answered = false; !answered; ) {
      for (const [kind, , version, seq, , retry] of client.messages.splice(0)) {
        if (kind === KIND.ACK) accepted.push((at.version = version));
        if (kind === KIND.ACK) at.seq = seq;
        if (kind === KIND.ERROR) refused.push({ code: seq, retry });
        answered ||= kind === KIND.ACK || kind === KIND.ERROR;
      }
      assert.equal(client.closed, null);
      if (!answered) await once(client.socket, "data");
    }
  }
  return { accepted, refused };
}

const writers = (server, count) => Promise.all(Array.from({ length: count }, () => Client.open(server, "flood", { type: 2 })));

async function bytesIn(folder) {
  const sizes = await Promise.all((await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

row(87, "a flood of edits of one character: more than the rates is refused, with the time to wait", async () => {
  const clients = await writers(strict, 3);
  const begun = Date.now();
  const held = await strict.memory();
  const floods = await Promise.all(clients.map((client) => flood(client, 3000, () => "x")));
  const seconds = (Date.now() - begun) / 1000;
  for (const { accepted, refused } of floods) {
    assert.ok(accepted.length >= RATE && accepted.length <= RATE + (RATE / 5) * seconds + 1, `${accepted.length} in ${seconds} s`);
    assert.ok(accepted.length <= USER_RATE + (USER_RATE / 10) * seconds + 1, `${accepted.length} in ${seconds} s`);
    for (const { code, retry } of refused) assert.ok(code === "rate_limited" && retry > 0 && retry <= 10_000, `${code} ${retry}`);
  }
  assert.ok((await strict.memory()) - held < 64 * MIB);
  // Who waits for as long as was said is heard.
  const [client] = clients;
  await until("room for one more", async () => (await flood(client, 1, () => "y")).accepted.length === 1);
  for (const each of clients) each.end();
});

row(87, "ten thousand edits of one character that are taken: memory and database stay bounded, the history has each once", async () => {
  const WRITERS = 20;
  const EDITS = 500; // of each
  const clients = await writers(open, WRITERS);
  const held = await open.memory();
  const floods = await Promise.all(clients.map((client, who) => flood(client, EDITS, (n) => String.fromCodePoint(FIRST + who * EDITS + n))));
  assert.ok((await open.memory()) - held < 128 * MIB, "memory has grown");
  assert.ok((await bytesIn(open.data)) < 8 * MIB, "the database has grown");
  for (const each of clients) each.end();

  await open.restart("SIGTERM");
  assert.ok((await bytesIn(open.data)) < MIB, "the database is large at rest");
  const all = String.fromCodePoint(...Array.from({ length: WRITERS * EDITS }, (_, i) => FIRST + i));
  const reader = await Client.open(open, "flood");
  assert.equal(reader.channels[0].version, WRITERS * EDITS);
  const text = ot.decode(reader.channels[0].snapshot).map(({ insert }) => insert).join("");
  assert.equal([...text].sort().join(""), all);
  reader.end();
  assert.equal((await run(["verify", "--data", open.data])).code, 0);
  const [, ...edits] = (await exported(open, "--with-history", "flood")).trimEnd().split("\n").map((line) => JSON.parse(line));
  for (const [who, { accepted, refused }] of floods.entries()) {
    assert.deepEqual(refused, []);
    const own = edits.filter(({ client }) => client === clients[who].client);
    assert.deepEqual(own.map(({ version }) => version), accepted);
    assert.deepEqual(own.map(({ seq }) => seq), accepted.map((_, i) => i + 1));
    assert.equal(own.map(({ ops }) => ops.at(-1).insert).join(""), all.slice(who * EDITS, (who + 1) * EDITS));
  }
});
