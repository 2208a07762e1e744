import assert from "node:assert/strict";
import { test } from "node:test";
import { calendarDate, dayName, initials, peopleHere, relativeTime, splitLinks, typingWords } from "../src/pure/words.js";

const now = new Date(2026, 5, 17, 15, 30, 0);
const ago = (seconds: number): Date => new Date(now.getTime() - seconds * 1000);
const said = (seconds: number): string => relativeTime(ago(seconds), now, "en-GB");

test("times that have just passed are said in minutes and hours", () => {
  assert.equal(said(0), "just now");
  assert.equal(said(-30), "just now");
  assert.equal(said(44), "just now");
  assert.equal(said(60), "a minute ago");
  assert.equal(said(5 * 60), "5 minutes ago");
  assert.equal(said(59 * 60 + 50), "59 minutes ago");
  assert.equal(said(60 * 60), "an hour ago");
  assert.equal(said(3 * 3600), "3 hours ago");
});

test("days are counted by the calendar, not by the clock", () => {
  assert.equal(said(15 * 3600), "15 hours ago");
  assert.equal(said(16 * 3600), "yesterday");
  assert.equal(said(39 * 3600), "yesterday");
  assert.equal(said(40 * 3600), "2 days ago");
  assert.equal(said(6 * 86400), "6 days ago");
});

test("shortly after midnight the evening before is still hours ago", () => {
  const night = new Date(2026, 5, 18, 0, 20);
  assert.equal(relativeTime(new Date(2026, 5, 17, 22, 10), night), "2 hours ago");
});

test("what is older than a week gets a date, with the year when it is another one", () => {
  assert.equal(said(8 * 86400), "9 Jun");
  assert.equal(relativeTime(new Date(2025, 11, 24), now, "en-GB"), "24 Dec 2025");
  assert.equal(calendarDate(new Date(2026, 0, 2), now, "en-GB"), "2 Jan");
});

test("days have names", () => {
  assert.equal(dayName(ago(60), now), "Today");
  assert.equal(dayName(ago(86400), now), "Yesterday");
  assert.equal(dayName(ago(3 * 86400), now, "en-GB"), "14 Jun");
});

test("initials come from the first and the last word", () => {
  assert.equal(initials("ann"), "A");
  assert.equal(initials("Ann Lee"), "AL");
  assert.equal(initials("Ann Mary van der Lee"), "AL");
  assert.equal(initials("jean-luc"), "JL");
  assert.equal(initials("  (Bob) Ray "), "BR");
});

test("initials take whole characters in any script", () => {
  assert.equal(initials("王小明"), "王");
  assert.equal(initials("éva"), "É");
  assert.equal(initials("e\u0301va"), "E\u0301");
  assert.equal(initials("👩‍🚀 Kim"), "👩‍🚀K");
  assert.equal(initials("دفتر"), "د");
  assert.equal(initials("!!!"), "?");
  assert.equal(initials(""), "?");
});

test("people are counted in words", () => {
  assert.equal(peopleHere(0), "");
  assert.equal(peopleHere(1), "1 person here");
  assert.equal(peopleHere(12), "12 people here");
});

test("who is typing is said for one, two and many", () => {
  assert.equal(typingWords([]), "");
  assert.equal(typingWords(["Ann"]), "Ann is typing…");
  assert.equal(typingWords(["Ann", "Ben"]), "Ann and Ben are typing…");
  assert.equal(typingWords(["Ann", "Ben", "Cai"]), "Ann, Ben and 1 other are typing…");
  assert.equal(typingWords(["Ann", "Ben", "Cai", "Di"]), "Ann, Ben and 2 others are typing…");
});

test("addresses in a message become links, and only those of the web", () => {
  assert.deepEqual(splitLinks("no links"), [{ text: "no links" }]);
  assert.deepEqual(splitLinks("see https://a.org/b?c=d, please"), [
    { text: "see " },
    { text: "https://a.org/b?c=d", href: "https://a.org/b?c=d" },
    { text: ", please" },
  ]);
  assert.deepEqual(splitLinks("javascript:alert(1) ftp://x.org"), [{ text: "javascript:alert(1) ftp://x.org" }]);
  assert.deepEqual(splitLinks("http://"), [{ text: "http://" }]);
  assert.equal(splitLinks("(http://a.org)").map(({ text }) => text).join(""), "(http://a.org)");
});
