// A small seeded generator (mulberry32), so that a failing run can be repeated with QUIRE_SEED.
export const seed = Number(process.env.QUIRE_SEED ?? Math.floor(Math.random() * 2 ** 31));

export function random(from) {
  let state = from >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return { next, below: (n) => Math.floor(next() * n) };
}
