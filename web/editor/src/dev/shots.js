// Takes pictures of the editor with its pretended server: node src/dev/shots.js DIR [part of a name]
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { openBrowser, openPage, serveFake } from "./page.js";

const WIDE = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
const TINY = { width: 320, height: 568 };
const click = (selector) => (page) => page.click(selector);
const quill = (run) => (page) => page.evaluate(run);

const SHOTS = [
  ["list", "/", {}],
  ["list-menu", "/", {}, click(".bar-buttons .icon-button")],
  ["list-empty", "/?empty=1", {}],
  ["list-new", "/", {}, click(".list-heading .button")],
  ["list-delete", "/", {}, async (page) => (await page.click(".row-more button >> nth=1"), page.click(".menu-item.danger:visible"))],
  ["welcome", "/d/garden", { known: false }],
  ["doc-two", "/d/garden?people=2", {}],
  ["doc-five", "/d/garden?people=5", {}],
  ["doc-chat", "/d/garden?people=5&typing=1", { chat: true }, async (page) => (await page.isVisible(".chat")) || page.click(".chat-button")],
  ["doc-people", "/d/garden?people=9", {}, click(".people")],
  ["doc-menu", "/d/garden", {}, click(".bar-buttons [aria-label=More]")],
  ["doc-color", "/d/garden", {}, click("[aria-label='Colour of text and background']")],
  ["doc-style", "/d/garden", {}, click(".tool-style")],
  ["doc-offline", "/d/garden", {}, quill(() => setTimeout(() => {
    window.quire.set("disconnected", { retryMs: 4000 });
    window.quire.open_.get("garden").submit([{ insert: "x" }]);
  }, 50))],
  ["doc-draft", "/d/garden", {}, quill(() => window.quire.open_.get("garden").emit("draft", { ops: [{ insert: "The shed needs a window to the south.\n" }], reason: "" }))],
  ["doc-deleted", "/d/garden", {}, quill(() => window.quire.open_.get("garden").set("closed", { code: "deleted" }))],
  ["doc-reader", "/d/garden?role=viewer", {}],
  ["doc-blank", "/d/letter?quiet=1&people=1", {}],
  ["text-two", "/d/notes?people=2", {}],
  ["text-five", "/d/notes?people=5", {}],
  ["missing", "/d/nowhere", {}],
  ["stopped", "/", {}, quill(() => window.quire.set("stopped", { code: 4401 }))],
  ["help", "/d/garden", {}, (page) => page.keyboard.press("Control+/")],
];

const [dir = "shots", only = ""] = process.argv.slice(2);
await mkdir(dir, { recursive: true });
const site = await serveFake();
const browser = await openBrowser();
for (const [name, path, options, act] of SHOTS) {
  for (const [size, viewport] of Object.entries({ wide: WIDE, phone: PHONE, tiny: TINY })) {
    for (const colorScheme of ["light", "dark"]) {
      const file = `${name}-${size}-${colorScheme}`;
      if (!file.includes(only)) continue;
      const page = await openPage(browser, { ...viewport, colorScheme, ...options });
      await page.goto(site.url + path);
      await page.waitForSelector(".row-link:visible, .sheet:not(.waiting), .message-page, .empty:visible");
      await act?.(page);
      await page.waitForTimeout(250);
      await page.screenshot({ path: join(dir, `${file}.png`) });
      await page.context().close();
    }
  }
}
await browser.close();
await site.close();
