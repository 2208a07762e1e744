/* Reading values: only the one canonical form passes. */
import { ByteReader } from "./bytes.js";
import { OpError } from "./errors.js";
import { compareUtf8, DEPTH_MAX, type Value } from "./value.js";

const FIRST_WIDE_STRING = 32;

/** The next value. `depth`: levels of arrays and maps around it. */
export function readValue(reader: ByteReader, depth = 0): Value {
  const at = reader.at;
  const tag = reader.byte();
  if (tag < 0x80) return tag;
  if (tag >= 0xe0) return tag - 0x100;
  if (tag <= 0x8f) return readMap(reader, tag & 0x0f, depth + 1, at);
  if (tag <= 0x9f) return readArray(reader, tag & 0x0f, depth + 1, at);
  if (tag <= 0xbf) return readString(reader, tag & 0x1f);
  return readTagged(reader, tag, depth, at);
}

function readTagged(reader: ByteReader, tag: number, depth: number, at: number): Value {
  switch (tag) {
    case 0xc0:
      return null;
    case 0xc2:
      return false;
    case 0xc3:
      return true;
    case 0xcb:
      return readFloat(reader, at);
    case 0xd9:
      return readString(reader, shortest(reader.byte(), FIRST_WIDE_STRING, at));
    case 0xda:
      return readString(reader, shortest(reader.uint16(), 0x100, at));
    case 0xdb:
      return readString(reader, shortest(reader.uint32(), 0x10000, at));
    case 0xdc:
      return readArray(reader, shortest(reader.uint16(), 16, at), depth + 1, at);
    case 0xdd:
      return readArray(reader, shortest(reader.uint32(), 0x10000, at), depth + 1, at);
    case 0xde:
      return readMap(reader, shortest(reader.uint16(), 16, at), depth + 1, at);
    case 0xdf:
      return readMap(reader, shortest(reader.uint32(), 0x10000, at), depth + 1, at);
    default:
      return readInteger(reader, tag, at);
  }
}

function readInteger(reader: ByteReader, tag: number, at: number): number {
  switch (tag) {
    case 0xcc:
      return shortest(reader.byte(), 0x80, at);
    case 0xcd:
      return shortest(reader.uint16(), 0x100, at);
    case 0xce:
      return shortest(reader.uint32(), 0x10000, at);
    case 0xcf:
      return shortest(safe(reader.uint64(), at), 0x100000000, at);
    case 0xd0:
      return -shortest(-reader.int8(), 33, at);
    case 0xd1:
      return -shortest(-reader.int16(), 0x81, at);
    case 0xd2:
      return -shortest(-reader.int32(), 0x8001, at);
    case 0xd3:
      return -shortest(-safe(reader.int64(), at), 0x80000001, at);
    default:
      throw new OpError("bad_value", at);
  }
}

/** `value`, if it is too large for any shorter encoding. */
function shortest(value: number, least: number, at: number): number {
  if (value < least) throw new OpError("bad_value", at);
  return value;
}

function safe(value: bigint, at: number): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new OpError("bad_value", at);
  return number;
}

function readFloat(reader: ByteReader, at: number): number {
  const value = reader.float64();
  if (!Number.isFinite(value) || Number.isSafeInteger(value)) throw new OpError("bad_value", at);
  return value;
}

function readString(reader: ByteReader, size: number): string {
  const at = reader.at;
  const text = reader.utf8(size);
  if (text.includes("\0")) throw new OpError("bad_value", at);
  return text;
}

function readArray(reader: ByteReader, count: number, depth: number, at: number): Value[] {
  checkNesting(reader, count, depth, at);
  const items: Value[] = [];
  for (let i = 0; i < count; i++) items.push(readValue(reader, depth));
  return items;
}

function readMap(reader: ByteReader, count: number, depth: number, at: number): Value {
  checkNesting(reader, count * 2, depth, at);
  const map: Record<string, Value> = {};
  let last: string | null = null;
  for (let i = 0; i < count; i++) {
    const keyAt = reader.at;
    const key = readKey(reader);
    if (key === "__proto__" || (last !== null && compareUtf8(last, key) >= 0)) {
      throw new OpError("bad_key", keyAt);
    }
    map[key] = readValue(reader, depth);
    last = key;
  }
  return map;
}

function readKey(reader: ByteReader): string {
  const at = reader.at;
  const tag = reader.peek();
  const isString = (tag >= 0xa0 && tag <= 0xbf) || (tag >= 0xd9 && tag <= 0xdb);
  if (!isString) throw new OpError("bad_key", at);
  return readValue(reader) as string;
}

/** Every item takes at least a byte, so a count beyond the bytes at hand is a lie. */
function checkNesting(reader: ByteReader, items: number, depth: number, at: number): void {
  if (depth > DEPTH_MAX) throw new OpError("too_deep", at);
  if (items > reader.left) throw new OpError("truncated", at);
}
