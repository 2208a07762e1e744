// A file of rows: one server for all of them, and somebody honest who writes into another document meanwhile. After each
// row, that one's next edit must be acknowledged and the program must be running.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server } from "../../e2e/lib/server.js";
import { Client, KIND } from "./client.js";

const KEEP_ALIVE_MS = 15_000;

export class House {
  #clients = [];

  // `token()`: one of an owner of everything, where the server asks for tokens.
  constructor(server, token) {
    this.server = server;
    this.token = token;
  }

  async #keep(made) {
    const client = await made;
    this.#clients.push(client);
    return client;
  }

  // Each as the static one of Client, to this server, and ended when the row is.
  connect = (options) => this.#keep(Client.connect(this.server, options));
  upgrade = (headers) => this.#keep(Client.upgrade(this.server, headers));
  hello = (who) => this.#keep(Client.hello(this.server, who));
  open = (id, options) => this.#keep(Client.open(this.server, id, options));

  // The document as the next who opens it gets it: its snapshot's bytes.
  async snapshot(id) {
    const reader = await this.open(id, { token: this.token() });
    const { version, snapshot } = reader.channels[0];
    reader.end();
    return { version, snapshot };
  }

  async start() {
    this.honest = await Client.open(this.server, "honest", { type: 2, name: "Honest", token: this.token() });
    this.beat = setInterval(() => this.honest.send([KIND.PING, 1]), KEEP_ALIVE_MS);
  }

  // The honest one keeps working, and whoever comes anew does, too.
  async alive() {
    assert.equal(this.honest.closed, null, "the honest client was closed");
    await this.honest.edit([{ insert: "a" }]);
    const newcomer = await Client.open(this.server, "honest", { name: "Newcomer", token: this.token() });
    assert.equal(newcomer.channels[0].version, this.honest.channels[0].version);
    newcomer.end();
    this.honest.messages.length = 0;
  }

  sweep() {
    for (const client of this.#clients.splice(0)) client.end();
  }

  async stop() {
    clearInterval(this.beat);
    this.sweep();
    this.honest?.end();
    await this.server.remove();
  }
}

// rows(options of the server, and `token` of the House) gives row(number, what, body): body gets the House. `number` may be a list.
export function rows({ token = () => null, ...options } = {}) {
  let house;
  before(async () => {
    house = new House(await Server.start(options), token);
    await house.start();
  });
  after(async () => await house?.stop());
  return (number, what, body) =>
    test(`${Array.isArray(number) ? "rows" : "row"} ${number}: ${what}`, { timeout: 180_000 }, async () => {
      try {
        await body(house);
      } finally {
        house.sweep();
      }
      await house.alive();
    });
}
