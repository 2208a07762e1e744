import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { MemoryStorage, type Connection, type Leftover } from "../src/index.js";
import { encodeOp } from "../src/ot/codec.js";
import { serverCodec } from "../src/wire/messages.js";
import { append, serveEach, until } from "./live.js";
import { op } from "./random.js";

const live = serveEach();
const { connect, openReady, serverText } = live;

/** Locks as browsers have them, for pages pretended in one process. */
class FakeLocks {
  private readonly held = new Set<string>();

  async request(name: string, _options: unknown, callback: (lock: object | null) => unknown): Promise<void> {
    if (this.held.has(name)) {
      await callback(null);
      return;
    }
    this.held.add(name);
    await callback({});
    this.held.delete(name);
  }

  isHeld(name: string): boolean {
    return this.held.has(name);
  }

  /** All pages are gone at once, without a word. */
  crash(): void {
    this.held.clear();
  }
}

/** As much of IndexedDB as the client uses. */
class FakeDatabases {
  opens = 0;
  looks = 0;
  private readonly values = new Map<string, unknown>();

  open(): object {
    this.opens++;
    return answer({ transaction: () => this.transaction() });
  }

  private transaction(): object {
    const { values } = this;
    const keys = (prefix: string): string[] => [...values.keys()].filter((key) => key.startsWith(prefix));
    const transaction = {
      oncomplete: null as (() => void) | null,
      commit: () => void queueMicrotask(() => transaction.oncomplete?.()),
      objectStore: () => ({
        get: (key: string) => answer(values.get(key)),
        getAllKeys: (prefix: string) => {
          this.looks++;
          return answer(keys(prefix));
        },
        put: (value: unknown, key: string) => ({ transaction, result: values.set(key, value) }),
        delete: (key: string) => ({ transaction, result: values.delete(key) }),
      }),
    };
    return transaction;
  }
}

function answer(result: unknown): object {
  const request = { result, onsuccess: null as (() => void) | null };
  queueMicrotask(() => request.onsuccess?.());
  return request;
}

describe("what outlives a page", () => {
  const locks = new FakeLocks();
  let storage: MemoryStorage;
  let navigatorBefore: PropertyDescriptor | undefined;

  beforeEach(() => {
    storage = new MemoryStorage();
    locks.crash();
    navigatorBefore = Object.getOwnPropertyDescriptor(globalThis, "navigator");
    Object.defineProperty(globalThis, "navigator", { value: { locks }, configurable: true });
  });

  afterEach(() => {
    if (navigatorBefore === undefined) delete (globalThis as { navigator?: unknown }).navigator;
    else Object.defineProperty(globalThis, "navigator", navigatorBefore);
  });

  const records = async (): Promise<string[]> => (await storage.keys("")).filter((key) => key.split("|").length === 3);

  async function recordsAreGone(): Promise<void> {
    while ((await records()).length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** A page whose answers get lost, so that nothing it types is ever saved, ends without a word. */
  async function crashWith(text: string, arrives: boolean): Promise<void> {
    const connection = connect({ storage });
    const document = await openReady(connection);
    if (arrives) live.server.cutsBefore = (frame) => serverCodec.decode(frame).some((message) => message.kind === "ack");
    else live.server.model.options.refuse = () => ({ code: "overloaded", retry_ms: 60_000 });
    append(document, text);
    await document.store();
    await until(() => document.stored && live.server.heard.some((message) => message.kind === "edit"));
    if (arrives) await until(() => serverText().includes(text));
    await connection.close();
    live.server.cutsBefore = null;
    live.server.model.options.refuse = () => null;
    locks.crash();
  }

  test("unsaved text is sent by the next page, once", async () => {
    await crashWith("not arrived ", false);
    const ann = await openReady(connect({ storage }));
    assert.equal(ann.text(), "not arrived ");
    await until(() => ann.saved);
    assert.equal(serverText(), "not arrived ");
    await recordsAreGone();
  });

  test("what had arrived without the page knowing is not sent again", async () => {
    await crashWith("arrived ", true);
    const ann = await openReady(connect({ storage }));
    await until(() => ann.saved && ann.status === "live");
    assert.equal(serverText(), "arrived ");
    append(ann, "more");
    await until(() => ann.saved);
    assert.equal(serverText(), "arrived more");
  });

  test("text typed without a connection is there after a reload without one", async () => {
    await crashWith("typed ", false);
    live.server.isDeaf = true;
    const connection = connect({ storage });
    const ann = await openReady(connection);
    assert.deepEqual([ann.text(), ann.status, ann.saved], ["typed ", "offline", false]);
    append(ann, "and more");
    live.server.isDeaf = false;
    live.server.cutAll();
    await until(() => ann.saved);
    assert.equal(serverText(), "typed and more");
  });

  test("two pages never share a client; a second one sends what a third has left", async () => {
    await crashWith("of the first ", false);
    const one = connect({ storage });
    await openReady(one);
    const two = connect({ storage });
    await openReady(two);
    await until(() => serverText() === "of the first ");
    const hellos = live.server.heard.filter((message) => message.kind === "hello").map((message) => message.client);
    assert.equal(new Set(hellos.filter((client) => client !== null)).size, 1);
    assert.equal(live.server.model.keys.size, 2);
  });

  test("text of a page that is gone is sent even if nobody opens its document", async () => {
    await crashWith("left behind", false);
    live.server.model.createRoom("elsewhere", 2);
    await openReady(connect({ storage }), "elsewhere");
    await until(() => serverText() === "left behind");
    await recordsAreGone();
  });

  test("of several pages that are gone as well", async () => {
    await crashWith("(first) ", false);
    const identity = live.server.model.keys.size;
    const [key] = await records();
    const moved = key.replace("|0|", "|7|");
    await storage.set(moved, await storage.get(key));
    await storage.set(moved.replace("|doc", ""), await storage.get(key.replace("|doc", "")));
    await storage.delete(key);
    await storage.delete(key.replace("|doc", ""));
    await crashWith("(second) ", false);
    assert.ok(live.server.model.keys.size >= identity);
    live.server.model.createRoom("elsewhere", 2);
    await openReady(connect({ storage }), "elsewhere");
    await until(() => serverText().includes("(first) ") && serverText().includes("(second) "));
    await recordsAreGone();
    assert.equal(serverText().length, "(first) (second) ".length);
  });

  test("of a page that ends while another one lives", async () => {
    await openReady(connect({ storage, timing: { recoverEveryMs: 20, retryFirstMs: 5, retryMaxMs: 20 } }));
    await crashWith("of the other page", false);
    await until(() => serverText() === "of the other page");
    await recordsAreGone();
  });

  test("a session that was finished for another page is forgotten before somebody else can have it", async () => {
    const free: string[] = [];
    const forget = storage.delete.bind(storage);
    storage.delete = async (key) => {
      if (key.split("|").length === 2 && !locks.isHeld(`quire ${key}`)) free.push(key);
      await forget(key);
    };
    await openReady(connect({ storage, timing: { recoverEveryMs: 20, retryFirstMs: 5, retryMaxMs: 20 } }));
    await crashWith("of the other page", false);
    await recordsAreGone();
    await until(() => !locks.isHeld(`quire ${live.server.url} |1`));
    assert.deepEqual(free, []);
    assert.deepEqual((await storage.keys("")).map((key) => key.split("|")[1]), ["0"]);
  });

  test("the browser's own is opened once, however often it is looked through", async () => {
    const browser = new FakeDatabases();
    Object.assign(globalThis, { indexedDB: browser, IDBKeyRange: { bound: (prefix: string) => prefix } });
    try {
      await openReady(connect({ timing: { recoverEveryMs: 1, retryFirstMs: 5, retryMaxMs: 20 } }));
      await until(() => browser.looks > 10);
      assert.equal(browser.opens, 1);
    } finally {
      Object.assign(globalThis, { indexedDB: undefined, IDBKeyRange: undefined });
    }
  });

  /** A page that has typed into several documents without a connection, and ends without a word. */
  async function crashIn(ids: readonly string[], { link = null, meanwhile }: { link?: string | null; meanwhile?: () => void } = {}): Promise<void> {
    const connection = connect({ storage });
    const documents = ids.map((id) => connection.open(id, { link }));
    await Promise.all(documents.map(({ ready }) => ready));
    live.server.isDeaf = true;
    for (const document of documents) append(document, `of ${document.id}`);
    await Promise.all(documents.map((document) => document.store()));
    assert.ok(documents.every((document) => document.stored && !document.saved));
    meanwhile?.();
    await connection.close();
    live.server.isDeaf = false;
  }

  const told = (connection: Connection): Leftover[] => {
    const leftovers: Leftover[] = [];
    connection.on("leftover", (leftover) => leftovers.push(leftover));
    return leftovers;
  };
  const textOf = (id: string): string => live.server.model.rooms.get(id)!.doc.text();
  const patient = { recoverEveryMs: 10, retryFirstMs: 5, retryMaxMs: 20 };

  const refusals: Record<string, () => void> = {
    forbidden: () => void (live.server.model.rooms.get("b")!.role = "viewer"),
    document_full: () => void (live.server.model.options.refuse = (op) => (op.some((piece) => piece.text === "of b") ? { code: "document_full", retry_ms: null } : null)),
  };
  for (const [code, spoil] of Object.entries(refusals)) {
    for (const place of ["own", "another page's"]) {
      test(`what the server does not take (${code}) holds up nothing else, is told, and stays (${place} session)`, async () => {
        for (const id of ["a", "b", "c"]) live.server.model.createRoom(id, 2);
        const elder = place === "own" ? null : connect({ storage, timing: patient });
        const leftovers = elder === null ? [] : told(elder);
        if (elder !== null) await openReady(elder);
        await crashIn(["a", "b", "c"], { meanwhile: spoil });
        const connection = elder ?? connect({ storage, timing: patient });
        if (elder === null) connection.on("leftover", (leftover) => leftovers.push(leftover));
        await until(() => textOf("a") === "of a" && textOf("c") === "of c");
        await until(() => leftovers.length > 0);
        const [{ id, title, ops, reason }] = leftovers;
        assert.deepEqual({ id, title, ops, reason }, { id: "b", title: "Title of b", ops: [{ insert: "of b" }], reason: code });
        assert.equal(textOf("b"), "");
        await until(() => live.server.model.rooms.get("b")!.readers.size === 0, "nobody is shown as there who is not");
        while ((await records()).length > 1) await new Promise((resolve) => setTimeout(resolve, 5));

        /* The next page tries again, and this time it may. */
        await connection.close();
        live.server.model.rooms.get("b")!.role = "editor";
        live.server.model.options.refuse = () => null;
        connect({ storage, timing: patient });
        await until(() => textOf("b") === "of b");
        await recordsAreGone();
        assert.deepEqual([leftovers.length, textOf("a"), textOf("c")], [1, "of a", "of c"]);
      });
    }
  }

  test("what was discarded is gone, and nothing else is", async () => {
    for (const id of ["a", "b"]) live.server.model.createRoom(id, 2).role = "editor";
    await crashIn(["a", "b"]);
    for (const id of ["a", "b"]) live.server.model.rooms.get(id)!.role = "viewer";
    const connection = connect({ storage, timing: patient });
    const leftovers = told(connection);
    await until(() => leftovers.length === 2);
    await leftovers.find(({ id }) => id === "a")!.discard();
    assert.deepEqual((await records()).map((key) => key.split("|")[2]), ["b"]);
    /* It is open by now: the user sees what is not saved, and then that it is gone. */
    const b = await openReady(connection, "b");
    await until(() => b.refusal === "forbidden");
    assert.equal(b.text(), "of b");
    await leftovers.find(({ id }) => id === "b")!.discard();
    assert.equal(b.text(), "");
    await until(() => b.saved && b.status === "live");
    await recordsAreGone();
    assert.deepEqual([textOf("a"), textOf("b")], ["", ""]);
  });

  test("a leftover that was told is not discarded after it has been sent all the same", async () => {
    live.server.model.createRoom("a", 2);
    await crashIn(["a"]);
    live.server.model.rooms.get("a")!.role = "viewer";
    const connection = connect({ storage, timing: patient });
    const leftovers = told(connection);
    await until(() => leftovers.length === 1);
    live.server.model.rooms.get("a")!.role = "editor";
    const document = await openReady(connection, "a");
    await until(() => document.saved);
    live.server.model.options.refuse = () => ({ code: "overloaded", retry_ms: 1 });
    append(document, " and more");
    await leftovers[0].discard();
    live.server.model.options.refuse = () => null;
    await until(() => document.saved);
    assert.equal(textOf("a"), "of a and more");
  });

  test("text of a guest is sent with the link that it was typed by", async () => {
    live.server.model.createRoom("a", 2).needsLink = "the secret";
    await crashIn(["a"], { link: "the secret" });
    const connection = connect({ storage });
    const drafts: unknown[] = [];
    connection.on("draft", (draft) => drafts.push(draft));
    await until(() => drafts.length > 0 || textOf("a") === "of a");
    assert.deepEqual(drafts, []);
    await recordsAreGone();
  });

  test("a damaged record does not keep the document from opening", async () => {
    await crashWith("lost", false);
    const [key] = await records();
    await storage.set(key, { epoch: 1, version: 0, type: 2, title: "", base: encodeOp(op([{ delete: 3 }])), seq: 0, inFlight: null, buffer: new Uint8Array([9]) });
    const ann = await openReady(connect({ storage }));
    assert.equal(ann.text(), "");
  });
});
