import assert from "node:assert/strict";
import { test } from "node:test";
import { BULK_LINES, bulkInsert, insertedText, safeOps, type Op } from "../src/pure/safe-delta.js";

const length = (ops: Op[]): number =>
  ops.reduce((sum, { insert, retain, delete: gone }) => {
    if (typeof insert === "string") return sum + insert.length;
    return sum + (insert ? 1 : ((retain as number | undefined) ?? gone ?? 0));
  }, 0);

test("what the editor knows goes through as it is", () => {
  const ops: Op[] = [
    { insert: "a", attributes: { bold: true, link: "https://a.org", color: "#c02b3b", background: "rgb(1, 2, 3)" } },
    { insert: "\n", attributes: { header: 2 } },
    { insert: "\n", attributes: { list: "checked", indent: 3 } },
    { insert: { image: "https://a.org/b.png" }, attributes: { alt: "b", width: "200" } },
    { retain: 3, attributes: { bold: null, header: null } },
    { delete: 2 },
  ];
  assert.deepEqual(safeOps(ops), ops);
});

test("names and values that would break the editor are left out", () => {
  const hostile: Record<string, unknown>[] = [
    { text: true }, { block: true }, { scroll: true }, { image: "x" }, { cursor: true }, { "list-container": true },
    { header: 99 }, { header: "1" }, { list: "x" }, { bold: "yes" }, { link: { a: 1 } }, { color: "url(//x)" },
    { __proto__x: 1 }, { constructor: true }, { toString: true }, { indent: "+1" }, { link: "x".repeat(3000) },
  ];
  for (const attributes of hostile) {
    assert.deepEqual(safeOps([{ insert: "a", attributes }]), [{ insert: "a" }], JSON.stringify(attributes));
    assert.deepEqual(safeOps([{ insert: "a", attributes: { ...attributes, bold: true } }]).at(0)?.attributes, { bold: true });
  }
});

test("making safe never changes a length", () => {
  const ops: Op[] = [{ retain: 2 }, { insert: "ab", attributes: { text: 1 } }, { insert: { scroll: 1 } }, { insert: {} }, { delete: 4 }];
  assert.equal(length(safeOps(ops)), length(ops));
});

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
