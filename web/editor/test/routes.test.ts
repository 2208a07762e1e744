import assert from "node:assert/strict";
import { test } from "node:test";
import { linkAddress } from "../src/pure/links.js";
import { appendPage, matchesFilter, mergeFirstPage } from "../src/pure/merge.js";
import { documentPath, parseRoute } from "../src/pure/routes.js";

test("addresses lead to the list, to a document, or nowhere", () => {
  assert.deepEqual(parseRoute("/"), { page: "list" });
  assert.deepEqual(parseRoute("/index.html"), { page: "list" });
  assert.deepEqual(parseRoute("/d/a-B_9"), { page: "document", id: "a-B_9" });
  assert.deepEqual(parseRoute("/d/notes/"), { page: "document", id: "notes" });
  assert.deepEqual(parseRoute(`/d/${"x".repeat(64)}`), { page: "document", id: "x".repeat(64) });
  for (const path of ["/d/", "/d", `/d/${"x".repeat(65)}`, "/d/a b", "/d/a/b", "/d/..%2f", "/e", "/d/é"]) {
    assert.deepEqual(parseRoute(path), { page: "missing" }, path);
  }
});

test("the address of a document leads to it", () => {
  assert.deepEqual(parseRoute(documentPath("abc")), { page: "document", id: "abc" });
});

test("what is typed as a link becomes a whole address", () => {
  assert.equal(linkAddress(" example.org/page "), "https://example.org/page");
  assert.equal(linkAddress("http://a.org"), "http://a.org/");
  assert.equal(linkAddress("localhost:8080/d/x"), "https://localhost:8080/d/x");
  assert.equal(linkAddress("ann@example.org"), "mailto:ann@example.org");
  assert.equal(linkAddress("mailto:ann@example.org"), "mailto:ann@example.org");
  assert.equal(linkAddress("tel:12345"), "tel:12345");
  assert.equal(linkAddress(""), "");
});

test("what must not be a link is refused", () => {
  for (const typed of ["javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "file:///etc/passwd", "two words", "vbscript:x", "https://"]) {
    assert.equal(linkAddress(typed), null, typed);
  }
});

const at = (id: string, day: number) => ({ id, title: id, updated: new Date(2026, 0, day) });

test("a fresh first page replaces what it covers and keeps what lies beyond it", () => {
  const loaded = [at("a", 9), at("b", 8), at("c", 7), at("d", 6), at("e", 5)];
  const page = [at("d", 10), at("a", 9), at("c", 7)];
  assert.deepEqual(mergeFirstPage(loaded, page, true).map(({ id }) => id), ["d", "a", "c", "e"]);
});

test("a first page that is all there is leaves nothing else", () => {
  assert.deepEqual(mergeFirstPage([at("a", 2), at("b", 1)], [at("b", 1)], false).map(({ id }) => id), ["b"]);
  assert.deepEqual(mergeFirstPage([at("a", 2)], [], false), []);
});

test("a further page adds what is not there yet", () => {
  assert.deepEqual(appendPage([at("a", 2)], [at("a", 2), at("b", 1)]).map(({ id }) => id), ["a", "b"]);
});

test("the filter finds words in any order, whatever case or accents", () => {
  assert.ok(matchesFilter("Über die Gärten", "garten uber"));
  assert.ok(matchesFilter("Meeting notes", "NOTE"));
  assert.ok(!matchesFilter("Meeting notes", "note tuesday"));
  assert.ok(matchesFilter("anything", ""));
});
