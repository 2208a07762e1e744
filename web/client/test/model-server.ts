/*
 * A server of quire.v1 in memory, as docs/protocol.md describes it, for the tests of the client. It
 * has no socket and no clock: bytes come in with `receive`, and `flush` sends a reader what lies
 * between its position and the head of the log, so that a test decides when, and how much at once.
 */
import { compose, transform, transformPosition } from "../src/ot/algebra.js";
import { decodeOp, encodeOp } from "../src/ot/codec.js";
import { Doc } from "../src/ot/document.js";
import { OpError } from "../src/ot/errors.js";
import type { Op } from "../src/ot/op.js";
import { clientCodec, serverCodec, type ClientMessage, type ClientMessageOf, type ServerMessage } from "../src/wire/messages.js";

interface Entry {
  readonly op: Op;
  readonly client: number;
  readonly member: number;
  readonly seq: number;
}

interface ChatEntry {
  readonly number: number;
  readonly member: number;
  readonly name: string;
  readonly color: string;
  readonly at_ms: number;
  readonly text: string;
  readonly by: string;
}

const TYPE_RICH = 1;
/* Editors of rich documents end them with a newline, so that is what they begin with. */
const NEWLINE = Doc.fromOp(decodeOp(new Uint8Array([0x02, 0x09, 0x0a])));

export class Room {
  log: Entry[] = [];
  docs: Doc[];
  chat: ChatEntry[] = [];
  readers = new Set<Reader>();
  role = "editor";
  /** The only link that opens it, if it takes one. */
  needsLink: string | null = null;
  readonly sharers = new Map<string, string>();
  readonly links = new Map<number, { number: number; role: string; label: string; created_ms: number; expires_ms: number | null }>();
  /** The furthest that each client was sent, on whichever connection. */
  readonly reached = new Map<number, number>();
  /** Versions below are known no more. */
  horizon = 0;
  title: string;
  nextMember = 1;

  constructor(
    readonly id: string,
    readonly type: number,
    title: string,
  ) {
    this.title = title;
    this.docs = [type === TYPE_RICH ? NEWLINE : Doc.empty];
  }

  get head(): number {
    return this.log.length;
  }

  get doc(): Doc {
    return this.docs[this.head];
  }

  /** Another role for everybody, told on the open channels. */
  changeRole(role: string): void {
    this.role = role;
    for (const { link, ch } of this.readers) link.send({ kind: "role", ch, role });
  }

  lastSeq(client: number, version = this.head): number {
    let seq = 0;
    for (const entry of this.log.slice(0, version)) if (entry.client === client) seq = entry.seq;
    return seq;
  }

  /** The log as it was at an earlier version: a backup was put back. */
  rollBack(version: number): void {
    this.log = this.log.slice(0, version);
    this.docs = this.docs.slice(0, version + 1);
    this.horizon = Math.min(this.horizon, version);
  }
}

/** An open channel: a position in a room's log. */
export interface Reader {
  readonly room: Room;
  readonly ch: number;
  readonly member: number;
  readonly link: Link;
  position: number;
  chatPosition: number;
  mustTellPresence: boolean;
  anchor: number | null;
  head: number | null;
  typing: boolean;
  data: string | null;
}

export interface ServerOptions {
  /** A snapshot in place of what was missed. */
  prefersSnapshot: () => boolean;
  /** How many edits of a run of others' go into one CATCHUP. */
  fold: (count: number) => number;
  /** Send HASH after a version. */
  sendsHash: () => boolean;
  /** Snapshots may be older than this client's own last edit, whose ACK then follows. */
  oldSnapshots: () => boolean;
  /** Refuse an edit. */
  refuse: (op: Op) => { code: string; retry_ms: number | null } | null;
}

const CALM: ServerOptions = {
  prefersSnapshot: () => false,
  fold: () => 1,
  sendsHash: () => true,
  oldSnapshots: () => false,
  refuse: () => null,
};

export class ModelServer {
  epoch = 1;
  rooms = new Map<string, Room>();
  keys = new Map<number, string>();
  links = new Set<Link>();
  diverged = 0;
  now = 1_700_000_000_000;
  frameBytes = 1 << 20;
  documentBytes = 1e7;
  channels = 32;
  /** So many times TOKEN is rate_limited. */
  refusesTokens = 0;
  options: ServerOptions;

  constructor(options: Partial<ServerOptions> = {}) {
    this.options = { ...CALM, ...options };
  }

  createRoom(id: string, type = 1): Room {
    const room = new Room(id, type, `Title of ${id}`);
    this.rooms.set(id, room);
    return room;
  }

  connect(send: (frame: Uint8Array) => void, close: (code: number) => void): Link {
    const link = new Link(this, send, close);
    this.links.add(link);
    return link;
  }

  /** A number and key for HELLO: the ones shown, if they are good. */
  identify(client: number | null, key: Uint8Array | null): [number, Uint8Array] {
    if (client !== null && key !== null && this.keys.get(client) === key.join()) return [client, key];
    const number = this.keys.size + 1;
    const fresh = new Uint8Array(16).map((_, i) => (number * 31 + i * 7) & 0xff);
    this.keys.set(number, fresh.join());
    return [number, fresh];
  }

  readers(): Reader[] {
    return [...this.links].flatMap((link) => [...link.readers.values()]);
  }
}

/** One connection, as the server sees it. */
export class Link {
  readonly readers = new Map<number, Reader>();
  client = 0;
  name = "";
  color = "";
  private greeted = false;

  constructor(
    private readonly server: ModelServer,
    private readonly write: (frame: Uint8Array) => void,
    private readonly end: (code: number) => void,
  ) {}

  send(...messages: ServerMessage[]): void {
    this.write(serverCodec.encode(messages));
  }

  receive(frame: Uint8Array): void {
    for (const message of clientCodec.decode(frame)) this.handle(message);
  }

  /** The socket is gone. */
  gone(): void {
    for (const reader of this.readers.values()) this.leave(reader);
    this.readers.clear();
    this.server.links.delete(this);
  }

  close(code: number): void {
    this.gone();
    this.end(code);
  }

  private leave(reader: Reader): void {
    this.noteReached(reader);
    reader.room.readers.delete(reader);
    for (const other of reader.room.readers) other.mustTellPresence = true;
  }

  private noteReached({ room, position }: Reader): void {
    room.reached.set(this.client, Math.max(position, room.reached.get(this.client) ?? 0));
  }

  private fail(ref: number | null, ch: number | null, code: string, retry_ms: number | null = null, at: number | null = null): void {
    this.send({ kind: "error", ref, ch, code, text: `refused: ${code}`, retry_ms, at });
  }

  private handle(message: ClientMessage): void {
    if (message.kind === "hello") return this.hello(message);
    if (!this.greeted) return this.close(4400);
    switch (message.kind) {
      case "ping":
        return this.send({ kind: "pong", n: message.n });
      case "open":
        return this.open(message);
      case "close":
        return this.closeChannel(message.ch);
      case "edit":
        return this.edit(message);
      case "cursor":
        return this.cursor(message);
      case "chat":
        return this.chat(message);
      case "chats":
        return this.chats(message);
      case "diverged":
        this.server.diverged++;
        return;
      case "profile":
        this.name = message.name;
        this.color = message.color;
        for (const reader of this.readers.values()) for (const other of reader.room.readers) other.mustTellPresence = true;
        return;
      case "token":
        if (this.server.refusesTokens-- > 0) return this.fail(message.ref, null, "rate_limited", 10);
        this.server.refusesTokens = 0;
        return this.send({ kind: "done", ref: message.ref, value: null });
      case "members":
      case "member":
      case "links":
      case "link":
      case "unlink":
        return this.share(message);
      default:
        return this.manage(message);
    }
  }

  private manage(message: ClientMessageOf<"list" | "create" | "rename" | "delete">): void {
    const { rooms, now } = this.server;
    if (message.kind === "list") {
      const documents = [...rooms.values()].slice(0, message.limit).map((room, key) => ({
        id: room.id, type: room.type, title: room.title, created_ms: now, updated_ms: now, key, people: room.readers.size,
      }));
      const more = rooms.size > message.limit;
      return this.send({ kind: "documents", ref: message.ref, more, documents, before_ms: null, before_key: null });
    }
    const id = message.id ?? `drawn${rooms.size}`;
    const room = rooms.get(id);
    if (message.kind === "create") {
      if (room !== undefined) return this.fail(message.ref, null, "exists");
      this.server.createRoom(id, message.type).title = message.title;
      return this.send({ kind: "done", ref: message.ref, value: id });
    }
    if (room === undefined) return this.fail(message.ref, null, "not_found");
    if (message.kind === "rename") {
      room.title = message.title;
      for (const reader of room.readers) reader.link.send({ kind: "renamed", ch: reader.ch, title: room.title });
    } else {
      rooms.delete(id);
      for (const reader of room.readers) {
        reader.link.send({ kind: "closed", ch: reader.ch, code: "deleted", text: "deleted" });
        reader.link.readers.delete(reader.ch);
      }
    }
    this.send({ kind: "done", ref: message.ref, value: null });
  }

  private share(message: ClientMessageOf<"members" | "member" | "links" | "link" | "unlink">): void {
    const room = this.server.rooms.get(message.id);
    const { ref } = message;
    if (room === undefined) return this.fail(ref, null, "not_found");
    if (room.role !== "owner") return this.fail(ref, null, "forbidden");
    const { sharers, links } = room;
    const { now } = this.server;
    if (message.kind === "members") {
      return this.send({ kind: "members", ref, members: [...sharers].map(([sub, role]) => ({ sub, role, at_ms: now })) });
    }
    if (message.kind === "links") return this.send({ kind: "links", ref, links: [...links.values()] });
    if (message.kind === "link") {
      const { role, label, expires_ms } = message;
      const number = links.size + 1;
      links.set(number, { number, role, label, created_ms: now, expires_ms });
      return this.send({ kind: "linked", ref, number, secret: `secret-${number}` });
    }
    if (message.kind === "unlink") links.delete(message.number);
    else if (message.role === null) sharers.delete(message.sub);
    else sharers.set(message.sub, message.role);
    this.send({ kind: "done", ref, value: null });
  }

  private hello(message: ClientMessageOf<"hello">): void {
    if (message.token === "wrong") {
      this.fail(null, null, "unauthorized");
      return this.close(4401);
    }
    const [client, key] = this.server.identify(message.client, message.key);
    for (const link of [...this.server.links]) if (link !== this && link.client === client) link.close(4409);
    this.client = client;
    this.name = message.name;
    this.color = message.color;
    this.greeted = true;
    const limits = { frame_bytes: this.server.frameBytes, chat_chars: 500, document_bytes: this.server.documentBytes, channels: this.server.channels };
    this.send({ kind: "welcome", client, key, epoch: this.server.epoch, server: "model", limits });
  }

  private open(message: ClientMessageOf<"open">): void {
    const room = this.server.rooms.get(message.id);
    const isHidden = room !== undefined && room.needsLink !== null && room.needsLink !== message.link;
    if (room === undefined || isHidden) return this.fail(message.ref, message.ch, "not_found");
    this.closeChannel(message.ch);
    const reached = room.reached.get(this.client) ?? 0;
    const { version } = message;
    const isKnown =
      version !== null && message.epoch === this.server.epoch && version <= room.head && version >= room.horizon;
    const resumes = isKnown && !this.server.options.prefersSnapshot();
    const named = version !== null && message.epoch === this.server.epoch ? version : 0;
    const known = Math.min(Math.max(named, reached), room.head);
    this.sendOpened(room, message.ch, message.ref, resumes ? version : null, known, message.chat);
  }

  /** Answers OPEN; also, with ref 0, what a reader gets that has fallen too far behind. */
  sendOpened(
    room: Room,
    ch: number,
    ref: number,
    version: number | null,
    known: number,
    chat: number | null,
  ): void {
    const { options, epoch } = this.server;
    const before = this.readers.get(ch);
    const position = version ?? this.snapshotVersion(room, known, options.oldSnapshots());
    const member = before?.member ?? room.nextMember++;
    const reader: Reader = {
      room, ch, member, link: this, position,
      chatPosition: chat ?? Math.max(0, room.chat.length - 50),
      mustTellPresence: true, anchor: null, head: null, typing: false, data: null,
    };
    if (before !== undefined) room.readers.delete(before);
    this.readers.set(ch, reader);
    room.readers.add(reader);
    for (const other of room.readers) other.mustTellPresence = true;
    this.send({
      kind: "opened", ch, ref, epoch, version: position, head: room.head, seq: room.lastSeq(this.client),
      snapshot: version === null ? encodeOp(room.docs[position].toOp()) : null,
      type: room.type, title: room.title, role: room.role, member, chat: room.chat.length,
    });
    if (options.sendsHash()) this.sendHash(reader);
    /* What is up to head belongs to the answer; HEAD was said, so all of it comes. */
    this.flush(reader, room.head - reader.position);
  }

  /** Some version, not older than the known one, from which on no edit is this client's own. */
  private snapshotVersion(room: Room, known: number, anyVersion: boolean): number {
    let version = room.head;
    const least = Math.max(known, room.head - 3);
    while (version > least && (anyVersion || room.log[version - 1].client !== this.client)) version--;
    return version;
  }

  private closeChannel(ch: number): void {
    const reader = this.readers.get(ch);
    if (reader !== undefined) this.leave(reader);
    this.readers.delete(ch);
  }

  private sendHash(reader: Reader): void {
    const { room, ch, position } = reader;
    this.send({ kind: "hash", ch, version: position, crc: room.docs[position].hash() });
  }

  /* ---- edits ---- */

  private edit(message: ClientMessageOf<"edit">): void {
    const reader = this.readers.get(message.ch);
    if (reader === undefined) return this.fail(message.seq, message.ch, "not_open");
    const { room } = reader;
    const refusal = this.server.options.refuse(decodeOp(message.op));
    if (refusal !== null) return this.fail(message.seq, message.ch, refusal.code, refusal.retry_ms);
    if (room.role === "viewer" || room.role === "commenter") return this.fail(message.seq, message.ch, "forbidden");
    const last = room.lastSeq(this.client);
    const lastVersion = room.log.map((entry) => entry.client).lastIndexOf(this.client) + 1;
    if (last > 0 && message.seq === last) {
      if (lastVersion <= reader.position) this.send({ kind: "ack", ch: message.ch, version: lastVersion, seq: last });
      return;
    }
    if (message.seq !== last + 1) return this.fail(message.seq, message.ch, "bad_seq");
    if (message.base > room.head || message.base < lastVersion) return this.fail(message.seq, message.ch, "bad_base");
    if (message.base < room.horizon) return this.fail(message.seq, message.ch, "too_old");
    this.commit(reader, message);
  }

  private commit(reader: Reader, message: ClientMessageOf<"edit">): void {
    const { room } = reader;
    try {
      let op = decodeOp(message.op);
      room.docs[message.base].apply(op);
      for (const entry of room.log.slice(message.base)) op = transform(op, entry.op, "right");
      room.docs.push(room.doc.apply(op));
      room.log.push({ op, client: this.client, member: reader.member, seq: message.seq });
      for (const other of room.readers) moveCursor(other, op, other === reader ? "right" : "left");
    } catch (error) {
      if (!(error instanceof OpError)) throw error;
      this.fail(message.seq, message.ch, error.code, null, error.at);
    }
  }

  /** Sends up to `count` edits of what lies between the reader and the head, folded as it likes. */
  flush(reader: Reader, count = Infinity): void {
    const { room } = reader;
    const end = Math.min(room.head, reader.position + count);
    while (reader.position < end) {
      const entry = room.log[reader.position];
      if (entry.client === this.client) {
        reader.position++;
        this.send({ kind: "ack", ch: reader.ch, version: reader.position, seq: entry.seq });
      } else this.sendForeign(reader, end);
      if (this.server.options.sendsHash()) this.sendHash(reader);
    }
    if (reader.position === room.head) this.flushRest(reader);
  }

  private sendForeign(reader: Reader, end: number): void {
    const { room, ch, position } = reader;
    let run = 1;
    while (position + run < end && room.log[position + run].client !== this.client) run++;
    const n = Math.max(1, Math.min(run, this.server.options.fold(run)));
    reader.position += n;
    const entries = room.log.slice(position, reader.position);
    const op = encodeOp(entries.map((entry) => entry.op).reduce((a, b) => compose(a, b)));
    const isHere = [...room.readers].some((other) => other.member === entries[0].member);
    if (n === 1) this.send({ kind: "edit", ch, version: reader.position, member: isHere ? entries[0].member : 0, op });
    else this.send({ kind: "catchup", ch, first: position + 1, last: reader.position, op });
  }

  private flushRest(reader: Reader): void {
    const { room, ch } = reader;
    for (const line of room.chat.slice(Math.max(reader.chatPosition, room.chat.length - 50))) {
      const { number, member, name, color, at_ms, text } = line;
      this.send({ kind: "chat", ch, number, member, name, color, at_ms, text });
    }
    reader.chatPosition = room.chat.length;
    if (!reader.mustTellPresence) return;
    reader.mustTellPresence = false;
    const members = [...room.readers].map(({ member, anchor, head, typing, data, link }) => ({
      member, left: false as const, anchor, head, typing, data, profile: { name: link.name, color: link.color },
    }));
    this.send({ kind: "presence", ch, version: room.head, full: true, people: members.length, members });
  }

  /* ---- people ---- */

  private cursor(message: ClientMessageOf<"cursor">): void {
    const reader = this.readers.get(message.ch);
    if (reader === undefined) return;
    const { anchor, head, typing, data, version } = message;
    Object.assign(reader, { anchor, head, typing, data });
    for (const entry of reader.room.log.slice(version)) {
      moveCursor(reader, entry.op, entry.client === this.client ? "right" : "left");
    }
    for (const other of reader.room.readers) other.mustTellPresence = true;
  }

  private chat(message: ClientMessageOf<"chat">): void {
    const reader = this.readers.get(message.ch);
    if (reader === undefined) return this.fail(message.ref, message.ch, "not_open");
    const by = `${this.client}:${message.nonce}`;
    const { chat } = reader.room;
    let known = chat.find((line) => line.by === by);
    if (known === undefined) {
      const { name, color } = this;
      known = { number: chat.length + 1, member: reader.member, name, color, at_ms: this.server.now, text: message.text, by };
      chat.push(known);
    }
    this.send({ kind: "done", ref: message.ref, value: known.number });
  }

  private chats(message: ClientMessageOf<"chats">): void {
    const reader = this.readers.get(message.ch);
    if (reader === undefined) return this.fail(message.ref, message.ch, "not_open");
    const end = Math.max(0, Math.min(message.before - 1, reader.room.chat.length));
    const start = Math.max(0, end - message.limit);
    const messages = reader.room.chat.slice(start, end).map(({ number, name, color, at_ms, text }) => ({ number, name, color, at_ms, text }));
    this.send({ kind: "chats", ref: message.ref, ch: message.ch, more: start > 0, messages });
  }
}

function moveCursor(reader: Reader, op: Op, side: "left" | "right"): void {
  if (reader.anchor !== null) reader.anchor = transformPosition(reader.anchor, op, side);
  if (reader.head !== null) reader.head = transformPosition(reader.head, op, side);
}
