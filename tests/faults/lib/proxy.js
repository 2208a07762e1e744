// A network that misbehaves between clients and a server: it knows frames of WebSocket, and delays them, sends
// them twice, cuts connections in the middle of one, and swallows what the server says before it cuts. It can be slow, and
// hold back what goes in one direction, the ends of connections too, until it lets go of it.
import { connect, createServer } from "node:net";

const DELAY_MS = 30;

// The length of the frame that a buffer begins with, or 0 if it is not whole.
function frameLength(bytes) {
  if (bytes.length < 2) return 0;
  const masked = (bytes[1] & 0x80) !== 0 ? 4 : 0;
  const short = bytes[1] & 0x7f;
  const header = (short === 126 ? 4 : short === 127 ? 10 : 2) + masked;
  if (bytes.length < header) return 0;
  const size = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  return bytes.length < header + size ? 0 : header + size;
}

const isData = (frame) => [0, 1, 2].includes(frame[0] & 0x0f);

// One direction: after the handshake it goes on frame by frame.
class Way {
  #rest = Buffer.alloc(0);
  #isOpen = false;
  #queue = Promise.resolve();

  constructor(to, take) {
    Object.assign(this, { to, take });
  }

  // After all that was given before.
  then(what) {
    this.#queue = this.#queue.then(what);
  }

  give(bytes) {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    if (!this.#isOpen) {
      const end = this.#rest.indexOf("\r\n\r\n");
      if (end < 0) return;
      this.#isOpen = true;
      const handshake = this.#rest.subarray(0, end + 4);
      this.#rest = this.#rest.subarray(end + 4);
      this.then(() => this.take(handshake, this.to));
    }
    for (let length; (length = frameLength(this.#rest)) > 0; ) {
      const frame = this.#rest.subarray(0, length);
      this.#rest = this.#rest.subarray(length);
      this.then(() => this.take(frame, this.to));
    }
  }
}

export class Proxy {
  connections = new Set();
  bytesPerSecond = Infinity; // of each connection and direction
  #held = null; // { way, released, release }
  counts = { delayed: 0, doubled: 0, cut: 0, swallowed: 0 };

  // chances: of { delay, double, cut, swallow } for each frame.
  static async start(port, rng, chances) {
    const proxy = Object.assign(new Proxy(), { port, rng, chances });
    proxy.server = createServer((client) => proxy.#join(client));
    await new Promise((resolve) => proxy.server.listen(0, "127.0.0.1", resolve));
    proxy.url = `ws://127.0.0.1:${proxy.server.address().port}/ws`;
    return proxy;
  }

  // From now on it is a good network.
  heal() {
    this.chances = { delay: 0, double: 0, cut: 0, swallow: 0 };
  }

  // From now on what goes "up" or "down" does not arrive; until `release`.
  hold(way) {
    let release;
    const released = new Promise((resolve) => (release = resolve));
    this.#held = { way, released, release };
  }

  release() {
    this.#held?.release();
    this.#held = null;
  }

  async #travel(way, bytes) {
    if (this.#held?.way === way) await this.#held.released;
    const ms = (bytes.length * 1000) / this.bytesPerSecond;
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
  }

  async stop() {
    this.release();
    for (const end of this.connections) end();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #join(client) {
    const server = connect(this.port, "127.0.0.1");
    const state = { isDeaf: false };
    const end = () => {
      client.destroy();
      server.destroy();
      this.connections.delete(end);
    };
    this.connections.add(end);
    const up = new Way(server, async (frame, to) => {
      await this.#travel("up", frame);
      await this.#pass(frame, to, end, { double: true });
    });
    const down = new Way(client, async (frame, to) => {
      await this.#travel("down", frame);
      await this.#passDown(frame, to, end, state);
    });
    const ends = (way, name) => () => way.then(() => this.#travel(name, "").then(end));
    client.on("data", (bytes) => up.give(bytes)).on("error", () => {}).on("close", ends(up, "up"));
    server.on("data", (bytes) => down.give(bytes)).on("error", () => {}).on("close", ends(down, "down"));
  }

  #happens(what) {
    return this.rng.next() < this.chances[what];
  }

  // What the server says is lost, and a moment later the connection.
  async #passDown(frame, to, end, state) {
    if (!state.isDeaf && isData(frame) && this.#happens("swallow")) {
      state.isDeaf = true;
      this.counts.swallowed++;
      setTimeout(end, DELAY_MS);
    }
    if (!state.isDeaf) await this.#pass(frame, to, end, {});
  }

  async #pass(frame, to, end, { double }) {
    if (this.#happens("delay")) {
      this.counts.delayed++;
      await new Promise((resolve) => setTimeout(resolve, this.rng.below(DELAY_MS)));
    }
    if (this.#happens("cut")) {
      this.counts.cut++;
      // Nothing may follow the half of a frame: it would be taken for the other half.
      await new Promise((resolve) => to.write(frame.subarray(0, this.rng.below(frame.length)), resolve));
      end();
      return;
    }
    to.write(frame);
    if (double && isData(frame) && this.#happens("double")) {
      this.counts.doubled++;
      to.write(frame);
    }
  }
}
