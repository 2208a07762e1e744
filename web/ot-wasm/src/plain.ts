/*
 * Operations on plain text between components and bytes, right in the engine's memory: most are such, and small. All others
 * take the way of the client's codec, which knows attributes and embeds, normalises, and says what is wrong.
 */
import type { Component } from "../../client/src/ot/op.js";

const RETAIN = 0;
const INSERT = 1;
const DELETE = 2;
const EMBED = 3;
const HAS_ATTRIBUTES = 0x04;
const HAS_MORE = 0x80;
/** A tag and the rest of a length; the header; each character. */
const COMPONENT_SIZE_MAX = 5;
const HEADER_SIZE_MAX = 5;
const UNIT_SIZE_MAX = 3;
const LENGTH_MAX = 0x7fffffff;
/** Up to here a loop over characters is faster than the coders of the platform. */
const SHORT_TEXT = 24;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

type Parts = { insert?: unknown; retain?: unknown; delete?: unknown; attributes?: unknown };

/** The kind of a plain component, or -1. */
function kindOf({ insert, retain, delete: deleted, attributes }: Parts): number {
  if (attributes !== undefined) return -1;
  if (insert !== undefined) return retain === undefined && deleted === undefined && typeof insert === "string" ? INSERT : -1;
  if (retain !== undefined) return deleted === undefined ? RETAIN : -1;
  return deleted === undefined ? -1 : DELETE;
}

function lengthOf(kind: number, parts: Parts): number {
  const length = kind === INSERT ? (parts.insert as string).length : kind === RETAIN ? parts.retain : parts.delete;
  return typeof length === "number" && length > 0 && length <= LENGTH_MAX && (length | 0) === length ? length : 0;
}

function varintSize(value: number): number {
  let size = 1;
  while (value >= 0x80) {
    value >>>= 7;
    size++;
  }
  return size;
}

function putVarint(memory: Uint8Array, at: number, value: number): number {
  while (value >= 0x80) {
    memory[at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  memory[at++] = value;
  return at;
}

export interface Measure {
  /** Bytes of the components, and the units inserted. */
  comps: number;
  units: number;
}

/** What the operation takes, or null when it is not plain or not in canonical form. */
export function measurePlain(ops: readonly Component[]): Measure | null {
  let comps = 0;
  let units = 0;
  let last = -1;
  for (const component of ops) {
    const kind = typeof component === "object" && component !== null ? kindOf(component) : -1;
    const length = kind < 0 ? 0 : lengthOf(kind, component);
    if (length === 0 || kind === last) return null;
    if (kind === INSERT) units += length;
    comps += length < 16 ? 1 : 1 + varintSize(length >>> 4);
    last = kind;
  }
  return last === RETAIN ? null : { comps, units };
}

/** Most bytes that it takes. */
export function roomFor({ comps, units }: Measure): number {
  return HEADER_SIZE_MAX + comps + COMPONENT_SIZE_MAX + units * UNIT_SIZE_MAX;
}

/** Writes the operation; returns where it ends, or -1 when its text has half a surrogate pair. */
export function putPlain(memory: Uint8Array, start: number, ops: readonly Component[], measure: Measure): number {
  let at = putVarint(memory, start, measure.comps * 2);
  let text = "";
  for (const component of ops) {
    const kind = kindOf(component);
    const length = lengthOf(kind, component);
    const rest = length >>> 4;
    memory[at++] = kind | ((length & 15) << 3) | (rest > 0 ? HAS_MORE : 0);
    if (rest > 0) at = putVarint(memory, at, rest);
    if (kind === INSERT) text += (component as { insert: string }).insert;
  }
  if (putAscii(memory, at, text)) return at + text.length;
  const { written } = encoder.encodeInto(text, memory.subarray(at, at + text.length * UNIT_SIZE_MAX));
  if (written === text.length) return at + written;
  memory[start] |= 1;
  return isWellFormed(ops) ? at + written : -1;
}

function putAscii(memory: Uint8Array, at: number, text: string): boolean {
  if (text.length > SHORT_TEXT) return false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) return false;
    memory[at + i] = unit;
  }
  return true;
}

/** Each text for itself: two halves in two components are no pair. */
function isWellFormed(ops: readonly Component[]): boolean {
  return ops.every((c) => !("insert" in c) || !/\p{Surrogate}/u.test(c.insert as string));
}

/** The components of the operation in these bytes, or null when it is not plain. */
export function takePlain(memory: Uint8Array, start: number, end: number): Component[] | null {
  let at = start;
  let header = 0;
  for (let shift = 0, byte = HAS_MORE; byte >= HAS_MORE; shift += 7) {
    byte = memory[at++];
    header |= (byte & 0x7f) << shift;
  }
  const compsEnd = at + (header >>> 1);
  const text = takeText(memory, compsEnd, end, (header & 1) === 0);
  let used = 0;
  const ops: Component[] = [];
  while (at < compsEnd) {
    const tag = memory[at++];
    const kind = tag & 0x03;
    if (kind === EMBED || (tag & HAS_ATTRIBUTES) !== 0) return null;
    let length = (tag >> 3) & 15;
    for (let shift = 4, byte = tag; byte >= HAS_MORE; shift += 7) {
      byte = memory[at++];
      length |= (byte & 0x7f) << shift;
    }
    if (kind === INSERT) ops.push({ insert: text.substring(used, (used += length)) });
    else ops.push(kind === RETAIN ? { retain: length } : { delete: length });
  }
  return ops;
}

function takeText(memory: Uint8Array, start: number, end: number, isAscii: boolean): string {
  if (!isAscii || end - start > SHORT_TEXT) return decoder.decode(memory.subarray(start, end));
  let text = "";
  for (let i = start; i < end; i++) text += String.fromCharCode(memory[i]);
  return text;
}
