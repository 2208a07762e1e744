// JSON, which comes from outside in tokens only: rows 66 to 68 of docs/hostile-input.md.
import assert from "node:assert/strict";
import { after } from "node:test";
import { Authority, compact, now } from "./lib/authority.js";
import { KIND } from "./lib/client.js";
import { op } from "./lib/op.js";
import { rows } from "./lib/rows.js";

const TOKEN_BYTES = 4096;

const authority = await Authority.make();
after(() => authority.remove());
// A room for more bad tokens than an address may have.
const row = rows({ args: ["--token-keys", authority.file, "--rate-bad-tokens", "1000000"], token: () => authority.token("honest", { role: "admin" }) });

const HEADER = '{"alg":"HS256","kid":"hs"}';
const inAnHour = () => now() + 3600;
// Claims of a good token, and what stands behind them.
const claims = (more = "", sub = '"a"') => `{"sub":${sub},"exp":${inAnHour()},"role":"admin"${more}}`;
// Signed as it should be.
const token = (claims, header = HEADER) => compact(header, claims, authority.bySecret);

async function refused(house, shown, reason) {
  const client = await house.upgrade();
  client.send([KIND.HELLO, shown, "Mallory", "#aa3322", null, null, "hostile"]);
  const { text } = await client.expectError("unauthorized", null);
  assert.match(text, reason);
  await client.expectClose(4401);
}

// As claims and as header.
const refusesEach = (house, all) =>
  Promise.all(all.flatMap((text) => [refused(house, token(text), /claims are not a JSON object/), refused(house, token(claims(), text), /header is not a JSON object/)]));

row(66, "JSON that is none, goes too deep, says a key twice or holds what strings and numbers cannot", async (house) => {
  const bad = [
    "", "{", "[]", "null", "1", '"a"', `${claims()}x`, `${claims()}${claims()}`, `\ufeff${claims()}`, `${claims()}\0`, claims(",}"), claims(",'a':1"), claims(",a:1"), claims("/* */"),
    claims(',"sub":"b"'), claims(',"x":{"y":1,"y":1}'), // twice
    claims(',"x":"\\u0000"'), claims(',"x\\u0000":1'), claims(',"x":"a\0b"'), claims(',"x":"a\nb"'),
    claims(',"x":"\\ud800"'), claims(',"x":"\\udc00\\ud800"'), claims(',"x":"\\ud83dx"'), claims(',"\\udfff":1'),
    claims(',"x":NaN'), claims(',"x":Infinity'), claims(',"x":-Infinity'), claims(',"x":1e400'), claims(',"x":-1e400'), claims(',"x":1e'), claims(',"x":01'), claims(',"x":+1'), claims(',"x":.5'), claims(',"x":0x1'),
    claims(`,"x":${"9".repeat(30)}`), claims(',"x":9223372036854775808'),
    "[".repeat(2900), '{"":'.repeat(700), `${"[".repeat(1000)}${"]".repeat(999)}`,
    Buffer.from('{"sub":"\xff"}', "latin1"), Buffer.from('{"sub":"\xc0\xaf"}', "latin1"), Buffer.from('{"sub":"\xed\xa0\x80"}', "latin1"),
  ];
  await refusesEach(house, bad);
  // JSON, but no times.
  for (const exp of ["1e20", "1e9", `${inAnHour()}.0`, `"${inAnHour()}"`, "-1", "0", "9007199254740992", "9223372036854775807", "null", "[]", "true"])
    await refused(house, token(`{"sub":"a","exp":${exp}}`), /exp is/);
  // As deep as fits into a token, and numbers that nobody asked for, are passed over.
  for (const more of [`,"x":${"[".repeat(1400)}${"]".repeat(1400)}`, ',"x":1e308,"y":-0,"z":1e-999', ',"":""']) await house.hello({ token: token(claims(more)) });
});

row(66, "a token of more than 4096 bytes is not looked at", async (house) => {
  const long = (size) => {
    const bare = token(claims(',"x":""')).length;
    const fill = Math.floor(((size - bare) * 3) / 4);
    return token(claims(`,"x":"${"a".repeat(fill)}"`));
  };
  const longest = long(TOKEN_BYTES);
  assert.ok(longest.length <= TOKEN_BYTES && longest.length > TOKEN_BYTES - 4);
  await house.hello({ token: longest });
  for (const each of [longest.padEnd(TOKEN_BYTES + 1, "A"), long(TOKEN_BYTES + 8), "{".repeat(8000), `${"A".repeat(8000)}.e30.AA`]) await refused(house, each, /longer than 4096 bytes/);
  // One that is much longer is not even read.
  const client = await house.upgrade();
  client.send([KIND.HELLO, "{".repeat(900_000), "Mallory", "#aa3322", null, null, "hostile"]);
  await client.expectClose(1009);
});

row(67, "objects with as many keys as fit into a token, in its header before anything is proven", async (house) => {
  const keys = Array.from({ length: 300 }, (_, i) => `"${i.toString(36)}":0`).join();
  const full = `${HEADER.slice(0, -1)},${keys}}`;
  await house.hello({ token: token(claims(), full) });
  const forged = token(claims(), full).replace(/\.[^.]*$/, `.${"A".repeat(43)}`);
  await Promise.all(Array.from({ length: 50 }, () => refused(house, forged, /signature is wrong/)));
});

row(68, "escapes: what counts is what they mean", async (house) => {
  // Keys are the same, and control characters what they are, however they are written.
  await refused(house, token(claims(',"\\u0073ub":"b"')), /claims are not a JSON object/);
  for (const name of ["\\u001b[31m", "a\\u000ab", "\\u0085", "\\u007f", ""]) await refused(house, token(claims(`,"name":"${name}"`)), /name is not/);
  for (const sub of ["\\u000d\\u000a", "\\t", "a\\u009f"]) await refused(house, token(claims("", `"${sub}"`)), /sub has control/);
  for (const claim of ['"r\\u006fle":"owner"', '"docs":{"..\\u002f":"owner"}', '"docs":{"a\\u0027":"owner"}']) await refused(house, token(`{"sub":"a","exp":${inAnHour()},${claim}}`), /role is not|key of the token's docs/);
  await refused(house, token(claims(), '{"alg":"HS256","kid":"hs","\\u006aku":"https://evil.test"}'), /parameter that is not allowed/);
  await refused(house, token(claims(), '{"\\u0061lg":"n\\u006fne","kid":"hs"}'), /algorithm/);
  // Markup is text, in the name of a token as in that of HELLO, and comes as it was meant.
  const script = "<script>alert(1)</script>";
  const reader = await house.open("escapes", { token: authority.token("reader", { role: "admin" }) });
  const named = token(claims(',"name":"\\u003cscript\\u003ealert(1)\\u003c\\/script\\u003e"'));
  const writer = await house.open("escapes", { token: named });
  const isNamed = ([, , , , , members]) => members.some((member) => member.at(-2) === script);
  await reader.next(KIND.PRESENCE, isNamed);
  // Nobody decodes what was no JSON.
  writer.send([KIND.RENAME, 7, "escapes", "\\u003cscript\\u003e"]);
  await writer.answer(7);
  assert.equal((await reader.next(KIND.RENAMED))[2], "\\u003cscript\\u003e");
  await writer.edit([{ insert: "\\u003cscript\\u003e&lt;%3C" }]);
  const [, , , , bytes] = await reader.next(KIND.EDITED);
  assert.deepEqual(bytes, op([{ insert: "\\u003cscript\\u003e&lt;%3C" }]));
});
