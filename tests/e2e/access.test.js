// Tokens, roles and links in real browsers: everybody sees what their role allows, and what changes changes in place.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Connection, WebSocket } from "./lib/packages.js";
import { launch, Page } from "./lib/pages.js";
import { plant } from "./lib/secrets.js";
import { Server } from "./lib/server.js";
import * as tokens from "./lib/tokens.js";
import { until } from "./lib/wait.js";

let server;
let keys;
let browser;
let keysDir;
before(async () => {
  keysDir = await mkdtemp(join(tmpdir(), "quire-keys-"));
  keys = await tokens.makeKeys(keysDir);
  server = await Server.start({ args: ["--token-keys", keys.path, "--guests", "links"] });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.remove();
  await rm(keysDir, { recursive: true, force: true });
});

const tokenOf = (sub, claims) => tokens.tokenOf(keys, sub, claims);
const connect = (sub, claims) =>
  new Connection({ url: server.socketUrl, name: sub, color: "#000000", WebSocket, storage: false, token: () => tokenOf(sub, claims) });
const visible = (page, selector) => page.page.locator(`${selector}:visible`).count();
const isWritable = async (page) => (await page.editor.getAttribute("contenteditable")) === "true";

async function menu(page) {
  await page.page.click(".bar-buttons [aria-label=More]");
  const entries = await page.page.locator(".menu-item:visible").allTextContents();
  await page.page.keyboard.press("Escape");
  return entries.join();
}

// A document that ann owns, and her connection.
async function document() {
  const ann = connect("ann", { create: true });
  const id = await ann.documents.create({ type: "rich", title: "Shared" });
  const doc = ann.open(id);
  await doc.ready;
  return { ann, id, doc };
}

test("each role sees what it may do", { timeout: 300_000 }, async () => {
  const { ann, id, doc } = await document();
  const expected = {
    viewer: { writes: false, chats: 0, tools: 0, renames: false, deletes: false },
    commenter: { writes: false, chats: 1, tools: 0, renames: false, deletes: false },
    editor: { writes: true, chats: 1, tools: 1, renames: true, deletes: false },
    owner: { writes: true, chats: 1, tools: 1, renames: true, deletes: true },
  };
  for (const [role, may] of Object.entries(expected)) {
    await doc.sharing.setMember(role, role);
    const page = await Page.open(browser, server, `${id}#token=${tokenOf(role)}`, role);
    await page.page.click(".chat-button");
    const entries = await menu(page);
    const seen = {
      writes: await isWritable(page),
      chats: await visible(page, ".chat-input"),
      tools: await visible(page, ".tools"),
      renames: entries.includes("Rename"),
      deletes: entries.includes("Delete"),
    };
    assert.deepEqual(seen, may, role);
    await page.page.click(".share");
    assert.equal(await visible(page, ".share-dialog"), role === "owner" ? 1 : 0, role);
    assert.deepEqual(page.errors, []);
    await page.close();
  }
  const stranger = await browser.newContext();
  const page = await stranger.newPage();
  await page.goto(`${server.url}/d/${id}#token=${tokenOf("stranger")}`);
  await page.locator("h1 >> text=Document not found").waitFor();
  await stranger.close();
  ann.close();
});

test("a role that changes turns the editor read-only and writable in place, and what was not saved waits", { timeout: 300_000 }, async () => {
  const { ann, id, doc } = await document();
  await doc.sharing.setMember("bob", "editor");
  const bob = await Page.open(browser, server, `${id}#token=${tokenOf("bob")}`, "Bob");
  await bob.type("saved ");
  await bob.saved();
  await bob.editor.evaluate((editor) => (editor.wasHere = true));
  const changedAt = Date.now();
  await doc.sharing.setMember("bob", "viewer");
  await until("the editor is read-only", async () => !(await isWritable(bob)));
  // It is told; otherwise it would be found when the page comes back some day. How fast: row 108 of the hostile input.
  assert.ok(Date.now() - changedAt < 10_000, `it took ${Date.now() - changedAt} ms`);
  assert.equal(await bob.editor.evaluate((editor) => editor.wasHere), true);
  assert.equal(await visible(bob, ".read-only"), 1);
  await doc.sharing.setMember("bob", "editor");
  await until("the editor is writable", () => isWritable(bob));
  // What is typed offline meets the role that is gone when it comes back.
  await bob.context.setOffline(true);
  await until("the page knows it is offline", async () => /Offline|Reconnecting/.test(await bob.state()));
  await bob.type("not yet ");
  await doc.sharing.setMember("bob", "commenter");
  await bob.context.setOffline(false);
  await until("the editor is read-only", async () => !(await isWritable(bob)));
  await until("it says so", async () => (await bob.state()) === "Not saved");
  assert.match(await bob.page.textContent(".read-only"), /is not saved/);
  assert.match(await bob.text(), /saved not yet/);
  assert.doesNotMatch(doc.text(), /not yet/);
  await doc.sharing.setMember("bob", "editor");
  await bob.saved();
  await until("it has arrived", () => /saved not yet/.test(doc.text()));
  await doc.sharing.setMember("bob", null);
  await bob.page.locator("h1 >> text=You can no longer open this document").waitFor();
  assert.deepEqual(bob.errors, []);
  await bob.close();
  ann.close();
});

test("a guest with a link writes until it is revoked, and the secret goes into no address", { timeout: 300_000 }, async () => {
  const { ann, id, doc } = await document();
  const { number, secret: link } = await doc.sharing.createLink({ role: "editor", label: "guests" });
  plant("link", link);
  const guest = await Page.open(browser, server, `${id}#link=${link}`, "Guest");
  const addresses = [];
  guest.page.on("request", (request) => addresses.push(request.url()));
  await guest.type("from a guest");
  await guest.saved();
  await until("it has arrived", () => /from a guest/.test(doc.text()));
  await guest.page.reload();
  await guest.ready();
  assert.match(await guest.text(), /from a guest/);
  assert.ok(addresses.length > 0 && addresses.every((address) => !address.split("#")[0].includes(link)));
  assert.ok(server.log.every((line) => !line.includes(link)));
  await guest.page.click(".share");
  assert.equal(await visible(guest, ".share-dialog"), 0);
  await doc.sharing.revokeLink(number);
  await guest.page.locator("h1 >> text=You can no longer open this document").waitFor();
  await guest.page.reload();
  await guest.page.locator("h1 >> text=Document not found").waitFor();
  assert.deepEqual(guest.errors, []);
  await guest.close();
  ann.close();
});
