import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import Delta from "quill-delta";
import {
  compose,
  splitOp,
  transform,
  transformPair,
  transformPosition,
  untransformPosition,
} from "../src/ot/algebra.js";
import { decodeOp, encodeOp } from "../src/ot/codec.js";
import { crc32 } from "../src/ot/crc32.js";
import { diff } from "../src/ot/diff.js";
import { Doc } from "../src/ot/document.js";
import { OpError } from "../src/ot/errors.js";
import { invert } from "../src/ot/index.js";
import { isInsertion, OpWriter, toComponents, type Component, type Op } from "../src/ot/op.js";
import { announceSeed, op, Random, randomDoc, randomOp, type Shape } from "./random.js";

const seed = announceSeed("ot");
const ROUNDS = 4000;
const SHAPES: readonly Shape[] = [
  { rich: true, steps: 3 },
  { rich: false, steps: 4 },
  { rich: true, steps: 25 },
];

/** Runs `check` on many random documents. */
function forAll(salt: number, check: (random: Random, doc: Doc, shape: Shape) => void): void {
  for (let i = 0; i < ROUNDS; i++) {
    const random = new Random(seed + salt * 1_000_003 + i);
    const shape = SHAPES[i % SHAPES.length];
    check(random, randomDoc(random, shape), shape);
  }
}

/** The lines of a file that the engine's tests read, too. */
function golden(name: string): unknown[] {
  const file = join(process.env.QUIRE_WEB as string, "..", "tests", "golden", "ot", name);
  return readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line) as unknown);
}

test("inverses are those of the C engine", () => {
  const questions = golden("questions.jsonl") as { invert: [Component[], Component[]] }[];
  const answers = golden("answers.jsonl") as { result: Component[] }[];
  assert.equal(questions.length, answers.length);
  questions.forEach(({ invert: [op, document] }, i) => assert.deepEqual(invert(op, document), answers[i].result));
});

function lengthOf(pieces: Op): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}

function sameDoc(a: Doc, b: Doc): void {
  assert.deepEqual(toComponents(a.toOp()), toComponents(b.toOp()));
}

function sameOp(a: Op, b: Op): void {
  assert.deepEqual(toComponents(a), toComponents(b));
}

describe("the algebra", () => {
  test("both ways round a pair of concurrent operations give one document", () => {
    forAll(1, (random, doc, shape) => {
      const a = randomOp(random, doc, shape);
      const b = randomOp(random, doc, shape);
      const [a1, b1] = transformPair(a, b);
      sameDoc(doc.apply(a).apply(b1), doc.apply(b).apply(a1));
    });
  });

  test("composing does what applying one after the other does, and is associative", () => {
    forAll(2, (random, doc, shape) => {
      const a = randomOp(random, doc, shape);
      const docA = doc.apply(a);
      const b = randomOp(random, docA, shape);
      const docB = docA.apply(b);
      const c = randomOp(random, docB, shape);
      sameDoc(doc.apply(compose(a, b)), docB);
      sameOp(compose(compose(a, b), c), compose(a, compose(b, c)));
      sameDoc(doc.apply(compose(compose(a, b), c)), docB.apply(c));
    });
  });

  test("transforming over a folded history is transforming over its parts, op for op", () => {
    forAll(3, (random, doc, shape) => {
      const a = randomOp(random, doc, shape);
      const b = randomOp(random, doc.apply(a), shape);
      const late = randomOp(random, doc, shape);
      const steps = transform(transform(late, a, "right"), b, "right");
      sameOp(transform(late, compose(a, b), "right"), steps);
      const folded = transform(compose(a, b), late, "left");
      const lateA = transform(late, a, "right");
      const parts = [transform(a, late, "left"), transform(b, lateA, "left")];
      sameDoc(doc.apply(late).apply(folded), doc.apply(late).apply(parts[0]).apply(parts[1]));
    });
  });

  test("the inverse takes an operation back", () => {
    forAll(4, (random, doc, shape) => {
      const a = randomOp(random, doc, shape);
      sameDoc(doc.apply(a).apply(doc.invert(a)), doc);
    });
  });

  test("the difference leads from one document to the other", () => {
    forAll(5, (random, doc, shape) => {
      const other = random.chance(0.5) ? randomDoc(random, shape) : doc.apply(randomOp(random, doc, shape));
      const change = diff(doc, other);
      sameDoc(doc.apply(change), other);
      sameOp(decodeOp(encodeOp(change)), change);
      if (doc === other) assert.equal(change.length, 0);
    });
  });

  test("the difference of close documents is small", () => {
    const lines = Array.from({ length: 2000 }, (_, i) => `line ${i} of the text\n`);
    const from = Doc.fromOp(op([{ insert: lines.join("") }]));
    lines[100] = "line 100 of our text\n";
    lines.splice(1500, 1);
    const to = Doc.fromOp(op([{ insert: lines.join("") }]));
    const change = diff(from, to);
    sameDoc(from.apply(change), to);
    assert.ok(lengthOf(change.filter(isInsertion)) <= 3, JSON.stringify(toComponents(change)));
  });

  test("the difference of formats is a patch, not new text", () => {
    const from = Doc.fromOp(op([{ insert: "one two" }, { insert: { image: "x" } }]));
    const to = from.apply(op([{ retain: 4 }, { retain: 4, attributes: { bold: true } }]));
    assert.deepEqual(toComponents(diff(from, to)), [{ retain: 4 }, { retain: 4, attributes: { bold: true } }]);
  });

  test("the parts of a split operation do what the whole does", () => {
    forAll(6, (random, doc, shape) => {
      const whole = randomOp(random, doc, shape);
      let rest: Op = whole;
      let split = doc;
      while (rest.length > 0) {
        const [first, more] = splitOp(rest, 2 + random.below(4), 1 + random.below(6));
        assert.ok(first.length > 0);
        split = split.apply(first);
        rest = more;
      }
      sameDoc(split, doc.apply(whole));
    });
  });

  test("a position before an operation is found again", () => {
    forAll(7, (random, doc, shape) => {
      const change = randomOp(random, doc, shape);
      const after = doc.apply(change);
      const position = random.below(after.length + 1);
      const before = untransformPosition(position, change);
      assert.ok(before >= 0 && before <= doc.length);
      const left = transformPosition(before, change, "left");
      const right = transformPosition(before, change, "right");
      assert.ok(left <= right);
    });
  });
});

describe("ties", () => {
  test("a committed insert stands to the left, a committed format stays", () => {
    const late = op([{ insert: "late" }, { retain: 1, attributes: { bold: true, color: "red" } }]);
    const committed = op([{ insert: "first" }, { retain: 1, attributes: { bold: false } }]);
    const right = transform(late, committed, "right");
    const expected = [{ retain: 5 }, { insert: "late" }, { retain: 1, attributes: { color: "red" } }];
    assert.deepEqual(toComponents(right), expected);
    const left = [{ insert: "late" }, { retain: 5 }, { retain: 1, attributes: { bold: true, color: "red" } }];
    assert.deepEqual(toComponents(transform(late, committed, "left")), left);
  });

  test("an insert and a delete at one place stay in the order they came in", () => {
    const deleteFirst = compose(op([{ retain: 1 }, { insert: "Q" }]), op([{ delete: 1 }]));
    assert.deepEqual(toComponents(deleteFirst), [{ delete: 1 }, { insert: "Q" }]);
    assert.deepEqual(toComponents(transform(op([{ insert: "XY" }]), deleteFirst, "right")), [{ insert: "XY" }]);
  });

  test("positions follow the text", () => {
    const change = op([{ retain: 1 }, { insert: "xy" }, { delete: 3 }]);
    const places = [0, 1, 2, 3, 4, 5];
    assert.deepEqual(places.map((p) => transformPosition(p, change, "right")), [0, 3, 3, 3, 3, 4]);
    assert.deepEqual(places.map((p) => transformPosition(p, change, "left")), [0, 1, 3, 3, 3, 4]);
  });
});

describe("agreement with quill-delta", () => {
  /* Where an insert meets a delete quill-delta puts the insert first; the documents are the same. */
  const canonical = (components: readonly Component[]): unknown => {
    const delta = new Delta();
    for (const component of components) delta.push(component as never);
    return delta.ops;
  };

  test("composing gives its operations", () => {
    forAll(8, (random, doc, shape) => {
      const a = randomOp(random, doc, shape);
      const b = randomOp(random, doc.apply(a), shape);
      const theirs = new Delta(toComponents(a) as never).compose(new Delta(toComponents(b) as never));
      assert.deepEqual(canonical(toComponents(compose(a, b))), canonical(theirs.ops as never));
    });
  });

  test("transforming gives its operations, unless an insert follows a delete", () => {
    let compared = 0;
    const insertsLate = (list: Op): boolean =>
      list.some((piece, i) => i > 0 && (piece.kind === 1 || piece.kind === 3) && list[i - 1].kind === 2);
    forAll(9, (random, doc, shape) => {
      const a = randomOp(random, doc, shape);
      const b = randomOp(random, doc, shape);
      if (insertsLate(a) || insertsLate(b)) return;
      compared++;
      const committed = new Delta(toComponents(a) as never);
      const late = new Delta(toComponents(b) as never);
      assert.deepEqual(
        canonical(toComponents(transform(b, a, "right"))),
        canonical(committed.transform(late, true).ops as never),
      );
    });
    assert.ok(compared > ROUNDS / 4);
  });
});

describe("the document", () => {
  test("a long document takes edits anywhere like a plain string", () => {
    const random = new Random(seed);
    let text = "0123456789".repeat(2000);
    let doc = Doc.fromOp(op([{ insert: text }]));
    for (let i = 0; i < 3000; i++) {
      const at = random.below(text.length + 1);
      const removed = Math.min(text.length - at, random.below(i % 50 === 0 ? 3000 : 4));
      const added = random.chance(0.7) ? "ab".repeat(random.below(i % 70 === 0 ? 1500 : 3)) : "";
      const out = new OpWriter();
      out.retain(at);
      out.insert(added);
      out.delete(removed);
      doc = doc.apply(out.finish());
      text = text.slice(0, at) + added + text.slice(at + removed);
      assert.equal(doc.length, text.length);
    }
    assert.equal(doc.text(), text);
    const middle = [text.length >> 2, text.length >> 1] as const;
    assert.deepEqual(toComponents(doc.slice(...middle)), [{ insert: text.slice(...middle) }]);
  });

  test("what does not fit it is refused and changes nothing", () => {
    const doc = Doc.fromOp(op([{ insert: "a😀b" }]));
    const refuses = (change: readonly Component[], code: string, at: number): void => {
      assert.throws(
        () => doc.apply(op(change)),
        (error) => error instanceof OpError && error.code === code && error.at === at,
      );
    };
    refuses([{ retain: 5 }, { insert: "x" }], "out_of_range", 4);
    refuses([{ delete: 9 }], "out_of_range", 4);
    refuses([{ retain: 2 }, { insert: "x" }], "split_surrogate", 2);
    refuses([{ retain: 1 }, { delete: 1 }], "split_surrogate", 2);
    assert.equal(doc.text(), "a😀b");
    assert.throws(() => Doc.fromOp(op([{ delete: 1 }])), OpError);
  });

  test("equal documents have equal hashes, however they were made", () => {
    forAll(10, (random, doc, shape) => {
      const change = randomOp(random, doc, shape);
      const after = doc.apply(change);
      assert.equal(after.hash(), Doc.fromOp(decodeOp(encodeOp(after.toOp()))).hash());
      assert.equal(after.hash(), Doc.fromOp(compose(doc.toOp(), change)).hash());
      assert.ok(lengthOf(change.filter((piece) => !isInsertion(piece))) <= doc.length);
    });
  });

  test("the hash is the CRC-32 of the snapshot", () => {
    assert.equal(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
    assert.equal(Doc.fromOp(op([{ insert: "ab" }])).hash(), 0x49f38442);
  });
});

describe("speed", () => {
  /** Microseconds of one call, the best of several runs: a bound far above what is usual. */
  function measure(calls: number, run: () => void): number {
    let best = Infinity;
    for (let i = 0; i < 5; i++) {
      const start = performance.now();
      for (let k = 0; k < calls; k++) run();
      best = Math.min(best, ((performance.now() - start) * 1000) / calls);
    }
    return best;
  }

  test("a keystroke in a document of 100 KB costs microseconds", (t) => {
    let doc = Doc.fromOp(op([{ insert: "lorem ipsum dolor sit amet ".repeat(4000) }]));
    const us = measure(2000, () => {
      const out = new OpWriter();
      out.retain(50_000);
      out.insert("x");
      doc = doc.apply(out.finish());
    });
    t.diagnostic(`${us.toFixed(2)} us`);
    assert.ok(us < 500);
  });

  test("4,000 components over 4,000 components cost milliseconds", (t) => {
    const many = (text: string): Op => {
      const out = new OpWriter();
      for (let i = 0; i < 2000; i++) {
        out.retain(5);
        out.insert(text);
      }
      return out.finish();
    };
    const a = many("a");
    const b = many("b");
    const us = measure(5, () => void transform(a, b, "right"));
    t.diagnostic(`${(us / 1000).toFixed(2)} ms`);
    assert.ok(us < 50_000);
  });
});
