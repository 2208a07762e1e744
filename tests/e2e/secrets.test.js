// Everything that must not be logged, said in every place where it may be said, and in some where it may not: tests/logs looks for
// it afterwards in the logs of the whole run, and this looks in its own server's.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Client, KIND } from "../hostile/lib/client.js";
import { op } from "../hostile/lib/op.js";
import { Connection, WebSocket } from "./lib/packages.js";
import { MARK, plant, secretText } from "./lib/secrets.js";
import { Server } from "./lib/server.js";
import { makeKeys, tokenOf } from "./lib/tokens.js";
import { until } from "./lib/wait.js";

const HANDSHAKE = { Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "quire.v1" };

let dir, keys, others;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), "quire-secrets-"));
  [keys, others] = [await makeKeys(dir), await makeKeys(dir, "others")];
});
after(async () => await rm(dir, { recursive: true }));

// Ends with { status, words }.
const quire = (...args) =>
  new Promise((resolve) => execFile(process.env.QUIRE_BIN, args, (error, stdout, stderr) => resolve({ status: error?.code ?? 0, words: stdout + stderr })));

// People as they should be.
async function writeTogether(server) {
  const person = (name, token) =>
    new Connection({ url: server.socketUrl, name: secretText("name"), color: "#336699", WebSocket, storage: false, token: () => token });
  const ann = person("Ann", tokenOf(keys, `${MARK}-ann`, { create: true, name: secretText("name") }));
  const guest = person("Guest", null);
  try {
    const id = await ann.documents.create({ type: "rich", title: secretText("title") });
    const doc = ann.open(id);
    await doc.ready;
    const { secret } = await doc.sharing.createLink({ role: "editor", label: secretText("label") });
    await doc.sharing.setMember(`${MARK}-bob`, "viewer");
    doc.submit([{ insert: secretText("document text"), attributes: { link: `https://ann:${secretText("password").replace(" ", "")}@example.org/` } }, { insert: "\n" }]);
    doc.chat.send(secretText("chat"));
    const seen = guest.open(id, { link: plant("link", secret) });
    await until("the guest has read all", () => seen.status === "live" && seen.text().includes(MARK));
    seen.submit([{ insert: secretText("document text") }]);
    await until("all is saved", () => doc.saved && seen.saved);
  } finally {
    await Promise.all([ann.close(), guest.close()]);
  }
}

// Does it until the log tells of it: only so many lines a second are told.
const untilTold = (server, words, act) =>
  until(`the log tells ${words}`, async () => {
    const before = server.log.length;
    await act();
    return server.log.slice(before).some((line) => words.test(line));
  });

// Requests with secrets where none belong.
async function askWithSecrets(server) {
  const password = secretText("password").replace(" ", "");
  const host = `127.0.0.1:${server.port}`;
  const asks = [
    [`GET /?password=${password} HTTP/1.1`, { Host: host }],
    [`GET /${password} HTTP/1.1`, { Host: host }],
    [`GET http://ann:${password}@${host}/ HTTP/1.1`, { Host: host }],
    [`GET / HTTP/1.1`, { Host: `ann:${password}@localhost` }],
    [`GET / HTTP/1.1`, { Host: host, Authorization: `Basic ${Buffer.from(`ann:${password}`).toString("base64")}`, Cookie: `token=${password}` }],
    [`POST / HTTP/1.1`, { Host: host, "Content-Length": password.length }],
    [`GET /ws?token=${password} HTTP/1.1`, { Host: host, ...HANDSHAKE, "Sec-WebSocket-Protocol": password }],
    [`GET /ws HTTP/1.1`, { Host: host, ...HANDSHAKE, Origin: `https://ann:${password}@evil.test` }],
    [`GET /ws HTTP/1.1`, { Host: host, ...HANDSHAKE, Origin: `https://evil.test/?password=${password}` }],
    [`GET /ws HTTP/1.1`, { Host: host, ...HANDSHAKE, Origin: "null", "X-Forwarded-For": password }],
    [`${password} / HTTP/1.1`, { Host: host }],
  ];
  const ask = async ([line, headers]) => {
    const client = await Client.connect(server);
    await client.request([line, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)]);
    client.end();
  };
  for (const each of asks) await ask(each);
  for (const each of asks.filter(([, { Origin }]) => Origin?.includes("evil"))) await untilTold(server, /evil|origin/, () => ask(each));
}

// People as they should not be: each is turned away, or refused something.
async function misbehave(server) {
  const turnAway = async (token) => {
    const client = await Client.upgrade(server);
    client.send([KIND.HELLO, token, secretText("name"), "#aa3322", null, null, "test"]);
    await client.expectClose(4401);
  };
  await turnAway(tokenOf(others, "ann"));
  await turnAway(tokenOf(keys, "ann", { exp: 1, name: MARK }));
  await turnAway(tokenOf(keys, "ann", { docs: MARK }));
  await turnAway(secretText("token"));
  const token = tokenOf(keys, "mallory", { role: "admin" });
  const hasty = await Client.open(server, "place", { token, type: 1 });
  hasty.send([KIND.EDIT, 0, 1, 99, op([{ insert: secretText("document text") }])]);
  await hasty.expectError("bad_base");
  hasty.end();
  await untilTold(server, /message_refused/, async () => {
    const client = await Client.hello(server, { token });
    client.send([KIND.CHAT, 0, 1, secretText("chat"), MARK, MARK]);
    await client.expectError("bad_message");
    client.sendBytes(Buffer.from(secretText("document text")));
    await client.expectError("bad_message");
    client.end();
  });
  const thief = await Client.hello(server, { token, member: { client: 12345, key: plant("client key", Buffer.from(MARK)) } });
  thief.end();
}

for (const format of ["text", "json"])
  test(`nothing secret is logged, in the form ${format}`, async () => {
    const server = await Server.start({
      args: ["--token-keys", keys.path, "--guests", "links", "--trusted-proxy", "127.0.0.1", "--log-level", "debug", "--log-format", format],
    });
    try {
      await writeTogether(server);
      await askWithSecrets(server);
      await misbehave(server);
      assert.equal((await quire("token", "revoke", "--data", server.data, "--sub", `${MARK}-ann`)).status, 0);
      const bad = join(dir, "bad");
      await writeFile(bad, `k HS256 ${MARK}\n`, { mode: 0o600 });
      assert.match((await quire("token", "reload", "--data", server.data, "--token-keys", bad)).words, /at least 32 bytes/);
    } finally {
      await server.remove();
    }
    const log = server.log.join("\n");
    for (const event of ["committed", "connection_closing", "edit_refused", "message_refused", "not_let_in", "refused", "revoked"])
      assert.match(log, format === "json" ? new RegExp(`"event":"${event}"`) : new RegExp(` ${event} `), event);
    assert.ok(!log.includes(MARK), server.log.find((line) => line.includes(MARK)));
  });

test("a file of keys that is refused is not shown", async () => {
  const bad = join(dir, "keys-that-are-bad");
  for (const line of [MARK, `k HS256 ${MARK}`, `k HS512 ${keys.secret.toString("base64url")}`, `k HS256 ${keys.secret.toString("base64url")} ${MARK}`, `${MARK}! HS256 A`]) {
    await writeFile(bad, `${line}\n`, { mode: 0o600 });
    const { status, words } = await quire("serve", "--data", join(dir, "data"), "--listen", "127.0.0.1:0", "--token-keys", bad);
    assert.equal(status, 1, line);
    assert.match(words, /keys-that-are-bad: line 1: /);
    assert.ok(!words.includes(MARK) && !words.includes(keys.secret.toString("base64url")), words);
  }
});
