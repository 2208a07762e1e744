/*
 * Peers that are replicated data types. Each has start(base, author) -> a copy with a document of that text, where
 * edit(copy, e) makes one edit as a change of its own and text(copy) is the text; and merge: fork(copy, author) -> another
 * copy, changes(copy) -> what it has since then, as bytes, and take(copy, bytes).
 */
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

async function yjs() {
  const Y = await import("yjs");
  const make = (author, update) => {
    const doc = new Y.Doc();
    doc.clientID = author;
    if (update) Y.applyUpdate(doc, update);
    return { doc, text: doc.getText("t"), since: Y.encodeStateVector(doc) };
  };
  return {
    start(base, author) {
      const copy = make(author);
      if (base !== "") copy.text.insert(0, base);
      return copy;
    },
    edit({ doc, text }, e) {
      doc.transact(() => {
        if (e.deleted > 0) text.delete(e.pos, e.deleted);
        if (e.text !== "") text.insert(e.pos, e.text);
      });
    },
    text: ({ text }) => text.toString(),
    fork: ({ doc }, author) => make(author, Y.encodeStateAsUpdate(doc)),
    changes: ({ doc, since }) => Y.encodeStateAsUpdate(doc, since),
    take: ({ doc }, update) => Y.applyUpdate(doc, update),
  };
}

async function jsonJoy() {
  const { Model } = require("json-joy/lib/json-crdt");
  const { Patch, s } = require("json-joy/lib/json-crdt-patch");
  const wrap = (model) => ({ model, text: model.api.str([]), patches: [] });
  return {
    start(base, author) {
      const model = Model.create(s.str(base), 0x10000 + author);
      model.api.flush();
      return wrap(model);
    },
    edit({ model, text, patches }, e) {
      if (e.deleted > 0) text.del(e.pos, e.deleted);
      if (e.text !== "") text.ins(e.pos, e.text);
      patches.push(model.api.flush());
    },
    text: ({ model }) => model.view(),
    fork: ({ model }, author) => wrap(model.fork(0x10000 + author)),
    changes: ({ patches }) => patches.map((patch) => patch.toBinary()),
    take: ({ model }, patches) => model.applyBatch(patches.map((bytes) => Patch.fromBinary(bytes))),
  };
}

async function diamondTypes() {
  const { Doc } = require("diamond-types-node");
  const wrap = (doc) => ({ doc, since: doc.getLocalVersion() });
  return {
    start(base, author) {
      const doc = new Doc(`author${author}`);
      if (base !== "") doc.ins(0, base);
      return wrap(doc);
    },
    edit({ doc }, e) {
      if (e.deleted > 0) doc.del(e.pos, e.deleted);
      if (e.text !== "") doc.ins(e.pos, e.text);
    },
    text: ({ doc }) => doc.get(),
    fork: ({ doc }, author) => wrap(Doc.fromBytes(doc.toBytes(), `author${author}`)),
    changes: ({ doc, since }) => doc.getPatchSince(since),
    take: ({ doc }, patch) => doc.mergeBytes(patch),
    /* Positions count characters, not UTF-16 units. */
    isByCharacter: true,
  };
}

async function loro() {
  const { LoroDoc } = require("loro-crdt");
  const make = (author, snapshot) => {
    const doc = new LoroDoc();
    doc.setPeerId(BigInt(author));
    if (snapshot) doc.import(snapshot);
    return { doc, text: doc.getText("t"), since: doc.version() };
  };
  return {
    start(base, author) {
      const copy = make(author);
      if (base !== "") copy.text.insert(0, base);
      copy.doc.commit();
      return copy;
    },
    edit({ doc, text }, e) {
      if (e.deleted > 0) text.delete(e.pos, e.deleted);
      if (e.text !== "") text.insert(e.pos, e.text);
      doc.commit();
    },
    text: ({ text }) => text.toString(),
    fork: ({ doc }, author) => make(author, doc.export({ mode: "snapshot" })),
    changes: ({ doc, since }) => doc.export({ mode: "update", from: since }),
    take: ({ doc }, update) => doc.import(update),
  };
}

async function automerge() {
  const { next: A } = await import("@automerge/automerge");
  const actor = (author) => String(author).padStart(32, "0");
  const wrap = (doc) => ({ doc, since: A.getHeads(doc) });
  return {
    start: (base, author) => wrap(A.from({ t: base }, { actor: actor(author) })),
    edit(copy, e) {
      copy.doc = A.change(copy.doc, (doc) => {
        A.splice(doc, ["t"], e.pos, e.deleted, e.text === "" ? undefined : e.text);
      });
    },
    text: ({ doc }) => doc.t,
    fork: ({ doc }, author) => wrap(A.clone(doc, { actor: actor(author) })),
    changes: ({ doc, since }) => A.getChangesSince(doc, since),
    take(copy, changes) {
      [copy.doc] = A.applyChanges(copy.doc, changes);
    },
  };
}

export const peers = {
  yjs,
  "json-joy": jsonJoy,
  "diamond-types-node": diamondTypes,
  "loro-crdt": loro,
  "@automerge/automerge": automerge,
};
