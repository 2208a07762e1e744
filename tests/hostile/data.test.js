// What is stored, found, logged and kept at hand, and the server's own files: rows 124 to 141 of docs/hostile-input.md.
import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { Server } from "../e2e/lib/server.js";
import { until } from "../e2e/lib/wait.js";
import { ask, done, opens, outcome, tries } from "./lib/ask.js";
import { Client, KIND } from "./lib/client.js";
import { op } from "./lib/op.js";
import { run } from "./lib/program.js";
import { rows } from "./lib/rows.js";

const MANY = "1000000";
const row = rows({ args: ["--log-level", "debug", "--rate-creates", MANY, "--rate-chats", MANY, "--rate-opens", MANY] });

let strict; // with the rates that are usual
before(async () => (strict = await Server.start()));
after(async () => await strict?.remove());

// Of the server's metrics.
async function metric(server, name) {
  const { out, text, code } = await run(["metrics", "--data", server.data]);
  assert.equal(code, 0, text);
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(out)[1]);
}

const SQL = ["'; DROP TABLE documents;--", "\" OR \"\"=\"", "a') ; DELETE FROM log --", "?1", ":id", "@id", "$id", "x' AND load_extension('/tmp/x')--", "\\'; --", "/*", "NULL", "0x00", "{{7*7}}"];
const PATTERNS = ["%", "_", "*", "[^a]*", "%a".repeat(49), "a*".repeat(49), "(a+)+$", "NEAR/2", "\"unbalanced", "title:x OR 1"];

row([124, 126], "SQL and patterns in every text that is stored or looked for: they are text", async (house) => {
  const owner = await house.hello();
  const all = [...SQL, ...PATTERNS];
  const listed = async () => (await ask(owner, KIND.LIST, 100, null, null))[3].map(([id, , title]) => [id, title]);
  const before = await listed();
  for (const [i, text] of all.entries()) {
    const id = `sql-${i}`;
    await done(owner, KIND.CREATE, 2, text, id);
    // A document of that name is none, and nothing else is found by it.
    for (const message of [[KIND.OPEN, 0, text, null, null, null], [KIND.RENAME, text, "owned"], [KIND.DELETE, text], [KIND.MEMBERS, text], [KIND.LINKS, text]]) {
      const outcome = await tries(owner, ...message);
      assert.ok(outcome === "bad_id" || (/^[\w-]+$/.test(text) && outcome === "not_found"), `${message}: ${outcome}`);
    }
    await done(owner, KIND.MEMBER, id, text, "viewer");
    await done(owner, KIND.LINK, id, "viewer", text, null);
    const [, , members] = await ask(owner, KIND.MEMBERS, id);
    assert.deepEqual(members.map(([sub]) => sub), [text]);
    const [, , links] = await ask(owner, KIND.LINKS, id);
    assert.deepEqual(links.map(([, , label]) => label), [text]);
    await done(owner, KIND.MEMBER, id, text, null);
    const name = text.slice(0, 60);
    const writer = await house.hello({ name });
    assert.equal(outcome(await opens(writer, id, { channel: 1, link: text.slice(0, 64) })), "ok"); // by a link that is none
    writer.send([KIND.CLOSE, 1]);
    await writer.openDocument(id);
    await writer.edit([{ insert: text }]);
    await done(writer, KIND.CHAT, 0, i + 1, text);
    writer.end();
    const reader = await house.open(id);
    assert.deepEqual(reader.channels[0].snapshot, op([{ insert: text }]));
    const [, , , , by, , , said] = await reader.next(KIND.CHATTED);
    assert.deepEqual([by, said], [name, text]);
    reader.end();
  }
  const now = await listed();
  for (const [i, text] of all.entries()) assert.ok(now.some(([id, title]) => id === `sql-${i}` && title === text), text);
  assert.deepEqual(now.filter(([id]) => !id.startsWith("sql-")), before);
  assert.equal((await run(["verify", "--data", house.server.data])).code, 0);
});

row(132, "what comes from outside is one line of JSON in the log, without control characters; what people write and who they are is not in it", async (house) => {
  const canary = "canary7f3a";
  const host = `Host: 127.0.0.1:${house.server.port}`;
  const evil = ["\u001b[2J\u001b[31mred", 'a" level="error" event="owned', "a\tb", '","level":"error","x":"', "\u0085\u2028", "%0d%0aevil", "\\n\\r", "x".repeat(300)];
  const begun = house.server.log.length;
  // Only so many a second are told.
  const told = (text, refuse) =>
    until(`a line with ${text}`, async () => {
      const before = house.server.log.length;
      await refuse(text);
      return house.server.log.slice(before).some((line) => line.includes('"refused"') && line.includes('"value"'));
    });
  for (const text of evil) {
    await told(text, async () => {
      const client = await house.connect();
      await client.request(["GET /ws HTTP/1.1", host, `Origin: ${text}`, "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: quire.v1"]);
    });
  }
  const writer = await house.upgrade();
  writer.send([KIND.HELLO, null, canary, "#aa3322", null, Buffer.from(canary), `${canary}\u001b[31m`]);
  const [, , key] = await writer.next(KIND.WELCOME);
  assert.equal(await tries(writer, KIND.CREATE, 2, `${canary}\r\n{"level":"error"}`, "logged"), "bad_title");
  await done(writer, KIND.CREATE, 2, canary, "logged");
  await writer.openDocument("logged");
  await writer.edit([{ insert: canary }]);
  await done(writer, KIND.CHAT, 0, 1, `${canary}\r\nevil`);
  await done(writer, KIND.LINK, "logged", "viewer", canary, null);
  writer.send([KIND.CURSOR, 0, 1, 0, 0, false, canary], [KIND.PROFILE, `${canary}\n`, "#112233"]);
  await writer.expectError("bad_name");
  writer.sendBytes(Buffer.from(canary));
  await writer.expectError("bad_message");
  await until("a line about what was refused", () => house.server.log.some((line) => line.includes('"message_refused"')));
  const secrets = [canary, key.toString("hex"), key.toString("base64"), key.toString("base64url")];
  for (const line of house.server.log.slice(begun)) {
    assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    const { level, event } = JSON.parse(line);
    assert.ok(["debug", "info"].includes(level) && event !== "owned", line);
    for (const secret of secrets) assert.ok(!line.includes(secret), line);
  }
});

row(133, "the operator's way in: a socket for its owner alone, and no address", async (house) => {
  const mode = async (...path) => (await stat(join(house.server.data, ...path))).mode & 0o777;
  assert.equal(await mode(), 0o700);
  assert.equal(await mode("admin.sock"), 0o600);
  assert.equal(await mode("quire.db"), 0o600);
  for (const path of ["/metrics", "/admin", "/admin.sock", "/debug", "/debug/pprof/", "/status", "/api", "/server-status", "/backup", "/quire.db"])
    for (const method of ["GET", "POST"]) {
      const client = await house.connect();
      const { status } = await client.request([`${method} ${path} HTTP/1.1`, `Host: 127.0.0.1:${house.server.port}`]);
      assert.ok(status === 404 || (method === "POST" && status === 405), `${method} ${path}: ${status}`);
    }
  // What the socket understands is not understood here.
  const client = await house.connect();
  client.write("metrics\nbackup\nstop\n");
  await client.expectEof();
  assert.doesNotMatch(client.heard.toString(), /quire_/);
});

row(134, "documents, chat and openings in floods: refused with the time to wait, and empty rooms are let go", async () => {
  const flooder = await Client.hello(strict);
  // All at once, so that little of what the rates give comes back meanwhile.
  const count = async (times, send) => {
    const answers = await Promise.all(Array.from({ length: times }, (_, i) => send(i)));
    const refused = answers.filter(([kind]) => kind === KIND.ERROR);
    for (const [, , , code, , retry] of refused) assert.ok(code === "rate_limited" && retry > 0 && retry <= 60_000, `${code} ${retry}`);
    return refused.length;
  };
  assert.ok((await count(90, (i) => ask(flooder, KIND.CREATE, 2, "", `flood-${i}`))) >= 20);
  await flooder.openDocument("flood-0");
  assert.ok((await count(30, (i) => ask(flooder, KIND.CHAT, 0, i + 1, "@everybody"))) >= 10);
  const others = await Promise.all(Array.from({ length: 20 }, (_, i) => Client.open(strict, `flood-${i}`)));
  assert.ok((await metric(strict, "quire_rooms")) >= 20);
  for (const client of [flooder, ...others]) client.end();
  await until("the empty rooms are gone", async () => (await metric(strict, "quire_rooms")) === 0);
});

row(135, "three hundred who move their cursors all the time: thrown together, and no more are listed than fit on a screen", async (house) => {
  const PEOPLE = 300;
  const LISTED = 256;
  const seer = await house.open("crowd", { type: 2 });
  await seer.edit([{ insert: "0123456789" }]);
  const people = [];
  while (people.length < PEOPLE) people.push(...(await Promise.all(Array.from({ length: 20 }, (_, i) => house.open("crowd", { name: `P${people.length + i}` })))));
  await seer.next(KIND.PRESENCE, ([, , , , count]) => count === PEOPLE + 1);
  const last = await house.open("crowd");
  const [, , , , count, members] = await last.next(KIND.PRESENCE, ([, , , isFull]) => isFull);
  assert.equal(count, PEOPLE + 2);
  assert.ok(members.length <= LISTED, `${members.length} are listed`);
  for (const person of people) person.socket.removeAllListeners("data").resume(); // whatever they hear
  seer.messages.length = 0;
  const begun = Date.now();
  for (let wave = 0; wave < 30; wave++) {
    for (const person of people) person.send([KIND.CURSOR, 0, 1, wave % 10, wave % 10, false, null]);
    await new Promise((resolve) => setImmediate(resolve));
  }
  people[0].send([KIND.CURSOR, 0, 1, 7, 9, false, "end"]);
  await seer.next(KIND.PRESENCE, ([, , , , , lines]) => lines.some(([, anchor, head]) => anchor === 7 && head === 9));
  const frames = seer.messages.filter(([kind]) => kind === KIND.PRESENCE).length;
  assert.ok(frames <= (Date.now() - begun) / 50 + 20, `${frames} messages for ${30 * PEOPLE} moves`);
  await seer.edit([{ insert: "still here" }]);
});

const refusal = async (words, env) => {
  const { code, text } = await run(words, env);
  assert.notEqual(code, 0, text);
  return text;
};

row(138, "options, and files of them, that are wrong: it does not start, and says why in one line", async () => {
  const dir = await mkdtemp(join(tmpdir(), "quire-config-"));
  const serve = (...words) => ["serve", "--check", "--data", join(dir, "data"), "--listen", "127.0.0.1:0", ...words];
  const file = async (name, content, mode = 0o600) => {
    await writeFile(join(dir, name), content);
    await chmod(join(dir, name), mode);
    return join(dir, name);
  };
  try {
    const keys = `k HS256 ${"A".repeat(43)}\n`;
    const refuses = async (words, why, env) => {
      const text = await refusal(words, env);
      assert.match(text, why);
      assert.equal(text.trimEnd().split("\n").filter((line) => !/running_as_root|^Try: quire serve --help$/.test(line)).length, 1, text);
      assert.ok(!text.includes("AAAA"), text);
    };
    for (const mode of [0o604, 0o644, 0o666]) await refuses(serve("--token-keys", await file("keys", keys, mode)), /chmod 600/);
    for (const [words, why] of [
      [["--rate-edit", "5"], /rate-edit/], [["--rate-edits", "-1"], /rate-edits/], [["--rate-edits", "0"], /rate-edits/], [["--rate-edits", "1e3"], /rate-edits/], [["--connections", "99999999999999999999"], /connections/],
      [["--memory", "-5"], /memory/], [["--connections-per-user", "x"], /connections-per-user/], [["--rate-edits"], /rate-edits/], [["--listen", "127.0.0.1:-1"], /listen/], [["--listen", "127.0.0.1:65536"], /listen/],
      [["--log-level", "loud"], /log-level/], [["nonsense"], /nonsense/],
    ]) await refuses(serve(...words), why);
    for (const [text, why] of [
      ['{"rate-edit":5}', /rate-edit/], ['{"rate-edits":-1}', /rate-edits/], ['{"rate-edits":1.5}', /rate-edits/], ['{"rate-edits":5,"rate-edits":6}', /rate-edits|duplicate/], ['{"rate-edits":null}', /rate-edits/],
      ["{", /config/], ["[]", /config/], ["", /config/], [`{"log-level":"${"x".repeat(70_000)}"}`, /config/], ['{"log-level":"a\\u0000"}', /config/],
    ]) await refuses(serve("--config", await file("config.json", text)), why);
    await refuses(serve(), /RATE_EDITS|rate-edits/, { QUIRE_RATE_EDITS: "-1" });
    const { code, text } = await run(serve("--token-keys", await file("keys", keys), "--config", await file("config.json", '{"rate-edits":5}')));
    assert.equal(code, 0, text);
  } finally {
    await rm(dir, { recursive: true });
  }
});

row(139, "a version of the protocol that is not spoken: refused, with the name of the one that is", async (house) => {
  for (const name of ["quire.v2", "quire.v0", "quire.v1.1", "quire.v2, quire.v3"]) {
    const client = await house.connect();
    const { status, body } = await client.askUpgrade({ headers: { "Sec-WebSocket-Protocol": name } });
    assert.equal(status, 400);
    assert.match(body, /subprotocol is quire\.v1/);
    await client.expectEof();
  }
  // Who speaks it too is spoken to in it.
  const client = await house.connect();
  assert.equal((await client.askUpgrade({ headers: { "Sec-WebSocket-Protocol": "quire.v9, quire.v1" } })).headers["sec-websocket-protocol"], "quire.v1");
});

row(140, "what time it is only the server says", async (house) => {
  const begun = Date.now();
  const writer = await house.open("times", { type: 2 });
  await writer.edit([{ insert: "a" }]);
  await done(writer, KIND.CHAT, 0, 1, "now");
  const [, , , , , , at] = await writer.next(KIND.CHATTED);
  const { out } = await run(["export", "--data", house.server.data, "--quiet", "--with-history", "times"]);
  const [header, edit] = out.trimEnd().split("\n").map((line) => JSON.parse(line));
  for (const time of [at, header.created_ms, edit.at_ms]) assert.ok(time >= begun - 1000 && time <= Date.now() + 1000, `${time} of ${begun}`);
  // No edit and no chat has a place for a time.
  for (const message of [[KIND.EDIT, 0, 2, 1, op([{ insert: "b" }]), 1], [KIND.CHAT, 9, 0, 2, "then", 1]]) {
    writer.send(message);
    await writer.expectError("bad_message");
  }
  // What is asked for by time is looked up by it alone.
  for (const before of [0, 1, 2 ** 53 - 1]) assert.equal(await tries(writer, KIND.LIST, 10, before, 2 ** 53 - 1), "ok");
});
