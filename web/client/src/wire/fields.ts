/*
 * The field types of the protocol, each able to read and write itself as msgpack. Reading is
 * bounded: no count is believed that the bytes at hand cannot hold.
 */
import type { ByteReader, ByteWriter } from "../ot/bytes.js";

/** Bytes that are no message of the protocol. */
export class WireError extends Error {
  constructor(readonly at: number) {
    super(`no message of quire.v1 at byte ${at}`);
    this.name = "WireError";
  }
}

export interface Field<T> {
  read(reader: ByteReader): T;
  write(out: ByteWriter, value: T): void;
  /** Left out at the end of a message when it is null. */
  readonly isTrailing?: boolean;
}

export type FieldsOf<S> = { [K in keyof S]: S[K] extends Field<infer T> ? T : never };

const NIL = 0xc0;
/* Messages nest no deeper than three arrays; what later versions append may go a little further. */
const SKIP_DEPTH_MAX = 16;

/** An unsigned integer up to 2^53 - 1, in any encoding. */
export const uint: Field<number> = {
  read(reader) {
    const at = reader.at;
    const value = readInteger(reader, reader.byte(), at);
    if (!Number.isSafeInteger(value) || value < 0) throw new WireError(at);
    return value;
  },
  write: (out, value) => out.int(value),
};

function readInteger(reader: ByteReader, tag: number, at: number): number {
  if (tag < 0x80) return tag;
  switch (tag) {
    case 0xcc:
      return reader.byte();
    case 0xcd:
      return reader.uint16();
    case 0xce:
      return reader.uint32();
    case 0xcf:
      return Number(reader.uint64());
    case 0xd0:
      return reader.int8();
    case 0xd1:
      return reader.int16();
    case 0xd2:
      return reader.int32();
    case 0xd3:
      return Number(reader.int64());
    default:
      throw new WireError(at);
  }
}

export const bool: Field<boolean> = {
  read(reader) {
    const at = reader.at;
    const tag = reader.byte();
    if (tag !== 0xc2 && tag !== 0xc3) throw new WireError(at);
    return tag === 0xc3;
  },
  write: (out, value) => out.byte(value ? 0xc3 : 0xc2),
};

export const str: Field<string> = {
  read(reader) {
    const at = reader.at;
    const tag = reader.byte();
    if (tag >= 0xa0 && tag <= 0xbf) return reader.utf8(tag & 0x1f);
    if (tag === 0xd9) return reader.utf8(reader.byte());
    if (tag === 0xda) return reader.utf8(reader.uint16());
    if (tag === 0xdb) return reader.utf8(reader.uint32());
    throw new WireError(at);
  },
  write: (out, value) => out.str(value),
};

export const bin: Field<Uint8Array> = {
  read(reader) {
    const at = reader.at;
    const tag = reader.byte();
    if (tag === 0xc4) return reader.take(reader.byte());
    if (tag === 0xc5) return reader.take(reader.uint16());
    if (tag === 0xc6) return reader.take(reader.uint32());
    throw new WireError(at);
  },
  write: (out, value) => out.bin(value),
};

export function optional<T>(field: Field<T>): Field<T | null> {
  return {
    read(reader) {
      if (reader.peek() !== NIL) return field.read(reader);
      reader.byte();
      return null;
    },
    write(out, value) {
      if (value === null) out.byte(NIL);
      else field.write(out, value);
    },
  };
}

/** DONE's value. */
export const scalar: Field<string | number | null> = {
  read(reader) {
    const tag = reader.peek();
    if (tag === NIL) return optional(uint).read(reader);
    return (tag >= 0xa0 && tag <= 0xbf) || (tag >= 0xd9 && tag <= 0xdb) ? str.read(reader) : uint.read(reader);
  },
  write(out, value) {
    if (typeof value === "string") out.str(value);
    else optional(uint).write(out, value);
  },
};

/** The count of an array, none larger than the bytes that are left. */
export function readCount(reader: ByteReader): number {
  const at = reader.at;
  const tag = reader.byte();
  let count: number;
  if (tag >= 0x90 && tag <= 0x9f) count = tag & 0x0f;
  else if (tag === 0xdc) count = reader.uint16();
  else if (tag === 0xdd) count = reader.uint32();
  else throw new WireError(at);
  if (count > reader.left) throw new WireError(at);
  return count;
}

/** A field at a message's end that is left out when it is null, as those do who do not know it. */
export function trailing<T>(field: Field<T>): Field<T | null> {
  return { ...optional(field), isTrailing: true };
}

export function list<T>(field: Field<T>): Field<readonly T[]> {
  return {
    read(reader) {
      const items: T[] = [];
      for (let left = readCount(reader); left > 0; left--) items.push(field.read(reader));
      return items;
    },
    write(out, value) {
      out.array(value.length);
      for (const item of value) field.write(out, item);
    },
  };
}

/** An array whose items have names here; items that a later version appends are skipped. */
export function record<S extends Record<string, Field<unknown>>>(fields: S): Field<FieldsOf<S>> {
  const names = Object.keys(fields);
  return {
    read(reader) {
      const at = reader.at;
      const count = readCount(reader);
      if (count < names.length) throw new WireError(at);
      const value = readFields(reader, fields);
      for (let left = count - names.length; left > 0; left--) skip(reader);
      return value;
    },
    write(out, value) {
      out.array(names.length);
      writeFields(out, fields, value);
    },
  };
}

export function readFields<S extends Record<string, Field<unknown>>>(reader: ByteReader, fields: S): FieldsOf<S> {
  const value: Record<string, unknown> = {};
  for (const name of Object.keys(fields)) value[name] = (fields[name] as Field<unknown>).read(reader);
  return value as FieldsOf<S>;
}

export function writeFields<S extends Record<string, Field<unknown>>>(
  out: ByteWriter,
  fields: S,
  value: FieldsOf<S>,
): void {
  for (const name of Object.keys(fields)) (fields[name] as Field<unknown>).write(out, value[name as keyof S]);
}

/** What PRESENCE says of one member: it left, has changed, or (with a name) is new. */
export type MemberLine =
  | { readonly member: number; readonly left: true }
  | {
      readonly member: number;
      readonly left: false;
      readonly anchor: number | null;
      readonly head: number | null;
      readonly typing: boolean;
      readonly data: string | null;
      readonly profile: { readonly name: string; readonly color: string } | null;
    };

const position = optional(uint);
const changed = { anchor: position, head: position, typing: bool, data: optional(str) };
const profile = { name: str, color: str };

export const memberLine: Field<MemberLine> = {
  read(reader) {
    const at = reader.at;
    const count = readCount(reader);
    const member = uint.read(reader);
    if (count === 1) return { member, left: true };
    if (count !== 5 && count < 7) throw new WireError(at);
    const fields = readFields(reader, changed);
    const named = count === 5 ? null : readFields(reader, profile);
    for (let left = count - 7; left > 0; left--) skip(reader);
    return { member, left: false, ...fields, profile: named };
  },
  write(out, line) {
    out.array(line.left ? 1 : line.profile === null ? 5 : 7);
    uint.write(out, line.member);
    if (line.left) return;
    writeFields(out, changed, line);
    if (line.profile !== null) writeFields(out, profile, line.profile);
  },
};

/** Passes over one item of any type. */
export function skip(reader: ByteReader, depth = 0): void {
  const at = reader.at;
  if (depth > SKIP_DEPTH_MAX) throw new WireError(at);
  const tag = reader.byte();
  if (tag < 0x80 || tag >= 0xe0) return;
  if (tag <= 0x8f) skipItems(reader, (tag & 0x0f) * 2, depth);
  else if (tag <= 0x9f) skipItems(reader, tag & 0x0f, depth);
  else if (tag <= 0xbf) reader.take(tag & 0x1f);
  else skipTagged(reader, tag, depth, at);
}

function skipItems(reader: ByteReader, count: number, depth: number): void {
  if (count > reader.left) throw new WireError(reader.at);
  for (let left = count; left > 0; left--) skip(reader, depth + 1);
}

/** Bytes after the tag of what has a fixed size. */
const FIXED_SIZES: Readonly<Record<number, number>> = {
  0xc0: 0, 0xc2: 0, 0xc3: 0, 0xca: 4, 0xcb: 8, 0xcc: 1, 0xcd: 2, 0xce: 4, 0xcf: 8,
  0xd0: 1, 0xd1: 2, 0xd2: 4, 0xd3: 8, 0xd4: 2, 0xd5: 3, 0xd6: 5, 0xd7: 9, 0xd8: 17,
};

function skipTagged(reader: ByteReader, tag: number, depth: number, at: number): void {
  const fixed = FIXED_SIZES[tag];
  if (fixed !== undefined) reader.take(fixed);
  else if (tag === 0xc4 || tag === 0xd9) reader.take(reader.byte());
  else if (tag === 0xc5 || tag === 0xda) reader.take(reader.uint16());
  else if (tag === 0xc6 || tag === 0xdb) reader.take(reader.uint32());
  else if (tag === 0xc7) reader.take(reader.byte() + 1);
  else if (tag === 0xc8) reader.take(reader.uint16() + 1);
  else if (tag === 0xc9) reader.take(reader.uint32() + 1);
  else if (tag === 0xdc) skipItems(reader, reader.uint16(), depth);
  else if (tag === 0xdd) skipItems(reader, reader.uint32(), depth);
  else if (tag === 0xde) skipItems(reader, reader.uint16() * 2, depth);
  else if (tag === 0xdf) skipItems(reader, reader.uint32() * 2, depth);
  else throw new WireError(at);
}
