// The page in a real browser, with the pretended client. Every page is watched: an error in the console, a breach of the
// content security policy or a request to elsewhere fails its test.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser, openPage, serveFake } from "../../src/dev/page.js";

export const EVIL = '<img src=x onerror="document.title=`pwned`"><b>bold</b>';

/** A site and a browser for all tests of a file. */
export function pages() {
  let browser;
  let server;

  before(async () => {
    server = await serveFake();
    browser = await openBrowser();
  });

  after(async () => {
    await browser?.close();
    await server?.close();
  });

  function pageTest(name, path, options, run) {
    test(name, { timeout: 180_000 }, async () => {
      const page = await openPage(browser, options);
      const trouble = [];
      page.on("pageerror", (error) => trouble.push(error.stack));
      page.on("console", (message) => message.type() === "error" && trouble.push(message.text()));
      page.on("request", (request) => {
        if (!request.url().startsWith(server.url) && !/^(blob|data):/.test(request.url())) trouble.push(`request to ${request.url()}`);
      });
      page.setDefaultTimeout(45_000);
      await page.goto(server.url + path);
      await page.waitForSelector(".row-link:visible, .sheet:not(.waiting), .message-page, .empty:visible");
      await run(page);
      assert.deepEqual(trouble, []);
      await page.context().close();
    });
  }

  return {
    pageTest,
    site: {
      get url() {
        return server.url;
      },
    },
  };
}
