/*
 * Quire's engine as WebAssembly: the operations of @quire/client/ot, and documents that stay in the engine's memory. What takes
 * an operation takes its components or its bytes; results are components, those of `packed` are bytes.
 */
import type { Side } from "../../client/src/ot/algebra.js";
import type { Component } from "../../client/src/ot/op.js";
import bytes from "../dist/ot.wasm";
import { Engine, type Exports, type Source } from "./engine.js";

export type { Side } from "../../client/src/ot/algebra.js";
export type { Attributes, Component, Embed } from "../../client/src/ot/op.js";
export type { Source } from "./engine.js";
export { OpError, type OpErrorCode } from "../../client/src/ot/errors.js";

/** The operations, with results of one form. All throw OpError for what is no operation or does not fit. */
export interface Algebra<Result> {
  /** First `a`, then `b`. */
  compose(a: Source, b: Source): Result;
  /** One after the other; no operations give the empty one. */
  composeAll(ops: readonly Source[]): Result;
  /** `op`, made on the same document as `over`, rewritten to come after it; "right" gives way. */
  transform(op: Source, over: Source, side: Side): Result;
  /** `document` after `op`. */
  apply(document: Source, op: Source): Result;
  /** What takes back `op`, made on `document`. */
  invert(op: Source, document: Source): Result;
}

export interface Ot extends Algebra<Component[]> {
  /** The same, with bytes as results. */
  readonly packed: Algebra<Uint8Array>;
  transformPosition(position: number, over: Source, side: Side): number;
  /** A document in the engine's memory, where it stays until it is closed. */
  open(document?: Source): Document;
}

const RIGHT = { left: 0, right: 1 } as const;

/** The engine: compiled once, and an instance with a memory of its own for each call. */
export async function load(): Promise<Ot> {
  compiled ??= WebAssembly.compile(bytes);
  const { exports } = await WebAssembly.instantiate(await compiled, {});
  const engine = new Engine(exports as unknown as Exports);
  return {
    ...algebra(engine, () => engine.takeComponents()),
    packed: algebra(engine, () => engine.takeBytes()),
    transformPosition(position, over, side) {
      const [size] = engine.put(over);
      return engine.wasm.quire_transform_position(engine.quire, size, position, RIGHT[side]);
    },
    open: (document: Source = []) => new Document(engine, document),
  };
}

let compiled: Promise<WebAssembly.Module> | undefined;

function algebra<Result>(engine: Engine, take: () => Result): Algebra<Result> {
  const { wasm, quire } = engine;
  const within = (document: Source, act: (document: Document) => Result): Result => {
    const opened = new Document(engine, document);
    try {
      return act(opened);
    } finally {
      opened.close();
    }
  };
  return {
    compose(a, b) {
      const [aSize, bSize] = engine.put(a, b);
      engine.must(wasm.quire_compose(quire, aSize, bSize));
      return take();
    },
    composeAll(ops) {
      const sizes = engine.putAll(ops);
      engine.must(wasm.quire_compose_all(quire, sizes.length, engine.putSizes(sizes)));
      return take();
    },
    transform(op, over, side) {
      const [opSize, overSize] = engine.put(op, over);
      engine.must(wasm.quire_transform(quire, opSize, overSize, RIGHT[side]));
      return take();
    },
    apply: (document, op) =>
      within(document, (opened) => {
        opened.apply(op);
        engine.must(wasm.quire_doc_snapshot(quire, opened.handle));
        return take();
      }),
    invert: (op, document) =>
      within(document, (opened) => {
        const [size] = engine.put(op);
        engine.must(wasm.quire_doc_invert(quire, opened.handle, size), true);
        return take();
      }),
  };
}

/** A document in the engine's memory. It must be closed: nobody else frees it. */
export class Document {
  private doc: number;

  /** @internal */
  constructor(
    private readonly engine: Engine,
    document: Source,
  ) {
    const [size] = engine.put(document);
    this.doc = engine.wasm.quire_doc_load(engine.quire, size);
    if (this.doc === 0) engine.must(NOT_A_DOCUMENT);
  }

  /** @internal */
  get handle(): number {
    if (this.doc === 0) throw new Error("the document is closed");
    return this.doc;
  }

  /** In UTF-16 code units; an embed is one. */
  get length(): number {
    return this.engine.wasm.quire_doc_length(this.handle);
  }

  /** Changes the document. Throws OpError out_of_range or split_surrogate, and then has changed nothing. */
  apply(op: Source): void {
    const { engine, handle } = this;
    const [size] = engine.put(op);
    engine.must(engine.wasm.quire_doc_apply(engine.quire, handle, size), true);
  }

  /** What takes back `op`, which is about to be applied. */
  invert(op: Source): Component[] {
    const { engine, handle } = this;
    const [size] = engine.put(op);
    engine.must(engine.wasm.quire_doc_invert(engine.quire, handle, size), true);
    return engine.takeComponents();
  }

  /** The document as an operation that only inserts. */
  components(): Component[] {
    this.snapshot();
    return this.engine.takeComponents();
  }

  /** The same as bytes: the snapshot. */
  packed(): Uint8Array {
    this.snapshot();
    return this.engine.takeBytes();
  }

  private snapshot(): void {
    const { engine, handle } = this;
    engine.must(engine.wasm.quire_doc_snapshot(engine.quire, handle));
  }

  /** The text, embeds left out. */
  text(): string {
    const { engine, handle } = this;
    engine.must(engine.wasm.quire_doc_text(engine.quire, handle));
    return engine.takeText();
  }

  close(): void {
    this.engine.wasm.quire_doc_free(this.doc);
    this.doc = 0;
  }
}

const NOT_A_DOCUMENT = -13;
