// Random documents, operations and questions.

import { Delta, canonical } from "./reference.js";

const CHARACTERS = [
  "a",
  "b",
  " ",
  "\n",
  "\u0001",
  "\u007f",
  "é",
  "ß",
  "\u07ff",
  "€",
  "漢",
  "\ufffd",
  "\uffff",
  "😀",
  "𝒳",
  "\u{10ffff}",
];
const KEYS = ["bold", "color", "é", "😀", "a b", "0"];
const SCALARS = [
  true,
  false,
  0,
  1,
  -1,
  127,
  128,
  255,
  256,
  65535,
  65536,
  -32,
  -33,
  -32769,
  2 ** 31,
  2 ** 32,
  -(2 ** 31) - 1,
  2 ** 53 - 1,
  -(2 ** 53) + 1,
  2 ** 53,
  2 ** 64,
  1e20,
  1e21,
  1e300,
  5e-324,
  0.1,
  -1.5,
  "",
  "red",
  "é😀",
  "x".repeat(31),
  "x".repeat(32),
  "x".repeat(300),
];
const EMBED_TYPES = ["image", "mention", "é"];
const TEXT_PIECES = [1, 1, 1, 2, 3, 5, 9];

export class Generator {
  #random;

  constructor(random) {
    this.#random = random;
  }

  value(depth) {
    const shape = depth > 0 ? this.#random.below(8) : 7;
    if (shape === 0) return Array.from({ length: this.#random.below(4) }, () => this.inner(depth));
    if (shape === 1) {
      const keys = KEYS.slice(this.#random.below(KEYS.length));
      return Object.fromEntries(keys.map((key) => [key, this.inner(depth)]));
    }
    return this.#random.pick(SCALARS);
  }

  // A value inside another one, where null is data.
  inner(depth) {
    return this.#random.oneIn(5) ? null : this.value(depth - 1);
  }

  // Undefined more often than not. `nullOneIn`: how rarely an attribute is null.
  attributes(nullOneIn) {
    if (!this.#random.oneIn(3)) return undefined;
    const attributes = {};
    for (let i = this.#random.below(4); i > 0; i--) {
      const simple = this.#random.oneIn(2) ? true : this.value(3);
      attributes[this.#random.pick(KEYS)] = this.#random.oneIn(nullOneIn) ? null : simple;
    }
    return attributes;
  }

  text(characters) {
    let text = "";
    for (let i = 0; i < characters; i++) text += this.#random.pick(CHARACTERS);
    return text;
  }

  insert(scale) {
    const embed = () => ({ [this.#random.pick(EMBED_TYPES)]: this.inner(4) });
    const text = () => this.text(this.#random.pick(TEXT_PIECES) * scale);
    return component({ insert: this.#random.oneIn(4) ? embed() : text() }, this.attributes(9));
  }

  document(pieces, scale) {
    return Array.from({ length: pieces }, () => this.insert(scale));
  }

  // An operation on `doc`, whose boundaries never fall inside a surrogate pair. Not canonical: a
  // neighbour may continue its neighbour, inserts follow deletes, plain retains end it.
  operation(doc, scale) {
    const ops = [];
    const atoms = documentAtoms(doc);
    let at = 0;
    const take = () => {
      const end = Math.min(atoms.length, at + this.#random.pick(TEXT_PIECES) * scale);
      let length = 0;
      while (at < end) length += atoms[at++];
      return length;
    };
    for (;;) {
      const action = this.#random.below(8);
      if (action < 2 || at === atoms.length) ops.push(this.insert(scale));
      else if (action < 6) ops.push(component({ retain: take() }, this.attributes(3)));
      else ops.push({ delete: take() });
      if (this.#random.oneIn(at === atoms.length ? 2 : 9)) return ops;
    }
  }
}

function component(action, attributes) {
  return attributes ? { ...action, attributes } : action;
}

// The lengths of the things that a boundary may not cut: characters and embeds.
function documentAtoms(doc) {
  return doc.flatMap(({ insert }) =>
    typeof insert === "string" ? Array.from(insert, (character) => character.length) : [1],
  );
}

// One document with two operations on it and a third on the outcome of the first, and all that can be
// asked about them.
export function questionsMake(random) {
  const generator = new Generator(random);
  const big = random.oneIn(200);
  const scale = big ? 40 : 1;
  const doc = generator.document(random.below(big ? 60 : 6), scale);
  const a = random.oneIn(40) ? [] : generator.operation(doc, scale);
  const b = random.oneIn(40) ? [] : generator.operation(doc, scale);
  const after = canonical(doc).compose(canonical(a));
  const c = generator.operation(after.ops, scale);
  const position = random.below(new Delta(doc).length() + 3);
  const questions = [
    { compose: [a, c] },
    { compose: [doc, a] },
    { transform: [a, b], priority: true },
    { transform: [a, b], priority: false },
    { transform: [b, a] },
    { apply: [doc, a] },
    { apply: [after.ops, c] },
    { invert: [a, doc] },
    { position: [a, position], priority: true },
    { position: [a, position] },
  ];
  const order = random.pick([undefined, "canonical", "stable"]);
  return order ? questions.map((question) => ({ ...question, order })) : questions;
}
