// The checker finds what it is there to find: each of its checks, in a history with one thing wrong.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ACK_WITHIN_MS, check, CHECKS, isSound, READY_WITHIN_MS } from "./lib/checker.js";

const typed = (at, insert, deleted = "") => ({ at, event: "typed", insert, deleted });
const sent = (at, seq, base, ops) => ({ at, event: "sent edit", seq, base, ops });
const ack = (at, seq, version) => ({ at, event: "received ack", seq, version });
const edit = (at, version, ops) => ({ at, event: "received edit", version, ops });
const opened = (at, version, seq, snapshot) => ({ at, event: "received opened", version, head: version, seq, snapshot });
const begin = (client) => [
  { at: 1, event: "status", status: "connected" },
  { at: 2, event: "received welcome", client },
  opened(3, 0, 0, []),
];

// Ann types "ab", Bob types "cd" after it, Ann deletes "b"; the server is killed and started again, and Bob comes back.
const sound = () => ({
  log: {
    edits: [
      { version: 1, client: 1, seq: 1, ops: [{ insert: "ab" }] },
      { version: 2, client: 2, seq: 1, ops: [{ retain: 2 }, { insert: "cd" }] },
      { version: 3, client: 1, seq: 2, ops: [{ retain: 1 }, { delete: 1 }] },
    ],
    ops: [{ insert: "acd" }],
    damage: "",
  },
  ann: [
    ...begin(1),
    typed(10, "ab"),
    sent(11, 1, 0, [{ insert: "ab" }]),
    ack(20, 1, 1),
    { at: 20, event: "saved" },
    edit(30, 2, [{ retain: 2 }, { insert: "cd" }]),
    { at: 31, event: "shown", version: 2, text: "abcd" },
    typed(40, "", "b"),
    sent(41, 2, 2, [{ retain: 1 }, { delete: 1 }]),
    ack(50, 2, 3),
    { at: 50, event: "received hash", version: 3, crc: 0xdce9805a },
    { at: 50, event: "saved" },
    { at: 90, event: "rested", version: 3, text: "acd" },
  ],
  bob: [
    ...begin(2),
    edit(20, 1, [{ insert: "ab" }]),
    typed(21, "cd"),
    sent(22, 1, 1, [{ retain: 2 }, { insert: "cd" }]),
    { at: 60, event: "status", status: "disconnected" },
    { at: 65, event: "status", status: "connected" },
    { at: 66, event: "received welcome", client: 2 },
    opened(67, 1, 1, null),
    ack(68, 1, 2),
    { at: 68, event: "saved" },
    { at: 69, event: "received catchup", first: 3, last: 3, ops: [{ retain: 1 }, { delete: 1 }] },
    { at: 90, event: "rested", version: 3, text: "acd" },
  ],
  harness: [
    { at: 0, event: "caps", caps: { rss_kb: 100, inbox_bytes: 1000, descriptors: 10 } },
    { at: 0, event: "spawned" },
    { at: 0.5, event: "ready" },
    { at: 35, event: "sample", rss_kb: 50, descriptors: 10 },
    { at: 36, event: "sample", inbox_bytes: 1000 },
    { at: 55, event: "stopping", signal: "SIGKILL" },
    { at: 56, event: "ended", signal: "SIGKILL" },
    { at: 57, event: "spawned" },
    { at: 58, event: "ready" },
  ],
  server: [{ at: 20, event: "committed", key: 1, first: 1, last: 3 }],
});

function verdictOf(change) {
  const { log, ann, bob, harness, server } = change(sound());
  return check(log, { people: new Map([["ann", ann], ["bob", bob]]), harness, server });
}

test("a sound history has nothing wrong", () => {
  const verdict = verdictOf((history) => history);
  assert.ok(isSound(verdict), verdict.reasons.join("\n"));
});

const find = (events, event, nth = 0) => events.filter((one) => one.event === event)[nth];
const drop = (events, one) => events.splice(events.indexOf(one), 1);

// By the name of the check: [what is wrong, its kind, what makes it so]...
const wrongs = {
  acknowledged: [
    ["an acknowledged edit that is not there", "lost", ({ ann }) => ann.push(ack(95, 3, 3))],
    ["an edit that a coming back was told of and that is not there", "lost", ({ bob }) => (find(bob, "received opened", 1).seq = 2)],
    ["an edit that was acknowledged as another version", "diverged", ({ bob }) => bob.push(ack(95, 1, 1))],
  ],
  once: [["an edit that is there twice", "doubled", ({ log }) => log.edits.push({ ...log.edits[1], version: 4 })]],
  sent: [
    ["an edit that nobody sent", "diverged", ({ log }) => log.edits.push({ version: 4, client: 9, seq: 1, ops: [{ insert: "x" }] })],
    ["an edit that says something else than was sent", "diverged", ({ log }) => (log.edits[1].ops[1].insert = "ce")],
  ],
  gapless: [
    ["a gap in the versions", "lost", ({ log }) => (log.edits[2].version = 4)],
    ["a version that the server had on disk", "lost", ({ server }) => (server[0].last = 4)],
  ],
  inOrder: [
    ["a version that was left out", "diverged", ({ ann }) => drop(ann, find(ann, "received edit"))],
    ["a version that was given twice", "diverged", ({ bob }) => bob.push(edit(95, 3, [{ retain: 1 }, { delete: 1 }]))],
    ["bytes that are no operation", "diverged", ({ bob }) => bob.push({ at: 95, event: "malformed", what: "received edit" })],
    ["a version that is given before the document", "diverged", ({ bob }) => drop(bob, find(bob, "received opened", 1))],
  ],
  replayed: [
    ["a document that is stored otherwise", "diverged", ({ log }) => (log.ops[0].insert = "acdx")],
    ["a database that is damaged", "diverged", ({ log }) => (log.damage = "1 found")],
    ["somebody who ends with another text", "diverged", ({ bob }) => (find(bob, "rested").text = "cad")],
    ["somebody who does not get to the end", "diverged", ({ bob }) => Object.assign(find(bob, "rested"), { version: 2, text: "abcd" })],
    ["a version that was shown otherwise", "diverged", ({ ann }) => (find(ann, "shown").text = "cdab")],
    ["a snapshot with another text", "diverged", ({ bob }) => Object.assign(find(bob, "received opened"), { version: 1, snapshot: [{ insert: "ba" }] })],
    ["a version that was shown and is gone", "lost", ({ ann }) => (find(ann, "shown").version = 4)],
    ["a hash of another document", "diverged", ({ ann }) => (find(ann, "received hash").crc ^= 1)],
  ],
  characters: [
    ["a saved character that is not there", "lost", ({ ann }) => (find(ann, "typed").insert = "abe")],
    ["a character that is there twice", "doubled", ({ log }) => (log.edits[1].ops[1].insert = "cdc")],
    ["a character that nobody typed", "diverged", ({ bob }) => (find(bob, "typed").insert = "c")],
  ],
  byAuthor: [
    ["edits of a client in another order", "diverged", ({ log }) => ([log.edits[0].seq, log.edits[2].seq] = [2, 1])],
    ["an edit that is missing between two", "diverged", ({ log }) => (log.edits[2].seq = 3)],
    ["what was typed first behind what came later", "diverged", ({ log, ann }) => ((log.edits[2].ops = [{ insert: "z" }]), ann.splice(3, 0, typed(9, "z")))],
  ],
  observed: [
    ["an edit that was seen before a crash and is gone", "lost", ({ log }) => log.edits.splice(1)],
    ["an edit that was seen before a crash and is another one now", "diverged", ({ ann }) => (find(ann, "received edit").ops = [{ insert: "cd" }])],
  ],
  live: [
    ["an edit that waits though nothing is wrong", "late", ({ bob }) => bob.forEach((event) => event.at > 60 && (event.at += ACK_WITHIN_MS))],
    ["an edit that is never answered", "late", ({ ann }) => ann.push(sent(91, 3, 3, [{ delete: 1 }]), { at: 92 + ACK_WITHIN_MS, event: "status", status: "connected" })],
    ["a server that ends though nothing is wrong", "stuck", ({ harness }) => drop(harness, find(harness, "stopping"))],
    ["a server that takes long to start", "late", ({ harness }) => (find(harness, "ready", 1).at += READY_WITHIN_MS)],
  ],
  bounded: [
    ["too much memory", "over", ({ harness }) => (find(harness, "sample").rss_kb = 101)],
    ["too much that waits", "over", ({ harness }) => (find(harness, "sample", 1).inbox_bytes = 1001)],
    ["too many descriptors", "over", ({ harness }) => (find(harness, "sample").descriptors = 11)],
  ],
};
for (const [name, cases] of Object.entries(wrongs)) {
  for (const [what, kind, spoil] of cases) {
    test(`${name} finds ${what}`, () => {
      const verdict = verdictOf((history) => (spoil(history), history));
      assert.ok(verdict.failed.includes(name) && verdict[kind] > 0, JSON.stringify(verdict));
    });
  }
}

test("there is something wrong for each check", () => assert.deepEqual(Object.keys(wrongs), CHECKS));

test("what is slow because the machine stood still is not late", () => {
  const verdict = verdictOf((history) => {
    for (const event of history.bob) if (event.at > 60) event.at += ACK_WITHIN_MS;
    history.harness.push({ at: 60 + ACK_WITHIN_MS, event: "stood still", from: 59 });
    return history;
  });
  assert.ok(isSound(verdict), verdict.reasons.join("\n"));
});

test("what is slow while something is wrong is not late", () => {
  const verdict = verdictOf((history) => {
    for (const event of history.bob) if (event.at > 60) event.at += ACK_WITHIN_MS;
    history.harness.push({ at: 59, event: "fault", what: "disk", on: true }, { at: 60 + ACK_WITHIN_MS, event: "fault", what: "disk", on: false });
    return history;
  });
  assert.ok(isSound(verdict), verdict.reasons.join("\n"));
});
