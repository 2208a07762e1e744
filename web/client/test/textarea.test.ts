import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import type { CDPSession, Page } from "playwright-core";
import { difference } from "../src/textarea.js";
import { Site, type PageWindow } from "./browser.js";
import { LiveServer, until } from "./live.js";
import { op } from "./random.js";

describe("the difference of two texts", () => {
  test("is where the caret is, among equal letters", () => {
    assert.deepEqual(difference("aaa", "aaaa", 2), [{ retain: 1 }, { insert: "a" }, { delete: 0 }]);
    assert.deepEqual(difference("aaaa", "aaa", 1), [{ retain: 1 }, { insert: "" }, { delete: 1 }]);
    assert.deepEqual(difference("one two", "one 2 two", 6), [{ retain: 4 }, { insert: "2 " }, { delete: 0 }]);
    assert.deepEqual(difference("abc", "", 0), [{ retain: 0 }, { insert: "" }, { delete: 3 }]);
  });

  test("does not cut what belongs together", () => {
    assert.deepEqual(difference("a😀b", "a😁b", 3), [{ retain: 1 }, { insert: "😁" }, { delete: 2 }]);
    assert.deepEqual(difference("😀", "🌀", 2), [{ retain: 0 }, { insert: "🌀" }, { delete: 2 }]);
  });
});

describe("a textarea", () => {
  let site: Site;
  let server: LiveServer;
  let pages: Page[] = [];
  const errors: string[] = [];

  before(async () => (site = await Site.start()));
  after(async () => await site.stop());
  beforeEach(async () => {
    server = await LiveServer.start();
    server.model.createRoom("text", 2);
  });
  afterEach(async () => {
    await Promise.all(pages.map((page) => page.context().close()));
    pages = [];
    await server.stop();
    assert.deepEqual(errors.splice(0), []);
  });

  const room = () => server.model.rooms.get("text")!;
  const serverText = () => room().doc.text();

  async function visit(name = "Ann"): Promise<Page> {
    const page = await site.page(await site.context(), errors);
    pages.push(page);
    const options = { url: server.url, id: "text", name, kind: "textarea" as const };
    await page.evaluate((given) => (window as unknown as PageWindow).start(given), options);
    await page.focus("textarea");
    return page;
  }

  const value = (page: Page): Promise<string> => page.inputValue("textarea");
  const select = (page: Page, start: number, end = start, direction: "forward" | "backward" = "forward"): Promise<void> =>
    page.evaluate(
      ([from, to, dir]) => (window as unknown as PageWindow).textarea.setSelectionRange(from, to, dir),
      [start, end, direction] as const,
    );
  const selection = (page: Page): Promise<unknown[]> =>
    page.evaluate(() => {
      const { textarea } = window as unknown as PageWindow;
      return [textarea.selectionStart, textarea.selectionEnd, textarea.selectionDirection];
    });
  const shows = (page: Page, text: string): Promise<unknown> =>
    page.waitForFunction((wanted) => (window as unknown as PageWindow).textarea.value === wanted, text);

  /** An edit of somebody else. */
  function others(ops: Parameters<typeof op>[0]): void {
    room().docs.push(room().doc.apply(op(ops)));
    room().log.push({ op: op(ops), client: 999, member: 0, seq: room().log.length + 1 });
    server.flushSoon();
  }

  test("what is typed goes out, what others type comes in, the selection stays on its text", async () => {
    const page = await visit();
    await page.keyboard.type("hello world");
    await until(() => serverText() === "hello world");
    await select(page, 6, 11, "backward");
    others([{ insert: "oh, " }]);
    await shows(page, "oh, hello world");
    assert.deepEqual(await selection(page), [10, 15, "backward"]);
    await page.keyboard.type("you");
    await until(() => serverText() === "oh, hello you");
    await select(page, 13);
    others([{ retain: 13 }, { insert: "!" }]);
    await shows(page, "oh, hello you!");
    assert.deepEqual((await selection(page)).slice(0, 2), [13, 13]);
    others([{ delete: 4 }]);
    await shows(page, "hello you!");
    assert.deepEqual((await selection(page)).slice(0, 2), [9, 9]);
    await page.keyboard.press("Backspace");
    await until(() => serverText() === "hello yo!");
  });

  test("undo and redo take back one's own edits only", async () => {
    const page = await visit();
    await page.keyboard.insertText("mine"); /* at once: keys that come slowly are undone one by one */
    await until(() => serverText() === "mine");
    others([{ insert: "theirs " }]);
    await shows(page, "theirs mine");
    await page.keyboard.press("Control+z");
    await until(() => serverText() === "theirs ");
    assert.equal(await value(page), "theirs ");
    await page.keyboard.press("Control+Shift+z");
    await until(() => serverText() === "theirs mine");
    assert.deepEqual((await selection(page)).slice(0, 2), [11, 11]);
    await page.keyboard.press("Control+z");
    await page.keyboard.press("Control+y");
    await until(() => serverText() === "theirs mine");
    const able = await page.evaluate(() => {
      const { binding } = window as unknown as PageWindow;
      return [binding.canUndo, binding.canRedo];
    });
    assert.deepEqual(able, [true, false]);
  });

  test("while an input method composes nothing changes under it", async () => {
    const page = await visit();
    await page.keyboard.type("ab");
    await until(() => serverText() === "ab");
    const cdp: CDPSession = await page.context().newCDPSession(page);
    await select(page, 1);
    await cdp.send("Input.imeSetComposition", { text: "か", selectionStart: 1, selectionEnd: 1 });
    await until(() => serverText() === "aかb");
    others([{ insert: "X" }]);
    await page.waitForFunction(() => (window as unknown as PageWindow).doc.text() === "Xaかb");
    assert.equal(await value(page), "aかb");
    await cdp.send("Input.imeSetComposition", { text: "漢", selectionStart: 1, selectionEnd: 1 });
    await cdp.send("Input.insertText", { text: "漢字" });
    await shows(page, "Xa漢字b");
    await until(() => serverText() === "Xa漢字b");
    assert.deepEqual((await selection(page)).slice(0, 2), [4, 4]);
  });

  test("line ends of other systems and pairs of surrogates keep positions right", async () => {
    const page = await visit();
    others([{ insert: "one\r\ntwo😀" }]);
    await shows(page, "one\u240d\ntwo😀");
    await select(page, 10);
    await page.keyboard.press("Backspace");
    await page.keyboard.insertText("😁!");
    await until(() => serverText() === "one\r\ntwo😁!");
    await select(page, 3, 4);
    await page.keyboard.press("Delete");
    await until(() => serverText() === "one\ntwo😁!");
  });

  test("two people see each other's text and cursors", async () => {
    const [ann, ben] = [await visit("Ann"), await visit("Ben")];
    await Promise.all([ann.keyboard.type("from ann "), ben.keyboard.type("from ben ")]);
    await until(() => serverText().length === 18);
    await shows(ann, serverText());
    await shows(ben, serverText());
    await select(ben, 2, 4);
    const seen = () =>
      ann.evaluate(() => {
        const members = [...(window as unknown as PageWindow).doc.members.values()];
        return members.filter((member) => member.name === "Ben").map((member) => [member.anchor, member.head]);
      });
    await ann.waitForFunction(() => {
      const members = [...(window as unknown as PageWindow).doc.members.values()];
      return members.some((member) => member.name === "Ben" && member.head === 4);
    });
    assert.deepEqual(await seen(), [[2, 4]]);
  });

  test("an edit that may not be made is taken back", async () => {
    room().role = "viewer";
    const page = await visit();
    await page.keyboard.type("x");
    await shows(page, "");
    assert.equal(serverText(), "");
  });

  test("what is too much is not taken, which is said, and one can go on", async () => {
    server.model.documentBytes = 30;
    const page = await visit();
    const paste = (length: number): Promise<boolean> =>
      page.evaluate((count) => {
        const clipboardData = new DataTransfer();
        clipboardData.setData("text/plain", "x".repeat(count));
        const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
        return !(window as unknown as PageWindow).textarea.dispatchEvent(event);
      }, length);
    assert.deepEqual([await paste(0x100001), await paste(0x100000)], [true, false]);
    await page.keyboard.insertText("y".repeat(29));
    await page.keyboard.insertText("two");
    assert.equal(await value(page), "y".repeat(29));
    await page.keyboard.type("z");
    await until(() => serverText() === `${"y".repeat(29)}z`);
    assert.deepEqual(await page.evaluate(() => (window as unknown as PageWindow).errors), ["too_large", "no_room"]);
  });
});
