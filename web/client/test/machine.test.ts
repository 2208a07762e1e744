import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodeOp } from "../src/ot/codec.js";
import { Doc } from "../src/ot/document.js";
import { INSERT, OpWriter, toComponents, type Op } from "../src/ot/op.js";
import { ConnectionMachine, type Identity } from "../src/machine/connection.js";
import type { DocumentMachine } from "../src/machine/document.js";
import type { DocumentState } from "../src/machine/state.js";
import { clientCodec, serverCodec, type ClientMessage } from "../src/wire/messages.js";
import { ModelServer, type Link, type ServerOptions } from "./model-server.js";
import { announceSeed, Random, randomOp } from "./random.js";

const seed = announceSeed("machine");

/** What everybody has typed, taken away and may have lost, as characters that occur once each. */
class Ledger {
  private next = 0x4e00;
  readonly typed = new Map<string, SimClient>();
  readonly deleted = new Set<string>();
  readonly uncertain = new Set<string>();

  letter(by: SimClient): string {
    const char = String.fromCodePoint(this.next === 0xd800 ? (this.next = 0x10000) : this.next);
    this.next++;
    this.typed.set(char, by);
    return char;
  }
}

interface Plan {
  clients: number;
  steps: number;
  rich: boolean;
  deletes: boolean;
  reloads: boolean;
  losses: boolean;
  server: (random: Random) => Partial<ServerOptions>;
}

class SimClient {
  connection!: ConnectionMachine;
  machine!: DocumentMachine;
  /** What an editor would show that does what it is told. */
  editor = Doc.empty;
  up: Uint8Array[] = [];
  down: Uint8Array[] = [];
  link: Link | null = null;
  hasTimer = false;
  mustStore = false;
  record: DocumentState | null = null;
  wasReset = false;

  constructor(
    readonly name: string,
    private readonly server: ModelServer,
    private readonly ledger: Ledger,
  ) {
    this.start(null);
  }

  private start(identity: Identity | null): void {
    const output = {
      send: (message: ClientMessage) => {
        if (this.link !== null) this.up.push(clientCodec.encode([message]));
      },
      changed: () => this.drain(),
      ready: () => undefined,
      error: (error: Error) => assert.fail(error.message),
      going: () => undefined,
      expiring: () => undefined, notRenewed: () => undefined,
      pong: () => undefined,
    };
    this.connection = new ConnectionMachine(output, { name: this.name, color: "#000000" }, identity);
    this.machine = this.connection.add("doc");
    this.editor = Doc.empty;
    if (this.record !== null) this.machine.restore(this.record);
    this.machine.writeAhead = this.storedBuffer;
    this.connection.start(this.machine);
    this.drain();
  }

  private get storedBuffer(): boolean {
    return this.record !== null && decodeOp(this.record.buffer).length > 0;
  }

  drain(): void {
    for (const effect of this.machine.drain()) {
      switch (effect.kind) {
        case "send":
          if (this.link !== null) this.up.push(clientCodec.encode([effect.message]));
          break;
        case "change":
          if (effect.source === "remote") this.editor = this.editor.apply(effect.op);
          break;
        case "reset":
          this.editor = this.machine.editing.view;
          break;
        case "timer":
          this.hasTimer = true;
          break;
        case "store":
          this.mustStore = true;
          break;
        case "cursor":
          this.machine.sendCursor();
          this.drain();
          break;
        case "saved":
          if (effect.saved) this.checkSaved();
          break;
        case "draft":
          assert.fail(`draft: ${effect.reason}`);
      }
    }
  }

  /** Saved means: all this client typed is in the server's log. */
  private checkSaved(): void {
    const committed = new Set<string>();
    for (const entry of this.server.rooms.get("doc")!.log) {
      for (const piece of entry.op) if (piece.kind === INSERT) for (const char of piece.text) committed.add(char);
    }
    for (const [char, by] of this.ledger.typed) {
      if (by !== this || committed.has(char) || this.ledger.deleted.has(char)) continue;
      assert.ok(this.ledger.uncertain.has(char), `${this.name} is not saved`);
    }
  }

  type(random: Random, plan: Plan): void {
    if (!this.machine.isLoaded) return;
    const op = this.draw(random, plan);
    this.editor = this.editor.apply(op);
    this.machine.local(op);
    this.drain();
    if (random.chance(0.5)) {
      const at = random.below(this.editor.length + 1);
      this.machine.setCursor(at, random.chance(0.5) ? at : random.below(this.editor.length + 1), null);
      this.drain();
    }
  }

  private draw(random: Random, plan: Plan): Op {
    if (plan.rich && random.chance(0.2)) {
      const drawn = randomOp(random, this.editor, { rich: true, steps: 4 });
      const patches = new OpWriter();
      for (const piece of drawn) if (piece.kind === 0) patches.append(piece);
      return fitting(patches.finish(), this.editor);
    }
    const out = new OpWriter();
    const at = random.below(this.editor.length + 1);
    const text = this.editor.text();
    out.retain(safe(text, at));
    let removed = "";
    if (plan.deletes && random.chance(0.35)) {
      const end = Math.min(text.length, safe(text, at) + random.below(4));
      removed = text.slice(safe(text, at), safe(text, end));
    }
    const typed = random.chance(0.75) ? this.ledger.letter(this) : "";
    for (const char of removed) this.ledger.deleted.add(char);
    if (random.chance(0.5)) {
      out.insert(typed);
      out.delete(removed.length);
    } else {
      out.delete(removed.length);
      out.insert(typed);
    }
    return out.finish();
  }

  connect(): void {
    this.up = [];
    this.down = [];
    this.link = this.server.connect(
      (frame) => this.down.push(frame),
      () => this.disconnect(),
    );
    this.connection.connected(null);
  }

  disconnect(): void {
    const { link } = this;
    if (link === null) return;
    this.link = null;
    this.hasTimer = false;
    this.up = [];
    this.down = [];
    link.gone();
    this.connection.disconnected();
  }

  store(): void {
    this.record = this.machine.state();
    this.machine.writeAhead = this.storedBuffer;
    this.mustStore = false;
    this.machine.stored();
    this.drain();
  }

  /** The page goes away without a word and comes back with what was stored. */
  reload(): void {
    const stored = this.record === null ? "" : textOf(decodeOp(this.record.inFlight ?? Uint8Array.of(0))) + textOf(decodeOp(this.record.buffer));
    for (const char of textOf(this.machine.editing.unsaved())) if (!stored.includes(char)) this.ledger.uncertain.add(char);
    this.disconnect();
    this.mustStore = false;
    this.start(this.connection.identity);
  }

  deliverUp(): void {
    const frame = this.up.shift();
    if (frame !== undefined) this.link?.receive(frame);
  }

  deliverDown(): void {
    const frame = this.down.shift();
    if (frame === undefined) return;
    for (const message of serverCodec.decode(frame)) this.connection.receive(message);
  }

  fireTimer(): void {
    this.hasTimer = false;
    this.machine.timer();
    this.drain();
  }

  check(): void {
    assert.deepEqual(toComponents(this.editor.toOp()), toComponents(this.machine.editing.view.toOp()));
  }
}

/** Only what lies inside the document. */
function fitting(op: Op, doc: Doc): Op {
  try {
    doc.apply(op);
    return op;
  } catch {
    return [];
  }
}

function textOf(op: Op): string {
  return op.map((piece) => piece.text).join("");
}

function safe(text: string, at: number): number {
  return /[\udc00-\udfff]/.test(text[at] ?? "") ? at + 1 : at;
}

function simulate(runSeed: number, plan: Plan): ModelServer {
  const random = new Random(runSeed);
  const server = new ModelServer(plan.server(random));
  const room = server.createRoom("doc");
  const ledger = new Ledger();
  const clients = Array.from({ length: plan.clients }, (_, i) => new SimClient(`c${i}`, server, ledger));
  const step = (mayBreak: boolean): void => {
    const client = random.pick(clients);
    if (client.link === null) {
      if (!mayBreak || random.chance(0.2)) client.connect();
      return;
    }
    const what = random.below(100);
    if (what < 30) client.deliverUp();
    else if (what < 65) client.deliverDown();
    else if (what < 85) for (const reader of client.link.readers.values()) client.link.flush(reader, 1 + random.below(4));
    else if (what < 90 && client.hasTimer) client.fireTimer();
    else if (what < 95 && (client.mustStore || random.chance(0.3))) client.store();
    else if (mayBreak) disturb(random, plan, client, room.head, server);
  };
  for (let i = 0; i < plan.steps; i++) {
    if (random.chance(0.25)) random.pick(clients).type(random, plan);
    step(true);
    if (i % 16 === 0) clients.forEach((client) => client.check());
  }
  server.options.refuse = () => null;
  const isQuiet = (): boolean =>
    clients.every((c) => c.machine.isLive && c.machine.editing.isSaved && c.up.length + c.down.length === 0) &&
    server.readers().every((reader) => reader.position === room.head && !reader.mustTellPresence);
  for (let i = 0; !isQuiet(); i++) {
    assert.ok(i < 200_000, "it never comes to rest");
    step(false);
  }
  judge(clients, room.doc, ledger);
  return server;
}

function disturb(random: Random, plan: Plan, client: SimClient, head: number, server: ModelServer): void {
  const what = random.below(10);
  if (what < 4) client.disconnect();
  else if (what < 6 && plan.reloads) client.reload();
  else if (what < 6 && plan.losses) lose(random, server);
  else if (what < 7) server.rooms.get("doc")!.horizon = Math.max(0, head - random.below(20));
  else if (what < 8 && client.link !== null) {
    const { link } = client;
    for (const reader of link.readers.values()) {
      link.sendOpened(reader.room, reader.ch, 0, null, reader.position, reader.chatPosition);
    }
  }
}

/** The server ends, and begins anew without the last edits that it had acknowledged. */
function lose(random: Random, server: ModelServer): void {
  const room = server.rooms.get("doc")!;
  for (const link of [...server.links]) link.close(1012);
  room.rollBack(Math.max(0, room.head - random.below(6)));
}

function judge(clients: readonly SimClient[], doc: Doc, ledger: Ledger): void {
  const expected = toComponents(doc.toOp());
  for (const client of clients) {
    client.check();
    assert.deepEqual(toComponents(client.editor.toOp()), expected);
    assert.deepEqual(toComponents(client.machine.editing.base.toOp()), expected);
  }
  const found = new Map<string, number>();
  for (const char of doc.text()) found.set(char, (found.get(char) ?? 0) + 1);
  for (const char of ledger.typed.keys()) {
    const count = found.get(char) ?? 0;
    if (ledger.uncertain.has(char)) assert.ok(count <= 1, `${char} came ${count} times`);
    else assert.equal(count, ledger.deleted.has(char) ? 0 : 1, `${char} of ${[...ledger.typed.keys()].indexOf(char)}`);
  }
}

function simulateMany(salt: number, runs: number, plan: Plan): void {
  for (let i = 0; i < runs; i++) {
    const runSeed = seed + salt * 100_003 + i;
    try {
      simulate(runSeed, plan);
    } catch (error) {
      console.log(`run ${i} of plan ${salt}`);
      throw error;
    }
  }
}

const folds = (random: Random): Partial<ServerOptions> => ({
  fold: (count) => 1 + random.below(count),
  sendsHash: () => random.chance(0.3),
  prefersSnapshot: () => random.chance(0.3),
});
const noTrouble = { clients: 3, steps: 1500, rich: false, deletes: true, reloads: false, losses: false, server: folds };

describe("many clients, a network that fails at any moment", () => {
  test("plain text: all agree, each character is there exactly once, saved is exact", () => {
    simulateMany(1, 60, noTrouble);
  });

  test("formats as well", () => {
    simulateMany(2, 40, { ...noTrouble, rich: true });
  });

  test("more clients, folded catch-ups and no snapshots", () => {
    const server = (random: Random): Partial<ServerOptions> => ({ fold: (count) => 1 + random.below(count) });
    simulateMany(3, 15, { ...noTrouble, clients: 6, steps: 3000, server });
  });

  test("pages that are reloaded send what they had stored, once", () => {
    simulateMany(4, 60, { ...noTrouble, deletes: false, reloads: true });
  });

  test("edits refused once are sent again", () => {
    const codes = [
      { code: "overloaded", retry_ms: 100 },
      { code: "rate_limited", retry_ms: 100 },
      { code: "storage_full", retry_ms: null },
      { code: "document_full", retry_ms: null },
      { code: "too_old", retry_ms: null },
      { code: "bad_seq", retry_ms: null },
      { code: "bad_base", retry_ms: null },
      { code: "from_the_future", retry_ms: 50 },
    ];
    const server = (random: Random): Partial<ServerOptions> => ({
      ...folds(random),
      refuse: () => (random.chance(0.2) ? random.pick(codes) : null),
    });
    simulateMany(5, 40, { ...noTrouble, server });
    simulate(2_733_665_558 + 5 * 100_003 + 17, { ...noTrouble, server }); // an edit under way twice, refused and then taken
  });

  test("snapshots older than the client's own last edit are survived", () => {
    const server = (random: Random): Partial<ServerOptions> => ({ ...folds(random), oldSnapshots: () => random.chance(0.5) });
    simulateMany(6, 30, { ...noTrouble, deletes: false, server });
  });

  test("what the server has lost of what it had acknowledged is given to it again", () => {
    const server = (random: Random): Partial<ServerOptions> => ({ ...folds(random), sendsHash: () => true });
    simulateMany(7, 60, { ...noTrouble, deletes: false, losses: true, server });
  });

  test("nobody ever diverges", () => {
    for (let i = 0; i < 10; i++) assert.equal(simulate(seed + 700_021 + i, noTrouble).diverged, 0);
  });
});
