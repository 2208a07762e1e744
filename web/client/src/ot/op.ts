/*
 * Operations. Outside they are Delta JSON: a list of components. Inside they are a list of pieces,
 * all of one shape, that only `OpWriter` makes; so every operation is in canonical form (stable
 * order: an insert and a delete at one place stay as they came).
 */
import { OpError } from "./errors.js";
import { checkValue, isMap, isWellFormed, mapsEqual, type ValueMap } from "./value.js";

export type Attributes = ValueMap;
/** One key, the embed's type, with its data. */
export type Embed = ValueMap;

/** One step of an operation, as Quill's Delta has it. Lengths are UTF-16 code units, an embed's is 1. */
export type Component =
  | { readonly insert: string | Embed; readonly attributes?: Attributes }
  | { readonly retain: number; readonly attributes?: Attributes }
  | { readonly delete: number };

/** A document or a change, as JSON. */
export interface Delta {
  readonly ops: readonly Component[];
}

export const RETAIN = 0;
export const INSERT = 1;
export const DELETE = 2;
export const EMBED = 3;
export type Kind = 0 | 1 | 2 | 3;

export interface Piece {
  readonly kind: Kind;
  readonly length: number;
  /** INSERT: what is inserted; otherwise empty. */
  readonly text: string;
  readonly embed: Embed | null;
  readonly attributes: Attributes | null;
}

export type Op = readonly Piece[];

export const LENGTH_MAX = 0x7fffffff;

export function makePiece(
  kind: Kind,
  length: number,
  text: string,
  embed: Embed | null,
  attributes: Attributes | null,
): Piece {
  return { kind, length, text, embed, attributes };
}

export function isInsertion(piece: Piece): boolean {
  return piece.kind === INSERT || piece.kind === EMBED;
}

export function attributesEqual(a: Attributes | null, b: Attributes | null): boolean {
  if (a === b) return true;
  return a !== null && b !== null && mapsEqual(a, b);
}

/** `n` units of `piece` from `start` on. */
export function slicePiece(piece: Piece, start: number, n: number): Piece {
  if (n === piece.length) return piece;
  const text = piece.kind === INSERT ? piece.text.substring(start, start + n) : "";
  return makePiece(piece.kind, n, text, null, piece.attributes);
}

/** True when `index` lies between the two halves of a surrogate pair. */
export function isInsidePair(text: string, index: number): boolean {
  if (index <= 0 || index >= text.length) return false;
  return isLowSurrogate(text.charCodeAt(index)) && isHighSurrogate(text.charCodeAt(index - 1));
}

function isHighSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xd800;
}

function isLowSurrogate(unit: number): boolean {
  return (unit & 0xfc00) === 0xdc00;
}

/** Builds an operation piece by piece, merging neighbours that belong together. */
export class OpWriter {
  private pieces: Piece[] = [];

  append(piece: Piece): void {
    const last = this.pieces.length - 1;
    if (last >= 0 && mergeable(this.pieces[last], piece)) {
      const before = this.pieces[last];
      this.pieces[last] = makePiece(
        before.kind,
        before.length + piece.length,
        before.text + piece.text,
        null,
        before.attributes,
      );
    } else this.pieces.push(piece);
  }

  retain(length: number, attributes: Attributes | null = null): void {
    if (length > 0) this.append(makePiece(RETAIN, length, "", null, attributes));
  }

  insert(text: string, attributes: Attributes | null = null): void {
    if (text.length > 0) this.append(makePiece(INSERT, text.length, text, null, attributes));
  }

  embed(embed: Embed, attributes: Attributes | null = null): void {
    this.append(makePiece(EMBED, 1, "", embed, attributes));
  }

  delete(length: number): void {
    if (length > 0) this.append(makePiece(DELETE, length, "", null, null));
  }

  /** The operation; the writer is empty again. */
  finish(): Op {
    const { pieces } = this;
    this.pieces = [];
    const last = pieces[pieces.length - 1];
    if (last !== undefined && last.kind === RETAIN && last.attributes === null) pieces.pop();
    return pieces;
  }
}

function mergeable(a: Piece, b: Piece): boolean {
  return a.kind === b.kind && a.kind !== EMBED && attributesEqual(a.attributes, b.attributes);
}

/**
 * Walks over an operation in pieces of any wanted length. Past its end an operation retains.
 */
export class OpReader {
  private index = 0;
  private offset = 0;

  constructor(private readonly op: Op) {}

  get done(): boolean {
    return this.index >= this.op.length;
  }

  get kind(): Kind {
    return this.done ? RETAIN : this.op[this.index].kind;
  }

  get atInsertion(): boolean {
    return !this.done && isInsertion(this.op[this.index]);
  }

  /** Units left of the piece at hand. */
  get left(): number {
    return this.done ? Infinity : this.op[this.index].length - this.offset;
  }

  take(n: number): Piece {
    if (this.done) return makePiece(RETAIN, n, "", null, null);
    const piece = slicePiece(this.op[this.index], this.offset, n);
    this.offset += n;
    if (this.offset === this.op[this.index].length) {
      this.index++;
      this.offset = 0;
    }
    return piece;
  }

  takeAll(): Piece {
    return this.take(this.left);
  }
}

/* ---- Delta JSON -------------------------------------------------------------------------- */

/** Checks components from outside and puts them into canonical form. Throws OpError. */
export function fromComponents(components: readonly Component[]): Op {
  const writer = new OpWriter();
  for (const component of components) appendComponent(writer, component as unknown);
  return writer.finish();
}

function appendComponent(writer: OpWriter, component: unknown): void {
  if (!isMap(component)) throw new OpError("bad_component");
  const kinds = ["insert", "retain", "delete"].filter((kind) => component[kind] !== undefined);
  if (kinds.length !== 1) throw new OpError("bad_component");
  if (kinds[0] === "delete") writer.delete(checkLength(component["delete"]));
  else if (kinds[0] === "retain") {
    writer.retain(checkLength(component["retain"]), checkAttributes(component["attributes"], true));
  } else appendInsertion(writer, component["insert"], checkAttributes(component["attributes"], false));
}

function appendInsertion(writer: OpWriter, content: unknown, attributes: Attributes | null): void {
  if (typeof content === "string") {
    if (!isWellFormed(content)) throw new OpError("bad_utf8");
    writer.insert(content, attributes);
    return;
  }
  if (!isMap(content) || Object.keys(content).length !== 1) throw new OpError("bad_component");
  checkValue(content);
  writer.embed(content, attributes);
}

function checkLength(length: unknown): number {
  if (!Number.isInteger(length)) throw new OpError("bad_length");
  if ((length as number) < 0 || (length as number) > LENGTH_MAX) throw new OpError("bad_length");
  return length as number;
}

/** Attributes as the writer wants them: null when empty; null values only on a retain. */
function checkAttributes(attributes: unknown, isPatch: boolean): Attributes | null {
  if (attributes === undefined || attributes === null) return null;
  if (!isMap(attributes)) throw new OpError("bad_value");
  const entries = Object.entries(attributes).filter(
    ([, value]) => value !== undefined && (isPatch || value !== null),
  );
  if (entries.length === 0) return null;
  const kept: Attributes = Object.fromEntries(entries);
  checkValue(kept);
  return kept;
}

export function toComponents(op: Op): Component[] {
  return op.map(toComponent);
}

function toComponent(piece: Piece): Component {
  if (piece.kind === DELETE) return { delete: piece.length };
  const attributes = piece.attributes === null ? {} : { attributes: piece.attributes };
  if (piece.kind === RETAIN) return { retain: piece.length, ...attributes };
  return { insert: piece.kind === EMBED ? (piece.embed as Embed) : piece.text, ...attributes };
}
