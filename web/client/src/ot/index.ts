/* Operations for programs of one's own: the algebra on components, and the byte form. */
import * as algebra from "./algebra.js";
import { decodeOp, encodeOp } from "./codec.js";
import { diff as diffDocs } from "./diff.js";
import { Doc } from "./document.js";
import { fromComponents, toComponents, type Component } from "./op.js";

export type { Side } from "./algebra.js";
export type { Attributes, Component, Delta, Embed } from "./op.js";
export type { Value } from "./value.js";
export { OpError, type OpErrorCode } from "./errors.js";
export { crc32 } from "./crc32.js";

type Ops = readonly Component[];

/** The components in canonical form. Throws OpError when they are no operation. */
export function normalize(ops: Ops): Component[] {
  return toComponents(fromComponents(ops));
}

/** First `a`, then `b`. */
export function compose(a: Ops, b: Ops): Component[] {
  return toComponents(algebra.compose(fromComponents(a), fromComponents(b)));
}

/** `op`, made on the same document as `over`, rewritten to come after it; "right" gives way. */
export function transform(op: Ops, over: Ops, side: algebra.Side): Component[] {
  return toComponents(algebra.transform(fromComponents(op), fromComponents(over), side));
}

export function transformPosition(position: number, over: Ops, side: algebra.Side): number {
  return algebra.transformPosition(position, fromComponents(over), side);
}

/** `document` after `ops`. Throws OpError when they do not fit it. */
export function apply(document: Ops, ops: Ops): Component[] {
  return toComponents(documentOf(document).apply(fromComponents(ops)).toOp());
}

/** What takes back `ops`, made on `document`. */
export function invert(ops: Ops, document: Ops): Component[] {
  return toComponents(documentOf(document).invert(fromComponents(ops)));
}

/** An operation that leads from one document to the other. */
export function diff(from: Ops, to: Ops): Component[] {
  return toComponents(diffDocs(documentOf(from), documentOf(to)));
}

export function encode(ops: Ops): Uint8Array<ArrayBuffer> {
  return encodeOp(fromComponents(ops));
}

/** Throws OpError with the offset where the bytes are no operation. */
export function decode(bytes: Uint8Array): Component[] {
  return toComponents(decodeOp(bytes));
}

/** CRC-32 of a document's snapshot, as the server computes it. */
export function hash(document: Ops): number {
  return documentOf(document).hash();
}

function documentOf(ops: Ops): Doc {
  return Doc.fromOp(fromComponents(ops));
}
