/*
 * Growing and reading byte arrays: what the operation codec and the wire have in common. Both
 * speak msgpack, the writer always in its shortest form.
 */
import { OpError } from "./errors.js";

const encoder = new TextEncoder();
/* fatal: bad UTF-8 throws; ignoreBOM: a leading U+FEFF is text like any other. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class ByteWriter {
  private bytes: Uint8Array<ArrayBuffer>;
  private view: DataView;
  size = 0;

  constructor(capacity = 64) {
    this.bytes = new Uint8Array(capacity);
    this.view = new DataView(this.bytes.buffer);
  }

  private reserve(more: number): void {
    if (this.size + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.size + more));
    grown.set(this.bytes.subarray(0, this.size));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.size++] = value;
  }

  uint16(value: number): void {
    this.reserve(2);
    this.view.setUint16(this.size, value);
    this.size += 2;
  }

  uint32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.size, value);
    this.size += 4;
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.size);
    this.size += bytes.length;
  }

  /** Little-endian base 128, for lengths of operations. */
  varint(value: number): void {
    while (value >= 0x80) {
      this.byte((value % 0x80) | 0x80);
      value = Math.floor(value / 0x80);
    }
    this.byte(value);
  }

  utf8(text: string): void {
    this.reserve(text.length * 3);
    this.size += encoder.encodeInto(text, this.bytes.subarray(this.size)).written;
  }

  /* ---- msgpack items ---- */

  /** An integer within +-(2^53 - 1). */
  int(value: number): void {
    if (value >= 0) this.uint(value);
    else this.negative(value);
  }

  private uint(value: number): void {
    if (value < 0x80) this.byte(value);
    else if (value <= 0xff) {
      this.byte(0xcc);
      this.byte(value);
    } else if (value <= 0xffff) {
      this.byte(0xcd);
      this.uint16(value);
    } else if (value <= 0xffffffff) {
      this.byte(0xce);
      this.uint32(value);
    } else {
      this.byte(0xcf);
      this.uint32(Math.floor(value / 0x100000000));
      this.uint32(value % 0x100000000);
    }
  }

  private negative(value: number): void {
    if (value >= -32) this.byte(value & 0xff);
    else if (value >= -0x80) {
      this.byte(0xd0);
      this.byte(value & 0xff);
    } else if (value >= -0x8000) {
      this.byte(0xd1);
      this.uint16(value & 0xffff);
    } else if (value >= -0x80000000) {
      this.byte(0xd2);
      this.uint32(value >>> 0);
    } else {
      this.byte(0xd3);
      this.reserve(8);
      this.view.setBigInt64(this.size, BigInt(value));
      this.size += 8;
    }
  }

  float64(value: number): void {
    this.byte(0xcb);
    this.reserve(8);
    this.view.setFloat64(this.size, value);
    this.size += 8;
  }

  str(text: string): void {
    const bytes = encoder.encode(text);
    const n = bytes.length;
    if (n < 32) this.byte(0xa0 | n);
    else this.sized(n, 0xd9);
    this.append(bytes);
  }

  bin(bytes: Uint8Array): void {
    this.sized(bytes.length, 0xc4);
    this.append(bytes);
  }

  /** `first` is the tag of the one-byte size; those of two and four bytes follow it. */
  private sized(n: number, first: number): void {
    if (n <= 0xff) {
      this.byte(first);
      this.byte(n);
    } else if (n <= 0xffff) {
      this.byte(first + 1);
      this.uint16(n);
    } else {
      this.byte(first + 2);
      this.uint32(n);
    }
  }

  /** Before the items of an array. */
  array(count: number): void {
    this.counted(count, 0x90, 0xdc);
  }

  /** Before the keys, each with its value, of a map. */
  map(count: number): void {
    this.counted(count, 0x80, 0xde);
  }

  /** `few` is the tag that has a count below 16 in it, `many` that of a count in two bytes; four follow it. */
  private counted(count: number, few: number, many: number): void {
    if (count < 16) this.byte(few | count);
    else if (count <= 0xffff) {
      this.byte(many);
      this.uint16(count);
    } else {
      this.byte(many + 1);
      this.uint32(count);
    }
  }

  /** The bytes written, as an array of their own. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.size);
  }
}

export class ByteReader {
  private readonly view: DataView;
  at: number;

  constructor(
    readonly bytes: Uint8Array,
    start = 0,
    readonly end = bytes.length,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
  }

  get left(): number {
    return this.end - this.at;
  }

  private need(n: number): number {
    if (n > this.left) throw new OpError("truncated", this.at);
    const at = this.at;
    this.at += n;
    return at;
  }

  peek(): number {
    if (this.left < 1) throw new OpError("truncated", this.at);
    return this.bytes[this.at];
  }

  byte(): number {
    return this.bytes[this.need(1)];
  }

  uint16(): number {
    return this.view.getUint16(this.need(2));
  }

  uint32(): number {
    return this.view.getUint32(this.need(4));
  }

  int8(): number {
    return this.view.getInt8(this.need(1));
  }

  int16(): number {
    return this.view.getInt16(this.need(2));
  }

  int32(): number {
    return this.view.getInt32(this.need(4));
  }

  float64(): number {
    return this.view.getFloat64(this.need(8));
  }

  uint64(): bigint {
    return this.view.getBigUint64(this.need(8));
  }

  int64(): bigint {
    return this.view.getBigInt64(this.need(8));
  }

  take(n: number): Uint8Array {
    const at = this.need(n);
    return this.bytes.subarray(at, at + n);
  }

  utf8(n: number): string {
    const at = this.at;
    const bytes = this.take(n);
    try {
      return decoder.decode(bytes);
    } catch {
      throw new OpError("bad_utf8", at);
    }
  }

  varint(): number {
    const start = this.at;
    let value = 0;
    for (let shift = 1; ; shift *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) {
        if (byte === 0 && this.at - start > 1) throw new OpError("not_canonical", start);
        return value;
      }
      if (this.at - start === 5) throw new OpError("bad_length", start);
    }
  }
}
