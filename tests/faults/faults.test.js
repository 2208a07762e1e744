// Each fault a few times.
import assert from "node:assert/strict";
import { test } from "node:test";
import { seed } from "../e2e/lib/random.js";
import { KINDS } from "./lib/checker.js";
import { scenarios } from "./lib/scenarios.js";

for (const { name, what, missing, run, times } of scenarios) {
  // What cannot be here is skipped, which script/test counts as failed.
  test(`${name}: ${what} (seed ${seed})`, { timeout: 300_000, skip: missing() ?? false }, async () => {
    const found = await run({ seed, times });
    assert.deepEqual(KINDS.map((kind) => found[kind]), KINDS.map(() => 0), found.reasons.join("\n"));
    assert.ok(found.acknowledged > 0);
  });
}
