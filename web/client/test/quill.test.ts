import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import type { Page } from "playwright-core";
import { toComponents, type Component } from "../src/ot/op.js";
import type { Value } from "../src/ot/value.js";
import { Site, type PageWindow } from "./browser.js";
import { LiveServer, until } from "./live.js";
import { announceSeed, op, Random } from "./random.js";

const seed = announceSeed("quill");

describe("a Quill editor", () => {
  let site: Site;
  let server: LiveServer;
  let pages: Page[] = [];
  const errors: string[] = [];

  before(async () => (site = await Site.start()));
  after(async () => await site.stop());
  beforeEach(async () => {
    server = await LiveServer.start({ fold: (count) => count });
    server.model.createRoom("rich", 1);
  });
  afterEach(async () => {
    await Promise.all(pages.map((page) => page.context().close()));
    pages = [];
    await server.stop();
    assert.deepEqual(errors.splice(0), []);
  });

  const room = () => server.model.rooms.get("rich")!;
  const serverOps = () => toComponents(room().doc.toOp());
  const serverText = () => room().doc.text();

  async function visit(name = "Ann", options: { id?: string; openEnd?: boolean; pasteMax?: number } = {}): Promise<Page> {
    const page = await site.page(await site.context(), errors);
    pages.push(page);
    const given = { url: server.url, id: "rich", name, kind: "quill" as const, ...options };
    await page.evaluate((all) => (window as unknown as PageWindow).start(all), given);
    await page.focus(".ql-editor");
    return page;
  }

  /** An edit of somebody else. */
  function others(ops: readonly Component[]): void {
    room().docs.push(room().doc.apply(op(ops)));
    room().log.push({ op: op(ops), client: 999, member: 0, seq: room().log.length + 1 });
    server.flushSoon();
  }

  const contents = (page: Page): Promise<unknown[]> =>
    page.evaluate(() => (window as unknown as PageWindow).quill.getContents().ops);
  const shows = (page: Page, text: string): Promise<unknown> =>
    page.waitForFunction((wanted) => (window as unknown as PageWindow).quill.getText() === wanted, text);
  const select = (page: Page, index: number, length = 0): Promise<void> =>
    page.evaluate(([at, n]) => (window as unknown as PageWindow).quill.setSelection(at, n), [index, length] as const);
  const selection = (page: Page): Promise<unknown> =>
    page.evaluate(() => {
      const { quill } = window as unknown as { quill: { getSelection(): { index: number; length: number } | null } };
      const range = quill.getSelection();
      return range && [range.index, range.length];
    });

  const pasteInto = (page: Page, type: string, text: string): Promise<void> =>
    page.evaluate(([kind, given]) => {
      const { quill } = window as unknown as { quill: { root: HTMLElement; focus(): void } };
      quill.focus();
      const clipboardData = new DataTransfer();
      clipboardData.setData(kind, given);
      quill.root.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    }, [type, text] as const);
  const errorsOf = (page: Page): Promise<string[]> => page.evaluate(() => (window as unknown as PageWindow).errors);

  test("text and formats go both ways, the selection stays on its text", async () => {
    const page = await visit();
    await page.keyboard.type("plain ");
    await page.keyboard.press("Control+b");
    await page.keyboard.type("bold");
    await until(() => serverText() === "plain bold\n");
    assert.deepEqual(serverOps(), [{ insert: "plain " }, { insert: "bold", attributes: { bold: true } }, { insert: "\n" }]);
    await select(page, 6, 4);
    others([{ insert: "very " }]);
    await shows(page, "very plain bold\n");
    assert.deepEqual(await selection(page), [11, 4]);
    others([{ retain: 15 }, { insert: "\n", attributes: { header: 1 } }, { insert: "next", attributes: { italic: true } }]);
    await shows(page, "very plain bold\nnext\n");
    assert.deepEqual(await contents(page), serverOps());
    assert.equal(await page.evaluate(() => document.querySelector(".ql-editor h1")?.textContent), "very plain bold");
  });

  test("undo and redo take back one's own edits only, by keys and by menu", async () => {
    const [ann, ben] = [await visit("Ann"), await visit("Ben")];
    /* At once: keys that come slowly are undone one by one. */
    await ann.keyboard.insertText("ann");
    await until(() => serverText() === "ann\n");
    await shows(ben, "ann\n");
    await select(ben, 3);
    await ben.keyboard.insertText(" ben");
    await until(() => serverText() === "ann ben\n");
    await shows(ann, "ann ben\n");
    await ann.keyboard.press("Control+z");
    await until(() => serverText() === " ben\n");
    await ann.keyboard.press("Control+Shift+z");
    await until(() => serverText() === "ann ben\n");
    await ann.keyboard.press("Control+z");
    await ann.keyboard.press("Control+y");
    await until(() => serverText() === "ann ben\n");
    await shows(ben, "ann ben\n");
    await ben.evaluate(() => (window as unknown as { quill: { history: { undo(): void } } }).quill.history.undo());
    await until(() => serverText() === "ann\n");
    await ben.evaluate(() => (window as unknown as PageWindow).binding.redo());
    await until(() => serverText() === "ann ben\n");
  });

  test("a document without a newline at its end gets it with the first edit", async () => {
    server.model.createRoom("open", 2);
    const open = server.model.rooms.get("open")!;
    const page = await visit("Ann", { id: "open" });
    const text = () => open.doc.text();
    const tell = (ops: readonly Component[]): void => {
      open.docs.push(open.doc.apply(op(ops)));
      open.log.push({ op: op(ops), client: 999, member: 0, seq: open.log.length + 1 });
      server.flushSoon();
    };
    tell([{ insert: "one" }]);
    await shows(page, "one\n");
    tell([{ retain: 3 }, { insert: " two" }]);
    await shows(page, "one two\n");
    assert.equal(text(), "one two");
    await select(page, 7);
    await page.keyboard.type("!");
    await until(() => text() === "one two!\n");
    tell([{ retain: 8 }, { delete: 1 }]);
    await page.waitForFunction(() => (window as unknown as PageWindow).doc.text() === "one two!");
    await shows(page, "one two!\n");
    tell([{ retain: 8 }, { insert: "\n" }]);
    await page.waitForFunction(() => (window as unknown as PageWindow).doc.text() === "one two!\n");
    await shows(page, "one two!\n");
    await select(page, 8);
    await page.keyboard.press("Enter");
    await until(() => text() === "one two!\n\n");
    await shows(page, "one two!\n\n");
  });

  test("what Quill does not know is kept, and shown as what it is", async () => {
    others([
      { insert: "a\r\nb" },
      { insert: { chart: { rows: [1, 2] } } },
      { insert: { video: "https://example.org" } },
      { insert: "c", attributes: { bold: true, "x-mark": 7, text: "bad", block: true } },
    ]);
    const page = await visit();
    await shows(page, "a\u240d\nbc\n");
    const embeds = await page.locator(".quire-embed").allTextContents();
    assert.deepEqual(embeds.map((text) => text.replaceAll("\ufeff", "")), ["\u25a1 chart", "\u25a1 video"]);
    assert.equal(await page.locator("iframe").count(), 0);
    await select(page, 7);
    await page.keyboard.type("!");
    await until(() => serverText() === "a\r\nbc!\n");
    await select(page, 5, 1);
    await page.keyboard.press("Control+x");
    await until(() => serverOps().length === 5);
    await page.keyboard.press("Control+v");
    await until(() => serverOps().length === 6);
    assert.deepEqual(serverOps()[2], { insert: { video: "https://example.org" } });
    await select(page, 4, 1);
    await page.keyboard.press("Delete");
    await until(() => serverOps().length === 5);
    assert.deepEqual(serverOps().slice(0, 3), [
      { insert: "a\r\nb" },
      { insert: { video: "https://example.org" } },
      { insert: "c", attributes: { bold: true, "x-mark": 7, text: "bad", block: true } },
    ]);
  });

  test("formats and embeds that are not allowed do not get into the document", async () => {
    const page = await visit("Ann", { openEnd: true });
    await page.evaluate(() => {
      const { quill } = window as unknown as { quill: { updateContents(ops: unknown[], source: string): void } };
      quill.updateContents([{ insert: "x" }, { insert: { video: "https://example.org" } }, { insert: "y" }], "user");
    });
    await until(() => serverText().includes("y"));
    assert.ok(serverOps().every((component) => "insert" in component && typeof component.insert === "string"));
    await shows(page, serverText());
    await page.keyboard.type("z");
    await until(() => serverText().includes("z"));
    await shows(page, serverText());
  });

  const BAD_VALUES: readonly Record<string, Value>[] = [
    { header: 99 }, { header: {} }, { align: "x" }, { list: {} }, { list: "x" }, { indent: 99 }, { link: "javascript:alert(1)" },
    { link: { a: 1 } }, { color: "url(//x)" }, { bold: "yes" }, { image: "x" }, { "code-block": {} }, { script: "x" },
  ];

  test("what is too much at once is not taken, which is said, and one can go on", async () => {
    const page = await visit("Ann", { pasteMax: 20 });
    await page.keyboard.type("ab");
    await pasteInto(page, "text/plain", "x".repeat(21));
    await pasteInto(page, "text/html", `<b>${"x".repeat(21)}</b>`);
    assert.deepEqual(await errorsOf(page), ["too_large", "too_large"]);
    await pasteInto(page, "text/plain", "y".repeat(20));
    await until(() => serverText() === `ab${"y".repeat(20)}\n`);
    await shows(page, serverText());
    assert.equal((await errorsOf(page)).length, 2);
  });

  test("what a document has no room for is taken back, which is said, and one can go on", async () => {
    server.model.documentBytes = 30;
    const page = await visit();
    await page.keyboard.type("ab");
    await pasteInto(page, "text/plain", "x".repeat(28));
    await shows(page, "ab\n");
    assert.deepEqual(await errorsOf(page), ["no_room"]);
    await pasteInto(page, "text/plain", "y".repeat(27));
    await until(() => serverText() === `ab${"y".repeat(27)}\n`);
    await page.keyboard.press("Backspace");
    await page.keyboard.type("zz");
    await until(() => serverText() === `ab${"y".repeat(26)}z\n`);
    await shows(page, serverText());
    assert.deepEqual(await errorsOf(page), ["no_room", "no_room"]);
  });

  test("values that others send and that are none are not shown, and break nothing", async () => {
    const page = await visit();
    for (const attributes of BAD_VALUES) {
      others([{ insert: "a", attributes }, { insert: "\n", attributes }]);
      others([{ retain: 2, attributes }]);
    }
    others([{ insert: { image: "javascript:alert(1)" } }]);
    await shows(page, "a\n".repeat(BAD_VALUES.length) + "\n");
    const plain = "a\n".repeat(BAD_VALUES.length) + "\n";
    assert.deepEqual((await contents(page)).slice(1), [{ insert: plain }]);
    await select(page, 1);
    await page.keyboard.type("mine");
    await until(() => serverText().startsWith("minea\n"));
    const second = await visit("Ben");
    await shows(second, `mine${plain}`);
    assert.deepEqual(await contents(second), await contents(page));
  });

  test("values that are none do not get into the document, and the text they came with does", async () => {
    const page = await visit("Ann", { openEnd: true });
    const paste = (html: string): Promise<void> => pasteInto(page, "text/html", html);
    await paste('<p>one <a href="javascript:alert(1)">two</a> <span style="color: var(--x)">three</span></p>');
    await until(() => serverText().includes("one two three"));
    await paste('<ol><li data-list="nonsense">four</li></ol><pre data-language="a b">five</pre>');
    await until(() => serverText().includes("four") && serverText().includes("five"));
    await paste('<p>six<span class="quire-embed" data-embed="no embed">x</span><span class="quire-embed" data-embed="[7]">x</span>seven</p>');
    await until(() => serverText().includes("sixseven"));
    await page.evaluate(() => {
      const { quill } = window as unknown as { quill: { updateContents(ops: unknown[], source: string): void } };
      quill.updateContents([{ insert: "half \ud83d and whole \ud83d\ude00 ", attributes: { size: "a;b" } }], "user");
    });
    await until(() => serverText().includes("half \ufffd and whole 😀 "));
    await shows(page, serverText());
    for (const component of serverOps()) {
      assert.ok("insert" in component && typeof component.insert === "string");
      for (const [name, value] of Object.entries(component.attributes ?? {})) {
        assert.deepEqual([name, value], name === "list" ? ["list", "bullet"] : ["code-block", true]);
      }
    }
    assert.equal(await page.locator(".ql-editor a").count(), 0);
    await page.keyboard.type("z");
    await until(() => serverText().includes("z"));
  });

  test("a long document is shown as a whole, and there is nothing to undo", async () => {
    const lines = Array.from({ length: 5000 }, (_, i): Component[] => [
      { insert: `line ${i} ` },
      { insert: "bold", attributes: { bold: true } },
      { insert: "\n", attributes: [{}, { list: "bullet" }, { header: 2 }, { blockquote: true }][i % 4] },
    ]).flat();
    others(lines);
    const page = await visit();
    const state = await page.evaluate(() => {
      const { binding, quill, changes } = window as unknown as PageWindow;
      const { stack } = (quill as unknown as { history: { stack: { undo: unknown[]; redo: unknown[] } } }).history;
      return { changes, undo: [binding.canUndo, binding.canRedo, stack.undo.length, stack.redo.length] };
    });
    assert.deepEqual(await contents(page), shownOps());
    assert.deepEqual(state, { changes: 0, undo: [false, false, 0, 0] });
    await page.keyboard.press("Control+z");
    await page.keyboard.type("x");
    await until(() => serverText().startsWith("xline 0"));
    await page.keyboard.press("Control+z");
    await until(() => serverText().startsWith("line 0"));
    assert.deepEqual(await contents(page), shownOps());
  });

  test("an image goes through, as one unit", async () => {
    const page = await visit();
    const image = "https://example.invalid/dot.gif";
    await page.route(image, (route) => route.fulfill({ contentType: "image/gif", body: Buffer.from("R0lGODlhAQABAAAAACw=", "base64") }));
    others([{ insert: { image }, attributes: { alt: "dot" } }, { insert: "after" }]);
    await shows(page, "after\n");
    assert.equal(await page.evaluate(() => document.querySelector<HTMLImageElement>(".ql-editor img")?.alt), "dot");
    await select(page, 1);
    await page.keyboard.type("x");
    await until(() => serverText() === "xafter\n");
    assert.deepEqual(serverOps()[0], { insert: { image }, attributes: { alt: "dot" } });
  });

  test("while an input method composes nothing changes under it", async () => {
    const page = await visit();
    await page.keyboard.type("ab");
    await until(() => serverText() === "ab\n");
    await select(page, 1);
    const cdp = await page.context().newCDPSession(page);
    await cdp.send("Input.imeSetComposition", { text: "か", selectionStart: 1, selectionEnd: 1 });
    others([{ insert: "X" }]);
    await page.waitForFunction(() => (window as unknown as PageWindow).doc.text().startsWith("X"));
    assert.equal(await page.evaluate(() => document.querySelector(".ql-editor")?.textContent), "aかb");
    await cdp.send("Input.insertText", { text: "漢字" });
    await shows(page, "Xa漢字b\n");
    await until(() => serverText() === "Xa漢字b\n");
    await page.keyboard.type("!");
    await until(() => serverText() === "Xa漢字!b\n");
  });

  test("the carets and selections of others are drawn where they are, and move with the text", async () => {
    const [ann, ben] = [await visit("Ann"), await visit("Ben")];
    for (let i = 0; i < 30; i++) others([{ insert: `line ${i}\n` }]);
    await shows(ann, serverText());
    await shows(ben, serverText());
    await select(ben, 5, 3);
    const caret = ann.locator(".quire-caret");
    await caret.waitFor({ state: "attached" });
    assert.equal(await ann.locator(".quire-caret-name").textContent(), "Ben");
    assert.equal(await caret.evaluate((node) => getComputedStyle(node).backgroundColor), "rgb(204, 51, 102)");
    await ann.locator(".quire-selection > div").first().waitFor({ state: "attached" });
    const place = (page: Page, index: number): Promise<{ left: number; top: number }> =>
      page.evaluate((at) => {
        const { quill } = window as unknown as { quill: { getBounds(i: number): { left: number; top: number } } };
        return quill.getBounds(at);
      }, index);
    const isAt = async (index: number): Promise<void> => {
      const { left, top } = await place(ann, index);
      await ann.waitForFunction((wanted) => {
        const node = document.querySelector<HTMLElement>(".quire-caret");
        return node?.style.transform === wanted;
      }, `translate(${left}px, ${top}px)`);
    };
    await isAt(8);
    others([{ insert: "new first line\n" }]);
    await shows(ann, serverText());
    await isAt(23);
    await select(ann, 0);
    await ann.keyboard.type("abc");
    await isAt(26);
    await ann.evaluate(() => document.querySelector(".ql-editor")?.scrollBy(0, 40));
    await isAt(26);
    await ben.context().close();
    pages = pages.filter((page) => page !== ben);
    await caret.waitFor({ state: "detached" });
  });

  /** Quill has no formats of letters on line ends; a document may get them when people format at once. */
  function shownOps(): readonly Component[] {
    const parts = serverOps().flatMap((component): Component[] => {
      if (!("insert" in component) || typeof component.insert !== "string") return [component];
      const { bold, ...rest } = component.attributes ?? {};
      return component.insert.split(/(\n)/).map((insert) => ({
        insert,
        attributes: bold === true && insert !== "\n" ? { ...rest, bold } : rest,
      }));
    });
    return toComponents(op(parts));
  }

  test("three people typing, formatting and undoing at once end with the same text", async () => {
    const random = new Random(seed);
    const writers = [await visit("Ann"), await visit("Ben"), await visit("Cem")];
    const act = async (page: Page): Promise<void> => {
      const length = (await page.evaluate(() => (window as unknown as PageWindow).quill.getText())).length;
      const at = random.below(length);
      const what = random.below(8);
      await select(page, at, what < 4 ? 0 : random.below(Math.min(5, length - at)));
      if (what < 3) await page.keyboard.type(random.pick(["ab", "word ", "😀", "x\n"]));
      else if (what === 3) await page.keyboard.press("Enter");
      else if (what === 4) await page.keyboard.press("Control+b");
      else if (what === 5) await page.keyboard.press("Backspace");
      else if (what === 6) await page.keyboard.press("Control+z");
      else {
        await page.evaluate((level) => {
          const { quill } = window as unknown as { quill: { format(n: string, v: unknown, s: string): void } };
          quill.format("header", level, "user");
        }, random.pick([1, 2, false]));
      }
    };
    for (let round = 0; round < 25; round++) {
      await Promise.all(writers.map(act));
      if (round === 12) server.cutAll();
    }
    await until(() => server.model.readers().length === 3 && server.model.readers().every((r) => r.position === room().head));
    for (const page of writers) {
      await page.waitForFunction((head) => {
        const { doc } = window as unknown as PageWindow;
        return doc.saved && doc.version >= head;
      }, room().head);
    }
    for (const page of writers) {
      await page.waitForFunction((head) => (window as unknown as PageWindow).doc.version === head, room().head);
      assert.deepEqual(await page.evaluate(() => (window as unknown as PageWindow).doc.contents().ops), serverOps());
      assert.deepEqual(await contents(page), shownOps());
    }
    assert.equal(server.model.diverged, 0);
  });
});
