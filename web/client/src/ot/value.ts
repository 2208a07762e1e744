/*
 * Values: what attributes and embeds are made of. Outside they are plain JSON; as bytes they are
 * msgpack in one canonical form (docs/op-format.md), so that equal values are equal bytes.
 */
import { ByteWriter } from "./bytes.js";
import { OpError } from "./errors.js";

export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };
export type ValueMap = { readonly [key: string]: Value };

/** Deepest nesting of arrays and maps. */
export const DEPTH_MAX = 8;

const LONE_SURROGATE = /[\ud800-\udfff]/u;

/** True when every surrogate in `text` has its partner. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

/** Order of two strings by their UTF-8 bytes, which is that of their code points. */
export function compareUtf8(a: string, b: string): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return orderOfUnit(x) - orderOfUnit(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all others. */
function orderOfUnit(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

export function isMap(value: unknown): value is ValueMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function valuesEqual(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) return arraysEqual(a as Value[], b as Value[]);
  return mapsEqual(a as ValueMap, b as ValueMap);
}

function arraysEqual(a: readonly Value[], b: readonly Value[]): boolean {
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
  return a.every((item, i) => valuesEqual(item, b[i]));
}

export function mapsEqual(a: ValueMap, b: ValueMap): boolean {
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && valuesEqual(a[key], b[key]));
}

/** Refuses what has no canonical form. `depth`: levels of arrays and maps around the value. */
export function checkValue(value: unknown, depth = 0): asserts value is Value {
  switch (typeof value) {
    case "boolean":
      return;
    case "number":
      if (!Number.isFinite(value)) throw new OpError("bad_value");
      return;
    case "string":
      checkString(value);
      return;
    case "object":
      checkNested(value, depth + 1);
      return;
    default:
      throw new OpError("bad_value");
  }
}

function checkNested(value: object | null, depth: number): void {
  if (value === null) return;
  if (depth > DEPTH_MAX) throw new OpError("too_deep");
  if (Array.isArray(value)) {
    for (const item of value) checkValue(item, depth);
    return;
  }
  for (const key of Object.keys(value)) {
    checkString(key);
    if (key === "__proto__") throw new OpError("bad_key");
    checkValue((value as Record<string, unknown>)[key], depth);
  }
}

function checkString(text: string): void {
  if (text.includes("\0") || !isWellFormed(text)) throw new OpError("bad_value");
}

/* ---- writing ---------------------------------------------------------------------------- */

/** Appends a value that `checkValue` has passed. */
export function writeValue(out: ByteWriter, value: Value): void {
  if (value === null) out.byte(0xc0);
  else if (typeof value === "boolean") out.byte(value ? 0xc3 : 0xc2);
  else if (typeof value === "number") writeNumber(out, value);
  else if (typeof value === "string") out.str(value);
  else if (Array.isArray(value)) {
    out.array(value.length);
    for (const item of value) writeValue(out, item);
  } else writeMap(out, value as ValueMap);
}

function writeMap(out: ByteWriter, map: ValueMap): void {
  const keys = Object.keys(map).sort(compareUtf8);
  out.map(keys.length);
  for (const key of keys) {
    out.str(key);
    writeValue(out, map[key]);
  }
}

function writeNumber(out: ByteWriter, value: number): void {
  if (Number.isSafeInteger(value)) out.int(value);
  else out.float64(value);
}
