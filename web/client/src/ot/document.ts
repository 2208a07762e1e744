/*
 * A document: immutable, in chunks of runs that successive versions share. One keystroke copies
 * one chunk and the list of chunks, whatever else the document holds.
 */
import { crc32 } from "./crc32.js";
import { encodeOp } from "./codec.js";
import { OpError } from "./errors.js";
import { composeAttributes, invert } from "./algebra.js";
import {
  attributesEqual,
  DELETE,
  EMBED,
  INSERT,
  isInsertion,
  isInsidePair,
  makePiece,
  OpWriter,
  slicePiece,
  type Attributes,
  type Op,
  type Piece,
} from "./op.js";

/** Longest text of one run, and most runs of one chunk. */
const RUN_UNITS_MAX = 1024;
const CHUNK_RUNS_MAX = 64;

interface Chunk {
  readonly runs: readonly Piece[];
  readonly length: number;
}

export class Doc {
  static readonly empty = new Doc([], 0);

  private constructor(
    private readonly chunks: readonly Chunk[],
    readonly length: number,
  ) {}

  /** The document that `snapshot`, an operation of inserts only, makes from nothing. */
  static fromOp(snapshot: Op): Doc {
    if (!snapshot.every(isInsertion)) throw new OpError("not_a_document");
    return Doc.empty.apply(snapshot);
  }

  /** The document after `op`. Throws OpError out_of_range or split_surrogate. */
  apply(op: Op): Doc {
    if (op.length === 0) return this;
    const writer = new ChunkWriter();
    const cursor = new Cursor(this.chunks);
    for (const piece of op) {
      if (isInsertion(piece)) writer.insert(piece);
      else if (piece.kind === DELETE) cursor.walk(piece.length, null);
      else if (piece.attributes === null) cursor.walk(piece.length, writer);
      else cursor.walk(piece.length, new Patcher(writer, piece.attributes));
    }
    cursor.finish(writer);
    return new Doc(writer.finish(), writer.length);
  }

  /** The runs from `start` to `end`, as an operation that inserts them. */
  slice(start: number, end: number): Op {
    const out = new OpWriter();
    const cursor = new Cursor(this.chunks);
    cursor.walk(start, null);
    cursor.walk(end - start, {
      keep: (chunk) => chunk.runs.forEach((run) => out.append(run)),
      run: (run) => out.append(run),
    });
    return out.finish();
  }

  /** The operation that takes back `op`, which is about to be applied. */
  invert(op: Op): Op {
    return invert(op, (start, end) => this.slice(start, end));
  }

  /** The snapshot. Equal documents give equal operations. */
  toOp(): Op {
    const out: Piece[] = [];
    let texts: string[] = [];
    let length = 0;
    let attributes: Attributes | null = null;
    const flush = (): void => {
      if (length > 0) out.push(makePiece(INSERT, length, texts.join(""), null, attributes));
      texts = [];
      length = 0;
    };
    for (const run of this.runs()) {
      if (run.kind === EMBED || !attributesEqual(run.attributes, attributes)) flush();
      if (run.kind === EMBED) out.push(run);
      else {
        texts.push(run.text);
        length += run.length;
        attributes = run.attributes;
      }
    }
    flush();
    return out;
  }

  /** The text; embeds are left out, or each one stands as `embed`. */
  text(embed = ""): string {
    const parts: string[] = [];
    for (const run of this.runs()) parts.push(run.kind === EMBED ? embed : run.text);
    return parts.join("");
  }

  /** CRC-32 of the snapshot's bytes: what HASH messages carry. */
  hash(): number {
    return crc32(encodeOp(this.toOp()));
  }

  /** Runs in order; neighbours may have equal attributes. */
  *runs(): Generator<Piece> {
    for (const chunk of this.chunks) yield* chunk.runs;
  }
}

/** Where a walk over a document puts what it passes. */
interface Sink {
  keep(chunk: Chunk): void;
  run(run: Piece): void;
}

/** A place in a document; whole chunks are passed on as they are. */
class Cursor {
  private chunk = 0;
  private run = 0;
  private offset = 0;
  private position = 0;

  constructor(private readonly chunks: readonly Chunk[]) {}

  /** Moves on by `n` units and gives them to `sink`, or to nobody. */
  walk(n: number, sink: Sink | null): void {
    while (n > 0) {
      const chunk = this.chunks[this.chunk];
      if (chunk === undefined) throw new OpError("out_of_range", this.position);
      if (this.run === 0 && this.offset === 0 && chunk.length <= n) {
        sink?.keep(chunk);
        n -= chunk.length;
        this.position += chunk.length;
        this.chunk++;
      } else n -= this.walkRun(chunk, n, sink);
    }
  }

  private walkRun(chunk: Chunk, n: number, sink: Sink | null): number {
    const run = chunk.runs[this.run];
    const taken = Math.min(n, run.length - this.offset);
    const end = this.offset + taken;
    if (isInsidePair(run.text, end)) throw new OpError("split_surrogate", this.position + taken);
    sink?.run(slicePiece(run, this.offset, taken));
    this.position += taken;
    this.offset = end;
    if (end === run.length) this.nextRun(chunk);
    return taken;
  }

  private nextRun(chunk: Chunk): void {
    this.offset = 0;
    this.run++;
    if (this.run === chunk.runs.length) {
      this.run = 0;
      this.chunk++;
    }
  }

  /** Gives all that is left to `sink`. */
  finish(sink: Sink): void {
    while (this.chunk < this.chunks.length) {
      const chunk = this.chunks[this.chunk];
      if (this.run === 0 && this.offset === 0) {
        sink.keep(chunk);
        this.chunk++;
      } else this.walkRun(chunk, Infinity, sink);
    }
  }
}

/** Gives runs on with changed attributes. */
class Patcher implements Sink {
  constructor(
    private readonly sink: Sink,
    private readonly patch: Attributes,
  ) {}

  keep(chunk: Chunk): void {
    for (const run of chunk.runs) this.run(run);
  }

  run(run: Piece): void {
    const attributes = composeAttributes(run.attributes, this.patch, false);
    this.sink.run(makePiece(run.kind, run.length, run.text, run.embed, attributes));
  }
}

class ChunkWriter implements Sink {
  length = 0;
  private readonly chunks: Chunk[] = [];
  private open: Piece[] = [];

  /** A chunk that stays as it is, unless the one being written is small enough to take it in. */
  keep(chunk: Chunk): void {
    const { open } = this;
    if (open.length > 0 && open.length + chunk.runs.length <= CHUNK_RUNS_MAX / 2) {
      for (const run of chunk.runs) this.run(run);
    } else {
      this.close();
      this.chunks.push(chunk);
      this.length += chunk.length;
    }
  }

  run(run: Piece): void {
    const last = this.open.length - 1;
    if (last >= 0 && fitTogether(this.open[last], run)) {
      const before = this.open[last];
      const text = before.text + run.text;
      this.open[last] = makePiece(INSERT, text.length, text, null, before.attributes);
      return;
    }
    if (this.open.length === CHUNK_RUNS_MAX) this.close();
    this.open.push(run);
  }

  /** Inserted text may be longer than a run may be. */
  insert(piece: Piece): void {
    let start = 0;
    while (piece.length - start > RUN_UNITS_MAX) {
      const end = start + RUN_UNITS_MAX;
      const n = isInsidePair(piece.text, end) ? RUN_UNITS_MAX - 1 : RUN_UNITS_MAX;
      this.run(slicePiece(piece, start, n));
      start += n;
    }
    this.run(slicePiece(piece, start, piece.length - start));
  }

  private close(): void {
    if (this.open.length === 0) return;
    let length = 0;
    for (const run of this.open) length += run.length;
    this.chunks.push({ runs: this.open, length });
    this.length += length;
    this.open = [];
  }

  finish(): readonly Chunk[] {
    this.close();
    return this.chunks;
  }
}

function fitTogether(a: Piece, b: Piece): boolean {
  return (
    a.kind === INSERT &&
    b.kind === INSERT &&
    a.length + b.length <= RUN_UNITS_MAX &&
    attributesEqual(a.attributes, b.attributes)
  );
}
