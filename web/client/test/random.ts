/*
 * Random numbers that can be had again: the seed is printed, and QUIRE_SEED sets it.
 */
import { fromComponents, OpWriter, type Attributes, type Op } from "../src/ot/op.js";
import { Doc } from "../src/ot/document.js";

export class Random {
  private state: number;

  constructor(readonly seed: number) {
    this.state = seed >>> 0;
  }

  /** Mulberry32. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 0x100000000;
  }

  /** 0 to n - 1. */
  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  chance(p: number): boolean {
    return this.next() < p;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }
}

/** The seed of this run, printed so that a failure can be repeated. */
export function announceSeed(name: string): number {
  const seed = Number(process.env.QUIRE_SEED ?? Math.floor(Math.random() * 0xffffffff));
  console.log(`${name}: QUIRE_SEED=${seed}`);
  return seed;
}

const PIECES = ["a", "b", "xyz", "\n", "é", "→", "😀", "word ", "\u{10ffff}", "\uffee", "a\nb"];
const FORMATS: readonly Attributes[] = [
  { bold: true },
  { bold: true, color: "#f00" },
  { color: "#0f0" },
  { header: 1 },
  { font: { size: 1.5, list: [1, null, "x"] } },
];
const PATCHES: readonly Attributes[] = [...FORMATS, { bold: null }, { color: null, bold: true }, { header: null }];

export interface Shape {
  rich: boolean;
  /** About how many components. */
  steps: number;
}

function insertSomething(random: Random, out: OpWriter, shape: Shape): void {
  const attributes = shape.rich && random.chance(0.4) ? random.pick(FORMATS) : null;
  if (shape.rich && random.chance(0.1)) out.embed({ image: random.pick(["a.png", "b.png"]) }, attributes);
  else out.insert(random.pick(PIECES), attributes);
}

export function randomDoc(random: Random, shape: Shape): Doc {
  const out = new OpWriter();
  const steps = random.below(shape.steps + 1);
  for (let i = 0; i < steps; i++) insertSomething(random, out, shape);
  return Doc.fromOp(out.finish());
}

/** An operation that fits `doc` and cuts no surrogate pair. */
export function randomOp(random: Random, doc: Doc, shape: Shape): Op {
  const text = doc.text("\ufffc");
  const out = new OpWriter();
  let at = 0;
  const steps = 1 + random.below(shape.steps);
  for (let i = 0; i < steps; i++) {
    if (random.chance(0.35)) insertSomething(random, out, shape);
    let n = Math.min(text.length - at, 1 + random.below(random.chance(0.2) ? 12 : 3));
    if (/[\udc00-\udfff]/.test(text[at + n] ?? "") && /[\ud800-\udbff]/.test(text[at + n - 1] ?? "")) n++;
    if (n <= 0) continue;
    at += n;
    const kind = random.below(3);
    if (kind === 0) out.delete(n);
    else out.retain(n, kind === 1 && shape.rich ? random.pick(PATCHES) : null);
  }
  return out.finish();
}

export const op = fromComponents;
