// SIGHUP: another certificate and other keys, and nobody notices.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { chmod, chown, copyFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { Connection, WebSocket } from "../e2e/lib/packages.js";
import { Server } from "../e2e/lib/server.js";
import { keyLine, makeKeys, tokenOf } from "../e2e/lib/tokens.js";
import { until } from "../e2e/lib/wait.js";
import { makeCertificate, RSA } from "./lib/certificate.js";
import { socketTrusting } from "./lib/people.js";

const NOBODY = 65534;

let dir, first, second;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), "quire-reload-"));
  [first, second] = [makeCertificate(dir, "first"), makeCertificate(dir, "second", RSA)];
});
after(async () => await rm(dir, { recursive: true }));

const fingerprint = ({ pem }) => new X509Certificate(pem).fingerprint256;

// The fingerprint of what a new connection is shown, or the error.
const shown = (server, options = {}) =>
  new Promise((resolve) => {
    const socket = connectTls({ host: "127.0.0.1", port: server.port, rejectUnauthorized: false, ...options });
    socket.on("secureConnect", () => {
      resolve(socket.getPeerX509Certificate().fingerprint256);
      socket.destroy();
    });
    socket.on("error", (error) => resolve(error.code));
  });

// A file by another name takes the place of one, as if all at once.
async function replace(path, text) {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

// The lines that the log gets until it has so many with these words.
async function reload(server, words, count = 1) {
  const before = server.log.length;
  const told = () => server.log.slice(before).filter((line) => words.test(line));
  process.kill(server.pid, "SIGHUP");
  await until(() => `the log tells ${words}: ${server.log.slice(before).join("\n")}`, () => told().length >= count);
  return told();
}

const connect = (server, certificate, token = null) =>
  new Connection({ url: `wss://127.0.0.1:${server.port}/ws`, name: "Ann", color: "#336699", WebSocket: socketTrusting(certificate.pem), storage: false, token: () => token });

// Somebody who writes, and whose connection must last.
async function writer(server, certificate) {
  const connection = connect(server, certificate);
  const changes = [];
  const doc = connection.open(await connection.documents.create({ type: "text", title: "Reload" }));
  await doc.ready;
  connection.on("status", (status) => changes.push(status));
  return {
    async write() {
      doc.submit([{ insert: "more " }]);
      await until("it is saved", () => doc.saved);
      assert.deepEqual(changes, [], "the connection stayed");
    },
    close: () => connection.close(),
  };
}

// As certbot has them: names of links, which point at another file after each renewal.
async function linked(place) {
  await mkdir(join(place, "live"), { recursive: true });
  await mkdir(join(place, "archive"), { recursive: true });
  const [cert, key] = [join(place, "live", "fullchain.pem"), join(place, "live", "privkey.pem")];
  let number = 0;
  const renew = async (from) => {
    number++;
    for (const [link, source, name] of [[cert, from.cert, "fullchain"], [key, from.key, "privkey"]]) {
      await copyFile(source, join(place, "archive", `${name}${number}.pem`));
      await symlink(`../archive/${name}${number}.pem`, `${link}.new`);
      await rename(`${link}.new`, link);
    }
  };
  await renew(first);
  return { cert, key, renew };
}

test("new connections get the new certificate, and the old ones stay", { timeout: 120_000 }, async () => {
  const files = await linked(join(dir, "links"));
  const server = await Server.start({ args: ["--tls-cert", files.cert, "--tls-key", files.key, "--workers", "2"] });
  const ann = await writer(server, first);
  try {
    await ann.write();
    assert.equal(await shown(server), fingerprint(first));
    await files.renew(second);
    assert.equal(await shown(server), fingerprint(first), "not before it is told");
    await reload(server, /certificate_changed/);
    // Of each worker, with each protocol; also those that would rather have a key of the old kind.
    for (const version of ["TLSv1.2", "TLSv1.3", "TLSv1.2", "TLSv1.3"]) {
      assert.equal(await shown(server, { minVersion: version, maxVersion: version }), fingerprint(second));
      assert.equal(await shown(server, { minVersion: version, maxVersion: version, sigalgs: "ecdsa_secp256r1_sha256:RSA-PSS+SHA256:RSA+SHA256" }), fingerprint(second));
    }
    assert.match(await shown(server, { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256" }), /HANDSHAKE_FAILURE/);
    await ann.write();
    const bob = await writer(server, second);
    await bob.write();
    await files.renew(first);
    await reload(server, /certificate_changed/);
    assert.equal(await shown(server), fingerprint(first));
    await Promise.all([ann.write(), bob.write()]);
    await bob.close();
  } finally {
    await ann.close();
    await server.remove();
  }
});

test("handshakes that are under way have one or the other, and none fails", { timeout: 120_000 }, async () => {
  const files = await linked(join(dir, "crowd"));
  const server = await Server.start({ args: ["--tls-cert", files.cert, "--tls-key", files.key, "--workers", "2", "--rate-connects", "100000", "--rate-sockets", "100000"] });
  const seen = new Set();
  const hasSeen = (certificate) => until("somebody has seen it", () => seen.has(fingerprint(certificate)));
  let stop = false;
  const crowd = Promise.all(Array.from({ length: 6 }, async () => {
    while (!stop) seen.add(await shown(server));
  }));
  try {
    await hasSeen(first);
    for (let i = 0; i < 10; i++) {
      await files.renew(i % 2 ? first : second);
      await reload(server, /certificate_changed/);
      if (i === 0) await hasSeen(second);
    }
  } finally {
    stop = true;
    await crowd;
    await server.remove();
  }
  assert.deepEqual([...seen].sort(), [fingerprint(first), fingerprint(second)].sort());
});

test("a certificate that cannot be used is refused in words, and the one before stays", { timeout: 120_000 }, async () => {
  const files = { cert: join(dir, "cert.pem"), key: join(dir, "key.pem") };
  await copyFile(first.cert, files.cert);
  await copyFile(first.key, files.key);
  const server = await Server.start({ args: ["--tls-cert", files.cert, "--tls-key", files.key] });
  const ann = await writer(server, first);
  const refused = async (words) => {
    const [line] = await reload(server, /not_reloaded/);
    const { level, what, text } = JSON.parse(line);
    assert.deepEqual({ level, what }, { level: "error", what: "certificate" });
    assert.match(text, words);
    assert.equal(await shown(server), fingerprint(first));
    await ann.write();
  };
  try {
    await replace(files.cert, second.pem);
    await refused(/key\.pem: the key cannot be used: it is another kind of key/);
    await replace(files.cert, "");
    await refused(/cert\.pem: the certificate cannot be used/);
    await rm(files.cert);
    await refused(/cert\.pem: the certificate cannot be used: No such file/);
    await replace(files.cert, second.pem);
    await copyFile(second.key, files.key);
    await chmod(files.key, 0o644);
    await refused(/others can get at it/);
    await chmod(files.key, 0o600);
    await reload(server, /certificate_changed/);
    assert.equal(await shown(server), fingerprint(second));
    await ann.write();
  } finally {
    await ann.close();
    await server.remove();
  }
});

test("a key that is gone lets nobody in any more and ends whom it let in; a new one does let in", { timeout: 120_000 }, async () => {
  const place = await mkdtemp(join(dir, "keys-"));
  const [old, fresh] = [await makeKeys(place, "keys", "old"), await makeKeys(place, "fresh", "fresh")];
  const server = await Server.start({ args: ["--token-keys", old.path, "--tls-cert", first.cert, "--tls-key", first.key] });
  // Resolves with whether it was let in; then `ended` resolves with the close code.
  const comeIn = (keys) =>
    new Promise((resolve) => {
      const connection = connect(server, first, tokenOf(keys, "ann", { role: "admin" }));
      const ended = new Promise((end) => connection.on("status", (_, { code }) => code !== undefined && end(code)));
      connection.documents.list().then(() => resolve({ isIn: true, ended, connection }), () => {});
      void ended.then((code) => resolve({ isIn: false, code, connection }));
    });
  const people = [];
  const expect = async (keys, isIn) => {
    const who = await comeIn(keys);
    people.push(who.connection);
    assert.equal(who.isIn, isIn);
    return who;
  };
  try {
    const ann = await expect(old, true);
    await expect(fresh, false);
    await replace(old.path, keyLine(old) + keyLine(fresh));
    await reload(server, /keys_changed/);
    const bob = await expect(fresh, true);
    await replace(old.path, "nonsense\n");
    assert.match((await reload(server, /not_reloaded/))[0], /"level":"error".*"what":"keys".*keys: line 1: a line is a name/);
    await expect(old, true);
    await replace(old.path, keyLine(fresh));
    await reload(server, /keys_changed/);
    assert.equal(await ann.ended, 4401);
    await expect(old, false);
    await expect(fresh, true);
    await bob.connection.documents.list();
  } finally {
    await Promise.all(people.map((connection) => connection.close()));
    await server.remove();
  }
});

test("keys that the operator's command gave stay until the server's own file of them changes", { timeout: 120_000 }, async () => {
  const place = await mkdtemp(join(dir, "given-"));
  const [own, given] = [await makeKeys(place, "keys", "own"), await makeKeys(place, "given", "given")];
  const server = await Server.start({ args: ["--token-keys", own.path] });
  const isGood = async (keys) => {
    const connection = new Connection({ url: server.socketUrl, name: "Ann", color: "#336699", WebSocket, storage: false, token: () => tokenOf(keys, "ann", { role: "admin" }) });
    const ended = new Promise((resolve) => connection.on("status", (_, { code }) => code === 4401 && resolve(false)));
    const isIn = await Promise.race([connection.documents.list().then(() => true), ended]);
    await connection.close();
    return isIn;
  };
  try {
    execFileSync(process.env.QUIRE_BIN, ["token", "reload", "--data", server.data, "--token-keys", given.path]);
    assert.deepEqual([await isGood(own), await isGood(given)], [false, true]);
    // As for a certificate that was renewed: the key that was taken back does not come to life again.
    await reload(server, /keys_kept/);
    assert.deepEqual([await isGood(own), await isGood(given)], [false, true]);
    await replace(own.path, keyLine(own));
    await reload(server, /keys_changed/);
    assert.deepEqual([await isGood(own), await isGood(given)], [true, false]);
  } finally {
    await server.remove();
  }
});

// Who is not root is skipped, which script/test counts as failed.
const skip = process.getuid() === 0 ? false : "only root becomes somebody else";
test("a server that became another user reads what that user may", { timeout: 120_000, skip }, async () => {
  const place = await mkdtemp(join(tmpdir(), "quire-reload-user-"));
  const files = await linked(place);
  await mkdir(join(place, "data"), { mode: 0o700 });
  for (const path of [place, join(place, "data")]) await chown(path, NOBODY, NOBODY);
  const server = await Server.start({ dir: place, args: ["--user", "nobody", "--tls-cert", files.cert, "--tls-key", files.key] });
  try {
    await files.renew(second);
    assert.match((await reload(server, /not_reloaded/))[0], /privkey\.pem: the key cannot be used: Permission denied/);
    assert.equal(await shown(server), fingerprint(first));
    for (const name of ["privkey2.pem", "fullchain2.pem"]) await chown(join(place, "archive", name), NOBODY, NOBODY);
    await reload(server, /certificate_changed/);
    assert.equal(await shown(server), fingerprint(second));
  } finally {
    await server.remove();
  }
});
