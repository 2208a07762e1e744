import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import type { BrowserContext, Page } from "playwright-core";
import { Site, type PageWindow } from "./browser.js";
import { LiveServer, until } from "./live.js";

describe("unsaved edits of a page", () => {
  let site: Site;
  let server: LiveServer;
  let context: BrowserContext;
  const errors: string[] = [];

  before(async () => (site = await Site.start()));
  after(async () => await site.stop());
  beforeEach(async () => {
    server = await LiveServer.start();
    server.model.createRoom("text", 2);
    server.model.createRoom("other", 2);
    context = await site.context();
  });
  afterEach(async () => {
    await context.close();
    await server.stop();
    assert.deepEqual(errors.splice(0), []);
  });

  const serverText = (): string => server.model.rooms.get("text")!.doc.text();
  const refuseAll = (): void => {
    server.model.options.refuse = () => ({ code: "overloaded", retry_ms: 60_000 });
  };
  const accept = (): void => {
    server.model.options.refuse = () => null;
  };

  async function start(page: Page, id = "text"): Promise<void> {
    const options = { url: server.url, id, name: "Ann", kind: "textarea" as const };
    await page.evaluate((given) => (window as unknown as PageWindow).start(given), options);
  }

  async function visit(id = "text"): Promise<Page> {
    const page = await site.page(context, errors);
    await start(page, id);
    return page;
  }

  async function type(page: Page, text: string): Promise<void> {
    await page.focus("textarea");
    await page.keyboard.type(text);
  }

  const isStored = (page: Page): Promise<unknown> =>
    page.waitForFunction(() => (window as unknown as PageWindow).doc.stored);

  test("are there after a reload, and are sent once", async () => {
    const page = await visit();
    await type(page, "saved ");
    await until(() => serverText() === "saved ");
    refuseAll();
    await type(page, "unsaved");
    await isStored(page);
    await page.reload();
    accept();
    await start(page);
    assert.equal(await page.inputValue("textarea"), "saved unsaved");
    await until(() => serverText() === "saved unsaved");
    await page.waitForFunction(() => (window as unknown as PageWindow).doc.saved);
    await page.reload();
    await start(page);
    assert.equal(await page.inputValue("textarea"), "saved unsaved");
    assert.equal(server.model.keys.size, 1);
  });

  test("typed a moment before a reload are there as well", async () => {
    const page = await visit();
    refuseAll();
    for (let i = 0; i < 5; i++) {
      await type(page, String(i));
      await page.reload();
      await start(page);
      await page.waitForFunction((n) => (window as unknown as PageWindow).doc.text().length === n, i + 1);
    }
    accept();
    server.cutAll();
    await until(() => serverText().length === 5);
    assert.equal([...serverText()].sort().join(""), "01234");
  });

  test("that had arrived are not sent again", async () => {
    const page = await visit();
    server.cutsBefore = (frame) => frame.length < 10;
    await type(page, "a");
    await until(() => serverText() === "a");
    await isStored(page);
    await page.reload();
    server.cutsBefore = null;
    await start(page);
    await page.waitForFunction(() => (window as unknown as PageWindow).doc.status === "live");
    await type(page, "b");
    await until(() => serverText().length === 2);
    await page.waitForFunction(() => (window as unknown as PageWindow).doc.saved);
    assert.equal([...serverText()].sort().join(""), "ab");
  });

  test("of a tab that is closed are sent by the next one, whatever it opens", async () => {
    const [one, two] = [await visit(), await visit()];
    refuseAll();
    await type(one, "one ");
    await type(two, "two ");
    await Promise.all([isStored(one), isStored(two)]);
    assert.equal(server.model.keys.size, 2);
    await one.close();
    await two.close();
    accept();
    await visit("other");
    await until(() => serverText().length === 8);
    assert.ok(["one two ", "two one "].includes(serverText()));
    assert.equal(server.model.keys.size, 2);
  });

  test("are written when the page is hidden, however short the time was", async () => {
    const page = await visit();
    refuseAll();
    await type(page, "x");
    await page.evaluate(() => {
      Object.defineProperty(document, "visibilityState", { value: "hidden" });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await isStored(page);
    await page.close();
    accept();
    await visit("other");
    await until(() => serverText() === "x");
  });
});
