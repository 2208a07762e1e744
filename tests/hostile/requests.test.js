// What comes before a WebSocket: sockets, HTTP and the handshake, rows 1 to 27 of docs/hostile-input.md.
import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before } from "node:test";
import { Server } from "../e2e/lib/server.js";
import { until } from "../e2e/lib/wait.js";
import { Client, KIND } from "./lib/client.js";
import { BINARY, frame } from "./lib/frame.js";
import { pack } from "./lib/pack.js";
import { rows } from "./lib/rows.js";

const row = rows({ args: ["--log-level", "debug"] });

// From LIMIT_HELLO_MS, and what a loaded machine adds.
const HELLO_MS = 10_000;
const LATEST_MS = 20_000;

const host = (house) => `Host: 127.0.0.1:${house.server.port}`;
const get = (house, ...headers) => ["GET / HTTP/1.1", host(house), ...headers];

// What is answered to a request, after which the connection must end: nothing is ever answered on it again.
async function ask(house, lines) {
  const client = await house.connect();
  const response = await client.request(lines);
  await client.expectEof();
  assert.equal(client.heard.length, 0, `more came: ${client.heard}`);
  return response;
}

async function expectStatus(house, lines, ...statuses) {
  const { status, head } = await ask(house, lines);
  assert.ok(statuses.includes(status), `${lines}: ${head}`);
}

// A handshake that is an honest one but for these headers is refused; 0: without a word.
async function refused(house, status, headers, options = {}) {
  const client = await house.connect();
  const response = await client.askUpgrade({ headers, ...options });
  assert.equal(response.status, status, response.head);
  await client.expectEof();
  return response;
}

// The socket is ended when the time for the hello is over, and not before.
async function endsInTime(client, begun) {
  await until("the end of the connection", () => client.ended, LATEST_MS);
  assert.ok(Date.now() - begun >= HELLO_MS - 500, `it ended after ${Date.now() - begun} ms`);
}

// The log's line of a refusal. Only so many a second are told, so it is brought about until one is.
const told = (server, refuse, part) =>
  until(`a line with ${part}`, async () => {
    const before = server.log.length;
    await refuse();
    return server.log.slice(before).find((line) => line.includes('"refused"') && line.includes(part));
  });

row([1, 2, 6], "those who never finish their headers: silent, dripping, with a zero byte, with a folded line", async (house) => {
  const begun = Date.now();
  const clients = await Promise.all(["", "GET / HTTP/1.1\r\nX: ", `${get(house).join("\r\n")}\r\nX: a\0b\r\n\r\n`, `${get(house).join("\r\n")}\r\nX: a\r\n b\r\n\r\n`].map(async (text) => {
    const client = await house.connect();
    client.write(text);
    return client;
  }));
  const drip = setInterval(() => clients[1].write("a"), 250);
  try {
    await Promise.all(clients.map((client) => endsInTime(client, begun)));
  } finally {
    clearInterval(drip);
  }
  for (const client of clients) assert.equal(client.heard.length, 0);
});

row(3, "a body, all at once or byte by byte: refused before it has come", async (house) => {
  await expectStatus(house, ["POST / HTTP/1.1", host(house), "Content-Length: 100", "", "a"], 405);
  await expectStatus(house, get(house, "Content-Length: 100"), 400);
  await expectStatus(house, ["POST /ws HTTP/1.1", host(house), "Transfer-Encoding: chunked", "", "1", "a"], 405);
});

row(4, "8 KiB of headers, or an address as long", async (house) => {
  for (const lines of [get(house, `X: ${"a".repeat(9000)}`), [`GET /${"a".repeat(9000)} HTTP/1.1`, host(house)]]) {
    const client = await house.connect();
    client.write(`${lines.join("\r\n")}\r\n\r\n`);
    await client.expectEof();
    assert.equal(client.heard.length, 0);
  }
  await expectStatus(house, [`GET /${"a".repeat(3000)} HTTP/1.1`, host(house)], 404);
});

row(5, "200 headers that nobody knows, within 8 KiB, are passed over; 1000 are not", async (house) => {
  const many = (count) => get(house, ...Array.from({ length: count }, (_, i) => `X-${i}: a`));
  await expectStatus(house, many(200), 200);
  await expectStatus(house, many(1000), 0);
});

row(7, "lengths that are wrong, doubled or contradicted", async (house) => {
  for (const headers of [
    ["Content-Length: 5", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding: identity"],
    ["Content-Length: 0", "Content-Length: 0"],
    ["Content-Length: 0", "Content-Length: 5"],
    ["Content-Length: -1"],
    ["Content-Length: +0"],
    ["Content-Length: 0x0"],
    ["Content-Length: 0,0"],
    ["Content-Length: 100000000000000000000"],
  ]) {
    await expectStatus(house, get(house, ...headers), 400);
    await expectStatus(house, ["GET /ws HTTP/1.1", host(house), "Upgrade: websocket", "Connection: Upgrade", ...headers], 400);
  }
});

row(8, "one request a connection: what comes behind it is never looked at", async (house) => {
  await expectStatus(house, get(house, "Content-Length: 3", "", "abc"), 400);
  await expectStatus(house, [...get(house), "", ...get(house)], 200);
  await expectStatus(house, ["POST / HTTP/1.1", host(house), "", ...get(house)], 405);
});

row(9, "names that are not the server's, two of them, none", async (house) => {
  for (const name of ["evil.test", "127.0.0.1.evil.test", "evil.test:80", "192.0.2.1", "[::2]"]) {
    await expectStatus(house, ["GET / HTTP/1.1", `Host: ${name}`], 421);
    await refused(house, 421, { Host: name });
  }
  for (const lines of [[host(house), host(house)], [host(house), "Host: evil.test"], ["Host: evil.test", host(house)], [], ["Host:"], ["Host: a/b"], ["Host: u@127.0.0.1"], ["Host: 127.0.0.1\0.evil.test"], ["Host : 127.0.0.1"]])
    await expectStatus(house, ["GET / HTTP/1.1", ...lines], 400);
  for (const name of ["localhost", "LOCALHOST:1", "[::1]:80", "127.0.0.1"]) await expectStatus(house, ["GET / HTTP/1.1", `Host: ${name}`], 200);
  // Line ends without a carriage return are taken for what they are.
  const client = await house.connect();
  client.write(`GET / HTTP/1.1\n${host(house)}\n\n`);
  assert.equal((await client.response()).status, 200);
  await told(house.server, () => refused(house, 421, { Host: "evil.test" }), '"reason":"host","status":421,"ip":"127.0.0.1","value":"evil.test","option":"allow-host"');
});

row(10, "an absolute address, bytes without sense, a TLS hello", async (house) => {
  await expectStatus(house, ["GET http://evil.test/ HTTP/1.1", host(house)], 403);
  for (const bytes of [Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 197 + 13) & 255)), Buffer.from(`16030100c8010000c40303${"00".repeat(200)}`, "hex")]) {
    const client = await house.connect();
    client.write(bytes);
    assert.ok([0, 403].includes((await client.response()).status));
    await client.expectEof();
  }
});

row(11, "an upgrade to HTTP/2, by header or by preface", async (house) => {
  const h2c = { Upgrade: "h2c", Connection: "Upgrade, HTTP2-Settings", "HTTP2-Settings": "AAMAAABkAAQAAP__" };
  await refused(house, 400, h2c);
  await refused(house, 400, h2c, { path: "/" });
  await refused(house, 403, { ...h2c, Upgrade: "websocket, h2c" });
  await expectStatus(house, "PRI * HTTP/2.0\r\n\r\nSM", 0, 403);
});

row(12, "an unknown upgrade, alone and after a page on one connection", async (house) => {
  await refused(house, 403, { Upgrade: "foo".repeat(30) });
  const client = await house.connect();
  client.write(`${get(house, "Connection: keep-alive").join("\r\n")}\r\n\r\nGET /ws HTTP/1.1\r\n${host(house)}\r\nUpgrade: ${"foo".repeat(30)}\r\nConnection: Upgrade\r\n\r\n`);
  assert.equal((await client.response()).status, 200);
  await client.expectEof();
  assert.equal(client.heard.length, 0);
  const late = await house.connect();
  assert.equal((await late.request(["GET /healthz HTTP/1.1", host(house), "Connection: keep-alive"])).status, 200);
  late.write(`GET /ws HTTP/1.1\r\n${host(house)}\r\nUpgrade: ${"foo".repeat(30)}\r\nConnection: Upgrade\r\n\r\n`);
  await late.expectEof();
  assert.equal(late.heard.length, 0);
});

row(13, "CONNECT", async (house) => {
  await expectStatus(house, ["CONNECT x:80 HTTP/1.1", host(house)], 0);
});

row(14, "a handshake by another method, of another HTTP or WebSocket version", async (house) => {
  for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"]) {
    const { headers } = await refused(house, 405, {}, { method });
    assert.equal(headers.allow, "GET");
  }
  await refused(house, 505, {}, { version: "HTTP/1.0" });
  for (const version of ["8", "12", "0", "14", "013", "13, 13", null]) {
    const { headers } = await refused(house, 426, { "Sec-WebSocket-Version": version });
    assert.equal(headers["sec-websocket-version"], "13");
  }
});

row(15, "a key that is missing, too short, too long, or not base64", async (house) => {
  for (const key of [null, "abcd", "dGhlIHNhbXBsZSBub25j*Q==", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ==A", "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ=="])
    await refused(house, 400, { "Sec-WebSocket-Key": key });
});

row(16, "Upgrade without Connection: Upgrade", async (house) => {
  await refused(house, 0, { Connection: "close" });
  await refused(house, 0, { Connection: null });
});

row([17, 18], "no subprotocol, unknown ones, and ours among others", async (house) => {
  for (const name of [null, "quire.v2", "quire.v11", "QUIRE.V1", "quire-pages", "http", "quire", "a, b"]) await refused(house, 400, { "Sec-WebSocket-Protocol": name });
  await refused(house, 0, { "Sec-WebSocket-Protocol": "quire-pages, quire.v1" });
  const client = await house.connect();
  const { status, headers } = await client.askUpgrade({ headers: { "Sec-WebSocket-Protocol": "evil, quire.v1", "Sec-WebSocket-Extensions": "permessage-deflate" } });
  assert.equal(status, 101);
  assert.equal(headers["sec-websocket-protocol"], "quire.v1");
  assert.equal(headers["sec-websocket-extensions"], undefined);
});

row(19, "pages of other sites", async (house) => {
  for (const origin of ["https://evil.test", "null", "http://127.0.0.1.evil.test", `http://127.0.0.1:${house.server.port + 1}`, "file://", "http://127.0.0.1", `http://localhost:${house.server.port}`, "a".repeat(300)])
    await refused(house, 403, { Origin: origin });
  const own = `http://127.0.0.1:${house.server.port}`;
  await refused(house, 403, { Origin: own, origin: "https://evil.test" });
  const client = await house.upgrade({ Origin: own });
  client.end();
  const words = '"reason":"origin","status":403,"ip":"127.0.0.1","value":"https://evil.test","option":"allow-origin"';
  await told(house.server, () => refused(house, 403, { Origin: "https://evil.test" }), words);
});

row(20, "frames in the same packet as the handshake, before the hello", async (house) => {
  const client = await house.connect();
  const request = ["GET /ws HTTP/1.1", host(house), "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: quire.v1", "", ""].join("\r\n");
  client.write(Buffer.concat([Buffer.from(request), frame({ opcode: BINARY, payload: pack([KIND.LIST, 1, 10, null, null]) })]));
  await until("the answer", () => client.heard.includes("\r\n\r\n"));
  const rest = client.heard.subarray(client.heard.indexOf("\r\n\r\n") + 4);
  assert.equal(rest[0], 0x88, "something else than a close frame came");
  assert.equal(rest.readUInt16BE(2), 4401);
});

row(22, "no hello: closed with 4408, and at once by whatever else comes", async (house) => {
  const begun = Date.now();
  const silent = await house.upgrade();
  const pinging = await house.upgrade();
  pinging.sendFrame({ opcode: 9, payload: Buffer.from("a") });
  await pinging.expectClose(4401);
  await silent.expectClose(4408);
  assert.ok(Date.now() - begun >= HELLO_MS - 500);
});

row(24, "paths that lead out of the editor's files", async (house) => {
  for (const path of ["/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2fetc", "/%252e%252e/", "/%c0%ae%c0%ae/", "/..\\etc", "/..;/", "//etc/passwd", "/index.html/", "/d/../../etc/passwd", "/d/a/b", "/etc/passwd"])
    await expectStatus(house, [`GET ${path} HTTP/1.1`, host(house)], 404);
  for (const path of ["/a%00b", "/editor.js%00.html", "/%zz", "/?a=%00"]) await expectStatus(house, [`GET ${path} HTTP/1.1`, host(house)], 0, 403, 404);
});

row(26, "files that begin with a dot, or are of no known kind", async (house) => {
  for (const path of ["/.git/config", "/.env", "/index.html~", "/quire.db", "/package.json", "/editor.js.map.bak"]) await expectStatus(house, [`GET ${path} HTTP/1.1`, host(house)], 404);
});

row(27, "ranges, conditions, and methods other than GET and HEAD", async (house) => {
  const whole = await ask(house, get(house));
  const part = await ask(house, get(house, "Range: bytes=0-1,2-3,-1,0-99999999", "If-Range: x"));
  assert.equal(part.status, 200);
  assert.equal(part.body, whole.body);
  for (const tag of ["*", whole.headers.etag, `W/${whole.headers.etag}, "other"`]) assert.equal((await ask(house, get(house, `If-None-Match: ${tag}`))).status, 304);
  assert.equal((await ask(house, get(house, `If-None-Match: ${'"a",'.repeat(1000)}`))).status, 200);
  for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) await expectStatus(house, [`${method} / HTTP/1.1`, host(house)], 405);
  for (const method of ["TRACE", "FOO", "PROPFIND"]) await expectStatus(house, [`${method} / HTTP/1.1`, host(house)], 0, 403);
  for (const version of ["HTTP/1.2", "HTTP/2.0", "HTTP/3"]) await expectStatus(house, [`GET / ${version}`, host(house)], 505);
});

// ---- rows that want a server of their own ----

let narrow, proxied, linked;
before(async () => {
  narrow = await Server.start({ args: ["--connections", "20"] });
  proxied = await Server.start({ args: ["--trusted-proxy", "127.0.0.0/8", "--log-level", "debug"] });
});
after(async () => {
  await Promise.all([narrow?.remove(), proxied?.remove(), linked?.remove()]);
});

row(21, "more connections than there is room for, and a storm of them", async () => {
  const clients = await Promise.all(Array.from({ length: 60 }, () => Client.connect(narrow)));
  await until("forty are turned away", () => clients.filter((client) => client.ended).length === 40);
  for (const client of clients.filter((each) => each.ended)) assert.match(client.heard.toString(), /^HTTP\/1\.1 503 .*\r\n(.*\r\n)*Retry-After: /);
  for (const client of clients) client.end();
  for (let wave = 0; wave < 40; wave++) for (const client of await Promise.all(Array.from({ length: 50 }, () => Client.connect(narrow)))) client.end();
  await until("there is room again", async () => {
    const client = await Client.connect(narrow);
    const { status } = await client.askUpgrade();
    client.end();
    return status === 101;
  });
});

row(23, "X-Forwarded-For is believed of trusted proxies only, and of those the last address that is none of them", async (house) => {
  const addressSeen = async (server, forwarded) => {
    const refuse = async () => {
      const client = await Client.connect(server);
      assert.equal((await client.askUpgrade({ headers: { Origin: "https://evil.test", "X-Forwarded-For": forwarded } })).status, 403);
    };
    return /"ip":"([^"]*)"/.exec(await told(server, refuse, '"reason":"origin"'))[1];
  };
  assert.equal(await addressSeen(house.server, "203.0.113.7"), "127.0.0.1");
  assert.equal(await addressSeen(proxied, "203.0.113.7"), "203.0.113.7");
  assert.equal(await addressSeen(proxied, "1.1.1.1, 203.0.113.7, 127.0.0.9"), "203.0.113.7");
  assert.equal(await addressSeen(proxied, "203.0.113.7, nonsense"), "127.0.0.1");
  assert.equal(await addressSeen(proxied, "2001:db8::7"), "2001:db8::7");
  assert.equal(await addressSeen(proxied, `${"1.1.1.1, ".repeat(300)}203.0.113.8`), "203.0.113.8");
});

row(23, "X-Forwarded-Proto is believed of trusted proxies only: elsewhere it makes no page another site's, nor another site's its own", async (house) => {
  const statusFor = async (server, scheme, forwarded) => {
    const client = await Client.connect(server);
    const { status } = await client.askUpgrade({ headers: { Origin: `${scheme}://127.0.0.1:${server.port}`, "X-Forwarded-Proto": forwarded } });
    client.end();
    return status;
  };
  const pages = [["http", "http"], ["http", "https"], ["https", "http"], ["https", "https"]];
  const statuses = (server) => Promise.all(pages.map(([scheme, forwarded]) => statusFor(server, scheme, forwarded)));
  assert.deepEqual(await statuses(house.server), [101, 101, 101, 101]);
  assert.deepEqual(await statuses(proxied), [101, 403, 403, 101]);
});

row(25, "a link that leads out of the web's folder: there is none, the editor is in the program", async () => {
  linked = await Server.start();
  await mkdir(join(linked.dir, "secret"));
  await writeFile(join(linked.dir, "secret", "key"), "secret");
  await symlink(join(linked.dir, "secret"), join(linked.data, "link"));
  for (const path of ["/link/key", "/data/link/key", "/quire.db", "/data/quire.db"]) {
    const client = await Client.connect(linked);
    assert.equal((await client.request([`GET ${path} HTTP/1.1`, "Host: localhost"])).status, 404);
  }
});
