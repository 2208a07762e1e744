// Two and five people in browsers write at once at the same place, format, paste, undo, go offline and come
// back, and reload, while the server is restarted by SIGTERM and by kill -9. At the end all pages, a fresh
// page and the stored document agree, and every character typed is there once.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Connection, WebSocket } from "./lib/packages.js";
import { launch, Page } from "./lib/pages.js";
import { Server } from "./lib/server.js";
import { until } from "./lib/wait.js";

let server;
let browser;
before(async () => {
  server = await Server.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.remove();
});

const connect = () => new Connection({ url: server.socketUrl, name: "Node", color: "#000000", WebSocket, storage: false });

// Characters that each stand for themselves: every one is typed once in a test.
let next = 0x4e00;
const typed = new Set();
function fresh(count) {
  let text = "";
  for (let i = 0; i < count; i++) text += String.fromCodePoint(next++);
  for (const character of text) typed.add(character);
  return text;
}

async function everybodyTypes(pages, count) {
  await Promise.all(pages.map((page) => page.type(fresh(count))));
}

// Makes the first characters bold.
async function formats(page) {
  await page.press("Control+Home");
  for (let i = 0; i < 4; i++) await page.press("Shift+ArrowRight");
  await page.press("Control+b");
  await page.press("ArrowRight"); // or the next character typed would replace the selection
}

async function pastes(page) {
  const text = fresh(5);
  await page.page.bringToFront();
  await page.page.evaluate((words) => navigator.clipboard.writeText(words), text);
  await page.press("Control+v");
  await until("the pasted text is shown", async () => (await page.text()).includes(text));
}

async function undoesAndRedoes(page) {
  const text = fresh(3);
  await page.type(text);
  await until("the text is shown", async () => {
    const shown = await page.text();
    return [...text].every((character) => shown.includes(character));
  });
  await page.press("Control+z");
  await until("the text is undone", async () => !(await page.text()).includes(text[2]));
  await canRedo(page, true);
  await page.press("Control+y");
  await until("the text is redone", async () => (await page.text()).includes(text[2]));
  await canRedo(page, false);
}

async function canRedo(page, can) {
  await page.page.locator(`.tool[aria-label=Redo][aria-disabled=${!can}]`).waitFor();
}

async function writesOffline(page) {
  await page.context.setOffline(true);
  await until("the page knows it is offline", async () => /Offline|Reconnecting/.test(await page.state()));
  await page.type(fresh(8));
  await page.context.setOffline(false);
}

async function reloads(page) {
  await page.type(fresh(6));
  await page.page.reload();
  await page.ready();
}

async function agree(pages, id) {
  for (const page of pages) await page.saved();
  const last = await Page.open(browser, server, id, "Fresh");
  pages.push(last);
  const html = await last.html();
  await until("all pages show the same", async () => {
    const all = await Promise.all(pages.map((page) => page.html()));
    return all.every((other) => other === all[0]);
  });
  assert.equal(await pages[0].html(), await last.html(), html);

  const connection = connect();
  const stored = connection.open(id);
  await stored.ready;
  const text = stored.text();
  connection.close();
  assert.equal((await last.text()).replace(/\n+$/, ""), text.replace(/\n+$/, ""));
  for (const character of typed) assert.equal(text.split(character).length - 1, 1, `U+${character.codePointAt(0).toString(16)}`);
  assert.match(html, /<strong>/);
  for (const page of pages) assert.deepEqual(page.errors, []);
}

test("20 MB on the clipboard are refused with words, and writing goes on", { timeout: 300_000 }, async () => {
  const admin = connect();
  for (const type of ["rich", "text"]) {
    const id = await admin.documents.create({ type, title: "Too much" });
    const page = await Page.open(browser, server, id, "Ann");
    await page.type("before ");
    await page.editor.evaluate((editor) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", "twenty megabytes\n".repeat(1_200_000));
      editor.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    });
    await page.page.locator(".toast >> text=Please paste it in smaller parts").waitFor();
    await page.type("after");
    await page.saved();
    assert.equal((await page.text()).trim(), "before after");
    assert.deepEqual(page.errors, []);
    await page.close();
  }
  admin.close();
});

for (const count of [2, 5]) {
  test(`${count} people write in one document`, { timeout: 300_000 }, async () => {
    typed.clear();
    const admin = connect();
    const id = await admin.documents.create({ type: "rich", title: `${count} people` });
    admin.close();
    const pages = [];
    for (let i = 0; i < count; i++) pages.push(await Page.open(browser, server, id, `Person ${i + 1}`));

    for (const page of pages) await until("everybody has a colour of their own", async () => new Set(await page.colors()).size === count);
    await everybodyTypes(pages, 15);
    await Promise.all([everybodyTypes(pages, 15), server.restart("SIGTERM")]);
    await Promise.all([formats(pages[0]), pages[1].type(fresh(10))]);
    await pastes(pages[1]);
    await undoesAndRedoes(pages[0]);
    await Promise.all([writesOffline(pages[1]), pages[0].type(fresh(10))]);
    await Promise.all([reloads(pages[0]), ...pages.slice(1).map((page) => page.type(fresh(10)))]);
    await Promise.all([everybodyTypes(pages, 15), server.restart("SIGKILL")]);
    await everybodyTypes(pages, 5);

    await agree(pages, id);
    for (const page of pages) await page.close();
  });
}
