import assert from "node:assert/strict";
import { test } from "node:test";
import { changedLines, placeIn } from "../src/pure/lines.js";

function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

test("a change in one line touches that line only", () => {
  assert.deepEqual(changedLines(["a", "b", "c"], "a\nB\nc"), { first: 1, removed: 1, lines: ["B"] });
  assert.deepEqual(changedLines(["a", "b"], "a\nb"), { first: 2, removed: 0, lines: [] });
  assert.deepEqual(changedLines(["a", "a"], "a\na\na"), { first: 2, removed: 0, lines: ["a"] });
  assert.deepEqual(changedLines(["a", "b", "c"], ""), { first: 0, removed: 3, lines: [""] });
  assert.deepEqual(changedLines([], ""), { first: 0, removed: 0, lines: [""] });
});

test("replacing the changed lines of any text gives the other text", () => {
  const seed = Number(process.env["QUIRE_SEED"] ?? Date.now() % 2 ** 31);
  console.log(`QUIRE_SEED=${seed}`);
  const random = seeded(seed);
  const text = (): string => Array.from({ length: Math.floor(random() * 12) }, () => "ab\n\n"[Math.floor(random() * 4)]).join("");
  for (let i = 0; i < 5000; i++) {
    const [old, now] = [text().split("\n"), text()];
    const { first, removed, lines } = changedLines(old, now);
    const made = [...old.slice(0, first), ...lines, ...old.slice(first + removed)];
    assert.equal(made.join("\n"), now, JSON.stringify([old, now]));
  }
});

test("every position of a text is in a line, and comes back from it", () => {
  const text = "ab\n\n😀\n";
  const lines = text.split("\n");
  for (let index = 0; index <= text.length; index++) {
    const { line, offset } = placeIn(lines, index);
    const start = lines.slice(0, line).join("\n").length + (line > 0 ? 1 : 0);
    assert.equal(start + offset, index);
  }
  assert.deepEqual(placeIn(lines, 99), { line: 3, offset: 0 });
  assert.deepEqual(placeIn(lines, -1), { line: 0, offset: 0 });
});
