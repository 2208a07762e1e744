// Are the checks any good? A bug is planted in the real program, or in the client library: people write under a fault, with
// new seeds until it is found or the runs are used up. The program's bugs are those of tests/sim/planted.cmake, built beside the shim.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { seed } from "../e2e/lib/random.js";
import { missing } from "./lib/disks.js";

const RUNS = 40;
const TEST_MS = 900_000; // for all of them; almost always one or two are enough
const { QUIRE_SHIM: shim } = process.env;
const dist = fileURLToPath(new URL("../../web/client/dist", import.meta.url));

// Ends with status 0 as soon as one of the checks has found something.
function findBug(scenario, checks, env) {
  return new Promise((resolve) => {
    const script = fileURLToPath(new URL("report.js", import.meta.url));
    const args = [script, "--must-fail", "--by", checks.join(), "--runs", String(RUNS), "--seed", String(seed), scenario];
    const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (said += bytes));
    child.on("exit", (code) => resolve({ found: code === 0, said }));
  });
}

async function mustFind(t, name, scenario, checks, env) {
  const { found, said } = await findBug(scenario, checks, env);
  for (const [, kept] of said.matchAll(/the history is in (\S+)/g)) rmSync(kept, { recursive: true, force: true });
  assert.ok(found, `${name} was not found by ${checks}: ${said}`);
  t.diagnostic(`${name}: found by ${new RegExp(`${scenario}, seed \\d+: (\\w+( \\w+)*)\n`).exec(said)?.[1]}`);
}

// The bug, the fault under which it shows, the checks of which one must find it.
const PROGRAM = [
  ["ack_before_commit", "kill", ["acknowledged", "inOrder"]],
  ["broadcast_before_commit", "kill", ["observed", "acknowledged", "inOrder"]],
  ["no_dedupe", "network", ["once", "byAuthor", "acknowledged"]],
  ["skipped_version", "kill", ["gapless", "inOrder", "live"]],
  ["forgotten_clients", "kill", ["once", "byAuthor", "replayed"]],
  ["other_side_wins", "kill", ["replayed", "characters"]],
  ["unsynced_commit", "power", ["acknowledged", "gapless", "observed"]],
];
for (const [name, scenario, checks] of PROGRAM) {
  const reason = shim ? (scenario === "power" ? missing() : null) : "QUIRE_SHIM is not set";
  test(`${scenario} finds ${name} (seed ${seed})`, { timeout: TEST_MS, skip: reason ?? false }, (t) =>
    mustFind(t, name, scenario, checks, { QUIRE_PLANTED: join(dirname(shim), `quire-${name}`) }));
}

// In a copy of the client, these words of a file replaced.
const CLIENT = [
  [
    "text_dropped_on_resync",
    "restore",
    ["characters"],
    "    if (this.isSaved) this.view = snapshot;\n    this.renumber(seq);",
    "    this.load(snapshot, version, seq);",
  ],
];
for (const [name, scenario, checks, words, others] of CLIENT) {
  test(`${scenario} finds ${name} in the client (seed ${seed})`, { timeout: TEST_MS }, async (t) => {
    const copy = mkdtempSync(join(tmpdir(), "quire-client-"));
    try {
      cpSync(dist, copy, { recursive: true });
      const file = join(copy, "index.js");
      const text = readFileSync(file, "utf8");
      assert.equal(text.split(words).length, 2, `the client has no place for ${name}`);
      writeFileSync(file, text.replace(words, others));
      await mustFind(t, name, scenario, checks, { QUIRE_CLIENT: copy });
    } finally {
      rmSync(copy, { recursive: true });
    }
  });
}
