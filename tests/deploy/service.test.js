// What docs/operations.md has an operator do where Quire is a service, as root, with the recipes as they are written there.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { chown, copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect as connectTls } from "node:tls";
import { Connection, WebSocket } from "../e2e/lib/packages.js";
import { noLeaks, Server } from "../e2e/lib/server.js";
import { makeKeys } from "../e2e/lib/tokens.js";
import { until } from "../e2e/lib/wait.js";
import { makeCertificate, RSA } from "./lib/certificate.js";

const NOBODY = 65534;
const text = (path) => readFile(new URL(`../../${path}`, import.meta.url), "utf8");
const quire = (...args) => execFileSync(process.env.QUIRE_BIN, args, { stdio: "pipe", encoding: "utf8", env: { ...process.env, ...noLeaks } });

let dir, first, second;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), "quire-service-"));
  [first, second] = [makeCertificate(dir, "first"), makeCertificate(dir, "second", RSA)];
});
after(async () => await rm(dir, { recursive: true }));

// The block of the page, without its indent, that begins with these words.
async function recipe(words) {
  const page = await text("docs/operations.md");
  const block = page.split("\n\n").find((part) => part.startsWith(`    ${words}`));
  assert.ok(block, `docs/operations.md has a block that begins with ${words}`);
  return block.replaceAll(/^ {4}/gm, "");
}

function replaced(from, pairs) {
  for (const [old, fresh] of pairs) {
    assert.ok(from.includes(old), `the recipe has "${old}"`);
    from = from.replaceAll(old, fresh);
  }
  return from;
}

test("the service owns its data directory, and nothing else", async () => {
  const unit = await text("deploy/quire.service.in");
  // What systemd makes for a service belongs to its user, who could then write what is read as root.
  assert.deepEqual(unit.match(/^\w+Directory=.*$/gm), ["StateDirectory=quire"]);
});

test("the environment of the recipe is taken by the server", async () => {
  const keys = await makeKeys(dir);
  const lines = replaced(await recipe("QUIRE_LISTEN="), [["/etc/quire/tls/fullchain.pem", first.cert], ["/etc/quire/tls/privkey.pem", first.key], ["0.0.0.0:8443", "0.0.0.0:0"]]);
  const env = Object.fromEntries(lines.split("\n").map((line) => line.split(/=(.*)/s).slice(0, 2)));
  const said = execFileSync(process.env.QUIRE_BIN, ["serve", "--check", "--data", join(dir, "checked")], { encoding: "utf8", env: { ...process.env, ...noLeaks, ...env, QUIRE_TOKEN_KEYS: keys.path } });
  for (const name of Object.keys(env)) assert.match(said, new RegExp(name), said);
});

test("certbot's hook of the recipe gives a running server the renewed certificate", { timeout: 120_000 }, async () => {
  const [tls, lineage, bin] = [join(dir, "tls"), join(dir, "lineage"), join(dir, "bin")];
  for (const place of [tls, lineage, bin]) await mkdir(place);
  const group = execFileSync("id", ["-gn"], { encoding: "utf8" }).trim();
  const hook = replaced(await recipe("#!/bin/sh"), [["/etc/quire/tls/", `${tls}/`], ["-g quire-tls", `-g ${group}`]]);
  await writeFile(join(dir, "hook"), hook, { mode: 0o755 });
  let server = null;
  const renew = async (certificate) => {
    await copyFile(certificate.cert, join(lineage, "fullchain.pem"));
    await copyFile(certificate.key, join(lineage, "privkey.pem"));
    await writeFile(join(bin, "systemctl"), server ? `#!/bin/sh\n[ "$2" = quire ] && kill -HUP ${server.pid}\n` : "#!/bin/sh\n", { mode: 0o755 });
    execFileSync(join(dir, "hook"), { env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, RENEWED_LINEAGE: lineage } });
  };
  await renew(first);
  server = await Server.start({ args: ["--tls-cert", join(tls, "fullchain.pem"), "--tls-key", join(tls, "privkey.pem")] });
  const shown = () =>
    new Promise((resolve, reject) => {
      const socket = connectTls({ host: "127.0.0.1", port: server.port, rejectUnauthorized: false }, () => {
        resolve(socket.getPeerX509Certificate().fingerprint256);
        socket.destroy();
      }).on("error", reject);
    });
  try {
    assert.equal(await shown(), new X509Certificate(first.pem).fingerprint256);
    await renew(second);
    await until("it has the other certificate", () => server.log.some((line) => line.includes("certificate_changed")));
    assert.equal(await shown(), new X509Certificate(second.pem).fingerprint256);
  } finally {
    await server.remove();
  }
});

// Who is not root is skipped, which script/test counts as failed.
const skip = process.getuid() === 0 ? false : "only root has another user's server to look after";
test("what root imports and restores, the server's user can open", { timeout: 120_000, skip }, async () => {
  const place = await mkdtemp(join(tmpdir(), "quire-owner-"));
  const [data, note, backup] = [join(place, "data"), join(dir, "note.txt"), join(dir, "backup.db")];
  await mkdir(data, { mode: 0o700 });
  for (const path of [place, data]) await chown(path, NOBODY, NOBODY);
  const owner = async () => (await stat(join(data, "quire.db"))).uid;
  await writeFile(note, "kept\n");
  quire("import", "--data", data, note);
  assert.equal(await owner(), NOBODY);
  quire("compact", "--data", data);
  quire("backup", "--data", data, backup);
  assert.equal((await stat(backup)).uid, 0);
  quire("restore", "--data", data, "--force", backup);
  assert.equal(await owner(), NOBODY);
  const server = await Server.start({ dir: place, args: ["--user", "nobody"] });
  const connection = new Connection({ url: server.socketUrl, name: "Ann", color: "#336699", WebSocket, storage: false });
  try {
    const doc = connection.open("note");
    await doc.ready;
    doc.submit([{ insert: "and " }]);
    await until("it is saved", () => doc.saved);
    assert.equal(doc.text(), "and kept\n");
  } finally {
    await connection.close();
    await server.remove();
  }
});
