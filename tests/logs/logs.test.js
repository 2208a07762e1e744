// The last test of a run: what servers and proxies logged in all others (QUIRE_TEST_LOGS) holds none of the secrets that
// those planted. Of a whole run (QUIRE_TEST_WHOLE) there must be as many of both as there usually are.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MARK } from "../e2e/lib/secrets.js";
import { Secrets } from "./lib/search.js";

const dir = process.env.QUIRE_TEST_LOGS;
const isWhole = Boolean(process.env.QUIRE_TEST_WHOLE);
// Who logs in a whole run, and in how many processes at least.
const LOGS = { unit: 60, e2e: 6, deploy: 4, hostile: 4, faults: 10, nginx: 1, haproxy: 1 };
const KINDS = ["chat", "client key", "document text", "link", "name", "password", "signing key", "title", "token"];

function readSecrets(into) {
  const kinds = new Map();
  for (const line of readFileSync(join(dir, "secrets"), "utf8").trimEnd().split("\n")) {
    const [, kind, hex] = /^(.+) ([0-9a-f]+)$/.exec(line);
    into.add(kind, Buffer.from(hex, "hex"));
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return kinds;
}

test("a secret is found in every form, and in the midst of other words", () => {
  for (const secret of [Buffer.from(`${MARK} or more`), randomBytes(16), randomBytes(33)]) {
    const secrets = new Secrets();
    secrets.add("it", secret);
    const forms = [secret.toString("latin1"), secret.toString("hex"), secret.toString("hex").toUpperCase()];
    for (const before of ["", "a", "ab", "abc", '{"sub":"'])
      for (const encoding of ["base64", "base64url"]) forms.push(Buffer.concat([Buffer.from(before), secret, Buffer.from("!")]).toString(encoding));
    for (const form of forms) assert.equal(secrets.find(`first\na ${form} z\nlast`)?.kind, "it", form);
    assert.equal(secrets.find(`first\n${randomBytes(99).toString("base64")}\n`), null);
  }
  const secrets = new Secrets();
  secrets.add("it", Buffer.from(MARK));
  assert.deepEqual(secrets.find(`first\nsecond ${MARK.toUpperCase()} z\nlast`), { kind: "it", line: `second ${MARK.toUpperCase()} z` });
});

test("no log of the run holds a secret", (t) => {
  assert.ok(dir, "QUIRE_TEST_LOGS is the directory of logs");
  const secrets = new Secrets();
  secrets.add("something with the mark", Buffer.from(MARK));
  const kinds = readdirSync(dir).includes("secrets") ? readSecrets(secrets) : new Map();
  const logs = {};
  let size = 0;
  for (const name of readdirSync(dir).filter((name) => name.endsWith(".log"))) {
    const text = readFileSync(join(dir, name), "latin1");
    const found = secrets.find(text);
    assert.equal(found, null, `${name} holds a secret (${found?.kind}): ${found?.line}`);
    const [program] = name.split("-");
    logs[program] = (logs[program] ?? 0) + (text.length > 0);
    size += text.length;
  }
  t.diagnostic(`${size} bytes of logs, of ${JSON.stringify(logs)}; secrets: ${JSON.stringify(Object.fromEntries(kinds))}`);
  assert.ok(Object.values(logs).some((count) => count > 0), "nothing was logged at all");
  if (!isWhole) return;
  for (const [program, least] of Object.entries(LOGS)) assert.ok(logs[program] >= least, `${program}: ${logs[program]} logs, and there should be ${least}`);
  for (const kind of KINDS) assert.ok(kinds.get(kind) > 0, `no secret of this kind was planted: ${kind}`);
});
