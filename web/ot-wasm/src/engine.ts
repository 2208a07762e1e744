/*
 * The engine's instance: its memory, what goes in, what comes out, and errors by their names.
 */
import { decodeOp, encodeOp } from "../../client/src/ot/codec.js";
import { OpError, type OpErrorCode } from "../../client/src/ot/errors.js";
import { fromComponents, toComponents, type Component } from "../../client/src/ot/op.js";
import { measurePlain, putPlain, roomFor, takePlain } from "./plain.js";

export interface Exports {
  readonly memory: WebAssembly.Memory;
  quire_new(): number;
  quire_input(quire: number, size: number): number;
  quire_output(quire: number): number;
  quire_output_size(quire: number): number;
  quire_error_at(quire: number): number;
  quire_check(quire: number, start: number, size: number): number;
  quire_compose(quire: number, aSize: number, bSize: number): number;
  quire_compose_all(quire: number, count: number, sizes: number): number;
  quire_transform(quire: number, opSize: number, overSize: number, side: number): number;
  quire_transform_position(quire: number, size: number, position: number, side: number): number;
  quire_doc_load(quire: number, size: number): number;
  quire_doc_free(doc: number): void;
  quire_doc_length(doc: number): number;
  quire_doc_apply(quire: number, doc: number, size: number): number;
  quire_doc_invert(quire: number, doc: number, size: number): number;
  quire_doc_snapshot(quire: number, doc: number): number;
  quire_doc_text(quire: number, doc: number): number;
}

export type Ops = readonly Component[];
/** An operation, as components or as its bytes. */
export type Source = Ops | Uint8Array;

/** Of `enum ot_error_code`, what can come of operations. */
const ERRORS: Readonly<Record<number, OpErrorCode>> = {
  [-2]: "truncated",
  [-3]: "trailing_bytes",
  [-4]: "not_canonical",
  [-5]: "bad_length",
  [-6]: "bad_utf8",
  [-7]: "bad_value",
  [-8]: "bad_key",
  [-9]: "too_deep",
  [-10]: "bad_component",
  [-11]: "out_of_range",
  [-12]: "split_surrogate",
  [-13]: "not_a_document",
};

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export class Engine {
  readonly quire: number;
  private bytes: Uint8Array;
  private start = 0;
  private room = 0;

  constructor(readonly wasm: Exports) {
    this.bytes = new Uint8Array(wasm.memory.buffer);
    this.quire = wasm.quire_new();
    if (this.quire === 0) throw new RangeError("out of memory");
  }

  /** Growing the memory makes another buffer of it. */
  private get memory(): Uint8Array {
    if (this.bytes.buffer !== this.wasm.memory.buffer) this.bytes = new Uint8Array(this.wasm.memory.buffer);
    return this.bytes;
  }

  private reserve(size: number): void {
    if (size <= this.room) return;
    this.room = 0;
    this.start = this.wasm.quire_input(this.quire, size * 2);
    if (this.start === 0) throw new RangeError("out of memory");
    this.room = size * 2;
  }

  /** Puts the operations in, one after the other; returns their sizes. */
  put(...sources: readonly Source[]): number[] {
    return this.putAll(sources);
  }

  putAll(sources: readonly Source[]): number[] {
    const measures = sources.map((source) => (source instanceof Uint8Array ? null : measurePlain(source)));
    const packed = sources.map((source, i) => (measures[i] === null ? bytesOf(source) : null));
    let size = 0;
    for (let i = 0; i < sources.length; i++) size += packed[i]?.length ?? roomFor(measures[i]!);
    this.reserve(size + 4 * sources.length + 4);
    let at = 0;
    return sources.map((source, i) => {
      const start = at;
      at = packed[i] === null ? this.putComponents(source as Ops, at, measures[i]!) : this.putBytes(packed[i]!, at);
      if (source instanceof Uint8Array) this.must(this.wasm.quire_check(this.quire, start, at - start), true);
      return at - start;
    });
  }

  private putComponents(ops: Ops, at: number, measure: NonNullable<ReturnType<typeof measurePlain>>): number {
    const end = putPlain(this.memory, this.start + at, ops, measure);
    if (end < 0) throw new OpError("bad_utf8");
    return end - this.start;
  }

  private putBytes(bytes: Uint8Array, at: number): number {
    this.memory.set(bytes, this.start + at);
    return at + bytes.length;
  }

  /** Puts the sizes after the operations; returns where. */
  putSizes(sizes: readonly number[]): number {
    const end = sizes.reduce((sum, size) => sum + size, 0);
    const at = (end + 3) & ~3;
    new Uint32Array(this.memory.buffer, this.start + at, sizes.length).set(sizes);
    return at;
  }

  /** Throws when the engine has refused. */
  must(code: number, hasPlace = false): void {
    if (code === 0) return;
    const name = ERRORS[code];
    if (name === undefined) throw new RangeError("out of memory");
    throw new OpError(name, hasPlace ? this.wasm.quire_error_at(this.quire) : null);
  }

  private get output(): Uint8Array {
    const start = this.wasm.quire_output(this.quire);
    return this.memory.subarray(start, start + this.wasm.quire_output_size(this.quire));
  }

  takeBytes(): Uint8Array {
    return this.output.slice();
  }

  takeComponents(): Component[] {
    const start = this.wasm.quire_output(this.quire);
    const size = this.wasm.quire_output_size(this.quire);
    return takePlain(this.memory, start, start + size) ?? toComponents(decodeOp(this.takeBytes()));
  }

  takeText(): string {
    return decoder.decode(this.output);
  }
}

function bytesOf(source: Source): Uint8Array {
  return source instanceof Uint8Array ? source : encodeOp(fromComponents(source));
}
