/*
 * The byte form of operations (docs/op-format.md). Decoding accepts only what encoding makes.
 */
import { ByteReader, ByteWriter } from "./bytes.js";
import { OpError } from "./errors.js";
import {
  attributesEqual,
  DELETE,
  EMBED,
  INSERT,
  isInsidePair,
  LENGTH_MAX,
  makePiece,
  RETAIN,
  type Attributes,
  type Embed,
  type Kind,
  type Op,
  type Piece,
} from "./op.js";
import { readValue } from "./read-value.js";
import { isMap, writeValue, type Value } from "./value.js";

const HAS_ATTRIBUTES = 0x04;
const HAS_MORE_LENGTH = 0x80;
const EMPTY = new Uint8Array(0);

export function encodeOp(op: Op): Uint8Array<ArrayBuffer> {
  const comps = new ByteWriter(op.length * 4 + 8);
  const texts: string[] = [];
  let units = 0;
  for (const piece of op) {
    writePiece(comps, piece);
    if (piece.kind !== INSERT) continue;
    texts.push(piece.text);
    units += piece.length;
  }
  const text = new ByteWriter(units + 8);
  text.utf8(texts.join(""));
  const out = new ByteWriter(comps.size + text.size + 5);
  const wide = text.size > units ? 1 : 0;
  out.varint(comps.size * 2 + wide);
  out.append(comps.finish());
  out.append(text.finish());
  return out.finish();
}

function writePiece(out: ByteWriter, piece: Piece): void {
  const value = piece.kind === EMBED ? valueBytes(piece.embed as Embed) : EMPTY;
  const attributes = piece.attributes === null ? EMPTY : valueBytes(piece.attributes);
  const length = piece.kind === EMBED ? value.length : piece.length;
  const rest = Math.floor(length / 16);
  let tag = piece.kind | ((length % 16) << 3);
  if (attributes.length > 0) tag |= HAS_ATTRIBUTES;
  if (rest > 0) tag |= HAS_MORE_LENGTH;
  out.byte(tag);
  if (rest > 0) out.varint(rest);
  if (attributes.length > 0) {
    out.varint(attributes.length);
    out.append(attributes);
  }
  out.append(value);
}

export function valueBytes(value: Value): Uint8Array {
  const writer = new ByteWriter();
  writeValue(writer, value);
  return writer.finish();
}

/** The operation that `bytes` are. Throws OpError with the offset where they are none. */
export function decodeOp(bytes: Uint8Array): Op {
  const head = new ByteReader(bytes);
  const sizes = head.varint();
  const size = Math.floor(sizes / 2);
  if (size > head.left) throw new OpError("truncated", head.at);
  const comps = new ByteReader(bytes, head.at, head.at + size);
  const text = new TextReader(bytes, comps.end, sizes % 2 === 1);
  const op: Piece[] = [];
  while (comps.left > 0) {
    const at = comps.at;
    const piece = readPiece(comps, text);
    if (op.length > 0 && isRedundant(op[op.length - 1], piece)) throw new OpError("not_canonical", at);
    op.push(piece);
  }
  const last = op[op.length - 1];
  if (last !== undefined && last.kind === RETAIN && last.attributes === null) {
    throw new OpError("not_canonical", comps.at);
  }
  text.finish();
  return op;
}

function isRedundant(before: Piece, piece: Piece): boolean {
  if (before.kind !== piece.kind || piece.kind === EMBED) return false;
  return attributesEqual(before.attributes, piece.attributes);
}

function readPiece(reader: ByteReader, text: TextReader): Piece {
  const at = reader.at;
  const tag = reader.byte();
  const kind = (tag & 0x03) as Kind;
  const length = readLength(reader, tag, at);
  const attributes = tag & HAS_ATTRIBUTES ? readAttributes(reader, kind, at) : null;
  switch (kind) {
    case INSERT:
      return makePiece(INSERT, length, text.take(length, at), null, attributes);
    case EMBED:
      return makePiece(EMBED, 1, "", readEmbed(reader, length), attributes);
    default:
      return makePiece(kind, length, "", null, attributes);
  }
}

function readLength(reader: ByteReader, tag: number, at: number): number {
  let length = (tag >> 3) & 0x0f;
  if (tag & HAS_MORE_LENGTH) {
    const rest = reader.varint();
    if (rest === 0) throw new OpError("not_canonical", at);
    length += rest * 16;
  }
  if (length === 0 || length > LENGTH_MAX) throw new OpError("bad_length", at);
  return length;
}

function readAttributes(reader: ByteReader, kind: Kind, at: number): Attributes {
  if (kind === DELETE) throw new OpError("bad_component", at);
  const map = readMapOfSize(reader, reader.varint());
  const keys = Object.keys(map);
  if (keys.length === 0) throw new OpError("not_canonical", at);
  if (kind !== RETAIN && keys.some((key) => map[key] === null)) throw new OpError("bad_value", at);
  return map;
}

function readEmbed(reader: ByteReader, size: number): Embed {
  const at = reader.at;
  const map = readMapOfSize(reader, size);
  if (Object.keys(map).length !== 1) throw new OpError("bad_value", at);
  return map;
}

function readMapOfSize(reader: ByteReader, size: number): Attributes {
  const at = reader.at;
  const bytes = reader.take(size);
  const inner = new ByteReader(reader.bytes, at, at + bytes.length);
  const value = readValue(inner);
  if (!isMap(value)) throw new OpError("bad_value", at);
  if (inner.left > 0) throw new OpError("trailing_bytes", inner.at);
  return value;
}

/** Hands out the inserted text in order; all of it must be used up. */
class TextReader {
  private readonly text: string;
  private used = 0;

  constructor(
    bytes: Uint8Array,
    private readonly start: number,
    wide: boolean,
  ) {
    const size = bytes.length - start;
    this.text = new ByteReader(bytes, start).utf8(size);
    if (wide !== size > this.text.length) throw new OpError("not_canonical", 0);
  }

  take(length: number, at: number): string {
    const end = this.used + length;
    if (end > this.text.length) throw new OpError("truncated", at);
    if (isInsidePair(this.text, end)) throw new OpError("bad_utf8", at);
    const text = this.text.substring(this.used, end);
    this.used = end;
    return text;
  }

  finish(): void {
    if (this.used < this.text.length) throw new OpError("trailing_bytes", this.start);
  }
}
