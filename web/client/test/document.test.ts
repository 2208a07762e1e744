import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DocumentMachine } from "../src/machine/document.js";
import type { DocumentState } from "../src/machine/state.js";
import type { Effect } from "../src/machine/effects.js";
import { encodeOp } from "../src/ot/codec.js";
import { Doc } from "../src/ot/document.js";
import { toComponents, type Component } from "../src/ot/op.js";
import type { ClientMessage, ServerMessage, ServerMessageOf } from "../src/wire/messages.js";
import { op } from "./random.js";

/** A machine told by hand what the server says. */
class Bench {
  ref = 100;
  readonly machine = new DocumentMachine("doc", 0, () => ++this.ref);

  /** What came of the last input, messages first. */
  private take(): { sent: ClientMessage[]; effects: Effect[] } {
    const effects = this.machine.drain();
    return {
      sent: effects.flatMap((effect) => (effect.kind === "send" ? [effect.message] : [])),
      effects: effects.filter((effect) => effect.kind !== "send"),
    };
  }

  open(): ReturnType<Bench["take"]> {
    this.machine.open();
    return this.take();
  }

  type(ops: readonly Component[]): ReturnType<Bench["take"]> {
    this.machine.local(op(ops));
    return this.take();
  }

  hear(message: ServerMessage): ReturnType<Bench["take"]> {
    this.machine.message(message);
    return this.take();
  }

  timer(): ReturnType<Bench["take"]> {
    this.machine.timer();
    return this.take();
  }

  stored(): ReturnType<Bench["take"]> {
    this.machine.stored();
    return this.take();
  }

  opened(fields: Partial<ServerMessageOf<"opened">> = {}): ReturnType<Bench["take"]> {
    return this.hear({
      kind: "opened", ch: 0, ref: this.ref, epoch: 1, version: 0, head: 0, seq: 0, snapshot: null,
      type: 2, title: "T", role: "editor", member: 5, chat: 0, ...fields,
    });
  }

  get text(): string {
    return this.machine.editing.view.text();
  }
}

const bytes = (ops: readonly Component[]): Uint8Array => encodeOp(op(ops));
const edit = (version: number, ops: readonly Component[]): ServerMessage => ({
  kind: "edit", ch: 0, version, member: 9, op: bytes(ops),
});

/** At version 3 with the text "abc". */
function live(): Bench {
  const bench = new Bench();
  bench.open();
  bench.opened({ version: 3, head: 3, snapshot: bytes([{ insert: "abc" }]) });
  return bench;
}

const kinds = (effects: readonly Effect[]): string[] => effects.map((effect) => effect.kind);
const openings = (sent: readonly ClientMessage[]): unknown[] =>
  sent.filter((message) => message.kind === "open").map((message) => [message.epoch, message.version]);

describe("a document's machine", () => {
  test("opens, shows what there is, and is live at the head", () => {
    const bench = new Bench();
    assert.deepEqual(openings(bench.open().sent), [[null, null]]);
    const { effects } = bench.opened({ version: 1, head: 2, snapshot: bytes([{ insert: "a" }]) });
    assert.ok(kinds(effects).includes("reset"));
    assert.equal(bench.machine.status, "loading");
    bench.hear(edit(2, [{ retain: 1 }, { insert: "b" }]));
    assert.deepEqual([bench.machine.status, bench.text], ["live", "ab"]);
  });

  test("the hash of a snapshot comes before the edits since", () => {
    for (const wrong of [0, 1]) {
      const bench = new Bench();
      bench.open();
      bench.opened({ version: 1, head: 3, snapshot: bytes([{ insert: "a" }]) });
      const crc = (bench.machine.editing.base.hash() ^ wrong) >>> 0;
      const { sent } = bench.hear({ kind: "hash", ch: 0, version: 1, crc });
      assert.deepEqual(openings(sent), wrong === 0 ? [] : [[null, null]]);
      assert.equal(sent.some((message) => message.kind === "diverged"), wrong === 1);
      if (wrong === 1) bench.opened({ version: 1, head: 3, snapshot: bytes([{ insert: "a" }]) });
      bench.hear({ kind: "catchup", ch: 0, first: 2, last: 3, op: bytes([{ retain: 1 }, { insert: "b" }]) });
      assert.deepEqual([bench.machine.status, bench.text], ["live", "ab"]);
    }
  });

  test("one edit is in flight, the rest waits in the buffer", () => {
    const bench = live();
    const first = bench.type([{ retain: 3 }, { insert: "d" }]).sent;
    assert.deepEqual(first, [{ kind: "edit", ch: 0, seq: 1, base: 3, op: bytes([{ retain: 3 }, { insert: "d" }]) }]);
    assert.deepEqual(bench.type([{ retain: 4 }, { insert: "e" }]).sent, []);
    bench.hear(edit(4, [{ insert: "-" }]));
    const { sent } = bench.hear({ kind: "ack", ch: 0, version: 5, seq: 1 });
    assert.deepEqual(sent, [{ kind: "edit", ch: 0, seq: 2, base: 5, op: bytes([{ retain: 5 }, { insert: "e" }]) }]);
    const { effects } = bench.hear({ kind: "ack", ch: 0, version: 6, seq: 2 });
    assert.ok(effects.some((effect) => effect.kind === "saved" && effect.saved));
    assert.equal(bench.text, "-abcde");
  });

  test("a gap in the versions is filled by opening again, and what comes before that is passed over", () => {
    const bench = live();
    assert.deepEqual(openings(bench.hear(edit(5, [{ insert: "x" }])).sent), [[1, 3]]);
    bench.hear(edit(6, [{ insert: "y" }]));
    bench.opened({ ref: 0, version: 9, head: 9, snapshot: bytes([{ insert: "z" }]) });
    assert.equal(bench.text, "abc");
    bench.opened({ version: 3, head: 4 });
    bench.hear(edit(4, [{ insert: "4" }]));
    assert.deepEqual([bench.machine.status, bench.text], ["live", "4abc"]);
  });

  test("an operation that does not fit is answered by fetching the document anew, more and more slowly", () => {
    const bench = live();
    for (const isQuick of [true, true, true, false]) {
      const { sent, effects } = bench.hear(edit(4, [{ retain: 99 }, { insert: "x" }]));
      assert.deepEqual(openings(sent), isQuick ? [[null, null]] : []);
      assert.equal(kinds(effects).includes("timer"), !isQuick);
      if (!isQuick) assert.deepEqual(openings(bench.timer().sent), [[null, null]]);
      bench.opened({ version: 3, head: 3, snapshot: bytes([{ insert: "abc" }]) });
    }
    const { effects } = bench.hear(edit(4, [{ retain: 99 }, { insert: "x" }]));
    assert.ok(effects.some((effect) => effect.kind === "timer" && effect.ms === 2000));
    assert.equal(bench.text, "abc");
  });

  test("a wrong hash is reported and healed; a right one is nothing", () => {
    const bench = live();
    const right = Doc.fromOp(op([{ insert: "abc" }])).hash();
    assert.deepEqual(bench.hear({ kind: "hash", ch: 0, version: 3, crc: right }).sent, []);
    assert.deepEqual(bench.hear({ kind: "hash", ch: 0, version: 2, crc: 1 }).sent, []);
    const { sent } = bench.hear({ kind: "hash", ch: 0, version: 3, crc: 1 });
    assert.deepEqual(sent[0], { kind: "diverged", ch: 0, version: 3, hash: right });
    assert.deepEqual(openings(sent), [[null, null]]);
    bench.type([{ retain: 3 }, { insert: "!" }]);
    const answer = bench.opened({ version: 3, head: 3, snapshot: bytes([{ insert: "aXc" }]) });
    assert.equal(bench.text, "aXc!");
    assert.equal(answer.sent[0].kind, "edit");
  });

  test("a document in doubt is fetched anew, even if the connection or the page ends before it has come", () => {
    const bench = live();
    const opens = (): unknown[] => {
      bench.machine.disconnected();
      return openings(bench.open().sent);
    };
    const doubt = (): unknown[] => openings(bench.hear({ kind: "hash", ch: 0, version: 3, crc: 1 }).sent);
    const fetched = (): unknown => bench.opened({ version: 3, head: 3, snapshot: bytes([{ insert: "aXc" }]) });
    doubt();
    assert.deepEqual(opens(), [[null, null]]);
    bench.hear({ kind: "error", ref: bench.ref, ch: 0, code: "overloaded", text: "", retry_ms: 5, at: null });
    assert.deepEqual(openings(bench.timer().sent), [[null, null]]);
    assert.deepEqual(openings(bench.opened({ version: 3, head: 3 }).sent), [[null, null]], "an answer that goes on from it is none");
    bench.type([{ retain: 3 }, { insert: "!" }]);
    const next = new Bench();
    next.machine.restore(bench.machine.state() as DocumentState);
    assert.deepEqual(openings(next.open().sent), [[null, null]]);
    fetched();
    assert.equal(bench.text, "aXc!");
    assert.deepEqual(opens(), [[1, 3]], "once it has come, it goes on from there");

    bench.opened({ version: 3, head: 3 });
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(doubt(), [[null, null]]);
      fetched();
    }
    assert.deepEqual(doubt(), []);
    assert.deepEqual(opens(), [[null, null]], "also while it waits before it asks");
  });

  test("an unasked snapshot is taken, unless an edit is on its way", () => {
    const bench = live();
    bench.opened({ ref: 0, version: 8, head: 8, snapshot: bytes([{ insert: "abcd" }]) });
    assert.deepEqual([bench.text, bench.machine.editing.version], ["abcd", 8]);
    bench.type([{ insert: "1" }]);
    const { sent } = bench.opened({ ref: 0, version: 9, head: 9, snapshot: bytes([{ insert: "abcde" }]) });
    assert.deepEqual(openings(sent), [[null, null]]);
    bench.opened({ version: 10, head: 10, seq: 1, snapshot: bytes([{ insert: "abcde1" }]) });
    assert.deepEqual([bench.text, bench.machine.editing.isSaved], ["abcde1", true]);
  });

  test("when the server lets go of a document it is opened again later; when it is deleted, never", () => {
    const bench = live();
    bench.type([{ insert: "x" }]);
    const { effects } = bench.hear({ kind: "closed", ch: 0, code: "storage_full", text: "" });
    assert.ok(effects.some((effect) => effect.kind === "timer" && effect.ms === 5000));
    assert.deepEqual([bench.machine.status, bench.text], ["offline", "xabc"]);
    assert.deepEqual(openings(bench.timer().sent), [[1, 3]]);
    const again = bench.opened({ version: 3, head: 3 });
    assert.equal(again.sent[0].kind, "edit");
    const end = bench.hear({ kind: "closed", ch: 0, code: "deleted", text: "gone" }).effects;
    assert.deepEqual([bench.machine.status, bench.machine.closeCode], ["closed", "deleted"]);
    const draft = end.find((effect) => effect.kind === "draft");
    assert.deepEqual(draft?.kind === "draft" && toComponents(draft.op), [{ insert: "x" }]);
    assert.deepEqual([bench.text, bench.machine.state()], ["xabc", null]);
    assert.deepEqual(bench.open().sent, []);
  });

  test("while a buffer is stored, an edit is stored before it is sent", () => {
    const bench = live();
    bench.machine.writeAhead = true;
    const { sent, effects } = bench.type([{ insert: "x" }]);
    assert.deepEqual([sent, kinds(effects).includes("store")], [[], true]);
    assert.equal(bench.machine.state()?.inFlight?.length, bytes([{ insert: "x" }]).length);
    bench.machine.disconnected();
    bench.open();
    assert.deepEqual(bench.opened({ version: 3, head: 3 }).sent, []);
    assert.equal(bench.stored().sent[0].kind, "edit");
  });

  test("a state comes back as it was", () => {
    const bench = live();
    bench.type([{ insert: "1" }]);
    bench.type([{ insert: "2" }]);
    const state = bench.machine.state();
    assert.ok(state !== null);
    const other = new Bench();
    other.machine.restore(state);
    assert.deepEqual([other.text, other.machine.isLoaded, other.machine.status], ["21abc", true, "offline"]);
    assert.deepEqual(other.machine.state(), state);
    assert.deepEqual(openings(other.open().sent), [[1, 3]]);
    const { sent } = other.opened({ version: 3, head: 3 });
    assert.deepEqual(sent, [{ kind: "edit", ch: 0, seq: 1, base: 3, op: bytes([{ insert: "1" }]) }]);
  });

  test("errors of other messages do not touch the edit in flight", () => {
    const bench = live();
    bench.type([{ insert: "x" }]);
    const { effects } = bench.hear({ kind: "error", ref: 7, ch: 0, code: "bad_text", text: "", retry_ms: null, at: null });
    assert.deepEqual(kinds(effects), ["error"]);
    assert.equal(bench.machine.editing.isSaved, false);
  });

  test("presence is brought to the version at hand, and then to what the user sees", () => {
    const bench = live();
    bench.hear(edit(4, [{ insert: "12" }]));
    const profile = { name: "B", color: "#000000" };
    const line = { member: 9, left: false as const, anchor: 0, head: 3, typing: true, data: "d", profile };
    bench.hear({ kind: "presence", ch: 0, version: 3, full: true, people: 2, members: [line] });
    /* Their own edit pushes their cursor, even at its place. */
    assert.deepEqual([...bench.machine.presence.list().values()], [
      { member: 9, name: "B", color: "#000000", anchor: 2, head: 5, typing: true, data: "d", self: false },
    ]);
    bench.type([{ retain: 2 }, { insert: "___" }]);
    assert.deepEqual([...bench.machine.presence.list().values()].map(({ anchor, head }) => [anchor, head]), [[2, 8]]);
    bench.hear({ kind: "presence", ch: 0, version: 4, full: false, people: 1, members: [{ member: 9, left: true }] });
    assert.equal(bench.machine.presence.list().size, 0);
  });
});
