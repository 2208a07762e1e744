import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { QuireError } from "../src/index.js";
import { clientCodec, serverCodec, type ClientMessage } from "../src/wire/messages.js";
import { append, serveEach, until } from "./live.js";

const live = serveEach();
const { connect, openReady, room } = live;

describe("sharing", () => {
  test("owners give and take roles, and make, list and revoke links", async () => {
    room().role = "owner";
    const { sharing } = await openReady(connect());
    await sharing.setMember("bob", "editor");
    await sharing.setMember("eve", "viewer");
    await sharing.setMember("eve", null);
    assert.deepEqual((await sharing.members()).map(({ sub, role }) => [sub, role]), [["bob", "editor"]]);
    const expires = new Date(1_800_000_000_000);
    const made = await sharing.createLink({ role: "commenter", label: "class", expires });
    await sharing.createLink({ role: "viewer" });
    assert.equal(made.secret, "secret-1");
    const links = await sharing.links();
    assert.deepEqual(links.map(({ role, label, expires }) => [role, label, expires]), [["commenter", "class", expires], ["viewer", "", null]]);
    await sharing.revokeLink(made.number);
    assert.deepEqual((await sharing.links()).map(({ number }) => number), [2]);
  });

  test("others are refused", async () => {
    const { sharing } = await openReady(connect());
    const isForbidden = (error: unknown): boolean => error instanceof QuireError && error.code === "forbidden";
    await assert.rejects(sharing.members(), isForbidden);
    await assert.rejects(sharing.createLink({ role: "viewer" }), isForbidden);
  });

  test("a link is shown with every OPEN, also after a break", async () => {
    room().needsLink = "the secret";
    const connection = connect();
    await assert.rejects(connection.open("doc").ready, (error) => error instanceof QuireError && error.code === "not_found");
    const document = connection.open("doc", { link: "the secret" });
    await document.ready;
    live.server.cutAll();
    await until(() => document.status === "offline");
    append(document, "still here");
    await until(() => document.saved);
  });
});

test("OPEN without a link, and DOCUMENTS of a server that says no place, are as they always were", () => {
  const open: ClientMessage = { kind: "open", ref: 1, ch: 0, id: "d", epoch: null, version: null, chat: null, link: null };
  assert.equal(clientCodec.encode([open])[0], 0x97);
  assert.equal(clientCodec.encode([{ ...open, link: "x" }])[0], 0x98);
  assert.deepEqual(clientCodec.decode(clientCodec.encode([open, { ...open, link: "x" }])), [open, { ...open, link: "x" }]);
  const old = new Uint8Array([0x94, 0x2b, 0x01, 0xc2, 0x90]);
  assert.deepEqual(serverCodec.decode(old), [{ kind: "documents", ref: 1, more: false, documents: [], before_ms: null, before_key: null }]);
});
