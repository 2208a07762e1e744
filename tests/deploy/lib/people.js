// Two people with the shipped client, one of whom writes what the other must read.
import assert from "node:assert/strict";
import { Connection, WebSocket } from "../../e2e/lib/packages.js";
import { MARK, plant, secretText } from "../../e2e/lib/secrets.js";
import { until } from "../../e2e/lib/wait.js";

// A node socket that believes this certificate, and says what a browser would besides.
export const socketTrusting = (ca, headers = {}) =>
  class extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols, { ca, headers });
    }
  };

// `token`: of the one, who makes a link for the other; without it both may do everything.
export async function writeAndRead(url, Socket, size, token = null) {
  const connect = (token) => new Connection({ url, name: secretText("name"), color: "#336699", WebSocket: Socket, storage: false, token: () => token });
  const [ann, bob] = [connect(token), connect(null)];
  try {
    const id = await ann.documents.create({ type: "text", title: secretText("title") });
    const written = ann.open(id);
    await written.ready;
    const link = token && plant("link", (await written.sharing.createLink({ role: "editor" })).secret);
    const read = bob.open(id, { link });
    await read.ready;
    const text = MARK.repeat(size / MARK.length);
    written.submit([{ insert: text }]);
    await until("what Ann wrote is saved and Bob has it", () => written.saved && read.text() === text);
    read.submit([{ insert: "back" }]);
    await until("Ann has what Bob wrote", () => read.saved && written.text().startsWith("back"));
    assert.equal(written.text(), read.text());
  } finally {
    await Promise.all([ann.close(), bob.close()]);
  }
}
