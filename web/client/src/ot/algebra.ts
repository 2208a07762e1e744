/*
 * The algebra of operations in stable order, as docs/protocol.md section 7 defines it.
 */
import {
  attributesEqual,
  DELETE,
  INSERT,
  isInsertion,
  isInsidePair,
  makePiece,
  OpReader,
  OpWriter,
  RETAIN,
  slicePiece,
  type Attributes,
  type Op,
  type Piece,
} from "./op.js";
import { valuesEqual, type Value } from "./value.js";

/** Which side of a tie an operation or a cursor ends up on: RIGHT gives way. */
export type Side = "left" | "right";

/** First `a`, then `b`, as one operation. */
export function compose(a: Op, b: Op): Op {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const readA = new OpReader(a);
  const readB = new OpReader(b);
  const out = new OpWriter();
  while (!readA.done || !readB.done) {
    if (readB.atInsertion) out.append(readB.takeAll());
    else if (readA.kind === DELETE) out.append(readA.takeAll());
    else {
      const n = Math.min(readA.left, readB.left);
      composePiece(out, readA.take(n), readB.take(n));
    }
  }
  return out.finish();
}

/** `a` retains or inserts, `b` retains or deletes, both equally long. */
function composePiece(out: OpWriter, a: Piece, b: Piece): void {
  if (b.kind === DELETE) {
    if (a.kind === RETAIN) out.append(b);
  } else if (b.attributes === null) out.append(a);
  else {
    const attributes = composeAttributes(a.attributes, b.attributes, a.kind === RETAIN);
    out.append(makePiece(a.kind, a.length, a.text, a.embed, attributes));
  }
}

/** `patch` over `attributes`; a null stays in a patch and removes the key from a format. */
export function composeAttributes(
  attributes: Attributes | null,
  patch: Attributes | null,
  keepNull: boolean,
): Attributes | null {
  const merged: Record<string, Value> = { ...attributes, ...patch };
  if (!keepNull) {
    for (const key of Object.keys(merged)) if (merged[key] === null) delete merged[key];
  }
  return Object.keys(merged).length === 0 ? null : merged;
}

/** `op`, made on the same document as `over`, rewritten to come after it. */
export function transform(op: Op, over: Op, side: Side): Op {
  if (op.length === 0 || over.length === 0) return op;
  const readOp = new OpReader(op);
  const readOver = new OpReader(over);
  const out = new OpWriter();
  while (!readOp.done) {
    if (readOver.atInsertion && (side === "right" || !readOp.atInsertion)) {
      out.retain(readOver.takeAll().length);
    } else if (readOp.atInsertion) out.append(readOp.takeAll());
    else {
      const n = Math.min(readOp.left, readOver.left);
      transformPiece(out, readOp.take(n), readOver.take(n), side);
    }
  }
  return out.finish();
}

/** Both retain or delete and are equally long. */
function transformPiece(out: OpWriter, piece: Piece, over: Piece, side: Side): void {
  if (over.kind === DELETE) return;
  if (piece.kind === DELETE || piece.attributes === null || over.attributes === null) out.append(piece);
  else {
    const attributes =
      side === "right" ? withoutKeys(piece.attributes, over.attributes) : piece.attributes;
    out.retain(piece.length, attributes);
  }
}

function withoutKeys(attributes: Attributes, without: Attributes): Attributes | null {
  const kept = Object.entries(attributes).filter(([key]) => !Object.hasOwn(without, key));
  return kept.length === 0 ? null : Object.fromEntries(kept);
}

/** Both ways at once: [`a` after `b`, `b` after `a`], where `a` is the committed side. */
export function transformPair(a: Op, b: Op): [Op, Op] {
  return [transform(a, b, "left"), transform(b, a, "right")];
}

/** Where a cursor at `position` is after `over`. */
export function transformPosition(position: number, over: Op, side: Side): number {
  let offset = 0;
  for (const piece of over) {
    if (offset > position) break;
    if (piece.kind === DELETE) position -= Math.min(piece.length, position - offset);
    else if (piece.kind === RETAIN) offset += piece.length;
    else {
      if (offset < position || side === "right") position += piece.length;
      offset += piece.length;
    }
  }
  return position;
}

/**
 * Where a position in the document after `op` was before it. What `op` inserted was nowhere: a
 * position inside maps to the place of the insert.
 */
export function untransformPosition(position: number, op: Op): number {
  let before = 0;
  let after = 0;
  for (const piece of op) {
    if (piece.kind === DELETE) before += piece.length;
    else {
      if (after + piece.length >= position) {
        return piece.kind === RETAIN ? before + position - after : before;
      }
      after += piece.length;
      if (piece.kind === RETAIN) before += piece.length;
    }
  }
  return before + position - after;
}

/** The operation that takes back `op`; `slice` gives the runs of the document before it. */
export function invert(op: Op, slice: (start: number, end: number) => Op): Op {
  const out = new OpWriter();
  let at = 0;
  for (const piece of op) {
    if (isInsertion(piece)) out.delete(piece.length);
    else {
      if (piece.kind === RETAIN && piece.attributes === null) out.retain(piece.length);
      else for (const run of slice(at, at + piece.length)) invertRun(out, piece, run);
      at += piece.length;
    }
  }
  return out.finish();
}

function invertRun(out: OpWriter, piece: Piece, run: Piece): void {
  if (piece.kind === DELETE) out.append(run);
  else out.retain(run.length, invertAttributes(piece.attributes ?? {}, run.attributes ?? {}));
}

/** What takes `patch` back where `base` was; a name that was not there is taken away, as quill-delta does, even one that `patch` takes away itself. */
function invertAttributes(patch: Attributes, base: Attributes): Attributes | null {
  const inverse: Record<string, Value> = {};
  for (const [key, value] of Object.entries(patch)) {
    if (!Object.hasOwn(base, key)) inverse[key] = null;
    else if (!valuesEqual(base[key], value)) inverse[key] = base[key];
  }
  return Object.keys(inverse).length === 0 ? null : inverse;
}

/** The patch that makes `to` of `from`, or null when they are equal. */
export function patchBetween(from: Attributes | null, to: Attributes | null): Attributes | null {
  if (attributesEqual(from, to)) return null;
  const patch: Record<string, Value> = {};
  for (const key of Object.keys(from ?? {})) if (!Object.hasOwn(to ?? {}, key)) patch[key] = null;
  for (const [key, value] of Object.entries(to ?? {})) {
    if (from === null || !Object.hasOwn(from, key) || !valuesEqual(from[key], value)) patch[key] = value;
  }
  return Object.keys(patch).length === 0 ? null : patch;
}

/**
 * Two operations that do the same one after the other, the first with at most `pieces` pieces and
 * about `units` inserted units; the second is empty when nothing is left over.
 */
export function splitOp(op: Op, pieces: number, units: number): [Op, Op] {
  const first = new OpWriter();
  const rest = new OpWriter();
  let passed = 0;
  let isOver = false;
  const move = (piece: Piece): void => {
    if (isOver) rest.append(piece);
    else {
      first.append(piece);
      if (piece.kind !== DELETE) passed += piece.length;
      if (isInsertion(piece)) units -= piece.length;
      isOver = --pieces <= 0 || units <= 0;
      if (isOver) rest.retain(passed);
    }
  };
  for (const piece of op) {
    const cut = isOver ? 0 : cutOf(piece, units);
    if (cut > 0) move(slicePiece(piece, 0, cut));
    move(slicePiece(piece, cut, piece.length - cut));
  }
  return [first.finish(), rest.finish()];
}

/** Where to cut an insert that is longer than `units`, not inside a surrogate pair; 0: not at all. */
function cutOf(piece: Piece, units: number): number {
  if (piece.kind !== INSERT || piece.length <= units) return 0;
  return isInsidePair(piece.text, units) ? (units + 1) % piece.length : units;
}
