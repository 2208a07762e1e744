// People who type into one document with the client library. What each does and is told goes into a history of their own.
// Every character typed is a code point of its own, so that it can be found again.
import { decode } from "../../../web/client/dist/ot.js";
import { Connection, WebSocket } from "../../e2e/lib/packages.js";
import { random } from "../../e2e/lib/random.js";
import { secretText } from "../../e2e/lib/secrets.js";
import { until } from "../../e2e/lib/wait.js";

const FIRST = 0x4e00; // the CJK block on: one UTF-16 unit each
const LAST = 0xd7ff;
const PATIENCE_MS = 60_000;
const HASTY_ROUNDS = 200; // of those who type until something happens; then they take their time, or would run out of characters
// They come back sooner than people's browsers would, or the tests would do nothing but wait.
const TIMING = { retryFirstMs: 50, retryMaxMs: 500, goodAfterMs: 100, pingAfterMs: 2000, pongWithinMs: 2000, connectWithinMs: 4000 };

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

// What a history has of a message; those that are not listed it has not.
const FACTS = {
  hello: ({ client }) => ({ client }),
  welcome: ({ client, epoch }) => ({ client, epoch }),
  open: ({ epoch, version }) => ({ epoch, version }),
  opened: ({ ref, epoch, version, head, seq, snapshot }) => ({ ref, epoch, version, head, seq, snapshot: snapshot && decode(snapshot) }),
  edit: ({ seq, base, version, op }) => ({ seq, base, version, ops: decode(op) }),
  ack: ({ seq, version }) => ({ seq, version }),
  catchup: ({ first, last, op }) => ({ first, last, ops: decode(op) }),
  hash: ({ version, crc }) => ({ version, crc }),
  diverged: ({ version, hash }) => ({ version, hash }),
  error: ({ ref, code }) => ({ ref, code }),
  closed: ({ code }) => ({ code }),
  going: ({ retry_ms: retryMs }) => ({ retryMs }),
};

class Person {
  typed = 0; // characters
  acknowledged = 0; // so many of them

  // `twin`: somebody whose number and key this one has, too, as a page does that was copied.
  constructor(crowd, number, twin = null) {
    this.crowd = crowd;
    this.note = crowd.history.writer(`person-${number}`);
    this.rng = random(crowd.seed + number * 7919);
    this.connection = connect(crowd.url, `${secretText("name")} ${number}`);
    if (twin) this.connection.machine.identity = twin.connection.machine.identity;
    this.connection.on("message", (direction, message) => {
      const told = FACTS[message.kind];
      if (!told) return;
      try {
        this.note(`${direction} ${message.kind}`, told(message));
      } catch (error) {
        this.note("malformed", { what: `${direction} ${message.kind}: ${error}` });
      }
    });
    this.connection.on("status", (status, { code }) => this.note("status", { status, code }));
    this.doc = this.connection.open(crowd.id);
    this.doc.on("draft", ({ ops, reason }) => this.note("draft", { reason, ops }));
    this.doc.on("saved", (saved) => {
      if (!saved) return;
      this.acknowledged = this.typed;
      this.note("saved");
    });
  }

  // What is shown is the log's at a version when nothing is unsaved.
  look(event = "shown") {
    const { doc } = this;
    if (doc.saved && doc.status === "live") this.note(event, { version: doc.version, text: doc.text() });
  }

  #submit(ops, insert, deleted) {
    this.typed += insert.length;
    this.note("typed", { insert, deleted });
    this.doc.submit(ops);
  }

  type() {
    const text = this.doc.text();
    if (this.rng.next() < 0.2 && text.length > 20) {
      const from = this.rng.below(text.length - 3);
      const length = 1 + this.rng.below(3);
      this.#submit([...(from ? [{ retain: from }] : []), { delete: length }], "", text.slice(from, from + length));
      return;
    }
    let insert = "";
    for (let i = 0; i <= this.rng.below(3); i++) insert += this.crowd.character();
    const at = this.rng.below(text.length + 1);
    this.#submit([...(at ? [{ retain: at }] : []), { insert }], insert, "");
  }
}

export class Crowd {
  #next = FIRST;
  people = [];
  guests = []; // of whom nobody waits for the end

  // `url`: where they connect; `makerUrl`: where the document is made.
  static async start({ history, url, makerUrl = url, seed, count }) {
    const crowd = new Crowd();
    Object.assign(crowd, { history, url, seed, rng: random(seed) });
    const maker = connect(makerUrl, "Maker");
    crowd.id = await maker.documents.create({ type: "text", title: secretText("title") });
    await maker.close();
    crowd.people = Array.from({ length: count }, (_, i) => new Person(crowd, i));
    await Promise.all(crowd.people.map((person) => person.doc.ready));
    return crowd;
  }

  // Beyond the last character there is none that is known to be new.
  character() {
    if (this.#next > LAST) throw new Error("all characters have been typed");
    return String.fromCodePoint(this.#next++);
  }

  // Characters that were acknowledged up to now.
  count = () => [...this.people, ...this.guests].reduce((sum, person) => sum + person.acknowledged, 0);

  // They type for so many rounds, in each of which some characters are acknowledged; `each` happens between.
  async type(rounds, each = () => {}) {
    for (let round = 0; round < rounds; round++) {
      for (const person of this.people) if (this.rng.next() < 0.6) person.type();
      this.people[this.rng.below(this.people.length)].look();
      await each(round);
      await new Promise((resolve) => setTimeout(resolve, this.rng.below(8)));
    }
  }

  // They type until something has happened; if it takes too long that is an error.
  async typeUntil(what, holds) {
    const end = Date.now() + PATIENCE_MS;
    for (let round = 0; !holds(); round++) {
      if (Date.now() > end) throw new Error(`typed in vain: ${what}`);
      await this.type(1);
      if (round > HASTY_ROUNDS) await new Promise((resolve) => setTimeout(resolve, 25));
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
  }

  // One more, until they leave with all saved.
  async join(twin) {
    const person = new Person(this, this.people.length + this.guests.length, twin);
    await person.doc.ready;
    this.guests.push(person);
    return person;
  }

  // What everybody has when all is over.
  end() {
    for (const person of this.people) person.look("rested");
  }

  async leave() {
    await Promise.all([...this.people, ...this.guests].map((person) => person.connection.close()));
  }
}
