import assert from "node:assert/strict";
import { describe, test } from "node:test";
import Delta from "quill-delta";
import * as client from "../../client/src/ot/index.js";
import type { Doc } from "../../client/src/ot/document.js";
import { toComponents, type Component } from "../../client/src/ot/op.js";
import { announceSeed, Random, randomDoc, randomOp, type Shape } from "../../client/test/random.js";
import { load, type Source } from "../src/index.js";

const seed = announceSeed("ot-wasm");
const ot = await load();
const ROUNDS = 800;
const SHAPES: readonly Shape[] = [
  { rich: true, steps: 3 },
  { rich: false, steps: 4 },
  { rich: true, steps: 25 },
  { rich: false, steps: 40 },
];
const SIDES = ["left", "right"] as const;

/** Two operations on one document, and one after the first of them, in components. */
interface Case {
  random: Random;
  doc: Component[];
  a: Component[];
  b: Component[];
  then: Component[];
}

function forAll(salt: number, check: (c: Case) => void): void {
  for (let i = 0; i < ROUNDS; i++) {
    const random = new Random(seed + salt * 1_000_003 + i);
    const shape = SHAPES[i % SHAPES.length];
    const doc: Doc = randomDoc(random, shape);
    const a = randomOp(random, doc, shape);
    const b = randomOp(random, doc, shape);
    const then = randomOp(random, doc.apply(a), shape);
    check({ random, doc: toComponents(doc.toOp()), a: toComponents(a), b: toComponents(b), then: toComponents(then) });
  }
}

/** Asks for one result in all forms: components or bytes in, components or bytes out. */
function agree(expected: Component[], sources: Component[][], ask: (of: typeof ot | typeof ot.packed, s: Source[]) => unknown): void {
  const bytes = sources.map(client.encode);
  for (const form of [sources, bytes, sources.map((source, i) => (i === 0 ? source : bytes[i]))]) {
    assert.deepEqual(ask(ot, form), expected);
    assert.deepEqual(ask(ot.packed, form), client.encode(expected));
  }
}

describe("the engine agrees with that of the client", () => {
  test("on compose", () => {
    forAll(1, ({ a, then }) => agree(client.compose(a, then), [a, then], (of, [x, y]) => of.compose(x, y)));
  });

  test("on compose of many", () => {
    forAll(2, ({ doc, a, then }) => {
      const all = client.compose(client.compose(doc, a), then);
      agree(all, [doc, a, then], (of, s) => of.composeAll(s));
    });
    assert.deepEqual(ot.composeAll([]), []);
  });

  test("on transform", () => {
    forAll(3, ({ a, b }) => {
      for (const side of SIDES) {
        agree(client.transform(a, b, side), [a, b], (of, [x, y]) => of.transform(x, y, side));
      }
    });
  });

  test("on positions", () => {
    forAll(4, ({ random, a }) => {
      const position = random.below(60);
      for (const side of SIDES) {
        const expected = client.transformPosition(position, a, side);
        assert.equal(ot.transformPosition(position, a, side), expected);
        assert.equal(ot.transformPosition(position, client.encode(a), side), expected);
      }
    });
  });

  test("on apply and invert", () => {
    forAll(5, ({ doc, a }) => {
      agree(client.apply(doc, a), [doc, a], (of, [x, y]) => of.apply(x, y));
      const back = ot.invert(a, doc);
      assert.deepEqual(client.apply(client.apply(doc, a), back), doc);
      agree(back, [a, doc], (of, [x, y]) => of.invert(x, y));
    });
  });

  test("on a document that is edited", () => {
    forAll(6, ({ doc, a, then }) => {
      const open = ot.open(doc);
      const back = open.invert(a);
      open.apply(client.encode(a));
      open.apply(then);
      const expected = client.apply(client.apply(doc, a), then);
      assert.deepEqual(back, ot.invert(a, doc));
      assert.deepEqual(open.components(), expected);
      assert.deepEqual(open.packed(), client.encode(expected));
      const contents = expected.map((component) => ("insert" in component ? component.insert : ""));
      assert.equal(open.length, contents.reduce((sum, c) => sum + (typeof c === "string" ? c.length : 1), 0));
      assert.equal(open.text(), contents.filter((c) => typeof c === "string").join(""));
      open.close();
    });
  });
});

/* quill-delta puts an insert before a delete: what both take is in its order. */
function canonical(ops: Component[]): Delta {
  return ops.reduce((delta, component) => delta.push(component as never), new Delta()).chop();
}

describe("the engine agrees with quill-delta", () => {
  const documentAfter = (...ops: Delta[]): unknown => ops.reduce((doc, op) => doc.compose(op)).ops;
  const asDelta = (ops: Component[]): Delta => new Delta(ops as never);
  const asOps = (delta: Delta): Component[] => delta.ops as never;

  test("on documents", () => {
    forAll(7, ({ doc, a, then }) => {
      const expected = documentAfter(asDelta(doc), canonical(a), canonical(then));
      assert.deepEqual(ot.apply(ot.apply(doc, a), then), expected);
      assert.deepEqual(ot.apply(doc, ot.compose(a, then)), expected);
    });
  });

  test("on what two write at once", () => {
    forAll(8, ({ doc, a, b }) => {
      const [first, second] = [canonical(a), canonical(b)];
      const right = ot.transform(asOps(second), asOps(first), "right");
      const left = ot.transform(asOps(first), asOps(second), "left");
      const expected = documentAfter(asDelta(doc), first, first.transform(second, true));
      assert.deepEqual(ot.apply(ot.apply(doc, asOps(first)), right), expected);
      assert.deepEqual(ot.apply(ot.apply(doc, asOps(second)), left), expected);
    });
  });
});

describe("what goes in", () => {
  test("need not be in canonical form when it is components", () => {
    const loose = [{ insert: "a" }, { insert: "b" }, { retain: 0 }, { delete: 1 }, { delete: 2 }, { retain: 9 }];
    assert.deepEqual(ot.compose(loose, []), [{ insert: "ab" }, { delete: 3 }]);
    assert.deepEqual(ot.compose([{ retain: 1, attributes: {} }, { insert: "x", attributes: { bold: null } }], []), [
      { retain: 1 },
      { insert: "x" },
    ]);
  });

  test("is refused by name and place", () => {
    const refused = (ask: () => unknown, code: string, at: number | null): void => {
      assert.throws(ask, (error) => {
        assert.ok(error instanceof client.OpError);
        assert.deepEqual([error.code, error.at], [code, at]);
        return true;
      });
    };
    refused(() => ot.compose([{ insert: "x", retain: 1 } as never], []), "bad_component", null);
    refused(() => ot.compose([null as never], []), "bad_component", null);
    refused(() => ot.compose([{ retain: -1 }], []), "bad_length", null);
    refused(() => ot.compose([{ retain: 1.5 }], []), "bad_length", null);
    refused(() => ot.compose([{ retain: 2 ** 31 }], []), "bad_length", null);
    refused(() => ot.compose([{ insert: "half \ud83d" }], []), "bad_utf8", null);
    refused(() => ot.compose([{ insert: "\ud83d" }, { delete: 1 }, { insert: "\ude00" }], []), "bad_utf8", null);
    refused(() => ot.compose(new Uint8Array([0x02]), []), "truncated", 0);
    refused(() => ot.compose([], new Uint8Array([0x02])), "truncated", 0);
    refused(() => ot.apply([{ insert: "abc" }], [{ delete: 4 }]), "out_of_range", 3);
    refused(() => ot.apply([{ insert: "😀" }], [{ delete: 1 }]), "split_surrogate", 1);
    refused(() => ot.invert([{ delete: 4 }], [{ insert: "abc" }]), "out_of_range", 3);
    refused(() => ot.open([{ delete: 1 }]), "not_a_document", null);
  });

  test("may be large", () => {
    const text = "0123456789é".repeat(1_000_000);
    const open = ot.open([{ insert: text }]);
    open.apply([{ retain: 5_000_000 }, { insert: text }]);
    assert.equal(open.length, 2 * text.length);
    assert.equal(open.text(), text.substring(0, 5_000_000) + text + text.substring(5_000_000));
    open.close();
  });

  test("may be the longest lengths there are", () => {
    const far = [{ retain: 2 ** 31 - 1 }, { insert: "x" }];
    assert.deepEqual(ot.compose(far, []), far);
    assert.deepEqual(ot.packed.compose(far, []), client.encode(far));
  });
});

test("a closed document says so, and engines do not share documents", async () => {
  const open = ot.open([{ insert: "one" }]);
  const other = (await load()).open([{ insert: "two" }]);
  open.close();
  assert.throws(() => open.text(), /closed/);
  assert.throws(() => open.apply([]), /closed/);
  assert.equal(other.text(), "two");
  other.close();
});
