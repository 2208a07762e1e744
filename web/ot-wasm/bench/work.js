/* What is measured, in Node and in a browser alike. */
import Delta from "quill-delta";
import { randomPairs } from "../../../bench/engine/peers/work.mjs";
import * as client from "../../client/src/ot/index.ts";
import { compose, transform } from "../../client/src/ot/algebra.ts";
import { decodeOp, encodeOp } from "../../client/src/ot/codec.ts";
import { Doc } from "../../client/src/ot/document.ts";
import { fromComponents, toComponents } from "../../client/src/ot/op.ts";
import { load } from "../src/index.ts";

const ROUNDS = 20;

function fold(ops, composed) {
  for (; ops.length > 1; ops = ops.flatMap((op, i) => (i % 2 ? [] : [i + 1 < ops.length ? composed(op, ops[i + 1]) : op])));
  return ops[0];
}

/* By what goes in and comes out. `Doc` is what the client keeps a document in. */
const ENGINES = {
  async "ot-wasm, components"() {
    const ot = await load();
    return {
      ...{ make: (op) => op, compose: ot.compose, transform: ot.transform, all: ot.composeAll },
      ...{ open: () => ot.open(), apply: (doc, op) => (doc.apply(op), doc), text: (doc) => doc.text() },
    };
  },
  async "ot-wasm, bytes"() {
    const ot = await load();
    const { compose: composed, transform: transformed, composeAll } = ot.packed;
    return {
      ...{ make: client.encode, compose: composed, transform: transformed, all: composeAll },
      ...{ open: () => ot.open(), apply: (doc, op) => (doc.apply(op), doc), text: (doc) => doc.text() },
    };
  },
  async "client, components"() {
    return {
      ...{ make: (op) => op, compose: client.compose, transform: client.transform },
      all: (ops) => toComponents(fold(ops.map(fromComponents), compose)),
      ...{ open: () => Doc.empty, apply: (doc, op) => doc.apply(fromComponents(op)), text: (doc) => doc.text() },
    };
  },
  async "client, bytes"() {
    return {
      make: client.encode,
      compose: (a, b) => encodeOp(compose(decodeOp(a), decodeOp(b))),
      transform: (op, over, side) => encodeOp(transform(decodeOp(op), decodeOp(over), side)),
      all: (ops) => encodeOp(fold(ops.map(decodeOp), compose)),
      ...{ open: () => Doc.empty, apply: (doc, op) => doc.apply(decodeOp(op)), text: (doc) => doc.text() },
    };
  },
  async "client, as inside"() {
    return {
      ...{ make: fromComponents, compose, transform, all: (ops) => fold(ops, compose) },
      ...{ open: () => Doc.empty, apply: (doc, op) => doc.apply(op), text: (doc) => doc.text() },
    };
  },
  async "quill-delta"() {
    const composed = (a, b) => a.compose(b);
    return {
      make: (op) => new Delta(op),
      ...{ compose: composed, transform: (op, over, side) => over.transform(op, side === "right") },
      all: (ops) => fold(ops, composed),
      open: () => new Delta(),
      ...{ apply: composed, text: (doc) => doc.ops.map((op) => op.insert).join("") },
    };
  },
};

function components({ pos, deleted, text }) {
  const ops = [{ retain: pos }, { delete: deleted }, { insert: text }];
  return ops.filter((op) => Object.values(op)[0] !== 0 && op.insert !== "");
}

function must(holds, message) {
  if (!holds) throw new Error(message);
}

const sorted = (text) => [...text].sort().join("");

/* Each makes what it needs, and returns how often it does the thing in `run`, whose result `check` looks at. */
const WORKS = {
  apply(engine, { edits, final }) {
    const ops = edits.map((edit) => engine.make(components(edit)));
    return {
      count: ops.length,
      run: () => ops.reduce(engine.apply, engine.open()),
      check: (doc) => must(engine.text(doc) === final, "the trace ends with another text"),
    };
  },
  fold(engine, { edits, final }) {
    const ops = edits.map((edit) => engine.make(components(edit)));
    return {
      count: 1000,
      run: () => engine.all(ops),
      check: (op) => must(engine.text(engine.apply(engine.open(), op)) === final, "the trace ends with another text"),
    };
  },
  session(engine, { transactions, final }) {
    const ops = transactions.map(({ edits }) => engine.make(edits.map(components).reduce((a, b) => client.compose(a, b))));
    return {
      count: 1000,
      run: () => playSession(engine, transactions, ops),
      check: (doc) => must(sorted(engine.text(doc)) === sorted(final), "the session ends with another text"),
    };
  },
  transform: (engine, size) => pairs(engine, size, (a, b) => engine.transform(a, b, "right")),
  compose: (engine, size) => pairs(engine, size, engine.compose),
};

/* The server's loop: for each author it keeps the other's operations that the author had not seen. */
function playSession(engine, transactions, ops) {
  const unseen = [[], []];
  const seen = [0, 0];
  let doc = engine.open();
  transactions.forEach((transaction, i) => {
    const { agent } = transaction;
    const queue = unseen[agent];
    queue.splice(0, transaction.seen[1 - agent] - seen[agent]);
    seen[agent] = transaction.seen[1 - agent];
    let op = ops[i];
    for (let k = 0; k < queue.length; k++) {
      const committed = queue[k];
      queue[k] = engine.transform(committed, op, "left");
      op = engine.transform(op, committed, "right");
    }
    doc = engine.apply(doc, op);
    unseen[1 - agent].push(op);
  });
  return doc;
}

function pairs(engine, size, act) {
  const made = randomPairs(size).map((pair) => pair.map((op) => engine.make(client.normalize(op))));
  const round = () => made.forEach(([a, b]) => act(a, b));
  round();
  return {
    count: ROUNDS * made.length,
    run() {
      for (let i = 0; i < ROUNDS; i++) round();
    },
    check: () => {},
  };
}

export const engines = Object.keys(ENGINES);

export async function prepare(engine, work, data) {
  return WORKS[work](await ENGINES[engine](), data);
}
