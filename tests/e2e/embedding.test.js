// A site of somebody else's, made from the documentation alone: its own users and tokens, its page beside the library, and the
// editor in a frame.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Connection, WebSocket } from "./lib/packages.js";
import { launch } from "./lib/pages.js";
import { Server } from "./lib/server.js";
import * as tokens from "./lib/tokens.js";
import { until } from "./lib/wait.js";

const dist = fileURLToPath(new URL("../../web/client/dist/", import.meta.url));
let server;
let keys;
let keysDir;
let browser;
let site;
before(async () => {
  keysDir = await mkdtemp(join(tmpdir(), "quire-keys-"));
  keys = await tokens.makeKeys(keysDir);
  site = await serveSite();
  server = await Server.start({ args: ["--token-keys", keys.path, "--allow-origin", site.url] });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.remove();
  site?.close();
  await rm(keysDir, { recursive: true, force: true });
});

const tokenOf = (user, claims = {}) => tokens.tokenOf(keys, user, { name: user, docs: { "*": "editor" }, create: true, ...claims });

// ---- the site ----

const PAGES = {
  "/script": () => `<!doctype html><title>Notes</title><textarea disabled></textarea><output></output>
    <script src="/dist/quire.min.js"></script>
    <script>
      const connection = new Quire.Connection({
        url: "${server.socketUrl}", name: "Ann", color: "#2266cc", storageKey: "ann",
        token: async () => (await fetch("/quire-token", { cache: "no-store" })).text(),
      });
      window.seen = [];
      connection.on("status", (status, { code }) => seen.push([status, code ?? 0].join(" ")));
      connection.on("error", ({ code }) => seen.push(code));
      connection.documents.create({ id: "notes", type: "text", title: "Notes" }).catch(() => {}).then(async () => {
        const doc = connection.open("notes");
        await doc.ready;
        const textarea = document.querySelector("textarea");
        Quire.bindTextarea(doc, textarea);
        textarea.disabled = false;
        doc.on("saved", (saved) => (document.querySelector("output").textContent = saved ? "saved" : "saving"));
      });
    </script>`,
  "/module": () => `<!doctype html><title>Notes</title><textarea></textarea><output></output>
    <script type="importmap">{ "imports": { "@quire/client": "/dist/index.js", "@quire/client/textarea": "/dist/textarea.js" } }</script>
    <script type="module">
      import { Connection } from "@quire/client";
      import { bindTextarea } from "@quire/client/textarea";
      const connection = new Connection({ url: "${server.socketUrl}", name: "Ann", color: "#2266cc", token: async () => (await fetch("/quire-token")).text() });
      const doc = connection.open("notes");
      await doc.ready;
      bindTextarea(doc, document.querySelector("textarea"));
      document.querySelector("output").textContent = "ready";
    </script>`,
  "/frame": () => `<!doctype html><title>Framed</title><iframe allow="clipboard-write" width="900" height="600"></iframe>
    <script>
      const frame = document.querySelector("iframe");
      const address = async () => "${server.url}/d/framed#token=" + (await (await fetch("/quire-token", { cache: "no-store" })).text());
      window.renew = async () => frame.contentWindow.location.replace(await address());
      address().then((url) => (frame.src = url));
    </script>`,
};

async function serveSite() {
  const self = { user: "ann", claims: {}, answer: null, url: "", close: () => (web.close(), web.closeAllConnections()) };
  const web = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://x");
    if (pathname === "/quire-token") {
      return void (self.answer === null ? response.end(tokenOf(self.user, self.claims)) : self.answer(response));
    }
    const page = PAGES[pathname];
    if (page !== undefined) return void response.setHeader("content-type", "text/html").end(page());
    if (!pathname.startsWith("/dist/")) return void response.writeHead(404).end();
    response.setHeader("content-type", "text/javascript").end(await readFile(join(dist, pathname.slice(6))));
  });
  await new Promise((done) => web.listen(0, "127.0.0.1", done));
  self.url = `http://localhost:${web.address().port}`;
  return self;
}

async function open(path) {
  Object.assign(site, { user: "ann", claims: {}, answer: null });
  const page = await browser.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(site.url + path);
  return { page, errors };
}

const seen = (page) => page.evaluate(() => window.seen);

// ---- tests ----

test("a page with the library as a script writes, and as modules reads", { timeout: 180_000 }, async () => {
  const { page, errors } = await open("/script");
  await page.locator("textarea:enabled").pressSequentially("written elsewhere");
  await until("it is saved", async () => (await page.textContent("output")) === "saved");
  const other = await open("/module");
  await until("it is shown", async () => (await other.page.inputValue("textarea")) === "written elsewhere");
  assert.deepEqual([...errors, ...other.errors], []);
  await page.close();
  await other.page.close();
});

test("when the site gives no tokens, nothing is lost, and the page is told", { timeout: 180_000 }, async () => {
  const { page } = await open("/script");
  await until("it is connected", async () => (await seen(page)).includes("connected 0"));
  await page.locator("textarea:enabled").fill("before ");
  await until("it is saved", async () => (await page.textContent("output")) === "saved");

  // Signed out, with the page of the sign-in in place of a token: it is refused, fetched once more, and then asked for no more.
  site.answer = (response) => response.end("<!doctype html>Please sign in");
  await server.restart("SIGTERM");
  await page.locator("textarea").pressSequentially("after ");
  await until("it has stopped", async () => (await seen(page)).at(-1) === "stopped 4401");
  assert.equal((await seen(page)).filter((line) => line === "unauthorized").length, 1);
  assert.equal(await page.textContent("output"), "saving");

  // Somebody else has signed in.
  site.answer = (response) => response.end(tokenOf("bob"));
  await page.evaluate(() => connection.reconnect());
  await until("it has stopped", async () => (await seen(page)).at(-1) === "stopped 4403");
  assert.ok((await seen(page)).includes("other_user"));

  site.answer = null;
  await page.evaluate(() => connection.reconnect());
  await until("it is saved", async () => (await page.textContent("output")) === "saved");
  assert.match(await page.inputValue("textarea"), /before after $/);
  await page.close();
});

test("tokens that live for seconds keep a connection, and are asked for as often as that takes", { timeout: 180_000 }, async () => {
  const given = [];
  const token = () => {
    given.push(Date.now());
    return tokenOf("ann", { exp: Math.floor(Date.now() / 1000) + 6 });
  };
  const connection = new Connection({ url: server.socketUrl, name: "Ann", color: "#000000", WebSocket, storage: false, token });
  const statuses = [];
  connection.on("status", (status) => statuses.push(status));
  await until("it was followed by others", () => given.length === 5);
  assert.deepEqual(statuses, ["connected"]);
  assert.ok(given[4] - given[0] >= 4 * 1000, `five in ${given[4] - given[0]} ms`);
  await connection.close();
});

test("the editor in a frame knows its user by the token, and is given the next one", { timeout: 180_000 }, async () => {
  const owner = new Connection({ url: server.socketUrl, name: "Owner", color: "#000000", WebSocket, storage: false, token: () => tokenOf("owner") });
  await owner.documents.create({ id: "framed", type: "rich", title: "Framed" });
  const doc = owner.open("framed");
  await doc.ready;

  const { page, errors } = await open("/frame");
  const frame = page.frameLocator("iframe");
  await frame.locator(".ql-editor").waitFor();
  assert.equal(await frame.locator("dialog").count(), 0);
  await frame.locator(".ql-editor").pressSequentially("from a frame");
  await until("it has arrived", () => doc.text().includes("from a frame"));
  const isThere = (wanted) => [...doc.members.values()].some(({ name }) => name === wanted);
  await until("she is there", () => isThere("ann"));
  assert.ok(!page.frames()[1].url().includes("token"));

  const editor = page.frames()[1];
  await editor.evaluate(() => (document.querySelector(".ql-editor").wasHere = true));
  // The frame may remember nothing: browsers deny it to frames of other sites. The next connect shows the next one all the same.
  site.claims = { name: "Ann Lee" };
  await page.evaluate(() => window.renew());
  await server.restart("SIGTERM");
  await until("she is there by her other name", () => isThere("Ann Lee"));
  await frame.locator(".ql-editor").pressSequentially(", and still");
  await until("it has arrived", () => doc.text().includes("from a frame, and still"));
  assert.equal(await frame.locator("dialog").count(), 0);
  assert.ok(await editor.evaluate(() => document.querySelector(".ql-editor").wasHere));
  assert.ok(!editor.url().includes("token"));
  assert.deepEqual(errors, []);
  await page.close();
  await owner.close();
});

test("a page of a site that may not connect is told no more than that there is no connection", { timeout: 180_000 }, async () => {
  const page = await browser.newPage();
  await page.goto(site.url.replace("localhost", "127.0.0.1") + "/script");
  await until("it tries again", async () => (await page.evaluate(() => window.seen)).some((line) => line.startsWith("disconnected")));
  assert.ok(server.log.some((line) => line.includes("allow-origin")));
  await page.close();
});
