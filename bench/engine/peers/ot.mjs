/*
 * Peers that transform operations. Each has: empty(), edit(e), apply(doc, op), text(doc); fromPair(a, b, way):
 * two lists of components as operations that fit each other; transform(op, over, side), compose(a, b).
 */
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** Units that the components walk over, and units that they leave behind. */
function lengths(components) {
  let before = 0;
  let after = 0;
  for (const { retain = 0, insert = "", delete: deleted = 0 } of components) {
    before += retain + deleted;
    after += retain + insert.length;
  }
  return { before, after };
}

/** For those who want both operations to cover the whole document: the missing retains are added. */
function padded(a, b, way) {
  const ofA = lengths(a)[way === "compose" ? "after" : "before"];
  const ofB = lengths(b).before;
  const pad = (list, by) => (by > 0 ? [...list, { retain: by }] : list);
  return [pad(a, ofB - ofA), pad(b, ofA - ofB)];
}

function components({ pos, deleted, text }) {
  const list = [];
  if (pos > 0) list.push({ retain: pos });
  if (deleted > 0) list.push({ delete: deleted });
  if (text !== "") list.push({ insert: text });
  return list;
}

async function quillDelta() {
  const Delta = require("quill-delta");
  const make = (list) => {
    const delta = new Delta();
    for (const { retain, insert, delete: deleted } of list) {
      if (retain) delta.retain(retain);
      else if (deleted) delta.delete(deleted);
      else delta.insert(insert);
    }
    return delta.chop();
  };
  return {
    empty: () => new Delta(),
    edit: (e) => make(components(e)),
    apply: (doc, op) => doc.compose(op),
    text: (doc) => doc.ops.map((op) => op.insert).join(""),
    fromPair: (a, b) => [make(a), make(b)],
    transform: (op, over, side) => over.transform(op, side === "right"),
    compose: (a, b) => a.compose(b),
  };
}

async function textUnicode() {
  const { type } = require("ot-text-unicode");
  const make = (list) =>
    type.normalize(list.map((c) => c.retain ?? c.insert ?? { d: c.delete }));
  return {
    empty: () => "",
    edit: (e) => make(components(e)),
    apply: (doc, op) => type.apply(doc, op),
    text: (doc) => doc,
    fromPair: (a, b) => [make(a), make(b)],
    transform: (op, over, side) => type.transform(op, over, side),
    compose: (a, b) => type.compose(a, b),
  };
}

async function otJs() {
  const { TextOperation } = require("ot/lib/index.js");
  const make = (list) => {
    const operation = new TextOperation();
    for (const { retain, insert, delete: deleted } of list) {
      if (retain) operation.retain(retain);
      else if (deleted) operation.delete(deleted);
      else operation.insert(insert);
    }
    return operation;
  };
  return {
    empty: () => "",
    edit: (e) => make(components(e)).retain(e.length - e.pos - e.deleted),
    apply: (doc, op) => op.apply(doc),
    text: (doc) => doc,
    fromPair: (a, b, way) => padded(a, b, way).map(make),
    /* Both ways at once is all it has: for one of them, so much is wasted. */
    transform: (op, over, side) =>
      side === "right" ? TextOperation.transform(over, op)[1] : TextOperation.transform(op, over)[0],
    compose: (a, b) => a.compose(b),
  };
}

async function codeMirror() {
  const { ChangeSet, Text } = await import("@codemirror/state");
  const make = (list) => {
    const changes = [];
    let at = 0;
    for (const { retain = 0, insert, delete: deleted = 0 } of list) {
      if (insert !== undefined) changes.push({ from: at, insert });
      else if (deleted > 0) changes.push({ from: at, to: at + deleted });
      at += retain + deleted;
    }
    return ChangeSet.of(changes, at, "\n");
  };
  return {
    empty: () => Text.empty,
    edit: ({ pos, deleted, text, length }) =>
      ChangeSet.of({ from: pos, to: pos + deleted, insert: text }, length, "\n"),
    apply: (doc, op) => op.apply(doc),
    text: (doc) => doc.toString(),
    fromPair: (a, b, way) => padded(a, b, way).map(make),
    transform: (op, over, side) => op.map(over, side === "left"),
    compose: (a, b) => a.compose(b),
  };
}

/* The engine of our own client, which the script has bundled. */
async function client() {
  const ot = await import("./client.bundle.mjs");
  const make = ot.fromComponents;
  return {
    empty: () => ot.Doc.empty,
    edit: (e) => make(components(e)),
    apply: (doc, op) => doc.apply(op),
    text: (doc) => doc.text(),
    fromPair: (a, b) => [make(a), make(b)],
    transform: ot.transform,
    compose: ot.compose,
  };
}

export const peers = {
  "@quire/client": client,
  "quill-delta": quillDelta,
  "ot-text-unicode": textUnicode,
  ot: otJs,
  "@codemirror/state": codeMirror,
};
