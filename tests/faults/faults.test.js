// Each fault a few times.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seed } from "../e2e/lib/random.js";
import { scenarios } from "./lib/scenarios.js";

for (const { name, what, missing, run, times } of scenarios) {
  const reason = missing();
  if (reason !== null) {
    console.log(`SKIP ${name} (${what}): ${reason}`);
    continue;
  }
  test(`${name}: ${what} (seed ${seed})`, { timeout: 300_000 }, async () => {
    const { acknowledged, lost, doubled, diverged, reasons } = await run({ seed, times });
    assert.deepEqual({ lost, doubled, diverged }, { lost: 0, doubled: 0, diverged: 0 }, reasons.join("\n"));
    assert.ok(acknowledged > 0);
  });
}
