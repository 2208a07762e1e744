import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { QuireError, type Document } from "../src/index.js";
import { serverCodec } from "../src/wire/messages.js";
import { append, serveEach, until } from "./live.js";
import { announceSeed, Random } from "./random.js";

const seed = announceSeed("shell");
const live = serveEach();
const { connect, openReady, room, serverText } = live;

describe("writing together", () => {
  test("what one types the others see, and saved means it is in the log", async () => {
    const ann = await openReady(connect());
    const ben = await openReady(connect({ name: "Ben" }));
    const states: boolean[] = [];
    ann.on("saved", (saved) => states.push(saved));
    append(ann, "hello");
    assert.equal(ann.saved, false);
    assert.equal(serverText(), "");
    await until(() => ann.saved);
    assert.equal(serverText(), "hello");
    await until(() => ben.text() === "hello");
    assert.deepEqual(states, [false, true]);
    assert.deepEqual([ann.version, ben.version, ben.type, ben.title, ben.role], [1, 1, "text", "Title of doc", "editor"]);
  });

  test("twenty writers on sockets that break agree, each word there once", async () => {
    const random = new Random(seed);
    const writers = await Promise.all(Array.from({ length: 20 }, () => openReady(connect())));
    const words: string[] = [];
    for (let round = 0; round < 15; round++) {
      for (const [i, writer] of writers.entries()) {
        const word = `<${i}.${round}>`;
        words.push(word);
        writer.submit([{ retain: random.below(writer.length + 1) }, { insert: word }]);
      }
      if (round % 5 === 2) live.server.cutAll();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => writers.every((writer) => writer.saved && writer.version === room().head), "all have everything");
    for (const writer of writers) assert.equal(writer.text(), serverText());
    const letters = (text: string): string => [...text].sort().join("");
    assert.equal(letters(serverText()), letters(words.join("")));
  });

  test("a paste larger than a message goes in parts", async () => {
    live.server.model.frameBytes = 5000;
    const ann = await openReady(connect());
    const text = "many words 😀 ".repeat(5000);
    append(ann, text);
    await until(() => ann.saved);
    assert.equal(serverText(), text);
    assert.ok(room().head > 10);
  });

  test("no more documents are opened than the server allows", async () => {
    live.server.model.channels = 1;
    const connection = connect();
    const ann = await openReady(connection);
    assert.throws(() => connection.open("other"), (error) => error instanceof QuireError && error.code === "channel_limit");
    await ann.close();
    await openReady(connection);
  });

  test("an edit that does not fit is refused on the spot", async () => {
    const ann = await openReady(connect());
    append(ann, "a😀");
    const refused = (ops: Parameters<Document["submit"]>[0], code: string): void => {
      assert.throws(() => ann.submit(ops), (error) => error instanceof QuireError && error.code === code);
    };
    refused([{ retain: 9 }, { insert: "x" }], "out_of_range");
    refused([{ retain: 2 }, { insert: "x" }], "split_surrogate");
    refused([{ insert: "x", attributes: { bold: true } }], "not_text");
    refused([{ insert: "\ud83d" }], "bad_utf8");
    assert.equal(ann.text(), "a😀");
  });

  test("a listener that edits in the middle of a change keeps everybody in step", async () => {
    const ann = await openReady(connect());
    const ben = await openReady(connect());
    let mirrored = "";
    ben.on("change", (_ops, { source }) => source === "remote" && ben.text().endsWith("?") && append(ben, "!"));
    ben.on("change", (ops) => {
      let at = 0;
      for (const component of ops) {
        if ("retain" in component) at += component.retain;
        else if ("insert" in component) {
          mirrored = mirrored.slice(0, at) + String(component.insert) + mirrored.slice(at);
        }
      }
    });
    append(ann, "so?");
    await until(() => ann.text() === "so?!");
    assert.equal(mirrored, "so?!");
  });

  test("a document that is only read refuses edits", async () => {
    room().role = "viewer";
    const ann = await openReady(connect());
    assert.equal(ann.role, "viewer");
    assert.throws(() => append(ann, "x"), (error) => error instanceof QuireError && error.code === "forbidden");
  });
});

describe("messages", () => {
  test("each one is told as it is sent and as it is received", async () => {
    const connection = connect();
    const told: string[] = [];
    connection.on("message", (direction, message) => told.push(`${direction} ${message.kind}`));
    const ann = await openReady(connection);
    append(ann, "a");
    await until(() => ann.saved);
    const mine = told.filter((line) => !/presence|cursor|hash/.test(line));
    assert.deepEqual(mine, ["sent hello", "received welcome", "sent open", "received opened", "sent edit", "received ack"]);
  });
});

describe("coming back", () => {
  test("after a lost acknowledgement the edit is not made twice", async () => {
    const ann = await openReady(connect());
    live.server.cutsBefore = (frame) => serverCodec.decode(frame).some((message) => message.kind === "ack");
    append(ann, "once");
    await until(() => room().head === 1);
    await until(() => ann.status === "offline");
    live.server.cutsBefore = null;
    await until(() => ann.saved);
    assert.equal(serverText(), "once");
    assert.equal(room().head, 1);
  });

  test("some close codes end it, until told to reconnect", async () => {
    const connection = connect();
    const ann = await openReady(connection);
    let detail: unknown;
    connection.on("status", (_status, given) => (detail = given));
    live.server.closeAll(4409);
    await until(() => connection.status === "stopped");
    assert.deepEqual(detail, { code: 4409, reason: "" });
    append(ann, "kept");
    assert.equal(ann.status, "offline");
    connection.reconnect();
    await until(() => ann.saved);
    assert.equal(serverText(), "kept");
  });

  test("after 4503 it comes back by itself", async () => {
    const connection = connect();
    const ann = await openReady(connection);
    const seen: string[] = [];
    connection.on("status", (status, { retryMs }) => seen.push(retryMs === undefined ? status : `${status} at once`));
    live.server.closeAll(4503);
    await until(() => connection.status === "connected" && seen.length === 3);
    assert.deepEqual(seen, ["disconnected at once", "connecting", "connected"]);
    await until(() => ann.status === "live");
  });

  test("a server that falls silent is asked, and then left", async () => {
    /* So long that this machine's other work does not make it seem silent. */
    const connection = connect({ timing: { pingAfterMs: 40, pongWithinMs: 3000, connectWithinMs: 3000, retryFirstMs: 5, retryMaxMs: 10 } });
    await openReady(connection);
    await until(() => live.server.heard.filter((message) => message.kind === "ping").length >= 2);
    assert.equal(connection.status, "connected");
    live.server.isDeaf = true;
    await until(() => connection.status === "disconnected");
    live.server.isDeaf = false;
    await until(() => connection.status === "connected");
  });

  test("bytes that are no messages end the connection, not the client", async () => {
    const connection = connect();
    const ann = await openReady(connection);
    const errors: string[] = [];
    connection.on("error", (error) => errors.push(error.code));
    for (const socket of live.server.sockets) socket.send(new Uint8Array([0x91]));
    await until(() => errors.length > 0);
    await until(() => ann.status === "live");
    assert.deepEqual(errors, ["bad_frame"]);
  });

  test("a divergence is told and healed, keeping what is unsaved", async () => {
    const ann = await openReady(connect());
    append(ann, "abc");
    await until(() => ann.saved);
    const [link] = live.server.model.links;
    live.server.model.options.refuse = () => ({ code: "overloaded", retry_ms: 1 });
    append(ann, " mine");
    link.send({ kind: "hash", ch: 0, version: 1, crc: 1 });
    await until(() => live.server.model.diverged === 1);
    live.server.model.options.refuse = () => null;
    await until(() => ann.saved);
    assert.equal(ann.text(), "abc mine");
    assert.equal(serverText(), "abc mine");
  });
});

describe("documents", () => {
  test("they are made, listed, renamed and removed", async () => {
    const connection = connect();
    const id = await connection.documents.create({ type: "rich", title: "New" });
    assert.match(id, /^[A-Za-z0-9]{16}$/);
    await connection.documents.create({ type: "text", title: "Named", id: "named" });
    await assert.rejects(connection.documents.create({ type: "text", title: "Again", id: "named" }), { code: "exists" });
    const document = await openReady(connection, "named");
    const titles: string[] = [];
    document.on("title", (title) => titles.push(title));
    await connection.documents.rename("named", "Other");
    await until(() => document.title === "Other");
    assert.deepEqual(titles, ["Other"]);
    const { documents, more } = await connection.documents.list({ limit: 10 });
    assert.deepEqual(documents.map(({ title, type, people }) => [title, type, people]), [
      ["Title of doc", "text", 0],
      ["New", "rich", 0],
      ["Other", "text", 1],
    ]);
    assert.equal(more, false);
    const closed: unknown[] = [];
    document.on("status", (status, detail) => closed.push(status, detail.code));
    await connection.documents.remove("named");
    await until(() => document.status === "closed");
    assert.deepEqual(closed, ["closed", "deleted"]);
    await assert.rejects(connection.documents.rename("named", "x"), { code: "not_found" });
    await assert.rejects(openReady(connection, "named"), { code: "not_found" });
  });

  test("an answer that is lost is asked for again, without doing it twice", async () => {
    const connection = connect();
    await openReady(connection);
    let cuts = 0;
    live.server.cutsBefore = (frame) => serverCodec.decode(frame).some((message) => message.kind === "done") && cuts++ < 1;
    const id = await connection.documents.create({ type: "text", title: "Once" });
    assert.deepEqual([cuts, live.server.model.rooms.size], [1, 2]);
    cuts = 0;
    await connection.documents.remove(id);
    assert.deepEqual([cuts, live.server.model.rooms.size], [1, 1]);
  });

  test("the same object while it is open; after closing, what is unsaved still goes out", async () => {
    const connection = connect();
    const ann = await openReady(connection);
    assert.equal(connection.open("doc"), ann);
    live.server.model.options.refuse = () => ({ code: "overloaded", retry_ms: 1 });
    append(ann, "last words");
    ann.close();
    assert.equal(ann.status, "closed");
    live.server.model.options.refuse = () => null;
    await until(() => serverText() === "last words");
    await until(() => room().readers.size === 0);
    const again = await openReady(connection);
    assert.equal(again.text(), "last words");
    assert.notEqual(again, ann);
  });

  test("what cannot be merged after closing is told by the connection", async () => {
    const connection = connect();
    const ann = await openReady(connection);
    const drafts: unknown[] = [];
    connection.on("draft", (draft) => drafts.push(draft));
    live.server.model.options.refuse = () => ({ code: "overloaded", retry_ms: 1 });
    append(ann, "last words");
    ann.close();
    live.server.model.options.refuse = () => ({ code: "bad_format", retry_ms: null });
    await until(() => drafts.length > 0);
    assert.deepEqual(drafts, [{ id: "doc", title: "Title of doc", ops: [{ insert: "last words" }], reason: "bad_format" }]);
  });

  test("several documents share a connection", async () => {
    live.server.model.createRoom("other", 1);
    const connection = connect();
    const [one, two] = await Promise.all([openReady(connection), openReady(connection, "other")]);
    append(one, "1");
    two.submit([{ insert: { image: "x.png" } }, { insert: "b", attributes: { bold: true } }]);
    await until(() => one.saved && two.saved);
    assert.deepEqual([serverText(), two.contents().ops.length, live.server.sockets.size], ["1", 3, 1]);
  });
});

describe("people", () => {
  test("cursors follow what is typed, saved or not", async () => {
    const ann = await openReady(connect({ name: "Ann" }));
    const ben = await openReady(connect({ name: "Ben" }));
    append(ann, "0123456789");
    await until(() => ben.text() === "0123456789");
    ben.setCursor(5, 8);
    const other = () => [...ann.members.values()].find((member) => member.name === "Ben");
    await until(() => other()?.head === 8);
    assert.equal(other()?.anchor, 5);
    live.server.model.options.refuse = () => ({ code: "overloaded", retry_ms: 10 });
    ann.submit([{ retain: 6 }, { insert: "abc" }]);
    assert.deepEqual([other()?.anchor, other()?.head], [5, 11]);
    live.server.model.options.refuse = () => null;
    ann.submit([{ delete: 2 }]);
    assert.deepEqual([other()?.anchor, other()?.head], [3, 9]);
    await until(() => ann.saved && ben.version === room().head);
    await until(() => other()?.head === 9);
    assert.equal(ben.text(), ann.text());
  });

  test("typing along moves the own cursor everywhere without a message", async () => {
    const ann = await openReady(connect({ name: "Ann" }));
    const ben = await openReady(connect({ name: "Ben" }));
    ann.setCursor(0);
    const seen = () => [...ben.members.values()].find((member) => member.name === "Ann")?.head;
    await until(() => seen() === 0);
    for (const letter of "letters") {
      ann.submit([{ retain: ann.length }, { insert: letter }]);
      ann.setCursor(ann.length);
    }
    await until(() => ann.saved && ben.text() === "letters" && seen() === 7);
    assert.equal(live.server.heard.filter((message) => message.kind === "cursor").length, 1);
  });

  test("many moves of the cursor are few messages, the last one counts", async () => {
    const ann = await openReady(connect());
    append(ann, "x".repeat(300));
    await until(() => ann.saved);
    for (let i = 0; i < 300; i++) ann.setCursor(i, i, "data");
    const cursors = () => live.server.heard.filter((message) => message.kind === "cursor");
    await until(() => cursors().some((message) => message.anchor === 299));
    assert.ok(cursors().length <= 3);
    assert.equal(cursors().at(-1)?.data, "data");
  });

  test("who leaves is gone, and who cannot be heard is not shown", async () => {
    const ann = await openReady(connect());
    const benConnection = connect({ name: "Ben" });
    const ben = await openReady(benConnection);
    await until(() => ann.members.size === 2 && ben.people === 2);
    benConnection.setProfile({ name: "Benno", color: "#000001" });
    await until(() => [...ann.members.values()].some((member) => member.name === "Benno"));
    assert.equal(ann.members.get(ann.member)?.self, true);
    ben.setTyping(true);
    await until(() => [...ann.members.values()].some((member) => member.typing));
    ben.close();
    await until(() => ann.members.size === 1);
    live.server.cutAll();
    await until(() => ann.status === "offline");
    assert.equal(ann.members.size, 0);
    await until(() => ann.members.size === 1);
  });

  test("chat messages come once, over breaks as well, and older ones on demand", async () => {
    for (let i = 1; i <= 120; i++) {
      const line = { number: i, member: 0, name: "Old", color: "#000000", at_ms: 0, text: `old ${i}`, by: `0:${i}` };
      room().chat.push(line);
    }
    const ann = await openReady(connect());
    const ben = await openReady(connect({ name: "Ben" }));
    await until(() => ben.chat.messages.length === 50);
    live.server.cutsBefore = (frame) => serverCodec.decode(frame).some((message) => message.kind === "done");
    const sent = ann.chat.send("hello");
    await until(() => room().chat.length === 121 && ann.status === "offline");
    live.server.cutsBefore = null;
    assert.equal(await sent, 121);
    await until(() => ben.chat.messages.length === 51 && ann.chat.messages.length === 51);
    const [mine, theirs] = [ann.chat.messages.at(-1), ben.chat.messages.at(-1)];
    assert.deepEqual([mine?.text, mine?.own, theirs?.own, theirs?.name], ["hello", true, false, "Ann"]);
    assert.equal(room().chat.length, 121);
    assert.equal(await ben.chat.older(), true);
    assert.equal(await ben.chat.older(), false);
    assert.deepEqual(ben.chat.messages.map((message) => message.number), Array.from({ length: 121 }, (_, i) => i + 1));
  });
});
