import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Editing } from "../src/machine/editing.js";
import { decodeOp, valueBytes } from "../src/ot/codec.js";
import { Doc } from "../src/ot/document.js";
import { attributesEqual, type Attributes, type Component, type Op } from "../src/ot/op.js";
import { op } from "./random.js";

const SERVER_MAX = 4096;

/** As the server counts: the same attributes again count nothing. */
function attributeBytes(edit: Op): number {
  let bytes = 0;
  let last: Attributes | null = null;
  for (const { attributes } of edit) {
    if (attributes === null || attributesEqual(attributes, last)) continue;
    bytes += valueBytes(attributes).length;
    last = attributes;
  }
  return bytes;
}

/** Sends everything, as to a server that takes all. Returns the edits. */
function sendAll(editing: Editing): Op[] {
  const sent: Op[] = [];
  for (let edit = editing.next(); edit !== null; edit = editing.next()) {
    sent.push(decodeOp(edit.op));
    editing.acknowledge(editing.version + 1);
  }
  return sent;
}

describe("an edit with many formats", () => {
  const colors = Array.from({ length: 1000 }, (_, i): Component => ({ insert: "x", attributes: { color: `#${(0x100000 + i).toString(16)}` } }));

  function started(ops: Component[]): Editing {
    const editing = new Editing();
    editing.load(Doc.fromOp(op([{ insert: "some text\n" }])), 0, 0);
    editing.local(op(ops));
    return editing;
  }

  test("goes in parts that the server takes, which make the same document", () => {
    const editing = started([{ retain: 4 }, ...colors, { delete: 2 }]);
    const { view } = editing;
    const sent = sendAll(editing);
    assert.ok(sent.length > 5, String(sent.length));
    for (const part of sent) assert.ok(attributeBytes(part) <= SERVER_MAX, String(attributeBytes(part)));
    assert.deepEqual(editing.base.toOp(), view.toOp());
    assert.ok(editing.isSaved);
  });

  test("goes in one part if they are the same again and again", () => {
    const many = Array.from({ length: 500 }, (): Component[] => [{ insert: "x", attributes: { link: `https://a.org/${"x".repeat(500)}` } }, { insert: "y" }]);
    assert.equal(sendAll(started(many.flat())).length, 1);
  });

  test("may be cut in pieces by others while it waits, and is still taken", () => {
    const editing = started([{ retain: 9, attributes: { link: `https://a.org/${"x".repeat(1500)}` } }]);
    editing.next();
    for (let version = 1; version <= 8; version++) editing.remote(op([{ retain: version * 2 - 1 }, { insert: "-" }]), version);
    const again = decodeOp(editing.again()!.op);
    assert.ok(again.length > 10);
    assert.ok(attributeBytes(again) <= SERVER_MAX);
  });

  test("goes even if one piece alone has as much as there may be", () => {
    const large = (letter: string): Component => ({ insert: "x", attributes: { alt: letter.repeat(1000), link: `https://a.org/${letter.repeat(2000)}` } });
    for (const first of [{ retain: 4 }, { delete: 1 }, { insert: "z", attributes: { alt: "z".repeat(1000), color: "red" } }]) {
      const editing = started([first, large("a"), large("b"), ...colors]);
      const { view } = editing;
      for (const part of sendAll(editing)) assert.ok(attributeBytes(part) <= SERVER_MAX);
      assert.deepEqual(editing.base.toOp(), view.toOp());
    }
  });
});
