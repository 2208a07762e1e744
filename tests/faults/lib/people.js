// People who type into one document with the client library, and what each of them was told. Every character typed
// is a code point of its own, so that it can be found again.
import { Connection, WebSocket } from "../../e2e/lib/packages.js";
import { random } from "../../e2e/lib/random.js";
import { until } from "../../e2e/lib/wait.js";

const FIRST = 0x4e00; // the CJK block on: one UTF-16 unit each
const LAST = 0xd7ff;
// They come back sooner than people's browsers would, or the tests would do nothing but wait.
const TIMING = { retryFirstMs: 50, retryMaxMs: 500, goodAfterMs: 100 };

// Node sockets that can be cut.
export class CuttableSocket extends WebSocket {
  static open = new Set();
  constructor(...args) {
    super(...args);
    CuttableSocket.open.add(this);
    this.on("close", () => CuttableSocket.open.delete(this));
    this.on("error", () => CuttableSocket.open.delete(this));
  }
}

export const connect = (url, name) =>
  new Connection({ url, name, color: "#336699", WebSocket: CuttableSocket, storage: false, timing: TIMING });

class Person {
  typed = []; // in the order of typing
  acknowledged = 0; // so many of them
  deletes = new Set(); // characters that this one has deleted, acknowledged or not

  constructor(crowd, number) {
    this.crowd = crowd;
    this.rng = random(crowd.seed + number * 7919);
    this.connection = connect(crowd.url, `Person ${number}`);
    this.doc = this.connection.open(crowd.id);
    this.doc.on("saved", (saved) => saved && (this.acknowledged = this.typed.length));
  }

  type() {
    const text = this.doc.text();
    if (this.rng.next() < 0.2 && text.length > 20) {
      const from = this.rng.below(text.length - 3);
      const length = 1 + this.rng.below(3);
      for (const character of text.slice(from, from + length)) this.deletes.add(character);
      this.doc.submit([...(from ? [{ retain: from }] : []), { delete: length }]);
      return;
    }
    let insert = "";
    for (let i = 0; i <= this.rng.below(3); i++) insert += this.crowd.character();
    this.typed.push(...insert);
    const at = this.rng.below(text.length + 1);
    this.doc.submit([...(at ? [{ retain: at }] : []), { insert }]);
  }
}

export class Crowd {
  #next = FIRST;
  people = [];
  seen = []; // { version, text }: what somebody was shown, now and then

  // `id`: of a document that is there.
  static async start(url, seed, count, id = null) {
    const crowd = new Crowd();
    Object.assign(crowd, { url, seed, rng: random(seed), id });
    if (id === null) {
      const maker = connect(url, "Maker");
      crowd.id = await maker.documents.create({ type: "text", title: "Faults" });
      await maker.close();
    }
    crowd.people = Array.from({ length: count }, (_, i) => new Person(crowd, i));
    await Promise.all(crowd.people.map((person) => person.doc.ready));
    return crowd;
  }

  // Beyond the last character there is none that is known to be new.
  character() {
    if (this.#next > LAST) throw new Error("all characters have been typed");
    return String.fromCodePoint(this.#next++);
  }

  get left() {
    return LAST - this.#next;
  }

  // What was acknowledged up to now.
  acknowledged = () => this.people.map((person) => person.typed.slice(0, person.acknowledged)).flat();
  deleted = () => new Set(this.people.flatMap((person) => [...person.deletes]));
  count = () => this.people.reduce((sum, person) => sum + person.acknowledged, 0);

  // Remembers what one of them is shown of what all are shown.
  look() {
    const { doc } = this.people[this.rng.below(this.people.length)];
    if (doc.saved && doc.status === "live") this.seen.push({ version: doc.version, text: doc.text() });
  }

  // They type for so many rounds, in each of which some characters are acknowledged; `each` happens between.
  async type(rounds, each = () => {}) {
    for (let round = 0; round < rounds; round++) {
      for (const person of this.people) if (this.rng.next() < 0.6) person.type();
      this.look();
      await each(round);
      await new Promise((resolve) => setTimeout(resolve, this.rng.below(8)));
    }
  }

  // All are connected, and everything typed is saved and seen by all.
  async rest() {
    for (const person of this.people) person.connection.reconnect();
    await until(
      () => `all is saved (${this.people.map(({ doc }) => `${doc.status} ${doc.saved}`)})`,
      () => this.people.every(({ doc }) => doc.status === "live" && doc.saved),
    );
    const version = () => Math.max(...this.people.map(({ doc }) => doc.version));
    await until("all have seen all", () => this.people.every(({ doc }) => doc.version === version()));
    for (const person of this.people) person.acknowledged = person.typed.length;
  }

  async leave() {
    await Promise.all(this.people.map((person) => person.connection.close()));
  }
}
