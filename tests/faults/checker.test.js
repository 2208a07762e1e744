// The checker finds what it is there to find.
import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "./lib/checker.js";

// Ann types "ab", Bob types "cd" after it, Ann deletes "b".
const log = () => [
  { version: 1, client: 1, seq: 1, ops: [{ insert: "ab" }] },
  { version: 2, client: 2, seq: 1, ops: [{ retain: 2 }, { insert: "cd" }] },
  { version: 3, client: 1, seq: 2, ops: [{ retain: 1 }, { delete: 1 }] },
];
const told = () => ({
  acknowledged: [..."abcd"],
  deleted: new Set(["b"]),
  typed: [..."abcd"],
  seen: [{ version: 2, text: "abcd" }],
  texts: ["acd", "acd"],
});
const sound = { lost: 0, doubled: 0, diverged: 0 };

function verdictOf(change) {
  const edits = log();
  const facts = told();
  change(edits, facts);
  const { lost, doubled, diverged } = check(edits, facts);
  return { lost, doubled, diverged };
}

test("a sound history has nothing wrong", () => assert.deepEqual(verdictOf(() => {}), sound));

const faults = {
  "an acknowledged edit that is not there": ["lost", (edits) => edits.splice(2), (facts) => (facts.acknowledged.push("e"), facts.typed.push("e"), (facts.texts = []))],
  "a version that was seen and is gone": ["lost", (edits) => edits.splice(1), (facts) => ((facts.acknowledged = ["a"]), (facts.texts = []))],
  "a gap in the versions": ["lost", (edits) => (edits[2].version = 4)],
  "an edit that is there twice": ["doubled", (edits) => edits.push({ version: 4, client: 2, seq: 1, ops: [{ retain: 3 }, { insert: "cd" }] }), (facts) => (facts.texts = ["acdcd"])],
  "an edit of a client before an earlier one": ["diverged", (edits) => ((edits[0].seq = 2), (edits[2].seq = 1))],
  "somebody who ends with another text": ["diverged", () => {}, (facts) => (facts.texts[1] = "cad")],
  "a version that was shown otherwise": ["diverged", () => {}, (facts) => (facts.seen[0].text = "cdab")],
  "a character that nobody typed": ["diverged", (edits) => (edits[1].ops[1].insert = "cx"), (facts) => ((facts.acknowledged = []), (facts.seen = []), (facts.texts = ["acx"]))],
};
for (const [name, [kind, changeLog, changeFacts = () => {}]] of Object.entries(faults)) {
  test(`it finds ${name}`, () => {
    const verdict = verdictOf((edits, facts) => (changeLog(edits), changeFacts(facts)));
    assert.ok(verdict[kind] > 0, JSON.stringify(verdict));
  });
}
