// The page in a real browser, with the pretended client.
import assert from "node:assert/strict";
import { EVIL, pages } from "./lib/page.js";

const { pageTest, site } = pages();
const text = (page, selector) => page.textContent(selector);
const ops = (page, id = "letter") => page.evaluate((id) => window.quire.open_.get(id).delta.ops, id);
const remote = (page, ops, id = "letter") => page.evaluate(([id, ops]) => window.quire.open_.get(id).remote(ops), [id, ops]);
const until = (page, run, arg) => page.waitForFunction(run, arg);
/* Ends with its test's time when it never holds. */
const waitFor = async (holds) => {
  while (!(await holds()));
};

pageTest("a first visit asks for a name, refuses an empty one, and keeps it", "/", { known: false }, async (page) => {
  await page.click("text=Start writing");
  assert.match(await text(page, ".dialog .problem"), /enter a name/);
  await page.fill(".dialog input[name=name]", "  Zoë   Q ");
  await page.check("input[value='#0c73c3']");
  await page.click("text=Start writing");
  await until(page, () => !document.querySelector("dialog"));
  assert.deepEqual(await page.evaluate(() => [window.quire.name, window.quire.color]), ["Zoë Q", "#0c73c3"]);
  await page.reload();
  await page.waitForSelector(".row-link");
  assert.equal(await page.locator("dialog").count(), 0);
  assert.equal(await page.evaluate(() => window.quire.name), "Zoë Q");
});

pageTest("somebody who does not want to give a name stays a guest", "/", { known: false }, async (page) => {
  await page.keyboard.press("Escape");
  await until(page, () => !document.querySelector("dialog"));
  assert.match(await page.evaluate(() => window.quire.name), /^Guest \d\d$/);
});

pageTest("a document is made, opened, renamed in place and deleted", "/", {}, async (page) => {
  await page.keyboard.press("n");
  await page.fill(".dialog input[name=title]", EVIL);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".title-input");
  assert.match(page.url(), /\/d\/[a-z0-9]+$/);
  assert.equal(await page.inputValue(".title-input"), EVIL);
  await page.fill(".title-input", "Plans");
  await page.keyboard.press("Enter");
  await until(page, () => document.title === "Plans – Quire");
  await page.click(".bar-home");
  await page.waitForSelector(".row-title >> text=Plans");
  await page.click(".row-more button >> nth=0");
  await page.click(".menu-item.danger:visible");
  await page.click(".dialog .button.danger");
  await until(page, () => ![...document.querySelectorAll(".row-title")].some((title) => title.textContent === "Plans"));
});

pageTest("the list is filtered and paged", "/", {}, async (page) => {
  assert.equal(await page.locator(".row-link").count(), 50);
  await page.keyboard.press("/");
  await page.keyboard.type("GARDEN");
  await until(page, () => document.querySelectorAll(".row-link").length === 1);
  await page.fill(".filter-input", "no such title");
  await page.waitForSelector(".list-none:visible");
  await page.fill(".filter-input", "");
  await page.click(".list-more");
  await until(page, () => document.querySelectorAll(".row-link").length === 67);
  assert.equal(await page.isVisible(".list-more"), false);
});

pageTest("what is typed and formatted becomes operations", "/d/letter?people=1&quiet=1", {}, async (page) => {
  await page.keyboard.type("# Title");
  await page.keyboard.press("Enter");
  await page.click(".tool[aria-label=Bold]");
  await page.keyboard.type("bold");
  await page.click(".tool[aria-label=Bold]");
  await page.keyboard.type(" and not");
  assert.equal(await page.getAttribute(".tool[aria-label=Bold]", "aria-pressed"), "false");
  assert.deepEqual((await ops(page)).filter(({ insert }) => insert), [
    { insert: "Title" },
    { attributes: { header: 1 }, insert: "\n" },
    { attributes: { bold: true }, insert: "bold" },
    { insert: " and not" },
  ]);
  await page.keyboard.press("Control+z");
  await until(page, () => !document.querySelector(".ql-editor").textContent.includes("not"));
});

pageTest("undo and redo are grey while there is nothing to do", "/d/letter?people=1&quiet=1", {}, async (page) => {
  const isGrey = (undo, redo) => until(page, ([undo, redo]) => {
    const [first, second] = document.querySelectorAll(".tool[aria-label=Undo], .tool[aria-label=Redo]");
    return first.ariaDisabled === String(undo) && second.ariaDisabled === String(redo);
  }, [undo, redo]);
  await isGrey(true, true);
  await remote(page, [{ insert: "theirs " }]);
  await isGrey(true, true);
  await page.keyboard.insertText("mine"); // at once: keys that come slowly are undone one by one
  await isGrey(false, true);
  await page.keyboard.press("Alt+F10");
  await page.keyboard.press("Enter");
  await isGrey(true, false);
  await page.keyboard.press("Alt+F10");
  await page.keyboard.press("Enter");
  assert.match(await text(page, ".ql-editor"), /^theirs\s*$/);
  await page.click(".tool[aria-label=Redo]");
  await isGrey(false, true);
  assert.match(await text(page, ".ql-editor"), /mine/);
});

pageTest("a link is made of what is selected, and never one that runs", "/d/letter?people=1", {}, async (page) => {
  await page.keyboard.type("here");
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Control+k");
  await page.fill(".link-card input", "javascript:alert(1)");
  await page.keyboard.press("Enter");
  assert.equal(await page.getAttribute(".link-card input", "aria-invalid"), "true");
  await page.fill(".link-card input", "example.org");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".ql-editor a[href='https://example.org/']");
  await remote(page, [{ insert: "bad", attributes: { link: "javascript:alert(1)" } }]);
  await until(page, () => document.querySelector(".ql-editor").textContent.startsWith("bad"));
  assert.equal(await page.locator(".ql-editor a").count(), 1);
});

pageTest("hostile operations of others do not break the editor", "/d/letter?people=1&quiet=1", {}, async (page) => {
  await page.keyboard.type("mine");
  for (const attributes of [{ text: true }, { block: "x" }, { image: "x" }, { header: 99 }, { "list-container": true }, { scroll: 1 }]) {
    await remote(page, [{ insert: "a", attributes }]);
    await remote(page, [{ retain: 2, attributes }]);
  }
  for (const insert of [{ video: "https://x" }, { block: "x" }, { text: "long text" }, { formula: EVIL }, { break: true }, { image: 7 }]) {
    await remote(page, [{ insert }]);
    await remote(page, [{ retain: 1 }, { insert }, { insert: "b" }]);
  }
  await page.keyboard.press("Control+End");
  await page.keyboard.type("!");
  const mine = await ops(page);
  const length = mine.reduce((sum, { insert }) => sum + (typeof insert === "string" ? insert.length : 1), 0);
  const shown = await page.evaluate(() => document.querySelector(".ql-editor").textContent);
  assert.match(shown, /mine!/);
  assert.equal(length, 4 + 6 + 6 + 6 * 2 + 1);
  assert.equal(await page.evaluate(() => document.querySelectorAll(".ql-editor img, .ql-editor iframe").length), 0);
  assert.ok(mine.some(({ insert }) => insert?.video === "https://x"));
});

pageTest("many lines at once are the same as one by one", "/d/letter?people=1&quiet=1", {}, async (page) => {
  const lines = Array.from({ length: 120 }, (_, i) => [
    { insert: `line ${i} ` },
    { insert: "bold", attributes: { bold: true } },
    { insert: "\n", attributes: [undefined, { list: "bullet" }, { header: 2 }, { "code-block": true }][i % 4] },
  ]).flat().map(({ insert, attributes }) => (attributes ? { insert, attributes } : { insert }));
  const around = [[{ insert: "start\nmiddle of a line\n", attributes: { italic: true } }], [{ retain: 9, attributes: { underline: true } }]];
  const shown = () => page.evaluate(() => document.querySelector(".ql-editor").innerHTML.replaceAll(' style=""', ""));
  for (const ops of around) await remote(page, ops);
  await remote(page, [{ retain: 12 }, ...lines, { delete: 3 }, { retain: 2, attributes: { strike: true } }]);
  const atOnce = await shown();
  await page.reload();
  await page.waitForSelector(".ql-editor");
  for (const ops of around) await remote(page, ops);
  let at = 12;
  for (const op of lines) {
    await remote(page, [{ retain: at }, op]);
    at += op.insert.length;
  }
  await remote(page, [{ retain: at }, { delete: 3 }, { retain: 2, attributes: { strike: true } }]);
  assert.equal(await shown(), atOnce);
  assert.ok(atOnce.includes("line 119"));
});

pageTest("others are seen where they are, by name, and go when they go", "/d/garden?people=5", {}, async (page) => {
  await until(page, () => document.querySelectorAll(".caret.named").length === 4);
  await page.evaluate((name) => {
    const doc = window.quire.open_.get("garden");
    doc.members.set(9, { member: 9, name, color: "red;x", anchor: 2, head: 9, typing: false, data: null, self: false });
    doc.members.delete(2);
    doc.emit("members");
  }, EVIL);
  await until(page, () => [...document.querySelectorAll(".caret-name")].some((name) => name.textContent.includes("<img")));
  assert.equal(await page.locator(".caret").count(), 4);
  await page.click(".people");
  assert.equal(await page.locator(".people-list li").count(), 5);
  assert.equal(await page.locator(".people-list img").count(), 0);
});

pageTest("the names of people at one place are all to be read", "/d/garden?people=4", {}, async (page) => {
  await page.evaluate(() => {
    const doc = window.quire.open_.get("garden");
    for (const member of [2, 3, 4]) Object.assign(doc.members.get(member), { anchor: 300, head: 300 });
    doc.emit("members");
  });
  await until(page, () => {
    const boxes = [...document.querySelectorAll(".caret.named .caret-name")].map((name) => name.getBoundingClientRect());
    const rows = boxes.map(({ top, bottom }) => [top, bottom]).sort((a, b) => a[0] - b[0]);
    return rows.length === 3 && rows.every(([top], i) => i === 0 || top >= rows[i - 1][1]);
  });
});

pageTest("somebody with the colour of one who is here already gets another one here, and keeps theirs elsewhere", "/d/garden?people=3", {}, async (page) => {
  const color = () => page.evaluate(() => window.quire.color);
  const own = await color();
  await page.evaluate((color) => {
    const doc = window.quire.open_.get("garden");
    Object.assign(doc.members.get(2), { member: 0, color });
    doc.emit("members");
  }, own);
  const [blue, pink] = ["#0c73c3", "#c33887"];
  await until(page, (blue) => window.quire.color === blue, blue);
  await page.click(".bar-buttons [aria-label=More]");
  await page.click(".menu-me");
  assert.equal(await page.isChecked(`input[value='${blue}']`), true);
  assert.equal(await page.isDisabled(`input[value='${pink}']`), true);
  await page.click(".dialog button[type=submit]");
  await until(page, () => !document.querySelector("dialog"));
  assert.equal(await color(), blue);
  await page.click(".bar-home");
  await page.waitForSelector(".row-link");
  assert.equal(await color(), own);
});

pageTest("carets stand where the text is, in plain text too", "/d/notes?people=2", {}, async (page) => {
  await page.evaluate(() => {
    const doc = window.quire.open_.get("notes");
    Object.assign(doc.members.get(2), { anchor: 0, head: 0 });
    doc.emit("members");
  });
  const places = () => page.evaluate(() => {
    const { left, top } = document.querySelector(".caret").getBoundingClientRect();
    const corner = document.querySelector(".plain-text").getBoundingClientRect();
    const style = getComputedStyle(document.querySelector(".plain-text"));
    return [left - corner.left - parseFloat(style.paddingLeft), top - corner.top - parseFloat(style.paddingTop)];
  });
  const stands = (holds) => waitFor(async () => (await page.locator(".caret").count()) > 0 && holds(...(await places())));
  await stands((left, top) => Math.abs(left) < 2 && top >= 0 && top < 6);
  await page.evaluate(() => {
    const doc = window.quire.open_.get("notes");
    const length = doc.text().length;
    Object.assign(doc.members.get(2), { anchor: length, head: length });
    doc.emit("members");
  });
  await stands((_left, top) => top > 200);
});

pageTest("chat is sent, counted, limited and shown as text", "/d/garden?people=3", {}, async (page) => {
  assert.equal(await text(page, ".badge"), "2");
  await page.keyboard.press("Control+Alt+m");
  await page.waitForSelector(".chat:visible");
  assert.equal(await page.isVisible(".badge"), false);
  await page.fill(".chat-input", EVIL);
  await until(page, () => window.quire.open_.get("garden").members.get(1).typing);
  await page.keyboard.press("Enter");
  await until(page, () => document.querySelector(".chat-log").lastElementChild.textContent.includes("<img"));
  assert.equal(await page.locator(".chat-log img").count(), 0);
  assert.equal(await page.inputValue(".chat-input"), "");
  await page.fill(".chat-input", "x".repeat(480));
  assert.equal(await text(page, ".chat-room"), "20 left");
  await page.fill(".chat-input", "x".repeat(501));
  await page.keyboard.press("Enter");
  await page.waitForSelector(".chat-form .problem:visible");
  await page.evaluate(() => window.quire.open_.get("garden").typing([2]));
  await until(page, () => document.querySelector(".chat-typing").textContent === "Ben Okafor is typing…");
  const before = await page.locator(".message").count();
  await page.click("text=Older messages");
  await until(page, (before) => document.querySelectorAll(".message").length === before + 20, before);
});

pageTest("a message that arrives while the chat is hidden is counted", "/d/garden?people=3", {}, async (page) => {
  await page.evaluate(() => window.quire.open_.get("garden").say("Ben", "#0c73c3", "hello"));
  await until(page, () => document.querySelector(".badge").textContent === "3");
  assert.equal(await page.title(), "(3) The garden behind the library – Quire");
});

pageTest("after a backup was put back the chat shows what the server has now", "/d/garden?people=3", { chat: true }, async (page) => {
  await page.waitForSelector(".message");
  await page.evaluate(() => {
    const doc = window.quire.open_.get("garden");
    doc.chat.messages = [];
    doc.emit("chats", doc.chat.messages);
  });
  await until(page, () => document.querySelectorAll(".message").length === 0);
  assert.equal(await page.isVisible(".chat-older"), false);
  await page.evaluate(() => window.quire.open_.get("garden").say("Ben", "#0c73c3", "anew"));
  await until(page, () => document.querySelector(".chat-log").textContent.includes("anew"));
  assert.equal(await page.locator(".message").count(), 1);
});

pageTest("going offline is said, and typing goes on", "/d/letter?people=1&quiet=1", {}, async (page) => {
  await page.evaluate(() => window.quire.set("disconnected", { retryMs: 600_000 }));
  await page.click(".ql-editor");
  await page.keyboard.type("offline words");
  await until(page, () => /Reconnecting in \d+ s/.test(document.querySelector(".state-text").textContent));
  await until(page, () => /kept on this device/.test(document.querySelector(".state-detail").textContent));
  await until(page, () => /^Offline/.test(document.querySelector(".state [aria-live]").textContent));
  await page.click("text=try now");
  await until(page, () => document.querySelector(".state-text").textContent === "Saved");
});

pageTest("leaving is held up only when something would be lost", "/d/letter?people=1&quiet=1", {}, async (page) => {
  const held = () => page.evaluate(() => !window.dispatchEvent(new Event("beforeunload", { cancelable: true })));
  assert.equal(await held(), false);
  await page.evaluate(() => Object.assign(window.quire.open_.get("letter"), { saved: false, stored: true }));
  assert.equal(await held(), false);
  await page.evaluate(() => Object.assign(window.quire.open_.get("letter"), { stored: false }));
  assert.equal(await held(), true);
});

pageTest("a document that somebody deletes leaves its text behind", "/d/garden", {}, async (page) => {
  await page.evaluate(() => window.quire.open_.get("garden").set("closed", { code: "deleted" }));
  await page.waitForSelector("h1 >> text=This document was deleted");
  assert.match(await text(page, ".draft-text"), /A place to sit/);
  await page.click("text=All documents");
  await page.waitForSelector(".row-link");
});

pageTest("an address without a document says so", "/d/nowhere", {}, async (page) => {
  assert.equal(await text(page, "h1"), "Document not found");
  await page.goto(`${site.url}/elsewhere`);
  await page.waitForSelector("h1 >> text=Nothing at this address");
});

pageTest("somebody who may only read cannot write", "/d/garden?role=viewer", {}, async (page) => {
  assert.equal(await page.getAttribute(".ql-editor", "contenteditable"), "false");
  assert.equal(await page.locator(".tools:visible, .chat-form:visible, .chat-input:visible").count(), 0);
  assert.equal(await page.evaluate(() => document.querySelector(".title-input").readOnly), true);
});

pageTest("who loses the right to write can no longer, and who gets it back can, all in place", "/d/garden", {}, async (page) => {
  const role = (role) => page.evaluate((role) => window.quire.open_.get("garden").changeRole(role), role);
  const state = () =>
    page.evaluate(() => ({
      writable: document.querySelector(".ql-editor").getAttribute("contenteditable"),
      title: !document.querySelector(".title-input").readOnly,
      same: document.querySelector(".ql-editor").wasHere === true,
    }));
  const visible = (selector) => page.locator(`${selector}:visible`).count();
  await page.click(".ql-editor p");
  await page.keyboard.press("Control+End");
  await page.keyboard.type("Last words");
  await page.evaluate(() => (document.querySelector(".ql-editor").wasHere = true));
  await role("commenter");
  assert.deepEqual(await state(), { writable: "false", title: false, same: true });
  assert.deepEqual([await visible(".read-only"), await visible(".tools")], [1, 0]);
  await page.keyboard.type("nothing");
  assert.match(await text(page, ".ql-editor"), /Last words$/);
  await page.click(".bar-buttons [aria-label=More]");
  assert.equal(await page.locator(".menu-item >> text=/Rename|Delete/").count(), 0);
  await page.keyboard.press("Escape");
  await role("editor");
  assert.deepEqual(await state(), { writable: "true", title: true, same: true });
  assert.deepEqual([await visible(".read-only"), await visible(".tools")], [0, 1]);
  await page.click(".ql-editor p >> nth=-1");
  await page.keyboard.press("Control+End");
  await page.keyboard.type(", and more");
  assert.match(await text(page, ".ql-editor"), /Last words, and more$/);
  await page.keyboard.press("Control+z");
  assert.doesNotMatch(await text(page, ".ql-editor"), /and more$/);
});

pageTest("what is unsaved when the right to write goes is said to be, and stays on screen", "/d/garden", {}, async (page) => {
  await page.click(".ql-editor p");
  await page.evaluate(() => {
    const doc = window.quire.open_.get("garden");
    doc.set("offline");
    doc.status = "live"; /* what is typed from here on gets no answer */
    const { submit } = doc;
    doc.submit = (ops) => {
      doc.status = "offline";
      submit.call(doc, ops);
      doc.status = "live";
    };
  });
  await page.keyboard.press("Control+End");
  await page.keyboard.type("Unsaved words");
  await page.evaluate(() => window.quire.open_.get("garden").changeRole("viewer"));
  assert.match(await text(page, ".ql-editor"), /Unsaved words$/);
  assert.match(await text(page, ".read-only"), /What you wrote last is not saved/);
  await page.waitForSelector(".state-text >> text=Not saved");
  await page.evaluate(() => {
    const doc = window.quire.open_.get("garden");
    doc.changeRole("editor");
    doc.set("live");
  });
  await page.waitForSelector(".state-text >> text=Saved");
  assert.equal(await page.locator(".read-only:visible").count(), 0);
});

pageTest("an owner with a token shares by links and by people", "/d/garden#token=a.b.c", {}, async (page) => {
  await page.evaluate(() => (navigator.clipboard.writeText = async (text) => void (window.copied = text)));
  await page.click(".share");
  await page.waitForSelector(".share-dialog >> text=bob");
  const rows = (list) => page.locator(`.${list} .share-item`).evaluateAll((items) => items.map((item) => item.querySelector(".share-name").textContent));
  assert.deepEqual(await rows("share-people"), ["ann", "bob"]);
  assert.match(await text(page, ".share-links"), /no links/);
  await page.fill(".share-dialog input[name=label]", EVIL);
  await page.selectOption("select[aria-label='Role of the link']", "commenter");
  await page.selectOption("select[aria-label='How long the link works']", "7");
  await page.click("text=Create link");
  await page.waitForSelector(".share-links .share-item");
  assert.deepEqual(await rows("share-links"), [EVIL]);
  assert.match(await text(page, ".share-links"), /can read and chat, until/);
  assert.equal(await page.evaluate(() => window.copied), `${site.url}/d/garden#link=secret-1`);
  await page.evaluate(() => (window.copied = ""));
  await page.click(".share-links >> text=Copy");
  await until(page, () => window.copied.endsWith("#link=secret-1"));
  await page.click(".share-links >> text=Revoke");
  await page.waitForSelector("text=There are no links.");
  await page.fill(".share-dialog input[name=who]", "eve");
  await page.click(".share-dialog >> text=Add");
  await page.waitForSelector(".share-people >> text=eve");
  await page.selectOption("select[aria-label='Role of bob']", "owner");
  await until(page, () => window.quire.open_.get("garden").sharing.people.get("bob") === "owner");
  await page.click("[aria-label='Remove ann']");
  await until(page, () => !window.quire.open_.get("garden").sharing.people.has("ann"));
  await page.fill(".share-dialog input[name=who]", "nobody");
  await page.click(".share-dialog >> text=Add");
  await page.waitForSelector(".share-dialog .problem >> text=as many of them as there can be");
  await page.click(".share-dialog >> text=Done");
  assert.equal(await page.locator("dialog").count(), 0);
});

pageTest("a share link is shown to the server, and stays in the address", "/d/garden#link=s3cret", {}, async (page) => {
  assert.equal(await page.evaluate(() => window.quire.shown.get("garden")), "s3cret");
  assert.match(page.url(), /\/d\/garden#link=s3cret$/);
  await page.goto(`${site.url}/d/garden`);
  await page.waitForSelector(".sheet:not(.waiting)");
  assert.equal(await page.evaluate(() => window.quire.shown.get("garden")), "s3cret");
  assert.equal(await page.evaluate(() => window.quire.shown.get("notes") ?? null), null);
});

pageTest("the text can be taken home", "/d/garden", {}, async (page) => {
  await page.click(".bar-buttons [aria-label=More]");
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("text=Download as text")]);
  assert.equal(download.suggestedFilename(), "The garden behind the library.txt");
});

pageTest("a link can carry a token, which does not stay in the address", "/d/garden#token=ab.c", {}, async (page) => {
  assert.equal(page.url(), `${site.url}/d/garden`);
  assert.equal(await page.evaluate(() => localStorage.getItem("quire.token")), '"ab.c"');
});

pageTest("a server that asks who one is gets a token", "/", {}, async (page) => {
  await page.evaluate(() => window.quire.set("stopped", { code: 4401 }));
  await page.fill(".dialog input[name=token]", "secret");
  await Promise.all([page.waitForEvent("load"), page.keyboard.press("Enter")]);
  assert.equal(await page.evaluate(() => localStorage.getItem("quire.token")), '"secret"');
});

pageTest("the theme is chosen and kept", "/", {}, async (page) => {
  const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await paper();
  await page.click(".bar-buttons .icon-button");
  await page.click(".menu-item >> text=Dark");
  assert.notEqual(await paper(), light);
  await page.reload();
  await page.waitForSelector(".row-link");
  assert.notEqual(await paper(), light);
});

pageTest("the toolbar is reached and walked with keys", "/d/garden", {}, async (page) => {
  await page.click(".ql-editor");
  await page.keyboard.press("Alt+F10");
  const label = () => page.evaluate(() => document.activeElement.getAttribute("aria-label"));
  assert.equal(await label(), "Undo");
  await page.keyboard.press("ArrowRight");
  assert.equal(await label(), "Redo");
  await page.keyboard.press("End");
  assert.equal(await label(), "Clear formatting");
  await page.keyboard.press("Escape");
  assert.equal(await label(), "Text of the document");
});

for (const path of ["/", "/?empty=1", "/d/garden?people=9", "/d/notes?people=5", "/d/nowhere", "/d/garden?offline=1"]) {
  pageTest(`nothing is wider than the smallest phone at ${path}`, path, { width: 320, height: 568 }, async (page) => {
    assert.ok((await page.evaluate(() => document.scrollingElement.scrollWidth)) <= 320);
  });
}
