// What somebody may do, and what is left when it is taken away: rows 108 to 115 of docs/hostile-input.md (110 is in tenants.test.js).
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after } from "node:test";
import { Server } from "../e2e/lib/server.js";
import { until } from "../e2e/lib/wait.js";
import { ask, done, makeLink, opens, outcome, roleIn, ROLES, tries } from "./lib/ask.js";
import { Authority, compact, hmac, now } from "./lib/authority.js";
import { Client, KIND } from "./lib/client.js";
import { op } from "./lib/op.js";
import { run } from "./lib/program.js";
import { rows } from "./lib/rows.js";

const LOOSE = ["rate-bad-tokens", "rate-connects", "rate-sockets", "rate-tokens", "rate-bad-links", "rate-address-bad-links", "rate-opens", "rate-creates", "rate-pages"].flatMap((name) => [`--${name}`, "1000000000"]);
const authority = await Authority.make();
after(() => authority.remove());
const args = ["--token-keys", authority.file, "--guests", "links"];
const row = rows({ args: [...args, ...LOOSE], token: () => authority.token("honest", { role: "admin" }) });
const root = (house) => house.hello({ token: house.token() });

// `attempt` takes something away from somebody who says nothing, and resolves with how long that lasted, of which the wait for this
// machine's other work is a part: one of a few attempts is to show what the server takes.
async function withinASecond(attempt) {
  const took = [];
  while (took.length < 5) {
    took.push(await attempt(took.length));
    if (took.at(-1) < 1000) return;
  }
  assert.fail(`it took ${took} ms`);
}

// A server with its usual rates but for `more`, for one row.
async function withServer(more, body) {
  const server = await Server.start({ args: [...args, ...more] });
  try {
    await body(server);
  } finally {
    await server.remove();
  }
}

row(108, "tokens that are taken back: by name, by sub, with their key", async (house) => {
  const revoke = async (...words) => assert.deepEqual(await run(["token", ...words, "--data", house.server.data]).then(({ code }) => code), 0);
  const cases = {
    "a jti": { claims: { jti: "taken" }, others: () => [["ann", { jti: "another" }], ["bob", {}]], act: (sub, jti) => revoke("revoke", "--jti", jti) },
    "a sub": { claims: {}, others: () => [["bob", {}], ["ann", { iat: now() + 25 }]], act: (sub) => revoke("revoke", "--sub", sub) },
    "a key": {
      claims: {},
      header: { kid: "ed" },
      others: () => [["bob", {}]],
      act: async () => {
        await authority.write(authority.lines.split("\n")[0]);
        await revoke("reload", "--token-keys", authority.file);
      },
    },
  };
  for (const [what, { claims, header, others, act }] of Object.entries(cases)) {
    await withinASecond(async (attempt) => {
      const sub = `ann-${what.slice(2)}-${attempt}`;
      const jti = `taken-${attempt}`;
      await authority.write(authority.lines);
      await revoke("reload", "--token-keys", authority.file);
      const token = authority.token(sub, { ...claims, ...(claims.jti && { jti }) }, header);
      const gone = await house.hello({ token });
      const kept = await Promise.all(others().map(([name, more]) => house.hello({ token: authority.token(name === "ann" ? sub : name, more) })));
      const begin = Date.now();
      await act(sub, jti);
      await gone.until("the close", () => gone.closed);
      const took = Date.now() - begin;
      await gone.expectError("unauthorized", null);
      await gone.expectClose(4401);
      for (const client of kept) await done(client, KIND.LIST, 1, null, null);
      // It lets nobody in again either, and keeps nobody in.
      const again = await house.upgrade();
      again.send([KIND.HELLO, token, "Mallory", "#aa3322", null, null, "hostile"]);
      await again.expectError("unauthorized", null);
      await again.expectClose(4401);
      const renewed = await house.hello({ token: authority.token(sub, { iat: now() + 20 }) });
      renewed.send([KIND.TOKEN, 1, token]);
      await renewed.expectClose(4401);
      return took;
    });
  }
  await authority.write(authority.lines);
  await revoke("reload", "--token-keys", authority.file);
});

row(108, "roles and links that are taken away from those who have the document open", async (house) => {
  const owner = await root(house);
  await withinASecond(async (attempt) => {
    const id = `taken-${attempt}`;
    await done(owner, KIND.CREATE, 2, "", id);
    const link = await makeLink(owner, id, "editor");
    const end = Date.now() + 4000;
    const ends = await makeLink(owner, id, "editor", end);
    const bob = await house.hello({ token: authority.token("bob") });
    const guest = await house.hello();
    const late = await house.hello();
    const took = [];
    const asks = async (...message) => {
      const begin = Date.now();
      await done(owner, ...message);
      return begin;
    };
    const takes = async (client, kind, act) => {
      const begin = await act();
      const message = await client.next(kind);
      took.push(Date.now() - begin);
      return message;
    };
    await done(owner, KIND.MEMBER, id, "bob", "editor");
    assert.equal(roleIn(await opens(bob, id)), "editor");
    assert.equal(roleIn(await opens(guest, id, { link: link.secret })), "editor");
    assert.equal(roleIn(await opens(late, id, { link: ends.secret })), "editor");
    // Less than it was: the channel stays, and what it asks is judged by the role there is now.
    assert.deepEqual(await takes(bob, KIND.ROLE, () => asks(KIND.MEMBER, id, "bob", "viewer")), [KIND.ROLE, 0, "viewer"]);
    bob.send([KIND.EDIT, 0, 1, 0, op([{ insert: "too late" }])]);
    await bob.expectError("forbidden", null);
    assert.equal(await tries(bob, KIND.RENAME, id, "too late"), "forbidden");
    // Nothing: it closes, and is as if it were not there.
    const nothing = [
      [bob, () => asks(KIND.MEMBER, id, "bob", null), null],
      [guest, () => asks(KIND.UNLINK, id, link.number), link.secret],
      [late, () => end, ends.secret], // by itself
    ];
    for (const [client, act, secret] of nothing) {
      const [, , code] = await takes(client, KIND.CLOSED, act);
      assert.equal(code, "forbidden");
      assert.ok(client !== late || Date.now() >= end, "before its time");
      client.send([KIND.EDIT, 0, 1, 0, op([{ insert: "too late" }])]);
      await client.expectError("not_open", null);
      assert.equal(outcome(await opens(client, id, { link: secret })), "not_found");
    }
    assert.equal((await opens(owner, id))[5], 0); // no version but the first
    owner.send([KIND.CLOSE, 0]);
    return Math.max(...took.slice(0, 3)); // what ends by itself is looked for once a second
  });
});

row(109, "edits by those who only read or comment: the third one ends the connection", async (house) => {
  const owner = await house.open("read-only", { token: house.token() });
  await owner.edit([{ insert: "abc" }]);
  const before = await house.snapshot("read-only");
  const edits = [[{ insert: "x" }], [{ delete: 1 }], [{ retain: 1, attributes: { bold: true } }], [{ retain: 3 }, { insert: { image: "https://a.example/b.png" } }], []];
  for (const role of ["viewer", "commenter"]) {
    for (const parts of edits) {
      const client = await house.hello({ token: authority.token("mallory", { docs: { "read-only": role } }) });
      assert.equal(roleIn(await opens(client, "read-only")), role);
      // In one frame, with what the third would have to keep from being heard.
      const edit = [KIND.EDIT, 0, 1, before.version, op(parts)];
      client.send(edit, edit, edit, [KIND.CHAT, 1, 0, 1, "a fourth thing"]);
      for (let i = 0; i < 3; i++) assert.deepEqual(await client.expectError("forbidden", null).then(({ ref, channel }) => [ref, channel]), [1, 0]);
      await client.expectClose(4403);
    }
  }
  assert.deepEqual(await house.snapshot("read-only"), before);
  assert.deepEqual((await ask(owner, KIND.CHATS, 0, 1000, 100))[4], []);
  const viewer = await house.hello({ token: authority.token("mallory", { docs: { "read-only": "viewer" } }) });
  await opens(viewer, "read-only");
  assert.equal(await tries(viewer, KIND.CHAT, 0, 1, "hello"), "forbidden");
  await viewer.expectOpen();
});

row(111, "what only owners and admins may do, tried by others; rates hold for admins, too", async (house) => {
  const admin = await root(house);
  await done(admin, KIND.CREATE, 2, "Plan", "plan");
  const watcher = await house.hello({ token: house.token() });
  await opens(watcher, "plan");
  const editor = await house.hello({ token: authority.token("mallory", { docs: { plan: "editor", "mine-*": "owner" } }) });
  assert.equal(roleIn(await opens(editor, "plan")), "editor");
  for (const [kind, ...fields] of [
    [KIND.DELETE, "plan"], [KIND.MEMBERS, "plan"], [KIND.LINKS, "plan"], [KIND.UNLINK, "plan", 1], [KIND.LINK, "plan", "viewer", "", null],
    ...ROLES.slice(1).map((role) => [KIND.MEMBER, "plan", "mallory", role]), [KIND.MEMBER, "plan", "honest", null], [KIND.CREATE, 2, "", null], [KIND.CREATE, 2, "", "plan2"], [KIND.CREATE, 2, "", "mine"],
  ]) assert.equal(await tries(editor, kind, ...fields), "forbidden", `${kind} ${fields}`);
  assert.equal(await tries(editor, KIND.CREATE, 2, "", "mine-1"), "ok");
  for (const role of ["owner", "admin", "none", "", "Viewer"]) assert.equal(await tries(editor, KIND.LINK, "mine-1", role, "", null), "bad_role");
  for (const role of ["admin", "none", "", "Owner", "x".repeat(1000)]) assert.equal(await tries(editor, KIND.MEMBER, "mine-1", "eve", role), "bad_role");
  // What only the server says is no message of a client's, and reaches nobody.
  const announcements = [[KIND.ROLE, 0, "owner"], [KIND.CLOSED, 0, "deleted", "bye"], [KIND.GOING, 1], [KIND.RENAMED, 0, "Mallory's"], [KIND.CHATTED, 0, 1, 1, "Honest", "#000000", 1, "all of you"], [KIND.EXPIRING, 1]];
  for (const message of announcements) {
    const client = await house.hello({ token: authority.token("mallory", { docs: { plan: "editor" } }) });
    await opens(client, "plan");
    client.send(message);
    await client.expectError("bad_message");
  }
  for (const client of [editor, watcher]) await done(client, KIND.LIST, 1, null, null); // by then it would have come
  assert.deepEqual(watcher.messages.filter(([kind]) => [KIND.ROLE, KIND.CLOSED, KIND.GOING, KIND.RENAMED, KIND.CHATTED, KIND.EXPIRING].includes(kind)), []);
  await withServer([], async (server) => {
    const client = await Client.open(server, "plan", { token: house.token() });
    let said = 0;
    while (said < 100 && (await tries(client, KIND.CHAT, 0, said, "@everybody")) === "ok") said++;
    assert.ok(said >= 10 && said < 100, `${said}`);
    client.end();
  });
  // The operator's way in and what it counts are not to be reached from here.
  for (const path of ["/metrics", "/admin", "/admin.sock", "/data/admin.sock", "/api/revoke"]) {
    const { status } = await (await house.connect()).request([`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${house.server.port}`]);
    assert.equal(status, 404, path);
  }
});

row(112, "what is forbidden and what is not there get the same answer, byte for byte", async (house) => {
  const keeper = await root(house);
  for (const id of ["there-1", "gone--1"]) await done(keeper, KIND.CREATE, 1, "Secret title", id);
  const { secret } = await makeLink(keeper, "there-1", "editor");
  await done(keeper, KIND.MEMBER, "there-1", "was-here", "editor");
  await done(keeper, KIND.MEMBER, "there-1", "was-here", null);
  await done(keeper, KIND.DELETE, "gone--1");
  const messages = (id) => [
    [KIND.OPEN, 1, 0, id, null, null, null], [KIND.OPEN, 2, 0, id, keeper.epoch, 0, null, null], [KIND.OPEN, 3, 0, id, null, null, null, "AAAAAAAAAAAAAAAAAAAAAA"], [KIND.OPEN, 4, 0, id, null, null, null, secret.toLowerCase()],
    [KIND.RENAME, 5, id, "Title"], [KIND.DELETE, 6, id], [KIND.CREATE, 7, 2, "Title", id], [KIND.MEMBERS, 8, id], [KIND.MEMBER, 9, id, "mallory", "owner"], [KIND.MEMBER, 10, id, "mallory", null],
    [KIND.LINKS, 11, id], [KIND.LINK, 12, id, "viewer", "", null], [KIND.UNLINK, 13, id, 1], [KIND.CHAT, 14, 0, 1, "hello"], [KIND.CHATS, 15, 0, 10, 10], [KIND.EDIT, 0, 16, 0, op([{ insert: "x" }])],
  ];
  const tokens = { mallory: authority.token("mallory"), "was-here": authority.token("was-here"), other: authority.token("other", { docs: { "mine-*": "owner" }, create: true }), guest: null };
  for (const [person, token] of Object.entries(tokens)) {
    const heard = {};
    for (const id of ["there-1", "where-1", "gone--1"]) {
      const client = await house.hello({ token });
      const bytes = [];
      client.socket.on("data", (chunk) => bytes.push(chunk));
      for (const message of messages(id)) {
        client.send(message);
        await client.next(KIND.ERROR);
      }
      heard[id] = Buffer.concat(bytes);
    }
    assert.ok(heard["there-1"].length > 100);
    assert.deepEqual(heard["there-1"], heard["where-1"], person);
    assert.deepEqual(heard["gone--1"], heard["where-1"], person);
    assert.ok(!heard["there-1"].includes("Secret"));
  }
});

row(113, "a proof that is wrong at its beginning or at its end: one answer", async (house) => {
  const answers = new Set();
  for (const kid of ["hs", "ed"]) {
    const token = authority.token("mallory", {}, { kid });
    const at = token.lastIndexOf(".") + 1;
    const signature = Buffer.from(token.slice(at), "base64url");
    const wrong = Array.from(signature, (byte, i) => Buffer.from(signature).fill(byte ^ 1, i, i + 1));
    await Promise.all([...wrong, ...wrong.map((_, i) => signature.subarray(0, i)), Buffer.concat([signature, Buffer.of(0)])].map(async (bytes) => {
      const client = await house.upgrade();
      client.send([KIND.HELLO, token.slice(0, at) + bytes.toString("base64url"), "Mallory", "#aa3322", null, null, "hostile"]);
      const { text } = await client.expectError("unauthorized", null);
      await client.expectClose(4401);
      if (bytes.length === signature.length) answers.add(text);
    }));
  }
  assert.deepEqual([...answers], ["the token's signature is wrong"]);
  const owner = await house.hello({ token: authority.token("owner") });
  for (let i = 0; i < owner.key.length; i++) {
    const key = Buffer.from(owner.key).fill(owner.key[i] ^ 1, i, i + 1);
    const client = await house.hello({ token: authority.token("owner"), member: { client: owner.client, key } });
    assert.notEqual(client.client, owner.client);
  }
  await owner.expectOpen();
});

row(114, "tokens that are tried out: after 30 in a minute no other of the address is looked at", async () => {
  await withServer([], async (server) => {
    const forged = () => compact({ alg: "HS256", kid: "hs" }, { sub: "mallory", exp: now() + 60, role: "admin" }, hmac(randomBytes(32)));
    const from = (number) => ({ "X-Forwarded-For": `203.0.113.${number}`, Forwarded: `for=203.0.113.${number}` });
    const inside = await Client.hello(server, { token: authority.token("inside") });
    // A guest's are not looked at at all, so they are neither counted nor answered.
    for (let i = 0; i < 35; i++) {
      const guest = await Client.hello(server);
      guest.send([KIND.TOKEN, 1, i === 0 ? authority.token("ann") : forged()]);
      await guest.expectError("forbidden", null);
      await guest.expectClose(4403);
    }
    // By turns in HELLO and in TOKEN, each time with another claim to be somebody else's proxy.
    const begin = Date.now();
    let tried = 0;
    for (let code = "unauthorized"; code !== "rate_limited"; tried++) {
      assert.ok(tried < 100, "nobody stops it");
      const client = await Client.upgrade(server, from(tried));
      client.send([KIND.HELLO, tried % 2 ? forged() : authority.token("ann"), "Mallory", "#aa3322", null, null, "hostile"]);
      client.send([KIND.TOKEN, 1, forged()]);
      code = (await client.next(KIND.ERROR))[3];
      await client.expectClose(code === "rate_limited" ? 4508 : 4401);
    }
    assert.ok(tried > 30 && tried <= 32 + (Date.now() - begin) / 2000, `${tried} were looked at`);
    // Every two seconds there is room for one more, and a good one takes none of it: it comes until a bad one has.
    const good = async () => {
      const client = await Client.upgrade(server);
      client.send([KIND.HELLO, authority.token("ann"), "Ann", "#aa3322", null, null, "hostile"]);
      await client.until("an answer", () => client.messages.length > 0);
      if (client.messages[0][0] === KIND.ERROR) return client;
      assert.equal(client.messages[0][0], KIND.WELCOME);
      client.end();
      const bad = await Client.hello(server, { token: authority.token("ann") });
      bad.send([KIND.TOKEN, 1, forged()]);
      await bad.expectError("unauthorized", null);
      await bad.expectClose(4401);
      return null;
    };
    const refused = await until("a good one is refused, too", good);
    const { retryMs } = await refused.expectError("rate_limited", null);
    assert.ok(retryMs > 0 && retryMs <= 2000, `${retryMs}`);
    await refused.expectClose(4508);
    // Who is in stays, can go on with another token, and other addresses are not concerned.
    assert.deepEqual(await ask(inside, KIND.TOKEN, authority.token("inside", { jti: "next" })).then(([kind]) => kind), KIND.DONE);
    const elsewhere = await Client.connect(server, { localAddress: "127.0.0.2" });
    assert.equal((await elsewhere.askUpgrade()).status, 101);
    elsewhere.send([KIND.HELLO, authority.token("ann"), "Ann", "#aa3322", null, null, "hostile"]);
    await elsewhere.next(KIND.WELCOME);
    elsewhere.end();
    inside.end();
  });
});

row(114, "secrets of links: 128 random bits, and guesses are bounded by user and by address", async (house) => {
  const owner = await root(house);
  await done(owner, KIND.CREATE, 2, "", "linked");
  const secrets = [];
  for (let i = 0; i < 80; i++) secrets.push((await makeLink(owner, "linked", "viewer")).secret);
  assert.equal(new Set(secrets).size, secrets.length);
  const bits = secrets.map((secret) => Array.from(Buffer.from(secret, "base64url"), (byte) => byte.toString(2).padStart(8, "0")).join(""));
  for (let at = 0; at < 128; at++) assert.equal(new Set(bits.map((text) => text[at])).size, 2, `bit ${at} is always the same`);
  assert.ok(bits.every(({ length }) => length === 128) && secrets.every((secret) => /^[A-Za-z0-9_-]{22}$/.test(secret)));
  const guest = await house.hello();
  const [real] = secrets;
  const alike = [real.slice(0, 21), `${real}=`, `${real}A`, ` ${real}`, real.toUpperCase(), real.toLowerCase(), (real[0] === "A" ? "B" : "A") + real.slice(1), "", "%", "' OR 1=1 --", "A".repeat(64), Buffer.from(real, "base64url").toString("hex")];
  for (const link of alike) assert.equal(outcome(await opens(guest, "linked", { link })), "not_found", link);
  assert.equal(roleIn(await opens(guest, "linked", { link: real })), "viewer");
  await withServer(["--rate-opens", "5", "--rate-connects", "20"], async (server) => {
    const begin = Date.now();
    let guesses = 0;
    let guests = 0;
    for (let status = 101; status !== 429; guests++) {
      assert.ok(guests < 1000, "nobody stops it");
      const client = await Client.connect(server);
      ({ status } = await client.askUpgrade());
      if (status !== 101) continue;
      client.send([KIND.HELLO, null, "Mallory", "#aa3322", null, null, "hostile"]);
      await client.next(KIND.WELCOME);
      for (let code = "not_found"; code !== "rate_limited"; guesses++) {
        code = outcome(await opens(client, "linked", { link: randomBytes(16).toString("base64url") }));
        assert.ok(code === "not_found" || code === "rate_limited", code);
      }
      client.end();
    }
    const seconds = (Date.now() - begin) / 1000;
    assert.ok(guests <= 22 + 2 * seconds && guesses <= guests * (7 + seconds / 2), `${guesses} guesses of ${guests} guests in ${seconds} s`);
  });
});

row(115, "ids that a client brings: clients, keys, members, sessions", async (house) => {
  const as = (sub, member) => house.hello({ token: sub && authority.token(sub, { docs: { "ids-*": "owner" } }), member });
  const ann = await as("ann");
  // A number is drawn, and none that somebody asks for is given.
  for (const client of [1, 2, 42, ann.client, ann.client + 1, 2 ** 53 - 1]) {
    for (const key of [null, Buffer.alloc(16), Buffer.alloc(0), randomBytes(16), randomBytes(32), Buffer.from(String(client))]) {
      for (const sub of ["ann", "bob", null]) {
        const given = await as(sub, { client, key });
        assert.notEqual(given.client, client);
        given.end();
      }
    }
  }
  const drawn = await Promise.all(Array.from({ length: 20 }, () => as("ann")));
  assert.equal(new Set(drawn.map(({ client }) => client)).size, drawn.length);
  assert.ok(drawn.every(({ client }, i) => i === 0 || Math.abs(client - drawn[i - 1].client) > 1000), "they can be guessed");
  // Somebody's own, with its key, handed to another: it stays whose it was, and the other gets a new one.
  for (const sub of ["bob", "ann2", "Ann", null]) {
    const other = await as(sub, { client: ann.client, key: ann.key });
    assert.notEqual(other.client, ann.client);
    assert.notDeepEqual(other.key, ann.key);
    other.end();
  }
  const guest = await as(null);
  assert.notEqual((await as("ann", { client: guest.client, key: guest.key })).client, guest.client);
  await ann.expectOpen();
  await guest.expectOpen();
  // Ids of documents that the server draws, too, are none that the client says.
  const [, , first] = await done(await house.hello({ token: authority.token("eve", { create: true }) }), KIND.CREATE, 2, "", null);
  assert.match(first, /^[a-z2-9]{12}$/);
  assert.equal(await tries(await house.hello({ token: authority.token("eve", { create: true }) }), KIND.CREATE, 2, "", "chosen"), "forbidden");
  // A member's number is the room's to give, too: nobody's edit is another's.
  const reader = await house.open("ids-1", { type: 2, token: authority.token("ann", { docs: { "ids-*": "owner" } }) });
  const writer = await house.open("ids-1", { type: 2, token: authority.token("bob", { docs: { "ids-*": "editor" } }) });
  await writer.edit([{ insert: "bob's" }]);
  const [, , , member] = await reader.next(KIND.EDITED);
  const present = await opens(await house.hello({ token: house.token() }), "ids-1");
  assert.ok(member > 0 && member !== present[11]);
});
