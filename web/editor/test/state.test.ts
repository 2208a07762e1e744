import assert from "node:assert/strict";
import { test } from "node:test";
import { codeOf, draftWords, errorWords, isQuiet, leftoverWords, stoppedWords } from "../src/pure/error-words.js";
import { stateWords, type State } from "../src/pure/state-words.js";

const calm: State = { connection: "connected", document: "live", saved: true, refusal: null, kept: true, noNetwork: false };
const words = (state: Partial<State>) => stateWords({ ...calm, ...state });

test("a live document is saved or being saved", () => {
  assert.equal(words({}).text, "Saved");
  assert.equal(words({}).tone, "calm");
  assert.equal(words({ saved: false }).text, "Saving…");
  assert.equal(words({ document: "loading" }).text, "Opening…");
  assert.equal(words({ document: "offline" }).text, "Catching up…");
});

test("what a role keeps from being saved is not said to be on its way", () => {
  assert.equal(words({ saved: false, refusal: "forbidden" }).text, "Not saved");
  assert.equal(words({ saved: false, refusal: "forbidden" }).tone, "warn");
  assert.equal(words({ refusal: "forbidden" }).text, "Saved");
});

test("what is refused for another reason says which, and what to do", () => {
  assert.match(words({ saved: false, refusal: "document_full" }).detail, /full: remove something/);
  assert.equal(words({ saved: false, refusal: "document_full" }).text, "Not saved");
  assert.match(words({ saved: false, refusal: "unheard of" }).detail, /does not take it/);
});

test("a connection that has stopped can be tried again", () => {
  assert.equal(words({ connection: "stopped" }).retry, true);
});

test("a connection that comes back counts down and can be hurried", () => {
  const waiting = words({ connection: "disconnected", document: "offline", retryMs: 3400 });
  assert.equal(waiting.text, "Reconnecting in 4 s");
  assert.equal(waiting.retry, true);
  assert.equal(waiting.tone, "warn");
  assert.equal(words({ connection: "disconnected", retryMs: 0 }).text, "Reconnecting…");
  assert.equal(words({ connection: "disconnected", retryMs: 0 }).retry, false);
  assert.equal(words({ connection: "connecting", document: "offline" }).text, "Reconnecting…");
  assert.equal(words({ connection: "connecting", document: "loading" }).text, "Connecting…");
});

test("what is unsaved while offline is said to be kept only where it is", () => {
  const offline = { connection: "disconnected", document: "offline", noNetwork: true } as const;
  assert.equal(words(offline).detail, "");
  assert.match(words({ ...offline, saved: false }).detail, /kept on this device/);
  assert.match(words({ ...offline, saved: false, kept: false }).detail, /keep this page open/);
  assert.equal(words(offline).text, "Offline");
});

test("what is spoken does not change with the seconds", () => {
  const spoken = [4000, 3000, 2000, 1000].map((retryMs) => words({ connection: "disconnected", retryMs, saved: false }).spoken);
  assert.deepEqual(new Set(spoken), new Set(["Offline: your changes are kept on this device."]));
});

test("a document that is gone says nothing about saving, and a stopped connection never says saved", () => {
  assert.equal(words({ document: "closed", saved: false }).text, "");
  assert.equal(words({ connection: "stopped" }).text, "Disconnected");
  assert.match(words({ connection: "stopped", saved: false, kept: false }).detail, /keep this page open/);
});

test("errors have words of their own, and unknown ones have some too", () => {
  assert.match(errorWords({ code: "not_found" }), /does not exist/);
  assert.match(errorWords({ code: "toString" }), /went wrong/);
  assert.match(errorWords(new Error("x")), /went wrong/);
  assert.match(errorWords(undefined), /went wrong/);
  assert.equal(codeOf({ code: 7 }), "");
  assert.ok(isQuiet({ code: "too_old" }));
  assert.ok(!isQuiet({ code: "document_full" }));
});

test("a connection that has stopped says why", () => {
  const titles = [4401, 4403, 4409, 1009, 4400, undefined].map((code) => stoppedWords(code, false).title);
  assert.equal(new Set(titles).size, 5);
  assert.notEqual(stoppedWords(4401, true).title, stoppedWords(4401, false).title);
});

test("text that is not saved says why, and what becomes of it", () => {
  const drafts = ["restored", "forbidden", "deleted", "not_text"].map((reason) => draftWords(reason).text);
  assert.equal(new Set(drafts).size, 4);
  const leftovers = ["forbidden", "document_full", "toString"].map((reason) => leftoverWords(reason).text);
  assert.equal(new Set(leftovers).size, 3);
  for (const text of leftovers) assert.match(text, /stays in this browser/);
});
