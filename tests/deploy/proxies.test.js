// Behind nginx and HAProxy with the configurations of deploy/.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { request as requestPlain } from "node:http";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { WebSocket } from "../e2e/lib/packages.js";
import { MARK } from "../e2e/lib/secrets.js";
import { Server } from "../e2e/lib/server.js";
import { makeKeys, tokenOf } from "../e2e/lib/tokens.js";
import { until } from "../e2e/lib/wait.js";
import { pack } from "../hostile/lib/pack.js";
import { makeCertificate } from "./lib/certificate.js";
import { socketTrusting, writeAndRead } from "./lib/people.js";
import { KINDS, startProxy } from "./lib/proxies.js";

// More than Quire's 25 s between two pings, less than two of them.
const IDLE = "30s";
// All but the subprotocol.
const HANDSHAKE = { Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==" };
const HELLO = pack([1, null, "Idle", "#112233", null, null, "test"]);

// In one runner both proxies' slow tests wait at once.
describe("proxies", { concurrency: true }, () => {
  for (const kind of KINDS) describe(kind.name, () => behind(kind));
});

function behind(kind) {
  let dir, certificate, keys, server, proxy;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "quire-proxy-"));
    certificate = makeCertificate(dir);
    keys = await makeKeys(dir);
    server = await Server.start({ args: ["--token-keys", keys.path, "--guests", "links", "--allow-host", "localhost", "--trusted-proxy", "127.0.0.1", "--log-level", "debug"] });
    proxy = await startProxy(kind, { dir, certificate, upstream: server.port, idle: IDLE });
    if (kind.name === "HAProxy") await until("it has found the server ready", async () => (await get("/healthz")).status === 200);
  });

  after(async () => {
    await proxy?.stop();
    await server?.remove();
    await rm(dir, { recursive: true });
  });

  const token = () => tokenOf(keys, "ann", { create: true });
  const url = () => `wss://localhost:${proxy.port}/ws`;

  // The response to a request: { status, headers, body }.
  const get = (path, headers = {}, options = {}) =>
    new Promise((resolve, reject) => {
      const all = { host: "127.0.0.1", port: proxy.port, path, servername: "localhost", ca: certificate.pem, headers: { Host: `localhost:${proxy.port}`, ...headers }, ...options };
      request(all, (response) => {
        let body = "";
        response.on("data", (text) => (body += text)).on("end", () => resolve({ status: response.statusCode, headers: response.headers, body }));
      }).on("upgrade", (response, socket) => {
        socket.destroy();
        resolve({ status: response.statusCode, headers: response.headers, body: "" });
      }).on("error", reject).end();
    });

  test(`${kind.name}: a client writes and reads, in large frames too`, async () => {
    await writeAndRead(url(), socketTrusting(certificate.pem), 512 * 1024, token());
  });

  test(`${kind.name}: the editor comes, and its page connects; a page of another site does not`, async () => {
    assert.match((await get("/")).body, /<!doctype html>/);
    const origin = (value) => socketTrusting(certificate.pem, { Origin: value });
    await writeAndRead(url(), origin(`https://localhost:${proxy.port}`), 16, token());
    for (const foreign of ["https://evil.test", `http://localhost:${proxy.port}`]) {
      const status = await new Promise((resolve) => {
        new (origin(foreign))(url(), "quire.v1").on("unexpected-response", (_, response) => resolve(response.statusCode)).on("error", () => {});
      });
      assert.equal(status, 403, foreign);
    }
  });

  test(`${kind.name}: the server sees the client's address, whatever the client says of it`, async () => {
    const before = server.log.length;
    // An answer of Quire's own, with a line in its log; only so many a second are told.
    await until("a line with the address", async () => {
      const response = await get("/ws", { ...HANDSHAKE, "X-Forwarded-For": "203.0.113.7" }, { localAddress: "127.0.0.2" });
      assert.equal(response.status, 400);
      return server.log.slice(before).some((line) => line.includes('"reason":"subprotocol"') && line.includes('"ip":"127.0.0.2"'));
    });
    assert.ok(!server.log.some((line) => line.includes("203.0.113.7")));
  });

  test(`${kind.name}: no upgrade but to a WebSocket is passed on`, async () => {
    const ask = (upgrade) => get("/", { ...HANDSHAKE, Upgrade: upgrade, Connection: "Upgrade, HTTP2-Settings", "HTTP2-Settings": "AAMAAABkAAQAAP__" });
    // Without its upgrade the request is one for a page.
    for (const upgrade of ["h2c", "foo"]) assert.equal((await ask(upgrade)).status, 200, upgrade);
    assert.notEqual((await ask("websocket, h2c")).status, 101);
  });

  test(`${kind.name}: other names do not pass`, async () => {
    const before = server.log.length;
    assert.equal((await get("/", { Host: "evil.test" })).status, 421);
    assert.equal((await get("/ws", { ...HANDSHAKE, Host: "evil.test" })).status, 421);
    assert.ok(!server.log.slice(before).some((line) => line.includes("evil.test")), "the server was asked");
  });

  test(`${kind.name}: TLS 1.2 and 1.3, HTTP/2 to browsers, plain HTTP is sent there`, async () => {
    const shake = (options) =>
      new Promise((resolve) => {
        const socket = connectTls({ host: "127.0.0.1", port: proxy.port, servername: "localhost", ca: certificate.pem, ciphers: "DEFAULT@SECLEVEL=0", ...options });
        socket.on("secureConnect", () => resolve(`${socket.getProtocol()} ${socket.alpnProtocol}`)).on("error", (error) => resolve(error.code));
        socket.on("secureConnect", () => socket.destroy());
      });
    assert.equal(await shake({ ALPNProtocols: ["h2", "http/1.1"] }), "TLSv1.3 h2");
    assert.equal(await shake({ maxVersion: "TLSv1.2", ALPNProtocols: ["http/1.1"] }), "TLSv1.2 http/1.1");
    assert.match(await shake({ minVersion: "TLSv1", maxVersion: "TLSv1.1" }), /PROTOCOL_VERSION/);
    const response = await new Promise((resolve, reject) => requestPlain({ host: "127.0.0.1", port: proxy.plainPort, path: "/d/a?b", headers: { Host: "evil.test" } }, resolve).on("error", reject).end());
    assert.deepEqual([response.statusCode, response.headers.location], [301, "https://localhost/d/a?b"]);
    assert.match((await get("/")).headers["strict-transport-security"], /max-age=/);
  });

  test(`${kind.name}: its log tells of each request, and of nothing secret`, async () => {
    const [ann, before] = [token(), proxy.log().length];
    await writeAndRead(url(), socketTrusting(certificate.pem), 16, ann);
    await until("the requests are in the log", () => proxy.log().slice(before).split("GET /ws").length > 2);
    assert.ok(!proxy.log().includes(MARK) && !proxy.log().includes(ann.split(".")[2]), proxy.log());
  });

  test(`${kind.name}: a connection on which nobody says anything outlives the proxy's patience`, { timeout: 120_000 }, async () => {
    const socket = new WebSocket(url(), "quire.v1", { ca: certificate.pem });
    let [pings, closed] = [0, null];
    socket.on("open", () => socket.send(HELLO)).on("ping", () => pings++).on("close", (code) => (closed = code)).on("error", () => {});
    await until(() => `two pings: ${pings}, closed: ${closed}`, () => pings >= 2 || closed !== null, 90_000);
    assert.equal(closed, null);
    socket.terminate();
  });
}
