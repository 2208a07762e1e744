// What people can bring into each other's pages: nothing that runs, loads or looks like the page's own. The real server with
// its headers, in Chromium; every breach of the content security policy is noted.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { CLIPBOARDS } from "./lib/clipboards.js";
import { Connection, WebSocket } from "./lib/packages.js";
import { launch, Page } from "./lib/pages.js";
import { Server } from "./lib/server.js";
import { until } from "./lib/wait.js";

const MARKUP = `<img src=x onerror=pwned()><b>`;
const FORMATS = new Set("align background blockquote bold code code-block color direction header indent italic link list script strike underline alt height width".split(" "));

let server;
let browser;
let embedder;
let stranger;
before(async () => {
  [embedder, stranger] = [await serveFrames(), await serveFrames()];
  server = await Server.start({ args: ["--allow-origin", embedder.url] });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.remove();
  embedder?.close();
  stranger?.close();
});

const connect = () => new Connection({ url: server.socketUrl, name: "Node", color: "#000000", WebSocket, storage: false });

async function create(type, title) {
  const connection = connect();
  const id = await connection.documents.create({ type, title });
  connection.close();
  return id;
}

// The operation that makes the document as it is stored.
async function stored(id) {
  const connection = connect();
  const document = connection.open(id);
  await document.ready;
  const { ops } = document.contents();
  connection.close();
  return ops;
}

const textOf = (ops) => ops.map(({ insert }) => (typeof insert === "string" ? insert : "")).join("");

// A person whose page is watched: what it runs, asks elsewhere and breaks of the policy.
async function watched(id, name, options = {}) {
  const seen = { ran: 0, asked: [], broken: [] };
  const context = await browser.newContext(options);
  await context.exposeFunction("pwned", () => void seen.ran++);
  await context.exposeFunction("noteBreach", (text) => void seen.broken.push(text));
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => window.noteBreach(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
  });
  await context.route((url) => url.origin !== server.url, (route) => {
    seen.asked.push(route.request().url());
    return route.abort();
  });
  const page = await Page.open({ newContext: () => context }, server, id, name);
  page.page.on("popup", () => void seen.ran++);
  return { page, seen };
}

// As from another program: Chromium cleans only what it puts on the clipboard itself.
const paste = (page, html) =>
  page.editor.evaluate((editor, html) => {
    editor.focus();
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/html", html);
    clipboardData.setData("text/plain", "plain");
    editor.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, html);

function assertClean(ops) {
  for (const { insert, attributes = {} } of ops) {
    if (typeof insert !== "string") assert.match(insert.image ?? "", /^https:\/\/(pictures\.test\/a\.png|evil\.test\/missing)$/, JSON.stringify(insert));
    for (const [name, value] of Object.entries(attributes)) {
      assert.ok(FORMATS.has(name), `${name}: ${JSON.stringify(value)}`);
      if (name === "link") assert.match(new URL(value, "https://page.test").protocol, /^(https?|mailto|tel|sms):$/);
      else assert.doesNotMatch(String(value), /pwned|evil|url\(|__proto__/i, name);
    }
  }
}

// What the editor shows holds nothing but the editor's own elements.
const foreign = (page) =>
  page.page.evaluate(() => {
    const found = [];
    for (const element of document.querySelectorAll(".ql-editor, .ql-editor *")) {
      if (!/^(A|BLOCKQUOTE|BR|CODE|DIV|EM|H[1-6]|IMG|LI|OL|P|S|SPAN|STRONG|SUB|SUP|U)$/.test(element.tagName)) found.push(element.tagName);
      for (const { name, value } of element.attributes) {
        if (/^on|^srcdoc$|^formaction$/.test(name)) found.push(`${name}=${value}`);
        if (name === "href" && !/^(https?|mailto|tel|sms):/.test(element.protocol) && value !== "about:blank") found.push(value);
        if (name === "style" && /url|position|expression/.test(value)) found.push(value);
      }
    }
    if ({}.polluted !== undefined) found.push("a prototype that has something more");
    return found;
  });

// Without the policy's help: it would be the second lock on the door.
const unprotected = { bypassCSP: true };

for (const [name, { html, text, pictures = [] }] of Object.entries(CLIPBOARDS)) {
  test(`row 128: pasted ${name} neither runs, loads nor stays`, { timeout: 120_000 }, async () => {
    const id = await create("rich", name);
    const { page, seen } = await watched(id, "Ann", unprotected);
    await page.type("before ");
    await paste(page, html);
    await until(() => page.html(), async () => (await page.text()).includes(text));
    assert.deepEqual(await foreign(page), []);
    await until("it is stored", async () => textOf(await stored(id)).includes(text));
    assertClean(await stored(id));

    // Others see what she sees, and it is as harmless to them.
    const other = await watched(id, "Ben", unprotected);
    await until("the other sees it", async () => (await other.page.text()).includes(text));
    assert.deepEqual(await foreign(other.page), []);
    for (const each of [seen, other.seen]) {
      assert.equal(each.ran, 0);
      assert.deepEqual([...new Set(each.asked)].filter((url) => !pictures.includes(url)), []);
      assert.deepEqual(each.broken, []);
    }
    assert.deepEqual(page.errors.filter((text) => !/Failed to load resource/.test(text)), []);
    await page.close();
    await other.page.close();
  });
}

test("row 128: HTML pasted into plain text is plain text", { timeout: 120_000 }, async () => {
  const id = await create("text", "plain");
  const { page, seen } = await watched(id, "Ann", { permissions: ["clipboard-read", "clipboard-write"] });
  await page.page.evaluate((html) => {
    const parts = { "text/plain": html, "text/html": "<i>slanted</i>" };
    return navigator.clipboard.write([new ClipboardItem(Object.fromEntries(Object.entries(parts).map(([type, text]) => [type, new Blob([text], { type })])))]);
  }, MARKUP);
  await page.press("Control+v");
  await until("it is pasted", async () => (await page.text()).includes(MARKUP));
  await until("it is stored", async () => textOf(await stored(id)) === MARKUP);
  assert.deepEqual(seen, { ran: 0, asked: [], broken: [] });
  await page.close();
});

test("row 127: names, titles and messages with markup are text in every page", { timeout: 120_000 }, async () => {
  const id = await create("rich", MARKUP);
  const ann = await watched(id, MARKUP);
  const ben = await watched(id, "Ben");
  await ann.page.type("Dear Ben");
  await ann.page.saved();
  await ben.page.page.locator(".caret-name").first().waitFor({ state: "attached" });
  assert.equal(await ben.page.page.locator(".caret-name").first().textContent(), MARKUP);
  for (const { page } of [ann, ben]) if (!(await page.page.locator(".chat-input").isVisible())) await page.page.locator("[aria-label^=Chat], .chat-toggle").first().click();
  await ann.page.page.locator(".chat-input").fill(MARKUP);
  await ann.page.page.locator(".chat-input").press("Enter");
  await until("the message is there", async () => (await ben.page.page.locator(".chat-log").textContent()).includes(MARKUP));
  assert.equal(await ben.page.page.locator(".title-input").inputValue(), MARKUP);
  assert.match(await ben.page.page.title(), /^<img/);
  await ben.page.page.locator(".people").first().click();
  await until("the list of people", async () => (await ben.page.page.locator(".people-list").textContent()).includes(MARKUP));
  await ben.page.page.goto(server.url);
  await until("the title is in the list", async () => (await ben.page.page.locator(".row-title").allTextContents()).includes(MARKUP));
  for (const { page, seen } of [ann, ben]) {
    assert.equal(await page.page.locator("img").count(), 0);
    assert.deepEqual(seen, { ran: 0, asked: [], broken: [] });
    assert.deepEqual(page.errors, []);
    await page.close();
  }
});

test("row 127: a whole session breaks nothing of the policy", { timeout: 180_000 }, async () => {
  const id = await create("rich", "Session");
  const ann = await watched(id, "Ann");
  const ben = await watched(id, "Ben");
  for (const tool of await ann.page.page.locator(".tool[aria-pressed]").all()) {
    await ann.page.type("some words");
    await ann.page.press("Shift+Home");
    await tool.click();
    await ann.page.press("End");
    await ann.page.press("Enter");
  }
  for (const tool of await ann.page.page.locator(".tool[aria-haspopup], .tool[aria-expanded]").all()) {
    await ann.page.type("coloured");
    await ann.page.press("Shift+Home");
    await tool.click();
    await ann.page.page.keyboard.press("ArrowDown");
    await ann.page.page.keyboard.press("Enter");
    await ann.page.page.keyboard.press("Escape");
    await ann.page.press("End");
  }
  await paste(ann.page, `<h2>Pasted</h2><ul><li>one</li></ul><p style="text-align:center"><u>two</u><span style="font-weight:700">heavy</span></p>`);
  await until("what was pasted keeps its styles", async () => (await ann.page.html()).includes("<strong>heavy</strong>"));
  await ben.page.type("Ben writes too");
  await ben.page.press("Shift+Home");
  await ben.page.saved();
  await ann.page.saved();
  await ann.page.page.locator(".caret-name").first().waitFor({ state: "attached" });
  await ann.page.press("Control+z");
  await ann.page.page.locator(".title-input").fill("Renamed");
  await ann.page.page.keyboard.press("Enter");
  await until("the title", async () => (await ben.page.page.title()).startsWith("Renamed"));
  await ann.page.page.emulateMedia({ colorScheme: "dark" });
  await ann.page.page.reload();
  await ann.page.ready();
  await ann.page.page.goto(server.url);
  await ann.page.page.locator(".row-title").first().waitFor();
  for (const { page, seen } of [ann, ben]) {
    assert.deepEqual(seen, { ran: 0, asked: [], broken: [] });
    assert.deepEqual(page.errors, []);
    await page.close();
  }
});

// That the policy holds, and that a breach would be noticed by the tests above.
test("row 127: what is put into a page past everything else does not run", { timeout: 120_000 }, async () => {
  const { page, seen } = await watched(await create("rich", "Injected"), "Ann");
  await page.page.evaluate(() => {
    const add = (tag, properties) => document.body.append(Object.assign(document.createElement(tag), properties));
    add("script", { textContent: "pwned()" });
    add("script", { src: "https://evil.test/a.js" });
    add("script", { src: "data:text/javascript,pwned()" });
    add("style", { textContent: "body{background:url(https://evil.test/b)}" });
    add("div", { innerHTML: `<img src="data:," onerror="pwned()"><form action="https://evil.test/f" id="leaving"></form>` });
    add("iframe", { src: "https://evil.test/frame" });
    add("iframe", { srcdoc: "<script>parent.pwned()</script>" });
    add("object", { data: "https://evil.test/o" });
    add("base", { href: "https://evil.test/" });
    add("a", { href: "javascript:pwned()", id: "link" });
    document.getElementById("link").click();
    document.getElementById("leaving").submit();
    void fetch("https://evil.test/fetch").catch(() => {});
    try {
      new WebSocket("wss://evil.test/");
    } catch {
      // Some browsers throw.
    }
  });
  const parts = ["script-src-elem", "script-src-attr", "style-src-elem", "frame-src", "object-src", "base-uri", "form-action", "connect-src"];
  for (const part of parts) await until(() => `a breach of ${part} is noted (${seen.broken.join("; ")})`, () => seen.broken.some((text) => text.startsWith(part)));
  assert.equal(seen.ran, 0);
  assert.deepEqual(seen.asked, []);
  await page.close();
});

// ---- frames ----

// Another site, with a page that frames what its address names.
async function serveFrames() {
  const site = createServer((request, response) => {
    const framed = new URL(request.url, "http://x").searchParams.get("frame");
    response.setHeader("content-type", "text/html").end(`<!doctype html><title>Embedder</title><iframe src="${framed}" width="900" height="600"></iframe>`);
  });
  await new Promise((done) => site.listen(0, "127.0.0.1", done));
  return { url: `http://127.0.0.1:${site.address().port}`, close: () => site.close() };
}

// Whether the editor shows in a frame of that site.
async function framesEditor(site, id) {
  const page = await browser.newPage();
  const refused = new Promise((resolve) => {
    page.on("console", (message) => /frame-ancestors|Framing/.test(message.text()) && resolve(false));
  });
  await page.goto(`${site}/?frame=${encodeURIComponent(`${server.url}/d/${id}`)}`);
  const shown = page.frameLocator("iframe").locator("#app *").first().waitFor({ state: "attached" }).then(() => true, () => false);
  const result = await Promise.race([refused, shown]);
  await page.close();
  return result;
}

test("row 130: a page of an allowed site can frame the editor, and of another cannot", { timeout: 120_000 }, async () => {
  const id = await create("rich", "Framed");
  assert.equal(await framesEditor(stranger.url, id), false);
  assert.equal(await framesEditor(embedder.url, id), true);
});
