// What is shown to be let in, and for how long: rows 95 to 107 of docs/hostile-input.md. The server has a secret (`hs`) and a public key (`ed`).
import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { join } from "node:path";
import { after } from "node:test";
import { Server } from "../e2e/lib/server.js";
import { until } from "../e2e/lib/wait.js";
import { Authority, compact, eddsa, hmac, now, part, unsigned } from "./lib/authority.js";
import { Client, KIND } from "./lib/client.js";
import { run } from "./lib/program.js";
import { rows } from "./lib/rows.js";

const MANY = "1000000000";
const authority = await Authority.make();
after(() => authority.remove());
const args = ["--token-keys", authority.file, "--rate-bad-tokens", MANY, "--rate-connects", MANY, "--rate-sockets", MANY, "--log-level", "debug"];
const row = rows({ args, token: () => authority.token("honest", { role: "admin" }) });

const claims = (more = {}) => ({ sub: "mallory", exp: now() + 3600, role: "admin", ...more });
const HS = { alg: "HS256", kid: "hs" };
const ED = { alg: "EdDSA", kid: "ed" };

async function showed({ server }, token) {
  const client = await Client.upgrade(server);
  client.send([KIND.HELLO, token, "Mallory", "#aa3322", null, null, "hostile"]);
  await client.until("an answer", () => client.messages.length > 0 || client.closed || client.ended);
  return client;
}

// Each of the tokens gets nobody in, for a reason that `why` matches.
async function turnsAway(house, why, tokens) {
  assert.ok(tokens.length > 0);
  await Promise.all(tokens.map(async (token, number) => {
    const client = await showed(house, token);
    const [kind, , , code, text] = client.messages[0] ?? [];
    assert.deepEqual([kind, code], [KIND.ERROR, "unauthorized"], `case ${number}: ${token?.slice(0, 500)}`);
    assert.match(text, why, `case ${number}`);
    await client.expectClose(4401);
    client.end();
  }));
}

// And each of these does.
async function letsIn(house, tokens) {
  await Promise.all(tokens.map(async (token, number) => {
    const client = await showed(house, token);
    assert.equal(client.messages[0]?.[0], KIND.WELCOME, `case ${number}: ${client.messages[0]}`);
    client.end();
  }));
}

// Claims or headers, each signed as it should be.
const signedClaims = (all) => all.map((text) => compact(HS, text, authority.bySecret));
const signedHeaders = (all) => all.map((header) => compact(header, claims(), authority.bySecret));

row(95, "no algorithm, in every spelling, with and without a signature", async (house) => {
  const algorithms = ["none", "NONE", "nOnE", "None", "none ", "", null, undefined, ["HS256"], ["none"], {}, 0, true];
  const headers = algorithms.flatMap((alg) => [{ alg, kid: "hs" }, { alg, kid: "ed" }]);
  await turnsAway(house, /alg/, headers.flatMap((header) => [unsigned, authority.bySecret, authority.byPair].map((signed) => compact(header, claims(), signed))));
  await turnsAway(house, /signature/, [compact(HS, claims(), unsigned), compact(ED, claims(), unsigned), compact(ED, claims(), () => Buffer.alloc(64))]);
  await turnsAway(house, /the token/, [`${part(HS)}.${part(claims())}`, `${part({ alg: "none" })}.${part(claims())}`, "", "..", "null", "undefined"]);
  await turnsAway(house, /there was none/, [null]);
  await letsIn(house, [compact(HS, claims(), authority.bySecret), compact(ED, claims(), authority.byPair)]);
});

row(96, "keys that are none: it does not start", async (house) => {
  const file = join(authority.dir, "none");
  const check = async (lines, options = ["--token-keys", file], env = {}) => {
    await authority.write(lines, file);
    const words = ["serve", "--check", "--data", join(authority.dir, "data"), "--listen", "127.0.0.1:0", ...options];
    return run(words, env);
  };
  const key = (bytes) => randomBytes(bytes).toString("base64url");
  assert.equal((await check(`hs HS256 ${key(32)}\n`)).code, 0);
  const bad = ["", "\n\n# hs HS256\n", "hs HS256", "hs HS256 ", 'hs HS256 ""', "hs HS256 =", `hs HS256 ${key(1)}`, `hs HS256 ${key(31)}`, `hs HS256 ${key(257)}`, `HS256 ${key(32)}`,
    `hs none ${key(32)}`, `hs HS512 ${key(64)}`, "ed EdDSA ", `ed EdDSA ${key(31)}`, `ed EdDSA ${key(33)}`, `hs HS256 ${key(32)}\nlate HS256 ${key(31)}`, `hs HS256 ${key(32)}\nhs HS256 ${key(32)}`,
    "-----BEGIN PUBLIC KEY-----\n"];
  for (const lines of bad) {
    const { code, text } = await check(lines);
    assert.equal(code, 1, `with: ${lines}\n${text}`);
    assert.match(text, /^quire: .*none: /);
  }
  await assert.rejects(Server.start({ args: ["--token-keys", file] }), /did not start/);
  // Nor does a name that came out empty mean that there are to be no keys.
  assert.equal((await check("", ["--token-keys", ""])).code, 2);
  assert.equal((await check("", [], { QUIRE_TOKEN_KEYS: "" })).code, 2);
  await turnsAway(house, /signature/, ["", Buffer.alloc(32), Buffer.alloc(1), "secret", "hs"].map((secret) => compact(HS, claims(), hmac(secret))));
});

row(97, "a key's algorithm is the key's to say: its public half proves nothing as a secret", async (house) => {
  const { publicKey } = authority.pair;
  const pem = publicKey.export({ type: "spki", format: "pem" });
  const forms = [authority.public, authority.public.toString("base64url"), authority.public.toString("base64"), authority.public.toString("hex"), pem, pem.trim(), pem.replaceAll("\n", "\r\n"),
    publicKey.export({ type: "spki", format: "der" }), JSON.stringify(publicKey.export({ format: "jwk" })), authority.lines.split("\n")[1]];
  await turnsAway(house, /alg/, forms.map((secret) => compact({ alg: "HS256", kid: "ed" }, claims(), hmac(secret))));
  await turnsAway(house, /signature/, forms.map((secret) => compact(HS, claims(), hmac(secret))));
  await turnsAway(house, /signature/, forms.map((secret) => compact(ED, claims(), hmac(secret))));
  await turnsAway(house, /alg/, [compact({ alg: "EdDSA", kid: "hs" }, claims(), authority.byPair), compact({ alg: "EdDSA", kid: "hs" }, claims(), authority.bySecret)]);
  await letsIn(house, [compact(HS, claims(), authority.bySecret), compact(ED, claims(), authority.byPair)]);
  const { privateKey } = generateKeyPairSync("ed25519");
  const identity = Buffer.concat([Buffer.of(1), Buffer.alloc(63)]); // R the neutral point, S 0
  await turnsAway(house, /signature/, [eddsa(privateKey), () => identity, () => Buffer.alloc(64, 255), hmac(authority.secret)].map((signed) => compact(ED, claims(), signed)));
});

row(98, "other algorithms, with the right secret", async (house) => {
  const names = ["HS512", "HS384", "HS1", "hs256", "HS256 ", " HS256", "HS-256", "RS256", "PS256", "ES256", "ES256K", "EdDSA", "Ed25519", "dir", "A256GCM"];
  const ways = [hmac(authority.secret), hmac(authority.secret, "sha512"), hmac(authority.secret, "sha384")];
  await turnsAway(house, /alg/, names.flatMap((alg) => ways.map((signed) => compact({ alg, kid: "hs" }, claims(), signed))));
  await letsIn(house, [compact(HS, claims(), ways[0])]);
  const cut = (size, signed) => (text) => signed(text).subarray(0, size);
  await turnsAway(house, /signature/, [ways[1], ways[2], cut(32, ways[1]), cut(31, ways[0]), cut(16, ways[0]), cut(0, ways[0])].map((signed) => compact(HS, claims(), signed)));
});

row(99, "before and after its time, or without one", async (house) => {
  const timed = (times) => times.map((more) => compact(HS, claims(more), authority.bySecret));
  const late = now();
  await letsIn(house, timed([{ exp: late - 15 }, { nbf: late + 15 }, { iat: late + 15 }, { exp: late + 365 * 86_400 }]));
  await turnsAway(house, /has expired/, timed([{ exp: late - 30 }, { exp: late - 3600 }, { exp: 1 }]));
  await turnsAway(house, /not good yet/, timed([{ nbf: late + 3600 }, { nbf: 2 ** 53 - 1 }]));
  await turnsAway(house, /from the future/, timed([{ iat: late + 3600 }]));
  await turnsAway(house, /more than 366 days/, timed([{ exp: late + 367 * 86_400 }, { exp: 2 ** 53 - 1 }, { exp: (late + 60) * 1000 }]));
  await turnsAway(house, /until when it is good/, timed([{ exp: undefined }]));
  const noTimes = [`${late + 60}`, late + 60.5, -1, 0, 2 ** 53, null, true, [], [late + 60], {}];
  for (const name of ["exp", "nbf", "iat"]) await turnsAway(house, new RegExp(`${name} is not a whole number`), timed(noTimes.map((time) => ({ [name]: time }))));
  await turnsAway(house, /not a JSON object/, signedClaims([`{"sub":"a","exp":${late}0000000000000000}`, `{"sub":"a","exp":Infinity}`, `{"sub":"a","exp":NaN}`, `{"sub":"a","exp":0x7fffffff}`]));
});

row(100, "of another issuer, for another audience, of another kind", async (house) => {
  const issuer = "https://id.example";
  const server = await Server.start({ args: [...args, "--token-issuer", issuer, "--token-audience", "quire"] });
  try {
    const made = (all) => all.map((more) => compact(HS, claims({ iss: issuer, aud: "quire", ...more }), authority.bySecret));
    await letsIn({ server }, made([{}, { aud: ["quire"] }, { aud: ["other", "quire"] }]));
    const issuers = [`${issuer}/`, "https://ID.example", "https://id.exampl", "", `${issuer}.evil.example`, `${issuer}\n`];
    await turnsAway({ server }, /another issuer/, made(issuers.map((iss) => ({ iss }))));
    await turnsAway({ server }, /\(?iss\)?/, made([undefined, null, 1, [issuer], { issuer }].map((iss) => ({ iss }))));
    await turnsAway({ server }, /another audience/, made(["quir", "quire2", "Quire", "", "*", [], ["no"], ["quire "]].map((aud) => ({ aud }))));
    await turnsAway({ server }, /\(?aud\)?/, made([undefined, null, 1, true, { quire: 1 }, ["quire", 1], [["quire"]], [null, "quire"]].map((aud) => ({ aud }))));
  } finally {
    await server.remove();
  }
  // A server without an audience is nobody's in particular.
  await turnsAway(house, /another audience/, signedClaims(["quire", ["quire"], []].map((aud) => claims({ aud }))));
  await turnsAway(house, /typ/, signedHeaders(["at+jwt", "doc+jwt", "secevent+jwt", "JWE", "JWT ", "", null, 1, ["JWT"], {}].map((typ) => ({ ...HS, typ }))));
  await letsIn(house, signedHeaders(["JWT", "jwt", undefined].map((typ) => ({ ...HS, typ }))));
});

row(101, "headers that name, bring or fetch a key", async (house) => {
  const empty = (kid) => compact({ alg: "HS256", kid }, claims(), hmac(""));
  const kids = ["../../dev/null", "/dev/null", "../../../../../../dev/null", "hs' OR '1'='1", "x' UNION SELECT 'secret' --", "hs;ls", "|/bin/true", "", "HS", "hs ", " hs", "hs\n", "hs.", "%68s", "k".repeat(65), "k".repeat(2900)];
  await turnsAway(house, /\(kid\)/, [...kids.map(empty), ...signedHeaders(kids.map((kid) => ({ ...HS, kid })))]);
  await turnsAway(house, /kid is not a string/, signedHeaders([null, 0, 1, true, ["hs"], { hs: 1 }].map((kid) => ({ ...HS, kid }))));
  await turnsAway(house, /does not say with which key/, signedHeaders([{ alg: "HS256" }]));
  await turnsAway(house, /header is not a JSON object/, signedHeaders([`{"alg":"HS256","kid":"hs\\u0000"}`, `{"alg":"HS256","kid":"hs"}x`, `["hs"]`, "", "{", `"hs"`, "null"]));
  await turnsAway(house, /longer than 4096/, [empty("k".repeat(4000))]);
  // Whoever is asked for a key hears of it.
  let asked = 0;
  const fetched = createServer((socket) => socket.destroy(void asked++)).listen(0, "127.0.0.1").unref();
  await until("it listens", () => fetched.listening);
  const url = `http://127.0.0.1:${fetched.address().port}/keys`;
  const own = generateKeyPairSync("ed25519");
  const jwk = { ...own.publicKey.export({ format: "jwk" }), kid: "ed" };
  const brought = [{ jku: url }, { x5u: url }, { jwk }, { jwk: {} }, { jwk: { kty: "oct", k: part(authority.secret) } }, { x5c: [own.publicKey.export({ type: "spki", format: "der" }).toString("base64")] },
    { x5c: [] }, { crit: ["exp"] }, { crit: [] }, { crit: null }, { crit: ["x"], x: true }, { b64: false, crit: ["b64"] }, { b64: false }, { zip: "DEF" }, { enc: "A256GCM" }];
  await turnsAway(house, /not allowed/, brought.flatMap((more) => [compact({ ...ED, ...more }, claims(), eddsa(own.privateKey)), compact({ ...ED, ...more }, claims(), authority.byPair), compact({ ...HS, ...more }, claims(), authority.bySecret)]));
  await letsIn(house, [compact({ ...ED, cty: "x", x: true }, claims(), authority.byPair), compact({ ...HS, x5t: "x" }, claims(), authority.bySecret)]);
  fetched.close();
  assert.equal(asked, 0);
});

// The token with the text of this part written so that a lax reader reads the same: the last character has other spare bits.
function respelled(token, index) {
  const parts = token.split(".");
  const last = parts[index].at(-1);
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  assert.notEqual(parts[index].length % 4, 0, "it has spare bits");
  parts[index] = parts[index].slice(0, -1) + alphabet[alphabet.indexOf(last) + 1];
  return parts;
}

row(102, "in another form than the one there is", async (house) => {
  const good = compact({ ...HS, x: "ab" }, claims({ x: "a" }), authority.bySecret);
  const parts = good.split(".");
  await letsIn(house, [good]);
  for (const extra of [" ", "\t", "\n", "\r\n", "=", "==", ".", "..", ".x", `.${parts[2]}`, "A", "AAAA", "%3D", "~", "\u00e9"]) await turnsAway(house, /the token/, [good + extra, extra + good, parts.join(`${extra}.`), `${parts[0]}${extra}.${parts[1]}.${parts[2]}`]);
  const whole = (text) => Buffer.from(text).toString("base64url");
  await turnsAway(house, /the token/, [whole(good), `Bearer ${good}`, `"${good}"`, parts.map(whole).join("."), parts.slice(0, 2).join("."), parts.reverse().join("."), JSON.stringify({ payload: parts[1], protected: parts[0], signature: parts[2] })]);
  await turnsAway(house, /not base64url/, [respelled(good, 2).join(".")]);
  for (const index of [0, 1]) {
    const texts = ["", " ", "  "].map((space) => [{ ...HS }, claims()].map((value, at) => (at === index ? JSON.stringify(value) + space : value)));
    const [header, body] = texts.find((both) => part(both[index]).length % 4 !== 0);
    const [first, second] = respelled(compact(header, body, authority.bySecret), index);
    const text = `${first}.${second}`;
    await turnsAway(house, /base64url/, [`${text}.${authority.bySecret(text).toString("base64url")}`]);
  }
  // In base64's other alphabet.
  const signatures = Array.from({ length: 100 }, (_, i) => compact(HS, claims({ x: i }), authority.bySecret)).filter((token) => /[-_][^.]*$/.test(token));
  await turnsAway(house, /signature is not base64url/, [signatures[0].replace(/[^.]*$/, (signature) => signature.replaceAll("-", "+").replaceAll("_", "/"))]);
  const sized = Array.from({ length: 200 }, (_, i) => compact(HS, claims({ x: "x".repeat(2850 + i) }), authority.bySecret)).filter(({ length }) => length > 4090 && length < 4102);
  await letsIn(house, sized.filter(({ length }) => length <= 4096));
  await turnsAway(house, /longer than 4096/, [...sized.filter(({ length }) => length > 4096), "a".repeat(8000), ".".repeat(8000), part("[".repeat(6000))]);
  await turnsAway(house, /JSON/, signedClaims(["[".repeat(2800), `{"a":`.repeat(500), "", "null", "1", `"mallory"`, "[]", `\ufeff${JSON.stringify(claims())}`, `${JSON.stringify(claims())}{}`, `${JSON.stringify(claims())}\0`, Buffer.from(`{"sub":"\xff"}`, "latin1")]));
});

row(103, "what is said twice", async (house) => {
  const exp = now() + 3600;
  await letsIn(house, [...signedClaims([`{"\\u0073ub":"mallory","exp":${exp},"docs":{"a":"viewer","b":"owner"}}`]), ...signedHeaders([`{"alg":"HS256","kid":"hs","x":1}`])]);
  await turnsAway(house, /claims are not a JSON object/, signedClaims([
    `{"sub":"mallory","sub":"honest","exp":${exp}}`, `{"sub":"mallory","exp":${exp},"exp":${exp}}`, `{"sub":"a","exp":1,"exp":${exp}}`, `{"sub":"a","exp":${exp},"role":"x","role":"admin"}`,
    `{"sub":"a","\\u0073ub":"honest","exp":${exp}}`, `{"sub":"a","exp":${exp},"docs":{"a":"viewer","a":"owner"}}`, `{"sub":"a","exp":${exp},"x":[{"y":1,"y":2}]}`]));
  await turnsAway(house, /header is not a JSON object/, signedHeaders([`{"alg":"none","kid":"hs","alg":"HS256"}`, `{"alg":"HS256","kid":"ed","kid":"hs"}`, `{"alg":"HS256","kid":"hs","x":1,"x":1}`]));
});

row(104, "claims of another type or value than they should have", async (house) => {
  const wrong = {
    role: ["owner", "Admin", "admin ", "true", "false", "", true, false, 1, 0, null, [], ["admin"], {}, { admin: true }],
    docs: ["*", "owner", [], ["*"], true, 0, null, { a: "admin" }, { a: "none" }, { a: "Owner" }, { a: "" }, { a: 1 }, { a: true }, { a: null }, { a: ["owner"] }, { a: {} }, { "": "owner" }, { "a*b": "owner" }, { "**": "owner" },
      { "../a": "owner" }, { "a b": "owner" }, { "\u00e4": "owner" }, { ["a".repeat(65)]: "owner" }],
    create: ["true", "false", "", 1, 0, null, [], [true], {}],
    sub: ["", 1, 0, true, null, [], ["honest"], { sub: "honest" }, "a\n", "\u0085", "a".repeat(129), undefined],
    name: ["", 1, null, [], ["Ann"], {}, "a\nb", "\u007f", "x".repeat(61)],
    color: ["", "red", "#12345", "#1234567", "#12345g", 1, null, []],
    jti: ["", 1, 0, true, null, [], {}, "j".repeat(129)],
  };
  for (const [name, values] of Object.entries(wrong)) await turnsAway(house, new RegExp(`${name}|does not say whose`), values.map((value) => compact(HS, claims({ [name]: value }), authority.bySecret)));
  const right = { role: "admin", docs: { a: "viewer", "b-*": "owner", "*": "editor" }, create: false, sub: "a".repeat(128), name: "x".repeat(60), color: "#A0b1C2", jti: "j".repeat(128) };
  await letsIn(house, [compact(HS, claims(right), authority.bySecret)]);
  await turnsAway(house, /JSON/, signedClaims([`{"sub":"a\\u0000b","exp":${now() + 60}}`, `{"sub":"a","exp":${now() + 60},"role":"\\ud800"}`]));
  // What others call it gives nothing, whatever it says.
  for (const value of [true, "true", "false", 1, 0, [], "admin"]) {
    const more = { role: undefined, admin: value, is_admin: value, isAdmin: value, roles: ["admin"], Role: "admin", scope: "admin", permissions: ["owner"], groups: ["admin"] };
    const client = await house.hello({ token: authority.token("mallory", more) });
    client.send([KIND.OPEN, 1, 0, "honest", null, null, null], [KIND.DELETE, 2, "honest"], [KIND.CREATE, 3, 2, "", null]);
    for (const [ref, code] of [[1, "not_found"], [2, "not_found"], [3, "forbidden"]]) assert.equal((await client.answer(ref))[3], code);
    client.end();
  }
});

row(105, "a token in an address, a header or a cookie: lets nobody in, and is in no log", async (house) => {
  const token = authority.token("mallory", { role: "admin", name: "Planted" });
  const heard = [];
  for (const path of [`/?token=${token}`, `/d/honest?access_token=${token}`, `/ws?token=${token}`, `/${token}`, `/d/${token}`, `/d/honest?link=${token}`, `/metrics?token=${token}`]) {
    const client = await house.connect();
    const { head, headers, body } = await client.request([`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${house.server.port}`, `Authorization: Bearer ${token}`, `Referer: https://a.example/?token=${token}`]);
    heard.push(head, body);
    if (headers["content-type"]?.startsWith("text/html")) assert.equal(headers["referrer-policy"], "no-referrer");
  }
  const shown = [{ Authorization: `Bearer ${token}` }, { Cookie: `token=${token}; session=${token}` }, { "Sec-WebSocket-Protocol": `quire.v1, ${token}` }, { "Sec-WebSocket-Protocol": `quire.v1, bearer.${token}` },
    { "X-Token": token, "X-Forwarded-User": "admin", "X-Auth-Request-User": "admin" }];
  for (const [path, headers] of [[`/ws?token=${token}`, {}], [`/ws?access_token=${token}&token=${token}`, {}], ...shown.map((headers) => ["/ws", headers])]) {
    const client = await house.connect();
    const response = await client.askUpgrade({ path, headers });
    heard.push(response.head);
    if (response.status === 0 && headers["Sec-WebSocket-Protocol"]) continue; // too long for a subprotocol
    assert.equal(response.status, 101, response.head);
    client.send([KIND.HELLO, null, "Mallory", "#aa3322", null, null, "hostile"]);
    await client.expectError("unauthorized", null);
    await client.expectClose(4401);
  }
  await letsIn(house, [token]); // good it is
  await showed(house, `${token}x`).then((client) => client.expectClose(4401));
  // What is in the log by the time this is has come through all threads.
  const marker = `marker-${randomBytes(8).toString("hex")}.example`;
  await until("the log has the marker", async () => {
    await (await house.connect()).request(["GET / HTTP/1.1", `Host: ${marker}`]);
    return house.server.log.some((line) => line.includes(marker));
  });
  const log = house.server.log.join("\n");
  assert.match(log, /not_let_in/);
  for (const secret of [...token.split("."), "Planted"]) for (const text of [log, ...heard]) assert.ok(!text.includes(secret), `${secret} is in: ${text.slice(Math.max(0, text.indexOf(secret) - 200), text.indexOf(secret) + 200)}`);
});

row(106, "a token that ends on an open connection: told, and renewed in place, or ended", async (house) => {
  const exp = now() + 10;
  const short = () => authority.token("mallory", { role: "admin", exp });
  const stays = await house.open("expiry", { type: 2, token: short() });
  const goes = await house.open("expiry", { type: 2, token: short() });
  for (const client of [stays, goes]) {
    await client.until("it is told", () => client.expiring.length > 0);
    const [[, inMs]] = client.expiring;
    assert.ok(inMs <= 10_000, `${inMs}`);
  }
  stays.send([KIND.TOKEN, 7, authority.token("mallory", { role: "admin" })]);
  assert.deepEqual(await stays.answer(7), [KIND.DONE, 7, null]);
  await goes.edit([{ insert: "kept" }]);
  const { text } = await goes.expectError("unauthorized", null);
  assert.match(text, /has expired/);
  assert.ok(Date.now() >= exp * 1000, "not before its time");
  await goes.expectClose(4401);
  // Both tokens ended at one time; who showed another is still there, with all that is open.
  await stays.next(KIND.EDITED);
  stays.channels[0].version = 1;
  await stays.edit([{ retain: 4 }, { insert: ", too" }]);
  // The last one that was shown counts, also if it ends sooner.
  stays.send([KIND.TOKEN, 8, authority.token("mallory", { role: "admin", exp: now() + 4 })]);
  assert.equal((await stays.answer(8))[0], KIND.DONE);
  await stays.next(KIND.EXPIRING);
  await stays.expectClose(4401);
  assert.equal((await house.snapshot("expiry")).version, 2);
});

row(107, "another's token on an open connection", async (house) => {
  const id = "renewed";
  const owner = await house.open(id, { type: 2, token: house.token() });
  for (const sub of ["honest", "Mallory", "mallory ", "mallory\u200b", "mallor", "mallory2", "m\u0430llory"]) {
    const client = await house.hello({ token: authority.token("mallory") });
    client.send([KIND.TOKEN, 5, authority.token(sub, { role: "admin" })], [KIND.DELETE, 6, id], [KIND.OPEN, 7, 0, id, null, null, null]);
    const { ref } = await client.expectError("forbidden", null);
    assert.equal(ref, 5);
    await client.expectClose(4403);
    assert.deepEqual(client.messages, []); // nothing that came behind it was heard
  }
  const bad = [authority.token("mallory", { exp: now() - 3600 }), compact(HS, claims(), hmac("other")), "", "a.b.c"];
  for (const token of bad) {
    const client = await house.hello({ token: authority.token("mallory") });
    client.send([KIND.TOKEN, 5, token], [KIND.DELETE, 6, id]);
    await client.expectError("unauthorized", null);
    await client.expectClose(4401);
  }
  await owner.edit([{ insert: "still here" }]);
});
