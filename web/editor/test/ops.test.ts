import assert from "node:assert/strict";
import { test } from "node:test";
import { BULK_LINES, bulkInsert, insertedText } from "../src/pure/ops.js";

test("the text of a draft is what was inserted", () => {
  assert.equal(insertedText([{ retain: 3 }, { insert: "a" }, { insert: { image: "x" } }, { insert: "b\n" }, { delete: 1 }]), "ab\n");
});

test("many lines at once are a bulk, with what comes before and after them left out", () => {
  const lines = "a\n".repeat(BULK_LINES);
  assert.deepEqual(bulkInsert([{ insert: lines }]), { index: 0, from: 0, to: 1, length: lines.length });
  assert.deepEqual(bulkInsert([{ retain: 4 }, { insert: lines }, { insert: { image: "x" } }, { delete: 2 }]), {
    index: 4,
    from: 1,
    to: 3,
    length: lines.length + 1,
  });
  assert.equal(bulkInsert([{ insert: lines.slice(2) }]), null);
  assert.equal(bulkInsert([{ retain: 1, attributes: { bold: true } }, { insert: lines }]), null);
  assert.equal(bulkInsert([]), null);
});
