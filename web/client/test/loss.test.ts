import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { QuireError, type Document, type Draft } from "../src/index.js";
import { serverCodec } from "../src/wire/messages.js";
import { append, serveEach, until } from "./live.js";

const live = serveEach();
const { connect, openReady, room, serverText } = live;

describe("a server that forgets", () => {
  async function writeThreeAndLoseTwo(ann: Document, drafts: Draft[]): Promise<void> {
    ann.on("draft", (draft) => drafts.push(draft));
    for (const text of ["one ", "two ", "three "]) {
      append(ann, text);
      await until(() => ann.saved);
    }
    room().rollBack(1);
    live.server.model.epoch++;
  }

  test("a server that has lost acknowledged edits is given them again", async () => {
    const ann = await openReady(connect());
    const drafts: Draft[] = [];
    const saved: boolean[] = [];
    await writeThreeAndLoseTwo(ann, drafts);
    ann.on("saved", (is) => saved.push(is));
    live.server.cutAll();
    await until(() => ann.status === "offline");
    append(ann, "four");
    await until(() => ann.saved);
    assert.equal(serverText(), "one two three four");
    assert.equal(ann.text(), "one two three four");
    assert.deepEqual(saved, [false, true]);
    assert.deepEqual(drafts, []);
  });

  test("a server put back to an older backup than the client can mend: unsaved text stays, what is lost is handed to the user", async () => {
    const ann = await openReady(connect());
    const drafts: Draft[] = [];
    for (let i = 0; i < 250; i++) {
      append(ann, `${i} `);
      await until(() => ann.saved);
    }
    const all = ann.text();
    ann.on("draft", (draft) => drafts.push(draft));
    room().rollBack(1);
    live.server.model.epoch++;
    live.server.cutAll();
    await until(() => ann.status === "offline");
    append(ann, "four");
    await until(() => ann.saved);
    assert.equal(serverText(), "0 four");
    assert.equal(ann.text(), "0 four");
    assert.deepEqual(drafts, [{ ops: [{ insert: `${all}four` }], reason: "restored" }]);
  });
});

describe("the chat of a server that was put back to a backup", () => {
  const say = (count: number, text: string): void => {
    const { chat } = room();
    for (let i = 1; i <= count; i++) {
      const number = chat.length + 1;
      chat.push({ number, member: 0, name: "Old", color: "#000000", at_ms: 0, text: `${text} ${number}`, by: `${text}:${number}` });
    }
  };
  const restore = (kept: number): void => {
    room().chat.splice(kept);
    live.server.model.epoch++;
  };
  const comeBack = async (ann: Document): Promise<void> => {
    live.server.cutAll();
    await until(() => ann.status === "offline");
    await until(() => ann.status === "live");
  };
  const texts = (ann: Document): string[] => ann.chat.messages.map((message) => message.text);

  test("is what the server has now, none of it missing or twice, although numbers stand for other messages", async () => {
    say(3, "before");
    const ann = await openReady(connect());
    await until(() => texts(ann).length === 3);
    assert.equal(await ann.chat.send("mine"), 4);
    await until(() => ann.chat.messages[3]?.own === true);
    let listed = texts(ann);
    ann.on("chats", (messages) => (listed = messages.map((message) => message.text)));
    ann.on("chat", (message) => listed.push(message.text));
    restore(2);
    say(4, "after");
    await comeBack(ann);
    await until(() => texts(ann).includes("after 6"));
    assert.deepEqual(texts(ann), ["before 1", "before 2", "after 3", "after 4", "after 5", "after 6"]);
    assert.deepEqual(listed, texts(ann));
    assert.equal(ann.chat.messages.some((message) => message.own), false);
    await comeBack(ann);
    say(1, "live");
    await comeBack(ann);
    await until(() => texts(ann).includes("live 7"));
    assert.deepEqual(ann.chat.messages.map((message) => message.number), [1, 2, 3, 4, 5, 6, 7]);
  });

  test("is empty when the backup had none", async () => {
    say(3, "before");
    const ann = await openReady(connect());
    await until(() => texts(ann).length === 3);
    restore(0);
    let listed: unknown = null;
    ann.on("chats", (messages) => (listed = messages));
    await comeBack(ann);
    assert.deepEqual([texts(ann), listed], [[], []]);
    assert.equal(await ann.chat.send("first"), 1);
    await until(() => texts(ann).length === 1);
  });

  test("has no gap where older messages were asked for meanwhile", async () => {
    say(60, "before");
    const ann = await openReady(connect());
    await until(() => texts(ann).length === 50);
    live.server.cutsBefore = (frame) => serverCodec.decode(frame).some((message) => message.kind === "chats");
    const older = ann.chat.older();
    await until(() => ann.status === "offline");
    restore(10);
    say(140, "after");
    live.server.cutsBefore = null;
    assert.equal(await older, true);
    await until(() => texts(ann).includes("after 150"));
    assert.equal(texts(ann)[0], "after 101");
    assert.equal(await ann.chat.older(), true);
    assert.equal(await ann.chat.older(), false);
    assert.deepEqual(ann.chat.messages.map((message) => message.number), Array.from({ length: 150 }, (_, i) => i + 1));
  });
});

describe("refused edits", () => {
  test("what cannot be merged becomes a draft, and writing goes on", async () => {
    const ann = await openReady(connect());
    append(ann, "good ");
    await until(() => ann.saved);
    const drafts: Draft[] = [];
    let shown = "";
    ann.on("draft", (draft) => drafts.push(draft));
    ann.on("reset", (contents) => (shown = String(contents.ops.map((component) => "insert" in component && component.insert))));
    live.server.model.options.refuse = () => ({ code: "out_of_range", retry_ms: null });
    append(ann, "bad");
    await until(() => drafts.length > 0);
    live.server.model.options.refuse = () => null;
    assert.deepEqual(drafts, [{ ops: [{ retain: 5 }, { insert: "bad" }], reason: "out_of_range" }]);
    assert.equal(shown, "good ");
    append(ann, "again");
    await until(() => ann.saved);
    assert.equal(serverText(), "good again");
  });

  test("a full document keeps the text, says so, and goes on when there is room", async () => {
    const ann = await openReady(connect());
    const errors: string[] = [];
    ann.on("error", (error) => errors.push(error.code));
    live.server.model.options.refuse = () => ({ code: "document_full", retry_ms: null });
    append(ann, "too much");
    await until(() => errors.length > 0);
    append(ann, "!");
    assert.deepEqual([ann.saved, ann.text(), errors.join()], [false, "too much!", "document_full"]);
    live.server.model.options.refuse = () => null;
    ann.submit([{ retain: 3 }, { delete: 5 }]);
    await until(() => ann.saved);
    assert.equal(serverText(), "too!");
  });

  test("rights taken away: the text is kept, and goes out when they are given back", async () => {
    const ann = await openReady(connect());
    const errors: string[] = [];
    ann.on("error", (error) => errors.push(error.code));
    room().role = "viewer";
    append(ann, "mine");
    await until(() => ann.role === "viewer");
    assert.deepEqual([ann.text(), ann.saved, errors.join()], ["mine", false, "forbidden"]);
    room().role = "editor";
    live.server.cutAll();
    await until(() => ann.saved);
    assert.equal(serverText(), "mine");
  });

  test("a role that changes on the open channel: nothing is reopened, and what is unsaved waits for its time", async () => {
    const ann = await openReady(connect());
    const roles: string[] = [];
    const statuses: string[] = [];
    const drafts: Draft[] = [];
    ann.on("role", (role) => roles.push(role));
    ann.on("status", (status) => statuses.push(status));
    ann.on("draft", (draft) => drafts.push(draft));
    append(ann, "saved ");
    await until(() => ann.saved);
    room().role = "viewer"; /* the edit meets this on its way, and ROLE meets the edit */
    append(ann, "on its way ");
    append(ann, "after it");
    room().changeRole("viewer");
    await until(() => ann.role === "viewer");
    assert.throws(() => append(ann, "x"), (error) => error instanceof QuireError && error.code === "forbidden");
    await until(() => live.server.heard.some((message) => message.kind === "edit" && message.seq === 2));
    assert.deepEqual([ann.text(), ann.saved, serverText()], ["saved on its way after it", false, "saved "]);
    room().changeRole("commenter");
    room().changeRole("owner");
    await until(() => ann.saved);
    assert.equal(serverText(), "saved on its way after it");
    assert.deepEqual([roles, statuses, drafts], [["viewer", "commenter", "owner"], [], []]);
    assert.equal(live.server.heard.filter((message) => message.kind === "open").length, 1);
  });

  test("a role that grows while an edit is on its way does not send it twice", async () => {
    const ann = await openReady(connect());
    append(ann, "once");
    room().changeRole("owner");
    await until(() => ann.role === "owner" && ann.saved);
    assert.equal(live.server.heard.filter((message) => message.kind === "edit").length, 1);
  });
});
