// msgpack as a client writes it, and every way of writing it wrong.

// Bytes that stand in a message as they are.
export class Raw {
  constructor(bytes) {
    this.bytes = bytes;
  }
}

// raw("dd 0f ff ff ff"), raw(buffer)
export const raw = (bytes) => new Raw(typeof bytes === "string" ? hex(bytes) : Buffer.from(bytes));
export const hex = (text) => Buffer.from(text.replaceAll(/\s/g, ""), "hex");

// A head byte and a number after it, big-endian, in so many bytes: uint(1, 4) is ce 00000001.
function headed(head, value, bytes) {
  const out = Buffer.alloc(1 + bytes);
  out[0] = head;
  for (let i = bytes, left = BigInt(value); i > 0; i--, left >>= 8n) out[i] = Number(left & 0xffn);
  return out;
}

// A head of a size: the shortest form, or the one with so many bytes. `forms`: [bytes, head] from the shortest.
function sized(forms, size, bytes) {
  const [width, head] = forms.find(([width]) => (bytes === undefined ? size < 2 ** (8 * width) : width === bytes));
  return headed(head, size, width);
}

const UINTS = [[1, 0xcc], [2, 0xcd], [4, 0xce], [8, 0xcf]];
const STRINGS = [[1, 0xd9], [2, 0xda], [4, 0xdb]];
const BINS = [[1, 0xc4], [2, 0xc5], [4, 0xc6]];
const ARRAYS = [[2, 0xdc], [4, 0xdd]];
const MAPS = [[2, 0xde], [4, 0xdf]];

// Each in the shortest form, or, with `bytes`, in the one whose number takes so many.
export const uint = (value, bytes) =>
  new Raw(bytes === undefined && value < 0x80 ? Buffer.of(Number(value)) : sized(UINTS, Number(value), bytes));
// Exactly this value in 64 bits, past what a JS number holds too.
export const uint64 = (value) => new Raw(headed(0xcf, BigInt.asUintN(64, BigInt(value)), 8));
export const int = (value, bytes) => new Raw(headed({ 1: 0xd0, 2: 0xd1, 4: 0xd2, 8: 0xd3 }[bytes], BigInt.asUintN(8 * bytes, BigInt(value)), bytes));
export function float(value, bytes = 8) {
  const out = Buffer.alloc(1 + bytes);
  out[0] = bytes === 4 ? 0xca : 0xcb;
  if (bytes === 4) out.writeFloatBE(value, 1);
  else out.writeDoubleBE(value, 1);
  return new Raw(out);
}
// `text`: a string, or bytes that need not be UTF-8.
export function str(text, bytes) {
  const body = Buffer.from(text);
  const head = bytes === undefined && body.length < 32 ? Buffer.of(0xa0 | body.length) : sized(STRINGS, body.length, bytes);
  return new Raw(Buffer.concat([head, body]));
}
export const bin = (body, bytes) => new Raw(Buffer.concat([sized(BINS, body.length, bytes), Buffer.from(body)]));
export const ext = (type, body) => new Raw(Buffer.concat([Buffer.of(0xc7, body.length, type & 0xff), Buffer.from(body)]));
// Only the head: what it counts need not follow.
export const arrayHead = (count, bytes) => new Raw(bytes === undefined && count < 16 ? Buffer.of(0x90 | count) : sized(ARRAYS, count, bytes));
export const mapHead = (count, bytes) => new Raw(bytes === undefined && count < 16 ? Buffer.of(0x80 | count) : sized(MAPS, count, bytes));
// `pairs`: [[key, value], ...], in this order, repeated ones too.
export const map = (pairs) => new Raw(Buffer.concat([mapHead(pairs.length).bytes, ...pairs.flat().map(pack)]));

// The bytes of a value: null, booleans, integers, strings, Uint8Arrays (bin), arrays, and what the functions above made.
export function pack(value) {
  if (value instanceof Raw) return value.bytes;
  if (value === null) return Buffer.of(0xc0);
  if (typeof value === "boolean") return Buffer.of(value ? 0xc3 : 0xc2);
  if (typeof value === "string") return str(value).bytes;
  if (typeof value === "number") return packNumber(value);
  if (value instanceof Uint8Array) return bin(value).bytes;
  if (Array.isArray(value)) return Buffer.concat([arrayHead(value.length).bytes, ...value.map(pack)]);
  return packObject(value);
}

function packNumber(value) {
  if (!Number.isSafeInteger(value)) return float(value).bytes;
  if (value >= 0) return uint(value).bytes;
  if (value >= -32) return Buffer.of(value & 0xff);
  return int(value, [1, 2, 4, 8].find((bytes) => value >= -(2 ** (8 * bytes - 1)))).bytes;
}

// As operations want maps: keys in the order of their bytes.
function packObject(object) {
  const pairs = Object.entries(object).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return map(pairs).bytes;
}

// Reads all values in some bytes that a server has sent.
export function unpackAll(bytes) {
  const reader = { bytes, at: 0 };
  const values = [];
  while (reader.at < bytes.length) values.push(unpack(reader));
  return values;
}

function take(reader, size) {
  if (reader.bytes.length - reader.at < size) throw new Error("the server sent a message that is cut off");
  reader.at += size;
  return reader.bytes.subarray(reader.at - size, reader.at);
}

const number = (reader, bytes) => take(reader, bytes).reduce((sum, byte) => sum * 256 + byte, 0);
const array = (reader, count) => Array.from({ length: count }, () => unpack(reader));
const string = (reader, size) => take(reader, size).toString();

function unpack(reader) {
  const head = number(reader, 1);
  if (head < 0x80) return head;
  if ((head & 0xf0) === 0x90) return array(reader, head & 15);
  if ((head & 0xe0) === 0xa0) return string(reader, head & 31);
  if (head === 0xc0) return null;
  if (head === 0xc2 || head === 0xc3) return head === 0xc3;
  if (head >= 0xc4 && head <= 0xc6) return Buffer.from(take(reader, number(reader, 1 << (head - 0xc4))));
  if (head >= 0xcc && head <= 0xcf) return number(reader, 1 << (head - 0xcc));
  if (head >= 0xd9 && head <= 0xdb) return string(reader, number(reader, 1 << (head - 0xd9)));
  if (head === 0xdc || head === 0xdd) return array(reader, number(reader, head === 0xdc ? 2 : 4));
  throw new Error(`the server sent a byte that quire.v1 does not have: ${head.toString(16)}`);
}
