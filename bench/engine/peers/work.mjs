/* What is measured: the traces, and the random work of bench/engine/work.c, number for number. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

const TEXT = "the quick brown fox jumps over the lazy dog, again and again";
const MASK = (1n << 64n) - 1n;

/** SplitMix64, as `rng_below` has it. */
export class Rng {
  constructor(seed) {
    this.state = BigInt(seed);
  }

  below(count) {
    this.state = (this.state + 0x9e3779b97f4a7c15n) & MASK;
    let z = this.state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
    z ^= z >> 31n;
    return Number(((z >> 32n) * BigInt(count)) >> 32n);
  }
}

/** A component list, `{retain}`, `{insert}` or `{delete}`, of so many random components. */
export function randomComponents(rng, count) {
  const components = [];
  let last = 3;
  for (let i = 0; i < count; i++) {
    let kind = rng.below(3);
    if (kind === last) kind = (kind + 1) % 3;
    last = kind;
    const length = 1 + rng.below(rng.below(4) === 0 ? 60 : 10);
    if (kind === 0) components.push({ retain: length });
    else if (kind === 1) components.push({ insert: TEXT.substring(0, length) });
    else components.push({ delete: length });
  }
  return components;
}

/** Pairs of random operations, so many that none is remembered from the round before. */
export function randomPairs(components) {
  const rng = new Rng(components);
  const pairs = Math.floor(20000 / components) + 1;
  return Array.from({ length: pairs }, () => [
    randomComponents(rng, components),
    randomComponents(rng, components),
  ]);
}

/** Edits as somebody types them: runs of letters, a backspace now and then, sometimes another place. */
function typing(rng, base, count, jumps) {
  const edits = [];
  let length = base;
  let pos = rng.below(length + 1);
  for (let i = 0; i < count; i++) {
    if (rng.below(100) < jumps) pos = rng.below(length + 1);
    const deletes = pos > 0 && rng.below(100) < 14;
    const letter = String.fromCharCode(97 + rng.below(26));
    if (deletes) pos--;
    edits.push({ pos, deleted: deletes ? 1 : 0, text: deletes ? "" : letter, length });
    if (!deletes) pos++;
    length += deletes ? -1 : 1;
  }
  return edits;
}

/** Two people's edits on one document of 18,000 letters. */
export function offline(edits) {
  const rng = new Rng(1);
  const base = TEXT.repeat(301).substring(0, 18000);
  return { base, sides: [typing(rng, base.length, edits, 3), typing(rng, base.length, edits, 3)] };
}

const read = (folder, name) => gunzipSync(readFileSync(join(folder, `${name}.gz`)));

/** The edits in such records from `at` on, at most `most`; `length` is that of the document before each. */
function readEdits(bytes, at, most, length) {
  const edits = [];
  while (at < bytes.length && edits.length < most) {
    const size = bytes.readUInt32LE(at + 8);
    const edit = {
      pos: bytes.readUInt32LE(at),
      deleted: bytes.readUInt32LE(at + 4),
      text: bytes.toString("utf8", at + 12, at + 12 + size),
      length,
    };
    edits.push(edit);
    length += edit.text.length - edit.deleted;
    at += 12 + size;
  }
  return { edits, at };
}

/** One edit after the other, and the text they end with. */
export function readTrace(folder, name) {
  const { edits } = readEdits(read(folder, `${name}.edits`), 0, Infinity, 0);
  return { edits, final: read(folder, `${name}.final`).toString("utf8") };
}

/** The transactions of two authors; `seen[k]` says how many of author k's each was made on. */
export function readSession(folder, name) {
  const bytes = read(folder, `${name}.concbin`);
  const agents = bytes.readUInt32LE(0);
  const count = bytes.readUInt32LE(4);
  const transactions = [];
  let at = 8;
  for (let i = 0; i < count; i++) {
    const agent = bytes.readUInt32LE(at);
    const seen = Array.from({ length: agents }, (_, k) => bytes.readUInt32LE(at + 4 + 4 * k));
    const patches = bytes.readUInt32LE(at + 4 + 4 * agents);
    const part = readEdits(bytes, at + 8 + 4 * agents, patches, NaN);
    at = part.at;
    transactions.push({ agent, seen, edits: part.edits });
  }
  return { agents, transactions, final: read(folder, `${name}.conc.final`).toString("utf8") };
}
