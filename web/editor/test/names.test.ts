import assert from "node:assert/strict";
import { test } from "node:test";
import { CHAT_MAX, guestName, lengthOf, NAME_MAX, nameProblem, roomLeft, tidyLine, tidyMessage, tidyTitle } from "../src/pure/names.js";

test("a name of one to sixty characters is good in any script", () => {
  for (const name of ["Ann", "王", "أمل", "👩‍🚀", "O’Neil-Smith Jr.", "x".repeat(NAME_MAX), "😀".repeat(NAME_MAX)]) {
    assert.equal(nameProblem(name), "", name);
  }
});

test("an empty, an invisible and a too long name are refused in words", () => {
  for (const name of ["", "   ", "\t\n", "\u200b", "\u202e"]) assert.match(nameProblem(name), /enter a name/);
  assert.match(nameProblem("x".repeat(NAME_MAX + 1)), /at most 60/);
  assert.match(nameProblem("😀".repeat(NAME_MAX + 1)), /at most 60/);
});

test("names and titles are one line", () => {
  assert.equal(tidyLine("  Ann \n Lee\u0000 "), "Ann Lee");
  assert.equal(tidyTitle("a\u2028b"), "a b");
  assert.equal(lengthOf(tidyTitle("😀".repeat(300))), 100);
});

test("a lone half of a pair never leaves the page", () => {
  assert.equal(tidyLine("a\ud800b"), "a\ufffdb");
  assert.equal(tidyLine("\udc00"), "\ufffd");
  assert.equal(tidyLine("😀"), "😀");
  assert.equal(tidyTitle("😀".repeat(100).slice(0, -1)).endsWith("\ufffd"), true);
});

test("messages keep their lines and lose what cannot be seen", () => {
  assert.equal(tidyMessage(" a\r\nb\u0000\u0007 "), "a\nb");
  assert.equal(tidyMessage("a\n\n\n\n\nb"), "a\n\nb");
  assert.equal(tidyMessage(" \n "), "");
});

test("the room left is told near the end only", () => {
  assert.equal(roomLeft("x".repeat(CHAT_MAX - 81)), "");
  assert.equal(roomLeft("x".repeat(CHAT_MAX - 80)), "80 left");
  assert.equal(roomLeft("😀".repeat(CHAT_MAX)), "0 left");
  assert.equal(roomLeft("x".repeat(CHAT_MAX + 3)), "3 too many");
});

test("guests are told apart by a number of two digits", () => {
  assert.equal(guestName(() => 0), "Guest 10");
  assert.equal(guestName(() => 0.9999), "Guest 99");
});
