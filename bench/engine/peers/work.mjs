/* The random work of bench/engine/work.c, number for number. */

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
