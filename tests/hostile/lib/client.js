// One TCP connection to the server, which says what it is told to say and remembers all it hears.
import assert from "node:assert/strict";
import { connect as connectTcp } from "node:net";
import { plant } from "../../e2e/lib/secrets.js";
import { until } from "../../e2e/lib/wait.js";
import * as frames from "./frame.js";
import { op } from "./op.js";
import { pack, unpackAll } from "./pack.js";

export const KIND = {
  HELLO: 1, PING: 2, OPEN: 3, CLOSE: 4, EDIT: 5, CURSOR: 6, CHAT: 7, CHATS: 8, LIST: 9, CREATE: 10, RENAME: 11, DELETE: 12, PROFILE: 13,
  DIVERGED: 14, TOKEN: 15, MEMBERS: 16, MEMBER: 17, LINKS: 18, LINK: 19, UNLINK: 20,
  WELCOME: 32, PONG: 33, ERROR: 34, OPENED: 35, EDITED: 36, ACK: 37, CATCHUP: 38, HASH: 39, PRESENCE: 40, CHATTED: 41, CHATS_PAGE: 42,
  DOCUMENTS: 43, DONE: 44, RENAMED: 45, CLOSED: 46, GOING: 47, EXPIRING: 48, ROLE: 49, MEMBERS_LIST: 50, LINKS_LIST: 51, LINKED: 52,
};

// How long the server may take at most; only what has failed waits so long.
const PATIENCE_MS = 60_000;

export class Client {
  heard = Buffer.alloc(0); // not yet taken
  messages = []; // of quire.v1, as arrays, not yet taken
  expiring = []; // of those the EXPIRING, which may come before any other is taken
  pings = []; // payloads
  pongs = [];
  closed = null; // { code, reason } of the server's close frame
  ended = false; // the server has closed the TCP connection
  answersPings = true; // or it could not stay for long, where the machine is slow
  upgraded = false;
  #parts = []; // of a message in several frames
  #waiting = []; // those who look again when something has come

  // A TCP connection, nothing said yet.
  static async connect(server, options = {}) {
    const client = new Client();
    client.server = server;
    client.socket = connectTcp({ port: server.port, host: "127.0.0.1", noDelay: true, ...options });
    client.socket.on("data", (bytes) => client.#hear(bytes));
    client.socket.on("connect", () => client.#wake());
    for (const end of ["end", "close", "error"]) client.socket.on(end, () => {
      client.ended = true;
      client.#wake();
    });
    await client.until("the connection is made", () => client.ended || client.socket.readyState === "open");
    return client;
  }

  // With handshake; `headers` replaces (null: leaves out) those of an honest client.
  static async upgrade(server, headers = {}) {
    const client = await Client.connect(server);
    const response = await client.askUpgrade({ headers });
    assert.equal(response.status, 101, response.head);
    return client;
  }

  // The same and HELLO; `member`: { client, key } of an earlier one.
  static async hello(server, { name = "Mallory", color = "#aa3322", member = null, token = null } = {}) {
    const client = await Client.upgrade(server);
    client.send([KIND.HELLO, token, name, color, member?.client ?? null, member?.key ?? null, "hostile"]);
    const [, number, key, epoch] = await client.next(KIND.WELCOME);
    plant("client key", key);
    return Object.assign(client, { client: number, key, epoch });
  }

  // The same and an open document, made if it is not there.
  static async open(server, id, { type = 1, channel = 0, ...who } = {}) {
    const client = await Client.hello(server, who);
    client.send([KIND.CREATE, 1, type, "", id]);
    await client.answer(1);
    await client.openDocument(id, channel);
    return client;
  }

  until(what, condition) {
    return until(() => `${typeof what === "function" ? what() : what}; closed: ${JSON.stringify(this.closed)}, ended: ${this.ended}, heard: ${JSON.stringify(this.messages).slice(0, 500)}`, condition, PATIENCE_MS, () => this.#pause());
  }

  #pause() {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      setTimeout(resolve, 25);
    });
  }

  #wake() {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  // ---- saying ----

  write(bytes) {
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  // See frame() for what can be wrong with it.
  sendFrame(options) {
    this.write(frames.frame(options));
  }

  // The bytes as one frame.
  sendBytes(bytes) {
    this.sendFrame({ payload: bytes });
  }

  // Messages, each an array, in one frame.
  send(...messages) {
    this.sendBytes(Buffer.concat(messages.map(pack)));
  }

  // A request line and headers as they are (an array of lines, or a string without the empty line); resolves with the response.
  async request(lines) {
    this.write(`${Array.isArray(lines) ? lines.join("\r\n") : lines}\r\n\r\n`);
    return this.response();
  }

  async askUpgrade({ method = "GET", path = "/ws", version = "HTTP/1.1", headers = {} } = {}) {
    const all = {
      Host: `127.0.0.1:${this.server.port}`,
      Upgrade: "websocket",
      Connection: "Upgrade",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Protocol": "quire.v1",
      ...headers,
    };
    const lines = Object.entries(all).filter(([, value]) => value !== null).map(([name, value]) => `${name}: ${value}`);
    const response = await this.request([`${method} ${path} ${version}`, ...lines]);
    if (response.status === 101) this.#becomeWebSocket();
    return response;
  }

  // Edits a document that is open on the channel, as an honest client would.
  async edit(parts, channel = 0) {
    const at = this.channels[channel];
    this.send([KIND.EDIT, channel, at.seq + 1, at.version, op(parts)]);
    const [, , version, seq] = await this.next(KIND.ACK);
    Object.assign(at, { version, seq });
  }

  async openDocument(id, channel = 0, { epoch = null, version = null } = {}) {
    this.send([KIND.OPEN, 2, channel, id, epoch, version, null]);
    const [, , , , , head, seq, snapshot] = await this.next(KIND.OPENED);
    this.channels = { ...this.channels, [channel]: { version: head, seq, snapshot } };
  }

  // ---- hearing ----

  #hear(bytes) {
    this.heard = Buffer.concat([this.heard, bytes]);
    if (this.upgraded) this.#takeFrames();
    this.#wake();
  }

  #becomeWebSocket() {
    this.upgraded = true;
    this.#takeFrames();
  }

  #takeFrames() {
    for (let taken; (taken = frames.takeFrame(this.heard)); ) {
      const { opcode, payload } = taken.frame;
      this.heard = taken.rest;
      if (opcode === frames.BINARY || opcode === frames.CONTINUATION) this.#takeMessages(payload, taken.frame.fin);
      else if (opcode === frames.PING) this.#hearPing(payload);
      else if (opcode === frames.PONG) this.pongs.push(payload);
      else if (opcode === frames.CLOSE) this.closed = { code: payload.length >= 2 ? payload.readUInt16BE(0) : 1005, reason: payload.subarray(2).toString() };
      else throw new Error(`the server sent a frame of opcode ${opcode}`);
    }
  }

  #hearPing(payload) {
    this.pings.push(payload);
    if (this.answersPings) this.sendFrame({ opcode: frames.PONG, payload });
  }

  #takeMessages(payload, fin) {
    this.#parts.push(payload);
    if (!fin) return;
    const messages = unpackAll(Buffer.concat(this.#parts.splice(0)));
    this.messages.push(...messages);
    this.expiring.push(...messages.filter((message) => message[0] === KIND.EXPIRING));
  }

  // Stops reading the socket, as one who never reads.
  stopReading() {
    this.socket.pause();
  }

  // The response to a request: { status, head, headers, body }. A status of 0: the connection has ended without one.
  async response() {
    await this.until("a response", () => this.heard.includes("\r\n\r\n") || this.ended);
    const end = this.heard.indexOf("\r\n\r\n");
    if (end < 0) return { status: 0, head: this.heard.toString("latin1"), headers: {}, body: "" };
    const head = this.heard.subarray(0, end).toString("latin1");
    const headers = Object.fromEntries(head.split("\r\n").slice(1).map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]));
    this.heard = this.heard.subarray(end + 4);
    const size = Number(headers["content-length"] ?? 0);
    await this.until("the response's body", () => this.heard.length >= size || this.ended);
    const body = this.heard.subarray(0, size).toString();
    this.heard = this.heard.subarray(size);
    return { status: Number(head.split(" ")[1]), head, headers, body };
  }

  // The next message of a kind (passing over others), or one that `matches`.
  async next(kind, matches = () => true) {
    const find = () => this.messages.findIndex((message) => message[0] === kind && matches(message));
    await this.until(`a message of kind ${kind}`, () => find() >= 0 || this.ended || this.closed);
    const at = find();
    assert.ok(at >= 0, `no message of kind ${kind} came; closed: ${JSON.stringify(this.closed)}, heard: ${JSON.stringify(this.messages)}`);
    const [message] = this.messages.splice(0, at + 1).slice(-1);
    return message;
  }

  // The DONE or ERROR for a ref.
  async answer(ref) {
    const mine = (message) => (message[0] === KIND.DONE || message[0] === KIND.ERROR) && message[1] === ref;
    await this.until(`the answer to ${ref}`, () => this.messages.some(mine) || this.ended || this.closed);
    const at = this.messages.findIndex(mine);
    assert.ok(at >= 0, `no answer to ${ref} came; closed: ${JSON.stringify(this.closed)}`);
    return this.messages.splice(at, 1)[0];
  }

  // The next ERROR has this code and, unless left out, this `at` (null: none). Resolves with
  // { ref, channel, code, text, retryMs, at }.
  async expectError(code, at) {
    const [, ref, channel, got, text, retryMs, place] = await this.next(KIND.ERROR);
    assert.equal(got, code, `${text} (at ${place})`);
    if (at !== undefined) assert.equal(place, at, `where: ${text}`);
    return { ref, channel, code: got, text, retryMs, at: place };
  }

  // The server closes with one of these codes, and then the connection ends.
  async expectClose(...codes) {
    await this.until(`a close with ${codes}`, () => this.closed || this.ended);
    assert.ok(codes.includes(this.closed?.code), `closed with ${JSON.stringify(this.closed)} instead of ${codes}`);
    this.sendFrame({ opcode: frames.CLOSE, payload: Buffer.of(this.closed.code >> 8, this.closed.code & 255) });
    await this.until("the end of the connection", () => this.ended);
    return this.closed;
  }

  // The server ends the TCP connection, with or without a close frame.
  async expectEof() {
    await this.until("the end of the connection", () => this.ended);
  }

  // The connection still answers, and has not been told of a refusal.
  async expectOpen() {
    const n = Math.floor(Math.random() * 2 ** 32);
    this.send([KIND.PING, n]);
    await this.next(KIND.PONG, (message) => message[1] === n);
    assert.equal(this.closed, null);
  }

  end() {
    this.socket.destroy();
  }
}
