// Dialogs by keyboard, and text that is not saved, in a real browser with the pretended client.
import assert from "node:assert/strict";
import { EVIL, pages } from "./lib/page.js";

const { pageTest, site } = pages();
const until = (page, run, arg) => page.waitForFunction(run, arg);
const isClosed = (page) => until(page, () => !document.querySelector("dialog"));
/* Where the keyboard is: the words that a screen reader says. */
const focused = (page) =>
  page.evaluate(() => {
    const { activeElement: element } = document;
    return element.getAttribute("aria-label") ?? element.labels?.[0]?.querySelector(".field-label")?.textContent ?? element.textContent;
  });
const people = (page) => page.evaluate(() => [...window.quire.open_.get("garden").sharing.people]);
const links = (page) => page.evaluate(() => window.quire.open_.get("garden").sharing.made.map(({ label, role }) => [label, role]));

pageTest("Enter in a field of the share dialog does what its button does, and the dialog stays", "/d/garden#token=a.b.c", {}, async (page) => {
  await page.click(".share");
  await page.waitForSelector(".share-people >> text=bob");
  await page.fill(".share-dialog input[name=who]", "eve");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".share-people >> text=eve");
  assert.deepEqual((await people(page)).find(([sub]) => sub === "eve"), ["eve", "editor"]);
  assert.equal(await page.inputValue(".share-dialog input[name=who]"), "");

  /* With nothing in it, it says what is missing. */
  await page.keyboard.press("Enter");
  await page.waitForSelector(".share-dialog .problem >> text=enter the user id");
  assert.equal(await focused(page), "User id");
  assert.equal((await people(page)).length, 3);

  await page.fill(".share-dialog input[name=label]", "class");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".share-links >> text=class");
  assert.deepEqual(await links(page), [["class", "viewer"]]);
  assert.equal(await page.locator(".share-dialog").count(), 1);
  await page.keyboard.press("Escape");
  await isClosed(page);
  assert.equal(await page.evaluate(() => document.activeElement.classList.contains("share")), true);
});

pageTest("an input method that is used in the share dialog keeps its Enter", "/d/garden#token=a.b.c", {}, async (page) => {
  await page.click(".share");
  await page.fill(".share-dialog input[name=who]", "eve");
  await page.locator(".share-dialog input[name=who]").dispatchEvent("keydown", { key: "Enter", isComposing: true });
  assert.equal((await people(page)).length, 2);
});

pageTest("the share dialog is used by keyboard alone, and the focus is never lost", "/d/garden#token=a.b.c", {}, async (page) => {
  await page.focus(".share");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".share-people >> text=bob");
  const order = [];
  for (let i = 0; i < 11; i++) {
    order.push(await focused(page));
    await page.keyboard.press("Tab");
  }
  const expected = ["For whom the link is", "Role of the link", "How long the link works", "Create link", "Role of ann", "Remove ann", "Role of bob", "Remove bob", "User id", "Role of the person", "Add"];
  assert.deepEqual(order, expected);

  /* What is taken away leaves the focus at what took its place. */
  await page.focus("[aria-label='Remove ann']");
  await page.keyboard.press("Enter");
  await until(page, () => document.querySelectorAll(".share-people .share-item").length === 1);
  await until(page, () => document.activeElement.getAttribute("aria-label") === "Remove bob");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".share-people >> text=Nobody has a role");
  await until(page, () => document.activeElement.textContent === "Done");
  await page.fill(".share-dialog input[name=who]", "eve");
  await page.keyboard.press("Enter");
  await page.waitForSelector("[aria-label='Role of eve']");
  await page.selectOption("[aria-label='Role of eve']", "viewer");
  await until(page, () => window.quire.open_.get("garden").sharing.people.get("eve") === "viewer");
});

pageTest("every dialog has a name, begins where one types, ends by Escape, and gives the focus back", "/", {}, async (page) => {
  const menu = async (...steps) => {
    await page.focus(".row-more button >> nth=0");
    for (const key of ["Enter", ...steps, "Enter"]) await page.keyboard.press(key);
  };
  const ways = {
    "New document": { open: () => page.focus("button:has-text('New document')").then(() => page.keyboard.press("Enter")), first: "Title" },
    Rename: { open: () => menu(), first: "Title" },
    "Delete this document?": { open: () => menu("ArrowDown"), first: "Cancel" },
    "Your name and colour": {
      open: async () => {
        await page.focus("[aria-label=Menu]");
        await page.keyboard.press("Enter");
        await page.locator(".menu-me:visible").focus();
        await page.keyboard.press("Enter");
      },
      first: "Your name",
    },
  };
  for (const [name, { open, first }] of Object.entries(ways)) {
    await open();
    await page.waitForSelector("dialog[open]");
    const said = await page.evaluate(() => document.getElementById(document.querySelector("dialog").getAttribute("aria-labelledby")).textContent);
    assert.equal(said, name, await page.textContent("dialog"));
    assert.equal(await focused(page), first, name);
    const unlabelled = await page.locator("dialog input:not([type=radio]), dialog select, dialog textarea").evaluateAll((fields) => fields.filter((field) => !field.labels?.length && !field.hasAttribute("aria-label")).length);
    assert.equal(unlabelled, 0, name);
    /* Once around, and never out of it. */
    for (let i = 0; i < 20; i++) {
      await page.keyboard.press("Tab");
      assert.ok(await page.evaluate(() => document.activeElement === document.body || document.querySelector("dialog").contains(document.activeElement)), name);
    }
    await page.keyboard.press("Escape");
    await isClosed(page);
    assert.ok(await page.evaluate(() => document.activeElement.tagName === "BUTTON"), `${name} gives the focus back`);
  }
});

pageTest("a dialog is left by a click beside it, but not by selecting text out of it", "/", {}, async (page) => {
  await page.keyboard.press("n");
  await page.fill(".dialog input[name=title]", "A title that is long enough to be selected");
  const box = await page.locator(".dialog input[name=title]").boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(5, 5);
  await page.mouse.up();
  assert.equal(await page.locator("dialog").count(), 1);
  const dialog = await page.locator("dialog").boundingBox();
  await page.mouse.click(dialog.x + 4, dialog.y + 4);
  assert.equal(await page.locator("dialog").count(), 1, "its edge is not beside it");
  await page.mouse.click(5, 5);
  await isClosed(page);
});

pageTest("a draft stays until it is discarded, and that is asked for", "/d/garden", {}, async (page) => {
  await page.evaluate(() => window.quire.open_.get("garden").emit("draft", { ops: [{ insert: "lost <b>words</b>" }], reason: "" }));
  await page.waitForSelector(".draft-text >> text=lost <b>words</b>");
  await page.reload();
  await page.waitForSelector(".draft-text >> text=lost <b>words</b>");
  await page.click(".draft >> text=Discard…");
  await page.click("dialog >> text=Cancel");
  await isClosed(page);
  assert.equal(await page.locator(".draft").count(), 1);
  await page.click(".draft >> text=Discard…");
  await page.click("dialog .danger");
  await isClosed(page);
  assert.equal(await page.locator(".draft").count(), 0);
  await page.reload();
  await page.waitForSelector(".ql-editor");
  assert.equal(await page.locator(".draft").count(), 0);
});

pageTest("a draft of another document waits there, and above the list", "/", {}, async (page) => {
  await page.evaluate((title) => window.quire.emit("draft", { id: "garden", title, ops: [{ insert: "from before" }], reason: "deleted" }), EVIL);
  await page.waitForSelector(".list-main .draft-text >> text=from before");
  assert.equal(await page.textContent(".draft a"), EVIL);
  await page.reload();
  await page.click(".list-main .draft a");
  await page.waitForSelector(".draft-text >> text=from before");
  await page.evaluate(() => window.quire.emit("draft", { id: "letter", title: "A letter", ops: [{ insert: "to Ben" }], reason: "bad_format" }));
  await page.click(".toast >> text=Show");
  await page.waitForSelector(".list-main .draft-text >> text=to Ben");
  assert.equal(await page.locator(".list-main .draft").count(), 2);
});

pageTest("what the server does not take of an earlier page is shown above the list, copied, and discarded", "/", {}, async (page) => {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: site.url });
  await page.evaluate((title) => {
    window.discarded = 0;
    const leftover = { id: "garden", title, ops: [{ retain: 3 }, { insert: "kept words" }], reason: "forbidden" };
    window.quire.emit("leftover", { ...leftover, discard: async () => void window.discarded++ });
    window.quire.emit("leftover", { ...leftover, id: "letter", title: "", ops: [{ delete: 4 }], reason: "document_full", discard: async () => {} });
  }, EVIL);
  await page.waitForSelector(".draft-text >> text=kept words");
  assert.match(await page.textContent(".draft >> nth=0"), /only read this document.*stays in this browser/);
  assert.match(await page.textContent(".draft >> nth=1"), /Untitled: This document is full.*It has no text/);
  await page.click(".draft >> nth=0 >> text=Copy text");
  await page.waitForSelector(".draft >> text=Copied");
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "kept words");
  await page.click(".draft >> nth=0 >> text=Discard…");
  await page.click("dialog .danger");
  await isClosed(page);
  assert.deepEqual([await page.evaluate(() => window.discarded), await page.locator(".draft").count()], [1, 1]);
});

pageTest("what is not saved in a document that may only be read now can be copied, and given up", "/d/garden", {}, async (page) => {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"], { origin: site.url });
  await page.evaluate(() => {
    const doc = window.quire.open_.get("garden");
    doc.saved = false;
    doc.changeRole("viewer");
  });
  await page.waitForSelector(".read-only >> text=is not saved");
  await page.click(".read-only >> text=Copy text");
  await page.waitForSelector(".read-only >> text=Copied");
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "unsaved");
  await page.click(".read-only >> text=Discard…");
  await page.click("dialog .danger");
  await isClosed(page);
  await until(page, () => !/not saved/.test(document.querySelector(".read-only").textContent));
  assert.equal(await page.locator(".read-only button").count(), 0);
});

pageTest("a connection that stops asks once, and can be tried again", "/d/garden#token=a.b.c", {}, async (page) => {
  await page.evaluate(() => window.quire.set("stopped", { code: 4401 }));
  await page.waitForSelector("dialog >> text=Your access has ended");
  await page.evaluate(() => {
    window.dispatchEvent(new Event("offline"));
    window.dispatchEvent(new Event("online"));
  });
  assert.equal(await page.locator("dialog").count(), 1);
  assert.equal(await page.evaluate(() => window.quire.status), "stopped");
  await page.keyboard.press("Escape");
  await isClosed(page);
  await page.evaluate(() => window.dispatchEvent(new Event("offline")));
  assert.equal(await page.locator("dialog").count(), 0);
  await page.click(".state >> text=try now");
  await until(page, () => window.quire.status === "connected");
});

pageTest("another token in the address is taken without leaving the page, and one of another user begins anew", "/d/garden#token=a.b.c", {}, async (page) => {
  await page.evaluate(() => {
    window.wasHere = true;
    document.querySelector(".ql-editor").wasHere = true;
    window.quire.set("stopped", { code: 4401 });
  });
  await page.waitForSelector("dialog >> text=Your access has ended");
  await page.evaluate(() => (location.hash = "token=x.y.z"));
  await until(page, () => localStorage.getItem("quire.token") === '"x.y.z"' && location.hash === "" && window.quire.status === "connected");
  assert.equal(await page.locator("dialog").count(), 0);
  assert.ok(await page.evaluate(() => window.wasHere && document.querySelector(".ql-editor").wasHere));
  await page.evaluate(() => (location.hash = "token=named"));
  await until(page, () => !window.wasHere && localStorage.getItem("quire.token") === '"named"' && location.hash === "");
});

pageTest("a token with a name is who one is: it is not asked for, and can not be changed", "/d/garden#token=named", { known: false }, async (page) => {
  assert.equal(await page.evaluate(() => window.quire.name), "Nora");
  assert.equal(await page.locator("dialog").count(), 0);
  await page.click(".bar-buttons [aria-label=More]");
  await page.click(".menu-me");
  assert.equal(await page.inputValue("dialog input[name=name]"), "Nora");
  assert.ok(await page.evaluate(() => document.querySelector("dialog input[name=name]").readOnly));
  assert.match(await page.textContent("dialog"), /comes with your access/);
});

pageTest("a link with the access of another user is not followed without asking", "/d/garden#token=named", {}, async (page) => {
  const kept = () => page.evaluate(() => localStorage.getItem("quire.token"));
  await page.evaluate(() => (location.hash = "token=other1"));
  await page.waitForSelector("dialog >> text=the access of <b>Otto");
  assert.equal(await page.evaluate(() => location.hash), "");
  await page.click("dialog >> text=Stay Nora");
  await isClosed(page);
  assert.equal(await kept(), '"named"');
  await page.goto(`${site.url}/d/letter#token=other1`);
  await page.reload();
  assert.equal(await kept(), '"named"');
  await page.goto(`${site.url}/d/garden#token=other1`);
  await page.click("dialog >> text=Go on as them");
  await until(page, () => localStorage.getItem("quire.token") === '"other1"');
  await page.waitForSelector(".sheet:not(.waiting)");
  assert.equal(await page.evaluate(() => window.quire.name), "<b>Otto");
});
