// Random valid edits, on whichever state of a document, and somebody who follows it with quill-delta.
import assert from "node:assert/strict";
import { Delta, ot } from "../../e2e/lib/packages.js";
import { KIND } from "./client.js";
import { op } from "./op.js";

const TEXTS = ["a", "bc", "\n", "\u{1f600}", "e\u0301", "\u05d0\u202e", "\u0000\u0001", "\ufeff\ufffe", "中文", "x".repeat(300)];
const FORMATS = [
  { bold: true }, { italic: true, bold: true }, { color: "#a0b1c2" }, { link: "https://a.org/b" }, { header: 2 }, { list: "bullet", indent: 1 }, { align: "center" },
  { "code-block": "c" }, { size: "large", font: "serif" }, { script: "sub" },
];
const EMBED = { image: "https://a.org/b.png" };
const EMBED_FORMATS = [{ alt: "b", width: "10px" }, { height: 20 }, { link: "https://a.org" }];

const pick = (rng, all) => all[rng.below(all.length)];
// Each attribute as it is, or taken away.
const patch = (rng) => Object.fromEntries(Object.entries(pick(rng, FORMATS)).map(([name, value]) => [name, rng.below(3) === 0 ? null : value]));

const pointsOf = (doc) => doc.ops.flatMap(({ insert }) => (typeof insert === "string" ? [...insert].map((point) => point.length) : [1]));

// An edit that fits this document: a Delta that no two other forms are as short as.
export function anyEdit(rng, doc, type) {
  const isRich = type === "rich";
  const edit = new Delta();
  const points = pointsOf(doc);
  const average = Math.max(1, Math.floor(points.length / (1 + rng.below(6))));
  const insert = () => {
    if (isRich && rng.below(6) === 0) edit.insert(EMBED, rng.below(2) ? pick(rng, EMBED_FORMATS) : undefined);
    else edit.insert(pick(rng, TEXTS), isRich && rng.below(2) ? pick(rng, FORMATS) : undefined);
  };
  for (let at = 0; at < points.length; ) {
    if (rng.below(2)) insert();
    const count = Math.min(1 + rng.below(2 * average), points.length - at);
    const length = points.slice(at, at + count).reduce((sum, point) => sum + point, 0);
    const kind = rng.below(points.length > 2000 ? 3 : 8);
    if (kind < 2) edit.delete(length);
    else edit.retain(length, isRich && kind === 3 ? patch(rng) : undefined);
    at += count;
  }
  if (rng.below(4) === 0) insert();
  return edit.chop();
}

// What version 0 of a document is.
const first = (type) => new Delta(type === "rich" ? [{ insert: "\n" }] : []);

// Reads along over the connection `client`, which has the document open on channel 0 since version 0 and does not edit.
export class Follower {
  hashes = 0;

  constructor(client, type) {
    this.client = client;
    this.type = type;
    this.states = [first(type)]; // by version, and nothing where several came folded into one
  }

  get version() {
    return this.states.length - 1;
  }

  get document() {
    return this.states.at(-1);
  }

  // Takes what has come.
  take() {
    for (const [kind, , one, two, bytes] of this.client.messages.splice(0)) {
      if (kind === KIND.EDITED) this.#put(one, one, bytes);
      else if (kind === KIND.CATCHUP) this.#put(one, two, bytes);
      else if (kind === KIND.HASH) this.#compare(one, two);
    }
  }

  #put(from, to, bytes) {
    assert.equal(from, this.version + 1, "a version is missing");
    this.states[to] = this.document.compose(new Delta(ot.decode(bytes)));
  }

  #compare(version, crc) {
    assert.equal(version, this.version);
    assert.equal(ot.crc32(ot.encode(this.document.ops)), crc, `the hash of version ${version}`);
    this.hashes++;
  }

  // This version or a later one.
  async reach(version) {
    await this.client.until(`version ${version}`, () => {
      this.take();
      return this.version >= version || this.client.ended;
    });
    assert.ok(this.version >= version, "the connection has ended");
  }
}

// Writes over the connection `client`, on states of the document that are as old as may be.
export class Scribe {
  constructor(rng, client, follower) {
    Object.assign(this, { rng, client, follower, own: 0 });
  }

  send() {
    const { states, version, type } = this.follower;
    const bases = states.flatMap((state, at) => (state && at >= this.own ? [at] : []));
    const base = bases.length > 0 ? pick(this.rng, bases.slice(-20)) : version;
    const at = this.client.channels[0];
    this.client.send([KIND.EDIT, 0, ++at.seq, base, op(anyEdit(this.rng, states[base], type).ops)]);
  }

  // The version that the last edit got.
  async saved() {
    const isAnswer = ([kind]) => kind === KIND.ACK || kind === KIND.ERROR;
    await this.client.until("an answer", () => this.client.messages.some(isAnswer) || this.client.ended);
    const answers = this.client.messages.splice(0).filter(isAnswer);
    assert.equal(answers.length, 1, JSON.stringify(answers));
    const [kind, , version, seq, text] = answers[0];
    assert.equal(kind, KIND.ACK, text);
    assert.equal(seq, this.client.channels[0].seq, "the answer to another edit");
    this.own = version;
    return version;
  }
}
