import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodeOp, encodeOp } from "../src/ot/codec.js";
import { OpError } from "../src/ot/errors.js";
import { toComponents, type Component } from "../src/ot/op.js";
import { compareUtf8 } from "../src/ot/value.js";
import { announceSeed, op, Random, randomDoc, randomOp } from "./random.js";

const seed = announceSeed("codec");

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function unhex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));
}

const GOLDEN: readonly [readonly Component[], string][] = [
  [[], "00"],
  [[{ insert: "a" }], "02 09 61"],
  [[{ retain: 100 }, { insert: "é" }], "07 a0 06 09 c3 a9"],
  [[{ retain: 5 }, { delete: 2 }], "04 28 12"],
  [[{ retain: 3, attributes: { bold: true } }], "12 1c 07 81 a4 62 6f 6c 64 c3"],
  [[{ retain: 1 }, { insert: "b" }], "04 08 09 62"],
  [[{ insert: "ab" }], "02 11 61 62"],
];

describe("the byte form", () => {
  test("the examples of the documentation", () => {
    for (const [components, bytes] of GOLDEN) {
      assert.equal(hex(encodeOp(op(components))), bytes.replaceAll(" ", ""));
      assert.deepEqual(toComponents(decodeOp(unhex(bytes))), components);
    }
  });

  test("every operation comes back from its bytes", () => {
    for (let i = 0; i < 3000; i++) {
      const random = new Random(seed + i);
      const shape = { rich: true, steps: 12 };
      const doc = randomDoc(random, shape);
      for (const change of [doc.toOp(), randomOp(random, doc, shape)]) {
        const bytes = encodeOp(change);
        const back = decodeOp(bytes);
        assert.deepEqual(toComponents(back), toComponents(change));
        assert.equal(hex(encodeOp(back)), hex(bytes));
      }
    }
  });

  test("values of all kinds come back, in their one form", () => {
    const values = [
      null, true, false, 0, 1, 127, 128, 255, 256, 65535, 65536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1,
      -1, -32, -33, -128, -129, -32768, -32769, -(2 ** 31), -(2 ** 31) - 1, -(2 ** 53 - 1),
      0.5, -1.25, 1e300, 2 ** 53, "", "é", "x".repeat(31), "x".repeat(32), "x".repeat(256), "x".repeat(65536),
      [], [1, [2, [3]]], Array(16).fill(1), Array(65536).fill(0), {}, { b: 1, a: { "": null } },
      Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, i])),
    ];
    for (const value of values) {
      const components = [{ insert: { box: value } }] as Component[];
      const bytes = encodeOp(op(components));
      assert.deepEqual(toComponents(decodeOp(bytes)), components);
    }
    assert.equal(hex(encodeOp(op([{ insert: { n: -0 } }]))), hex(encodeOp(op([{ insert: { n: 0 } }]))));
  });

  test("keys are in the order of their bytes", () => {
    assert.ok(compareUtf8("\uffee", "😀") < 0);
    assert.ok(compareUtf8("a", "ab") < 0);
    const bytes = encodeOp(op([{ insert: "x", attributes: { "😀": 1, "\uffee": 2, b: 3 } }]));
    assert.deepEqual(Object.keys(decodeOp(bytes)[0].attributes ?? {}), ["b", "\uffee", "😀"]);
  });

  test("bytes in any other form are refused", () => {
    const refused: readonly [string, string][] = [
      ["", "truncated"],
      ["80", "truncated"],
      ["8000", "not_canonical"],
      ["ffffffffff01", "bad_length"],
      ["02", "truncated"],
      ["0209", "truncated"],
      ["02096162", "trailing_bytes"],
      ["0009", "trailing_bytes"],
      ["0208", "not_canonical"],
      ["0201", "bad_length"],
      ["03 09 61", "not_canonical"],
      ["02 09 c3", "bad_utf8"],
      ["04 8900 61", "not_canonical"],
      ["04 0909 6161", "not_canonical"],
      ["04 0a0a", "not_canonical"],
      ["12 1e 07 81 a4 62 6f 6c 64 c3", "bad_component"],
      ["12 0d 07 81 a4 62 6f 6c 64 c0 61", "bad_value"],
      ["06 0c 01 80", "not_canonical"],
      ["06 0c 01 c3", "bad_value"],
      ["04 0b 80", "bad_value"],
      ["0c 2b 81a161 ccff 00", "trailing_bytes"],
      ["0a 23 81a161 d001", "truncated"],
      ["0c 2b 81a161 d001", "bad_value"],
      ["0c 2b 81a161 cc01", "bad_value"],
      ["1a 63 81a161 cb3ff0000000000000", "bad_value"],
      ["1a 63 81a161 cb7ff0000000000000", "bad_value"],
      ["0c 2b 81 d901 61 c3", "bad_value"],
      ["0a 23 81 a100 c3", "bad_value"],
      ["0c 2b 81 a161 92 c3", "truncated"],
      ["0c 2c 05 82a161", "truncated"],
      ["12 1c 07 82 a162 c3 a161 c3", "bad_key"],
      ["12 1c 07 82 a161 c3 a161 c3", "bad_key"],
      ["05 0909 f09f9880", "bad_utf8"],
    ];
    for (const [bytes, code] of refused) {
      assert.throws(
        () => decodeOp(unhex(bytes)),
        (error) => error instanceof OpError && error.code === code,
        `${bytes}: ${code}`,
      );
    }
  });

  test("random bytes are refused or are an operation in its one form", () => {
    const random = new Random(seed);
    let accepted = 0;
    for (let i = 0; i < 60_000; i++) {
      const bytes = encodeOp(randomOp(random, randomDoc(random, { rich: true, steps: 4 }), { rich: true, steps: 3 }));
      for (let k = random.below(3); k >= 0 && bytes.length > 0; k--) bytes[random.below(bytes.length)] = random.below(256);
      try {
        assert.equal(hex(encodeOp(decodeOp(bytes))), hex(bytes));
        accepted++;
      } catch (error) {
        if (!(error instanceof OpError)) throw error;
      }
    }
    assert.ok(accepted > 100);
  });

  test("components from outside are checked", () => {
    const refused: readonly [unknown, string][] = [
      [{}, "bad_component"],
      [{ insert: "a", delete: 1 }, "bad_component"],
      [{ insert: 5 }, "bad_component"],
      [{ insert: { a: 1, b: 2 } }, "bad_component"],
      [{ retain: { a: 1 } }, "bad_length"],
      [{ delete: -1 }, "bad_length"],
      [{ retain: 1.5 }, "bad_length"],
      [{ insert: "\ud800" }, "bad_utf8"],
      [{ insert: "a", attributes: { a: Infinity } }, "bad_value"],
      [{ insert: "a", attributes: { a: "\0" } }, "bad_value"],
      [{ insert: "a", attributes: JSON.parse('{"__proto__": 1}') }, "bad_key"],
      [{ insert: { a: [[[[[[[[1]]]]]]]] } }, "too_deep"],
    ];
    for (const [component, code] of refused) {
      assert.throws(
        () => op([component as Component]),
        (error) => error instanceof OpError && error.code === code,
        JSON.stringify(component),
      );
    }
    assert.deepEqual(toComponents(op([{ insert: "a", attributes: { b: null } }, { insert: "b", attributes: {} }])), [{ insert: "ab" }]);
    assert.deepEqual(toComponents(op([{ retain: 0 }, { insert: "" }, { retain: 3 }])), []);
  });
});
