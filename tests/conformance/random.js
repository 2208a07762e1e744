// A seeded generator of random numbers: the same seed gives the same run.

export function seedChoose() {
  const given = process.env.QUIRE_SEED;
  if (given === undefined || given === "") return Math.floor(Math.random() * 2 ** 32);
  if (!/^\d+$/.test(given)) throw new Error(`QUIRE_SEED is not a number: ${given}`);
  return Number(BigInt(given) % 2n ** 32n);
}

export class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  // mulberry32
  #next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  // A whole number from 0 to below `bound`.
  below(bound) {
    return this.#next() % bound;
  }

  // True once in `n` times.
  oneIn(n) {
    return this.below(n) === 0;
  }

  pick(list) {
    return list[this.below(list.length)];
  }
}
