// Two people with the shipped client, one of whom writes what the other must read.
import assert from "node:assert/strict";
import { Connection, WebSocket } from "../../e2e/lib/packages.js";
import { until } from "../../e2e/lib/wait.js";

// A node socket that believes this certificate, and says what a browser would besides.
export const socketTrusting = (ca, headers = {}) =>
  class extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols, { ca, headers });
    }
  };

export async function writeAndRead(url, Socket, size) {
  const connect = (name) => new Connection({ url, name, color: "#336699", WebSocket: Socket, storage: false });
  const [ann, bob] = [connect("Ann"), connect("Bob")];
  try {
    const id = await ann.documents.create({ type: "text", title: "Through" });
    const [written, read] = [ann.open(id), bob.open(id)];
    await Promise.all([written.ready, read.ready]);
    const text = "0123456789abcdef".repeat(size / 16);
    written.submit([{ insert: text }]);
    await until("what Ann wrote is saved and Bob has it", () => written.saved && read.text() === text);
    read.submit([{ insert: "back" }]);
    await until("Ann has what Bob wrote", () => read.saved && written.text().startsWith("back"));
    assert.equal(written.text(), read.text());
  } finally {
    await Promise.all([ann.close(), bob.close()]);
  }
}
