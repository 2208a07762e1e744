/*
 * One measurement, in a process of its own: node measure.mjs PEER WORK TRACES
 * Prints the CPU time (user and system, all threads): microseconds for one edit or pair, milliseconds for a whole; and the
 * seconds that all of it took.
 */
import * as crdt from "./crdt.mjs";
import * as ot from "./ot.mjs";
import { readSession, readTrace } from "./traces.mjs";
import { offline, randomPairs } from "./work.mjs";

const ROUNDS = 20;
const OFFLINE_EDITS = 20000;

const [name, work, traces] = process.argv.slice(2);
const [what, of] = work.split(":");

function must(holds, message) {
  if (!holds) throw new Error(message);
}

/** CPU time of `run` in microseconds. */
function time(run) {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

function fold(ops, compose) {
  while (ops.length > 1) {
    const next = [];
    for (let i = 0; i + 1 < ops.length; i += 2) next.push(compose(ops[i], ops[i + 1]));
    if (ops.length % 2 === 1) next.push(ops[ops.length - 1]);
    ops = next;
  }
  return ops[0];
}

const otWork = {
  apply(peer) {
    const { edits, final } = readTrace(traces, of);
    const ops = edits.map(peer.edit);
    let doc = peer.empty();
    const spent = time(() => {
      for (const op of ops) doc = peer.apply(doc, op);
    });
    must(peer.text(doc) === final, "the trace ends with another text");
    return spent / edits.length;
  },
  transform: (peer) => timePairs(peer, "transform", (a, b) => peer.transform(a, b, "right")),
  compose: (peer) => timePairs(peer, "compose", peer.compose),
  fold(peer) {
    const { edits, final } = readTrace(traces, of);
    const ops = edits.map(peer.edit);
    let whole;
    const spent = time(() => {
      whole = fold(ops, peer.compose);
    });
    must(peer.text(peer.apply(peer.empty(), whole)) === final, "the trace ends with another text");
    return spent / 1000;
  },
  merge(peer) {
    const sides = offline(OFFLINE_EDITS).sides.map((edits) => edits.map(peer.edit));
    return time(() => {
      const [a, b] = sides.map((ops) => fold(ops, peer.compose));
      peer.transform(a, b, "right");
    }) / 1000;
  },
  session: timeSession,
};

function timePairs(peer, way, act) {
  const pairs = randomPairs(Number(of)).map(([a, b]) => peer.fromPair(a, b, way));
  const round = () => {
    for (const [a, b] of pairs) act(a, b);
  };
  round();
  const spent = time(() => {
    for (let i = 0; i < ROUNDS; i++) round();
  });
  return spent / ROUNDS / pairs.length;
}

/** The server's loop: for each author it keeps the others' operations that the author had not seen. */
function timeSession(peer) {
  const { transactions, final } = readSession(traces, of);
  const ops = transactions.map((t) => t.edits.map(peer.edit).reduce(peer.compose));
  const unseen = [[], []];
  const seen = [0, 0];
  let doc = peer.empty();
  const spent = time(() => {
    transactions.forEach((transaction, i) => {
      const { agent } = transaction;
      const other = 1 - agent;
      const queue = unseen[agent];
      queue.splice(0, transaction.seen[other] - seen[agent]);
      seen[agent] = transaction.seen[other];
      let op = ops[i];
      for (let k = 0; k < queue.length; k++) {
        const committed = queue[k];
        queue[k] = peer.transform(committed, op, "left");
        op = peer.transform(op, committed, "right");
      }
      doc = peer.apply(doc, op);
      unseen[other].push(op);
    });
  });
  /* The one tie of the trace may fall either way. */
  const sorted = (text) => [...text].sort().join("");
  must(sorted(peer.text(doc)) === sorted(final), "the session ends with another text");
  return spent / 1000;
}

const crdtWork = {
  apply(peer) {
    const { edits, final } = readTrace(traces, of);
    if (peer.isByCharacter) must(!/[\ud800-\udfff]/.test(final), "positions in UTF-16 units");
    const copy = peer.start("", 1);
    const spent = time(() => {
      for (const e of edits) peer.edit(copy, e);
    });
    must(peer.text(copy) === final, "the trace ends with another text");
    return spent / edits.length;
  },
  merge(peer) {
    const { base, sides } = offline(OFFLINE_EDITS);
    const root = peer.start(base, 1);
    const copies = sides.map((edits, i) => {
      const copy = peer.fork(root, 2 + i);
      for (const e of edits) peer.edit(copy, e);
      return copy;
    });
    const spent = time(() => peer.take(copies[0], peer.changes(copies[1])));
    peer.take(copies[1], peer.changes(copies[0]));
    must(peer.text(copies[0]) === peer.text(copies[1]), "the copies differ");
    return spent / 1000;
  },
};

const isOt = Object.hasOwn(ot.peers, name);
const peer = await (isOt ? ot : crdt).peers[name]();
const value = (isOt ? otWork : crdtWork)[what](peer);
const { user, system } = process.cpuUsage();
console.log(value, (user + system) / 1e6);
