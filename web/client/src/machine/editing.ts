/*
 * The editing of one document (docs/protocol.md section 6): the document at the version the client
 * has reached, at most one edit in flight, and a buffer of what came after it.
 *
 * 1. `view` is always `base`, then `inFlight`, then `buffer`.
 * 2. `inFlightSeq` is `seq` + 1 while there is an edit in flight.
 */
import { compose, splitOp, transform, transformPair, transformPosition, untransformPosition } from "../ot/algebra.js";
import { encodeOp, valueBytes } from "../ot/codec.js";
import table from "../formats.json";
import { diff } from "../ot/diff.js";
import { Doc } from "../ot/document.js";
import { attributesEqual, DELETE, EMBED, RETAIN, type Attributes, type Op, type Piece } from "../ot/op.js";
import { QuireError } from "../error.js";
import { Tail } from "./tail.js";

/** An edit as it goes over the wire. */
export interface Edit {
  readonly seq: number;
  readonly base: number;
  readonly op: Uint8Array<ArrayBuffer>;
}

const NOTHING: Op = [];
/** First attempt at the size of a part, when an edit is too large for one message. */
const PART_PIECES = 4096;
const PART_UNITS = 0x20000;
/** Most bytes of attributes in one edit: half of what the server takes, since an edit that waits can be cut by those of others. */
const ATTRIBUTES_MAX = table.limits.attributesBytes / 2;

export class Editing {
  version = 0;
  /** Of this client's last acknowledged edit. */
  seq = 0;
  base = Doc.empty;
  view = Doc.empty;
  inFlight: Op | null = null;
  inFlightSeq = 0;
  buffer: Op = NOTHING;
  /** Most bytes of one operation on the wire. */
  editBytesMax = 1024 * 1024 - 64;
  /** Most bytes of a document. */
  documentBytesMax = Infinity;
  private readonly tail = new Tail();

  get isSaved(): boolean {
    return this.inFlight === null && this.buffer.length === 0;
  }

  /** A local edit, as the editor already shows it. Throws when it does not fit. */
  local(op: Op): void {
    for (const piece of op) this.checkSize(piece);
    this.checkRoom(op);
    this.view = this.view.apply(op);
    this.buffer = compose(this.buffer, op);
  }

  /** A unit is a byte at least. The server counts exactly; what it refuses, it refuses when it is typed already. */
  private checkRoom(op: Op): void {
    let growth = 0;
    for (const piece of op) {
      if (piece.kind === DELETE) growth -= piece.length;
      else if (piece.kind !== RETAIN) growth += piece.length;
    }
    if (growth > 0 && this.view.length + growth > this.documentBytesMax) {
      throw new QuireError("no_room", "the document would become larger than it may be");
    }
  }

  /** What cannot be cut into parts must fit one message. */
  private checkSize(piece: Piece): void {
    if (piece.kind !== EMBED && piece.attributes === null) return;
    const bare: Piece = { ...piece, kind: piece.kind === EMBED ? EMBED : RETAIN, text: "" };
    if (encodeOp([bare]).length > this.editBytesMax / 2) {
      throw new QuireError("too_large", "an embed or attribute is larger than one message may be");
    }
  }

  /** An edit of others, or several folded. Returns what the editor has to apply. */
  remote(op: Op, version: number): Op {
    const base = this.base.apply(op);
    const [shown, inFlight] = transformPair(op, this.inFlight ?? NOTHING);
    const [change, buffer] = transformPair(shown, this.buffer);
    this.view = this.view.apply(change);
    this.tail.add(op, this.base.invert(op), null);
    this.base = base;
    this.buffer = buffer;
    if (this.inFlight !== null) this.inFlight = inFlight;
    this.version = version;
    if (this.isSaved) this.view = base;
    return change;
  }

  /** The next edit to send, made from the buffer; null when there is none or one is in flight. */
  next(): Edit | null {
    if (this.inFlight !== null || this.buffer.length === 0) return null;
    const [first, rest] = this.fit(this.buffer);
    this.inFlight = first;
    this.inFlightSeq = this.seq + 1;
    this.buffer = rest;
    return this.again();
  }

  /** The edit in flight as it now is; null when there is none. */
  again(): Edit | null {
    if (this.inFlight === null) return null;
    return { seq: this.inFlightSeq, base: this.version, op: encodeOp(this.inFlight) };
  }

  private fit(op: Op): [Op, Op] {
    const most = piecesWithin(op, ATTRIBUTES_MAX);
    /* A retain alone would be an edit of nothing. */
    const least = op[0]?.kind === RETAIN && op[0].attributes === null ? 2 : 1;
    let parts: [Op, Op] = most < op.length ? splitOp(op, Math.max(least, most), Infinity) : [op, NOTHING];
    for (let scale = 1; encodeOp(parts[0]).length > this.editBytesMax; scale *= 2) {
      parts = splitOp(op, Math.max(least, Math.min(most, PART_PIECES / scale)), Math.max(2, PART_UNITS / scale));
    }
    return parts;
  }

  /** The edit in flight has its place in the log. Returns it as it was. */
  acknowledge(version: number): Op {
    const done = this.inFlight ?? NOTHING;
    this.tail.add(done, this.base.invert(done), this.inFlightSeq);
    this.base = this.base.apply(done);
    this.inFlight = null;
    this.seq = this.inFlightSeq;
    this.version = version;
    if (this.isSaved) this.view = this.base;
    return done;
  }

  /**
   * Goes on from a snapshot, keeping what is not saved; `seq` says which edits it holds. Returns
   * what the editor has to apply.
   */
  rebase(snapshot: Doc, version: number, seq: number): Op {
    if (this.inFlight !== null && seq >= this.inFlightSeq) this.acknowledge(this.version);
    const change = this.remote(diff(this.base, snapshot), version);
    this.base = snapshot;
    if (this.isSaved) this.view = snapshot;
    this.renumber(seq);
    return change;
  }

  /**
   * Goes on from a snapshot of a server that has lost edits which it had acknowledged: only those up
   * to `seq` are in it. The others are unsaved again. Returns what the editor has to apply; null,
   * changing nothing, when the edits are not kept any more.
   */
  offerAgain(snapshot: Doc, version: number, seq: number): Op | null {
    const lost = this.tail.takeAfter(seq, this.unsaved());
    if (lost === null) return null;
    const before = lost.inverses.reduce((doc, inverse) => doc.apply(inverse), this.base);
    const instead = diff(before, snapshot);
    const { view } = this;
    this.tail.add(instead, before.invert(instead), null);
    this.begin(snapshot, version, seq);
    this.buffer = transform(lost.own, instead, "right");
    this.view = snapshot.apply(this.buffer);
    return diff(view, this.view);
  }

  /** This client is another one to the server from now on, and all its edits are new. */
  startAnew(): void {
    this.renumber(0);
    this.tail.clear();
  }

  /** Begins with a snapshot, forgetting everything. */
  load(snapshot: Doc, version: number, seq: number): void {
    this.tail.clear();
    this.begin(snapshot, version, seq);
  }

  private begin(snapshot: Doc, version: number, seq: number): void {
    this.base = snapshot;
    this.view = snapshot;
    this.inFlight = null;
    this.buffer = NOTHING;
    this.version = version;
    this.seq = seq;
  }

  /** The server's word on the last edit it has from this client. */
  renumber(seq: number): void {
    this.seq = seq;
    this.inFlightSeq = seq + 1;
  }

  /** The edit in flight was refused and waits with the rest. */
  takeBack(): void {
    this.buffer = this.unsaved();
    this.inFlight = null;
  }

  /** Everything that is not saved, as one operation on the document at `version`. */
  unsaved(): Op {
    return compose(this.inFlight ?? NOTHING, this.buffer);
  }

  /** Where a position of the document at `version` is in what the editor shows. */
  toView(position: number, isOwn: boolean): number {
    const side = isOwn ? "right" : "left";
    const sent = transformPosition(Math.min(position, this.base.length), this.inFlight ?? NOTHING, side);
    return transformPosition(sent, this.buffer, side);
  }

  /** Where a position in the editor is in the document at `version`. */
  toBase(position: number): number {
    const sent = untransformPosition(Math.min(position, this.view.length), this.buffer);
    return untransformPosition(sent, this.inFlight ?? NOTHING);
  }
}

/**
 * How many pieces of the operation, from its start, have no more than so many bytes of attributes. The same
 * ones again count nothing.
 */
function piecesWithin(op: Op, bytes: number): number {
  let last: Attributes | null = null;
  const end = op.findIndex(({ attributes }) => {
    if (attributes === null || attributesEqual(attributes, last)) return false;
    last = attributes;
    return (bytes -= valueBytes(attributes).length) < 0;
  });
  return end < 0 ? op.length : end;
}
