// TLS spoken by the server itself.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { Server } from "../e2e/lib/server.js";
import { until } from "../e2e/lib/wait.js";
import { makeCertificate } from "./lib/certificate.js";
import { socketTrusting, writeAndRead } from "./lib/people.js";

let dir, certificate, server;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), "quire-tls-"));
  certificate = makeCertificate(dir);
  server = await Server.start({ args: ["--tls-cert", certificate.cert, "--tls-key", certificate.key] });
});

after(async () => {
  await server?.remove();
  await rm(dir, { recursive: true });
});

// The handshake's end: { protocol, alpn, cipher } or { error }.
function shakeHands(options) {
  return new Promise((resolve) => {
    const socket = connectTls({ host: "127.0.0.1", port: server.port, ca: certificate.pem, ...options });
    socket.on("secureConnect", () => {
      resolve({ protocol: socket.getProtocol(), alpn: socket.alpnProtocol, cipher: socket.getCipher().name });
      socket.destroy();
    });
    socket.on("error", (error) => resolve({ error: error.code }));
  });
}

// The head of the response to a request.
function ask(...lines) {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: "127.0.0.1", port: server.port, ca: certificate.pem });
    let heard = "";
    socket.on("data", (bytes) => (heard += bytes)).on("close", () => resolve(heard)).on("error", reject);
    socket.write([...lines, "", ""].join("\r\n"));
  });
}

// Ends with the words that the program said.
const refusal = (...args) =>
  new Promise((resolve) => {
    const all = ["serve", "--check", "--data", join(dir, "none"), "--listen", "127.0.0.1:0", ...args];
    execFile(process.env.QUIRE_BIN, all, (error, stdout, stderr) => resolve(error ? stderr : `it started: ${stdout}`));
  });

test("TLS 1.2 and 1.3 are spoken, older ones are not", async () => {
  const only = (version) => shakeHands({ minVersion: version, maxVersion: version, ciphers: "DEFAULT@SECLEVEL=0" });
  assert.equal((await only("TLSv1.3")).protocol, "TLSv1.3");
  assert.equal((await only("TLSv1.2")).protocol, "TLSv1.2");
  assert.equal((await only("TLSv1.1")).error, "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
  assert.equal((await only("TLSv1")).error, "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
});

test("ciphers whose traffic a stolen key would open are not spoken", async () => {
  const { error } = await shakeHands({ maxVersion: "TLSv1.2", ciphers: "AES128-SHA:AES256-GCM-SHA384:ECDHE-ECDSA-AES128-SHA" });
  assert.match(error, /HANDSHAKE_FAILURE/);
  assert.match((await shakeHands({ maxVersion: "TLSv1.2" })).cipher, /^ECDHE-ECDSA-(AES\d+-GCM|CHACHA20)/);
});

test("HTTP/1.1 is what is agreed upon, never HTTP/2", async () => {
  assert.equal((await shakeHands({ ALPNProtocols: ["h2", "http/1.1"] })).alpn, "http/1.1");
  assert.notEqual((await shakeHands({ ALPNProtocols: ["h2"] })).alpn, "h2");
});

test("the shipped client writes and reads over wss, in large frames too", async () => {
  await writeAndRead(`wss://127.0.0.1:${server.port}/ws`, socketTrusting(certificate.pem), 512 * 1024);
});

test("a page of this server connects, one that came without TLS does not", async () => {
  const other = socketTrusting(certificate.pem, { Origin: `http://localhost:${server.port}` });
  const own = socketTrusting(certificate.pem, { Origin: `https://localhost:${server.port}` });
  await writeAndRead(`wss://localhost:${server.port}/ws`, own, 16);
  const refused = new other(`wss://localhost:${server.port}/ws`, "quire.v1");
  const status = await new Promise((resolve) => refused.on("unexpected-response", (_, response) => resolve(response.statusCode)).on("error", () => {}));
  assert.equal(status, 403);
});

test("plain HTTP, bytes without sense and a silent client do no harm", async () => {
  const ends = (bytes) =>
    new Promise((resolve) => {
      const socket = connectTcp({ host: "127.0.0.1", port: server.port });
      let heard = Buffer.alloc(0);
      socket.on("data", (more) => (heard = Buffer.concat([heard, more]))).on("error", () => {}).on("close", () => resolve(heard));
      socket.write(bytes);
    });
  const silent = ends("");
  const half = ends(Buffer.from("160301020001", "hex"));
  assert.doesNotMatch((await ends("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")).toString("latin1"), /HTTP/);
  await ends(Buffer.alloc(4096, 0xff));
  await Promise.all([silent, half]); // after LIMIT_HELLO_MS
  assert.match(await ask("GET /healthz HTTP/1.1", "Host: localhost"), /^HTTP\/1\.1 200 /);
});

test("connections that are cut in the middle of their handshake leave nothing behind", async () => {
  const open = async () => (await readdir(`/proc/${server.pid}/fd`)).length;
  // Those that the server has accepted and not closed yet: of one that nobody has accepted there is no inode.
  const accepted = async () => {
    const lines = (await readFile("/proc/net/tcp", "utf8")).split("\n").slice(1).map((line) => line.trim().split(/\s+/));
    const [at, listening] = [server.port.toString(16).toUpperCase().padStart(4, "0"), "0A"];
    return lines.filter(([, local, , state, , , , , , inode]) => local?.endsWith(`:${at}`) && state !== listening && inode !== "0").length;
  };
  await until("those of other tests are gone", async () => (await accepted()) === 0);
  const before = await open();
  const sockets = Array.from({ length: 50 }, () => {
    const socket = connectTcp({ host: "127.0.0.1", port: server.port });
    socket.on("error", () => {});
    socket.write(Buffer.from("16030102000100", "hex"));
    return socket;
  });
  await until("they are accepted", async () => (await accepted()) === 50);
  for (const socket of sockets) socket.destroy();
  await until("their descriptors are closed", async () => (await open()) <= before);
});

test("a key that others can read, or that is none of the certificate's, is refused at the start", async () => {
  const open = join(dir, "open.key");
  await copyFile(certificate.key, open);
  await chmod(open, 0o644);
  assert.match(await refusal("--tls-cert", certificate.cert, "--tls-key", open), /open\.key: the key cannot be used: others can get at it.*chmod 600/);
  const other = makeCertificate(dir, "other");
  assert.match(await refusal("--tls-cert", certificate.cert, "--tls-key", other.key), /other\.key: the key cannot be used: key values mismatch/);
  const empty = join(dir, "empty.pem");
  await writeFile(empty, "");
  assert.match(await refusal("--tls-cert", empty, "--tls-key", certificate.key), /empty\.pem: the certificate cannot be used: /);
  assert.match(await refusal("--tls-cert", "/nowhere/cert.pem", "--tls-key", certificate.key), /\/nowhere\/cert\.pem: .*No such file/);
  assert.match(await refusal("--tls-cert", certificate.cert, "--tls-key", "/nowhere/key"), /\/nowhere\/key: .*No such file/);
  assert.match(await refusal("--tls-cert", certificate.cert), /belong together/);
  assert.match(await refusal("--tls-key", certificate.key), /belong together/);
});
