import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Emitter } from "../src/emitter.js";
import type { Document, DocumentEvents } from "../src/document.js";
import { Doc } from "../src/ot/document.js";
import { fromComponents, toComponents, type Component, type Op } from "../src/ot/op.js";
import { UndoManager, type UndoState } from "../src/undo.js";
import { announceSeed, op, Random, randomDoc, randomOp } from "./random.js";

const seed = announceSeed("undo");

/** As much of a document as undo needs. */
class FakeDocument extends Emitter<DocumentEvents> {
  constructor(public doc: Doc) {
    super();
  }

  invert(ops: readonly Component[]): Component[] {
    return toComponents(this.doc.invert(fromComponents(ops)));
  }

  submit(ops: readonly Component[]): void {
    this.change(fromComponents(ops), "local");
  }

  foreign(change: Op): void {
    this.change(change, "remote");
  }

  reset(): void {
    this.emit("reset", { ops: [] });
  }

  private change(change: Op, source: "local" | "remote"): void {
    this.doc = this.doc.apply(change);
    this.emit("change", toComponents(change), { source });
  }

  get text(): string {
    return this.doc.text();
  }
}

function start(doc: Doc = Doc.empty, captureMs = 1000): [FakeDocument, UndoManager] {
  const document = new FakeDocument(doc);
  return [document, new UndoManager(document as unknown as Document, { captureMs })];
}

/** Of what is said of undo and redo. */
function listen(document: FakeDocument): [UndoManager, [boolean, boolean][]] {
  const told: [boolean, boolean][] = [];
  const changed = (state: UndoState): void => void told.push([state.canUndo, state.canRedo]);
  return [new UndoManager(document as unknown as Document, { captureMs: 0, changed }), told];
}

const insert = (at: number, text: string): Component[] => [{ retain: at }, { insert: text }];

describe("undo", () => {
  test("says when there is something to undo or redo, and when there is no more, and nothing else", () => {
    const document = new FakeDocument(Doc.empty);
    const [undo, told] = listen(document);
    undo.submit(insert(0, "a"), 0);
    undo.submit(insert(1, "b"), 5000);
    undo.undo();
    undo.undo();
    undo.redo();
    undo.submit(insert(1, "c"), 9000);
    assert.deepEqual(told.splice(0), [[true, false], [true, true], [false, true], [true, true], [true, false]]);
    document.foreign(op([{ delete: 2 }]));
    assert.equal(undo.undo(), null, "others have left nothing of it");
    assert.deepEqual(told.splice(0), [[false, false]]);
    undo.submit(insert(0, "d"), 20_000);
    document.reset();
    assert.deepEqual(told, [[true, false], [false, false]]);
  });

  test("takes back own edits only, in any order of others' edits", () => {
    const [document, undo] = start();
    undo.submit(insert(0, "mine"), 0);
    document.foreign(op(insert(0, "theirs ")));
    undo.submit(insert(11, " too"), 5000);
    document.foreign(op(insert(15, "!")));
    assert.equal(document.text, "theirs mine too!");
    undo.undo();
    assert.equal(document.text, "theirs mine!");
    undo.undo();
    assert.equal(document.text, "theirs !");
    assert.deepEqual([undo.canUndo, undo.canRedo, undo.undo()], [false, true, null]);
    undo.redo();
    undo.redo();
    assert.equal(document.text, "theirs mine too!");
  });

  test("edits in quick succession are one step, also when others write in between", () => {
    const [document, undo] = start();
    undo.submit(insert(0, "a"), 0);
    document.foreign(op(insert(0, "X")));
    undo.submit(insert(2, "b"), 500);
    document.foreign(op(insert(0, "Y")));
    undo.submit(insert(4, "c"), 999);
    undo.submit(insert(5, "d"), 1001);
    assert.equal(document.text, "YXabcd");
    undo.undo();
    assert.equal(document.text, "YXabc");
    undo.undo();
    assert.equal(document.text, "YX");
  });

  test("stopCapturing begins a new step, a new edit forgets what was undone", () => {
    const [document, undo] = start();
    undo.submit(insert(0, "a"), 0);
    undo.stopCapturing();
    undo.submit(insert(1, "b"), 1);
    undo.undo();
    assert.equal(document.text, "a");
    undo.submit(insert(1, "c"), 2);
    assert.equal(undo.canRedo, false);
  });

  test("what others have taken away does not come back, and is passed over", () => {
    const [document, undo] = start(Doc.fromOp(op([{ insert: "keep" }])));
    undo.submit(insert(4, " this"), 0);
    undo.submit(insert(0, "not "), 5000);
    document.foreign(op([{ delete: 4 }]));
    undo.undo();
    assert.equal(document.text, "keep");
  });

  test("edits of the program itself are not the user's", () => {
    const [document, undo] = start();
    undo.submit(insert(0, "mine"), 0);
    document.submit(insert(0, "program "));
    undo.undo();
    assert.equal(document.text, "program ");
  });

  test("without others, undo and redo go back and forth through all states", () => {
    for (let i = 0; i < 300; i++) {
      const random = new Random(seed + i);
      const shape = { rich: true, steps: 6 };
      const [document, undo] = start(randomDoc(random, shape), 0);
      const states = [document.doc];
      for (let k = 0; k < 8; k++) {
        const edit = toComponents(randomOp(random, document.doc, shape));
        const canBeUndone = document.invert(edit).length > 0;
        undo.submit(edit);
        if (canBeUndone) states.push(document.doc);
        else states[states.length - 1] = document.doc;
      }
      const same = (a: Doc, b: Doc): void => assert.deepEqual(toComponents(a.toOp()), toComponents(b.toOp()));
      for (let k = states.length - 2; k >= 0; k--) if (undo.undo() !== null) same(document.doc, states[k]);
      same(document.doc, states[0]);
      while (undo.canRedo) undo.redo();
      same(document.doc, states[states.length - 1]);
    }
  });

  test("with others, every step fits the document, and their text stays", () => {
    for (let i = 0; i < 500; i++) {
      const random = new Random(seed + 1_000_000 + i);
      const shape = { rich: true, steps: 4 };
      const [document, undo] = start(randomDoc(random, shape), 0);
      let theirs = "";
      for (let k = 0; k < 30; k++) {
        const what = random.below(10);
        if (what < 4) undo.submit(toComponents(typeOver(random, document.doc, theirs)));
        else if (what < 6) undo.undo();
        else if (what < 7) undo.redo();
        else {
          const letter = String.fromCharCode(0x4e00 + k);
          theirs += letter;
          const at = boundary(random, document.doc.text("\ufffc"));
          document.foreign(op(insert(at, letter)));
        }
      }
      for (const letter of theirs) assert.equal(document.text.split(letter).length, 2, `run ${i}`);
    }
  });

  /** A random edit that takes away none of the others' letters. */
  function typeOver(random: Random, doc: Doc, theirs: string): Op {
    const change = randomOp(random, doc, { rich: true, steps: 3 });
    const after = doc.apply(change).text();
    return [...theirs].every((letter) => after.includes(letter)) ? change : [];
  }

  function boundary(random: Random, text: string): number {
    const chars = [...text];
    return chars.slice(0, random.below(chars.length + 1)).join("").length;
  }
});
