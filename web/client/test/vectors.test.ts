/*
 * What the session of the C client did (tests/golden/session), done again by the machines of this
 * client: the same documents at each checkpoint, and the same messages in the same order. So what
 * tests/sim shows of that session holds of this one.
 *
 * Not compared, since clients may do as they like: the references of OPEN, and what it asks of the
 * chat; HELLO; what is stored before it is sent; how long a client waits (the steps `retry` and
 * `reopen` say when the time has passed). The vectors leave out what tests/sim/vectors.c says.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { ConnectionMachine } from "../src/machine/connection.js";
import type { DocumentMachine } from "../src/machine/document.js";
import { decodeOp, encodeOp } from "../src/ot/codec.js";
import { Doc } from "../src/ot/document.js";
import { clientCodec, serverCodec, type ClientMessage, type ServerMessage } from "../src/wire/messages.js";

type Step =
  | readonly ["local" | "in" | "out", string]
  | readonly ["break" | "connect" | "retry" | "reopen"]
  | readonly ["is", string, string, number, number];

const FILE = join(process.env.QUIRE_WEB as string, "..", "tests", "golden", "session", "vectors.jsonl.gz");
const EPOCH = 7;
const WELCOME: ServerMessage = {
  kind: "welcome",
  client: 1,
  key: new Uint8Array(16),
  epoch: EPOCH,
  server: "vectors",
  limits: { frame_bytes: 1 << 20, chat_chars: 500, document_bytes: 1e7, channels: 32 },
};

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const hexOfDoc = (doc: Doc): string => hexOf(encodeOp(doc.toOp()));

class Replay {
  private readonly connection: ConnectionMachine;
  private readonly machine: DocumentMachine;
  /** What an editor shows that does what it is told. */
  private editor = Doc.empty;
  private sent: ClientMessage[] = [];
  /** References of OPEN: those of the vectors to those of this client. */
  private readonly refs = new Map<number, number>();

  constructor() {
    const output = {
      send: () => undefined,
      changed: () => this.drain(),
      ready: () => undefined,
      error: (error: Error) => assert.fail(error.message),
      going: () => undefined,
      expiring: () => undefined, notRenewed: () => undefined,
      pong: () => undefined,
    };
    this.connection = new ConnectionMachine(output, { name: "c", color: "#000000" }, null);
    this.machine = this.connection.add("doc");
    this.connection.start(this.machine);
    this.drain();
  }

  private drain(): void {
    for (const effect of this.machine.drain()) {
      if (effect.kind === "send") this.sent.push(effect.message);
      if (effect.kind === "change") this.editor = this.editor.apply(effect.op);
      if (effect.kind === "reset") this.editor = this.machine.editing.view;
    }
  }

  take(step: Step): void {
    if (step[0] === "out") return this.expect(bytesOf(step[1]));
    assert.deepEqual(this.sent, [], "sends what the vector does not");
    switch (step[0]) {
      case "local":
        this.machine.local(decodeOp(bytesOf(step[1])));
        break;
      case "in":
        return serverCodec.decode(bytesOf(step[1])).forEach((message) => this.hear(message));
      case "break":
        return this.connection.disconnected();
      case "connect":
        this.connection.connected(null);
        return this.connection.receive(WELCOME);
      case "retry":
      case "reopen":
        this.machine.timer();
        break;
      case "is":
        return this.check(step);
    }
    this.drain();
  }

  private hear(message: ServerMessage): void {
    const ref = "ref" in message && message.ref !== null ? this.refs.get(message.ref) : undefined;
    this.connection.receive(ref === undefined ? message : ({ ...message, ref } as ServerMessage));
  }

  private expect(bytes: Uint8Array): void {
    const [wanted] = clientCodec.decode(bytes);
    const sent = this.sent.shift();
    assert.ok(sent !== undefined, `does not send ${wanted.kind}`);
    if (wanted.kind === "open" && sent.kind === "open") {
      this.refs.set(wanted.ref, sent.ref);
      assert.deepEqual({ ...sent, ref: 0, chat: null }, { ...wanted, ref: 0, chat: null });
    } else assert.equal(hexOf(clientCodec.encode([sent])), hexOf(bytes));
  }

  private check([, shown, committed, version, seq]: Extract<Step, readonly ["is", ...unknown[]]>): void {
    const { editing } = this.machine;
    assert.equal(hexOfDoc(editing.view), shown);
    assert.equal(hexOfDoc(this.editor), shown);
    assert.equal(hexOfDoc(editing.base), committed);
    assert.deepEqual([editing.version, editing.seq], [version, seq]);
  }
}

function replay(steps: readonly Step[], number: number): void {
  const client = new Replay();
  steps.forEach((step, at) => {
    try {
      client.take(step);
    } catch (error) {
      throw new Error(`case ${number}, step ${at} (${step.join(" ").slice(0, 120)})`, { cause: error });
    }
  });
}

const cases = gunzipSync(readFileSync(FILE))
  .toString()
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as Step[]);

test("does what the session of the C client does", () => {
  cases.forEach(replay);
});

/** What a step is about, as `in opened snapshot` or `local`. */
function topicOf(step: Step): string {
  if (step[0] !== "in" && step[0] !== "out") return step[0];
  const [message] = (step[0] === "in" ? serverCodec : clientCodec).decode(bytesOf(step[1]));
  if (message.kind === "error") return `in ${message.code}`;
  if (message.kind !== "opened") return `${step[0]} ${message.kind}`;
  if (message.epoch !== EPOCH) return "in opened restored";
  return `in opened ${message.ref === 0 ? "unasked " : ""}${message.snapshot === null ? "nil" : "snapshot"}`;
}

/** Its last acknowledged edit is an older one than before. */
function losesEdits(steps: readonly Step[]): boolean {
  const seqs = steps.flatMap((step) => (step[0] === "is" ? [step[4]] : []));
  return seqs.some((seq, i) => i > 0 && seq < seqs[i - 1]!);
}

test("the vectors have all that matters in them", () => {
  const counts = new Map<string, number>();
  for (const topic of cases.flat().map(topicOf)) counts.set(topic, (counts.get(topic) ?? 0) + 1);
  const wanted = [
    "local", "break", "connect", "retry", "reopen", "is", "out open", "out edit", "out diverged",
    "in edit", "in catchup", "in ack", "in hash", "in closed", "in opened nil", "in opened snapshot",
    "in opened unasked nil", "in opened unasked snapshot", "in too_old", "in bad_base", "in out_of_range",
    "in storage_full", "in not_open", "in role", "in forbidden", "in document_full",
    "in opened restored",
  ];
  assert.deepEqual(wanted.filter((topic) => (counts.get(topic) ?? 0) < 5), []);
  assert.ok(cases.filter(losesEdits).length >= 5, "acknowledged edits are lost");
});
