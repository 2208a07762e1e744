/*
 * The difference of two documents: an operation that leads from one to the other. First by lines,
 * then inside what differs by characters; beyond a bounded effort a stretch is replaced as a whole.
 * It never cuts a surrogate pair.
 */
import type { Doc } from "./document.js";
import { patchBetween } from "./algebra.js";
import { valueBytes } from "./codec.js";
import { EMBED, OpReader, OpWriter, type Op } from "./op.js";
import type { Value } from "./value.js";

/** Most single insertions and deletions looked for, by lines and inside one changed stretch. */
const LINE_EDITS_MAX = 800;
const CHAR_EDITS_MAX = 400;

/** Tokens are code points; embeds are numbers above all of them. */
const FIRST_EMBED = 0x110000;
const NEWLINE = 10;

/** A stretch of both sequences: `kept` tokens alike, then `removed` against `added`. */
interface Hunk {
  readonly kept: number;
  readonly removed: number;
  readonly added: number;
}

export function diff(from: Doc, to: Doc): Op {
  const fromOp = from.toOp();
  const toOp = to.toOp();
  const embeds = new Map<string, number>();
  const a = tokenize(fromOp, embeds);
  const b = tokenize(toOp, embeds);
  const out = new OpWriter();
  const readFrom = new OpReader(fromOp);
  const readTo = new OpReader(toOp);
  let atA = 0;
  let atB = 0;
  for (const hunk of joinHunks(diffTokens(a, b))) {
    keep(out, readFrom, readTo, unitsOf(a, atA, hunk.kept));
    atA += hunk.kept;
    atB += hunk.kept;
    insert(out, readTo, unitsOf(b, atB, hunk.added));
    remove(out, readFrom, unitsOf(a, atA, hunk.removed));
    atA += hunk.removed;
    atB += hunk.added;
  }
  return out.finish();
}

/** The same with as few hunks as possible, so that an insert and a delete at one place are one each. */
function joinHunks(hunks: readonly Hunk[]): Hunk[] {
  const joined: Hunk[] = [];
  for (const hunk of hunks) {
    const last = joined[joined.length - 1];
    if (last === undefined || (hunk.kept > 0 && last.removed + last.added > 0)) joined.push(hunk);
    else {
      joined[joined.length - 1] = {
        kept: last.kept + hunk.kept,
        removed: last.removed + hunk.removed,
        added: last.added + hunk.added,
      };
    }
  }
  return joined;
}

function keep(out: OpWriter, from: OpReader, to: OpReader, units: number): void {
  while (units > 0) {
    const n = Math.min(units, from.left, to.left);
    out.retain(n, patchBetween(from.take(n).attributes, to.take(n).attributes));
    units -= n;
  }
}

function insert(out: OpWriter, to: OpReader, units: number): void {
  while (units > 0) {
    const piece = to.take(Math.min(units, to.left));
    out.append(piece);
    units -= piece.length;
  }
}

function remove(out: OpWriter, from: OpReader, units: number): void {
  out.delete(units);
  while (units > 0) units -= from.take(Math.min(units, from.left)).length;
}

function tokenize(op: Op, embeds: Map<string, number>): number[] {
  const tokens: number[] = [];
  for (const piece of op) {
    if (piece.kind === EMBED) tokens.push(embedToken(piece.embed as Value, embeds));
    else for (const char of piece.text) tokens.push(char.codePointAt(0) as number);
  }
  return tokens;
}

function embedToken(embed: Value, embeds: Map<string, number>): number {
  const key = valueBytes(embed).join();
  const known = embeds.get(key);
  if (known !== undefined) return known;
  const token = FIRST_EMBED + embeds.size;
  embeds.set(key, token);
  return token;
}

function unitsOf(tokens: readonly number[], start: number, count: number): number {
  let units = 0;
  for (let i = start; i < start + count; i++) {
    units += tokens[i] > 0xffff && tokens[i] < FIRST_EMBED ? 2 : 1;
  }
  return units;
}

/* ---- sequences of numbers ---------------------------------------------------------------- */

function diffTokens(a: readonly number[], b: readonly number[]): Hunk[] {
  const start = commonPrefix(a, b);
  const end = commonSuffix(a, b, start);
  const hunks: Hunk[] = [{ kept: start, removed: 0, added: 0 }];
  const middleA = a.slice(start, a.length - end);
  const middleB = b.slice(start, b.length - end);
  const linesA = splitLines(middleA);
  const linesB = splitLines(middleB);
  const ids = new Map<string, number>();
  const lines = joinHunks(shortestEdit(idsOf(linesA, ids), idsOf(linesB, ids), LINE_EDITS_MAX));
  let line = 0;
  let lineB = 0;
  for (const hunk of lines) {
    const kept = countTokens(linesA, line, hunk.kept);
    line += hunk.kept;
    lineB += hunk.kept;
    hunks.push({ kept, removed: 0, added: 0 });
    const removed = linesA.slice(line, line + hunk.removed).flat();
    const added = linesB.slice(lineB, lineB + hunk.added).flat();
    hunks.push(...shortestEdit(removed, added, CHAR_EDITS_MAX));
    line += hunk.removed;
    lineB += hunk.added;
  }
  hunks.push({ kept: end, removed: 0, added: 0 });
  return hunks;
}

function commonPrefix(a: readonly number[], b: readonly number[]): number {
  const n = Math.min(a.length, b.length);
  let i = 0;
  while (i < n && a[i] === b[i]) i++;
  return i;
}

function commonSuffix(a: readonly number[], b: readonly number[], prefix: number): number {
  const n = Math.min(a.length, b.length) - prefix;
  let i = 0;
  while (i < n && a[a.length - 1 - i] === b[b.length - 1 - i]) i++;
  return i;
}

function splitLines(tokens: readonly number[]): number[][] {
  const lines: number[][] = [];
  let start = 0;
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i] !== NEWLINE) continue;
    lines.push(tokens.slice(start, i + 1));
    start = i + 1;
  }
  if (start < tokens.length) lines.push(tokens.slice(start));
  return lines;
}

function idsOf(lines: readonly number[][], ids: Map<string, number>): number[] {
  return lines.map((line) => {
    const key = line.join();
    const known = ids.get(key);
    if (known !== undefined) return known;
    ids.set(key, ids.size);
    return ids.size - 1;
  });
}

function countTokens(lines: readonly number[][], start: number, count: number): number {
  let tokens = 0;
  for (let i = start; i < start + count; i++) tokens += lines[i].length;
  return tokens;
}

/**
 * Myers' O(ND) algorithm: `furthest[d]` is how far each diagonal gets with d edits. With more than
 * `editsMax` of them everything between the common ends is one hunk.
 */
function shortestEdit(a: readonly number[], b: readonly number[], editsMax: number): Hunk[] {
  const prefix = commonPrefix(a, b);
  const suffix = commonSuffix(a, b, prefix);
  const n = a.length - prefix - suffix;
  const m = b.length - prefix - suffix;
  const trace = n > 0 && m > 0 ? searchEdit(a, b, prefix, n, m, editsMax) : null;
  const middle = trace === null ? [{ kept: 0, removed: n, added: m }] : backtrack(trace, n, m);
  return [{ kept: prefix, removed: 0, added: 0 }, ...middle, { kept: suffix, removed: 0, added: 0 }];
}

function searchEdit(
  a: readonly number[],
  b: readonly number[],
  from: number,
  n: number,
  m: number,
  editsMax: number,
): Int32Array[] | null {
  const trace: Int32Array[] = [];
  for (let d = 0; d <= Math.min(editsMax, n + m); d++) {
    const last = trace[d - 1];
    const reach = new Int32Array(2 * d + 1);
    trace.push(reach);
    for (let k = -d; k <= d; k += 2) {
      let x = d === 0 ? 0 : startOf(last, d, k);
      while (x < n && x - k < m && x - k >= 0 && a[from + x] === b[from + x - k]) x++;
      reach[k + d] = x;
      if (x >= n && x - k >= m) return trace;
    }
  }
  return null;
}

/** Furthest x on diagonal k after one edit more than `last`: down (an insertion) or right. */
function startOf(last: Int32Array, d: number, k: number): number {
  return goesDown(last, d, k) ? last[k + 1 + d - 1] : last[k - 1 + d - 1] + 1;
}

function goesDown(last: Int32Array, d: number, k: number): boolean {
  return k === -d || (k !== d && last[k - 1 + d - 1] < last[k + 1 + d - 1]);
}

function backtrack(trace: readonly Int32Array[], n: number, m: number): Hunk[] {
  const hunks: Hunk[] = [];
  let x = n;
  let y = m;
  for (let d = trace.length - 1; d > 0; d--) {
    const k = x - y;
    const down = goesDown(trace[d - 1], d, k);
    const start = startOf(trace[d - 1], d, k);
    hunks.push({ kept: x - start, removed: 0, added: 0 });
    hunks.push({ kept: 0, removed: down ? 0 : 1, added: down ? 1 : 0 });
    x = down ? start : start - 1;
    y = down ? start - k - 1 : start - k;
  }
  hunks.push({ kept: x, removed: 0, added: 0 });
  return hunks.reverse();
}
