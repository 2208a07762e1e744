/* Tokens that are refused, end, are late, are wrong or are somebody else's. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MemoryStorage, userOf, type StatusDetail } from "../src/index.js";
import { append, serveEach, until } from "./live.js";

const live = serveEach();
const { connect, openReady, serverText } = live;

const timing = { retryFirstMs: 5, retryMaxMs: 20, tokenWithinMs: 20_000, tokenAgainMs: 1 };

const never = new Promise<string>(() => undefined);
const tokenOf = (sub: string, more = ""): string => `head.${Buffer.from(JSON.stringify({ sub, more })).toString("base64url")}.proof`;
const shown = (): string[] => live.server.heard.flatMap((message) => (message.kind === "token" ? [message.token] : []));

function expiring(inMs = 40): void {
  for (const link of live.server.model.links) link.send({ kind: "expiring", in_ms: inMs });
}

/** What the program is told. */
function watched(connection: ReturnType<typeof connect>) {
  const seen = { errors: [] as string[], status: "", detail: {} as StatusDetail };
  connection.on("error", (error) => seen.errors.push(error.code));
  connection.on("status", (status, detail) => Object.assign(seen, { status, detail }));
  return seen;
}

describe("tokens", () => {
  test("the token is fetched for every connection; a refused one only stops when it is not renewed", async () => {
    const given = ["one", "wrong", "three"];
    const connection = connect({ token: () => Promise.resolve(given.shift() ?? "wrong") });
    await openReady(connection);
    live.server.cutAll();
    await until(() => live.server.tokens.length === 3 && connection.status === "connected");
    assert.deepEqual(live.server.tokens, ["one", "wrong", "three"]);
    const errors: string[] = [];
    connection.on("error", (error) => errors.push(error.code));
    live.server.cutAll();
    await until(() => connection.status === "stopped");
    /* It was asked for once more, and was the same. */
    assert.deepEqual(live.server.tokens.slice(3), ["wrong"]);
    assert.deepEqual(errors, ["unauthorized"]);
    assert.deepEqual(given, []);
  });

  test("a token that ends is followed by another one over the same connection", async () => {
    let token = "one";
    const connection = connect({ token: () => Promise.resolve(token), timing });
    const ann = await openReady(connection);
    token = "two";
    expiring();
    await until(() => shown().length === 1);
    /* The same again is not worth showing; the connection goes on in either case. */
    expiring();
    append(ann, "still here");
    await until(() => ann.saved);
    assert.deepEqual(shown(), ["two"]);
    assert.deepEqual(live.server.tokens, ["one"]);
    live.server.cutAll();
    await until(() => live.server.tokens.length === 2);
    assert.deepEqual(live.server.tokens, ["one", "two"]);
  });

  test("a token that could not be followed in time is fetched anew, also after breaks with the same one", async () => {
    const given = ["one", "one", "two"];
    const connection = connect({ token: () => given.shift() ?? "two" });
    await openReady(connection);
    live.server.cutAll();
    await until(() => live.server.tokens.length === 2 && connection.status === "connected");
    live.server.closeAll(4401);
    await until(() => live.server.tokens.length === 3 && connection.status === "connected");
    assert.deepEqual(live.server.tokens, ["one", "one", "two"]);
  });

  test("a token that cannot be had is told, and the connection goes on until it ends", async () => {
    let calls = 0;
    const connection = connect({
      token: () => {
        if (calls++ > 0) throw new Error("signed out");
        return "one";
      },
      timing: { ...timing, tokenAgainMs: 10 },
    });
    await openReady(connection);
    const errors: string[] = [];
    connection.on("error", (error) => errors.push(error.code));
    expiring();
    await until(() => errors.length > 0);
    assert.equal(errors[0], "no_token");
    assert.equal(connection.status, "connected");
  });

  test("one that takes too long is told, and asked for again; when it comes at last it counts no more", async () => {
    const late: ((token: string) => void)[] = [];
    let calls = 0;
    const token = (): Promise<string> => (++calls <= 2 ? new Promise((resolve) => late.push(resolve)) : Promise.resolve("third"));
    const connection = connect({ token, timing: { ...timing, tokenWithinMs: 20 } });
    const seen = watched(connection);
    const ann = await openReady(connection);
    assert.deepEqual(seen.errors, ["no_token", "no_token"]);
    late.forEach((answer) => answer("late"));
    append(ann, "written");
    await until(() => ann.saved);
    assert.deepEqual(live.server.tokens, ["third"]);
  });

  test("while there is none, attempts become rarer, and what is typed stays", async () => {
    const calls: number[] = [];
    let signedIn = true;
    const token = (): string => {
      calls.push(Date.now());
      if (!signedIn) throw new Error("signed out");
      return `token ${calls.length}`;
    };
    const connection = connect({ token, timing: { ...timing, retryFirstMs: 40, retryMaxMs: 400 } });
    const ann = await openReady(connection);
    const seen = watched(connection);
    signedIn = false;
    live.server.cutAll();
    append(ann, "typed meanwhile");
    await until(() => calls.length >= 6);
    assert.deepEqual([seen.status, seen.detail.reason, ann.saved], ["disconnected", "there is no token", false]);
    assert.ok(calls[5] - calls[4] > calls[2] - calls[1], "the waits grow");
    assert.ok(seen.errors.every((code) => code === "no_token"));
    signedIn = true;
    connection.reconnect();
    await until(() => ann.saved);
    assert.equal(serverText(), "typed meanwhile");
  });

  test("what is no token is told as such, and nothing is sent", async () => {
    const given: unknown[] = [{ token: "in an object" }, 7, "good"];
    const connection = connect({ token: () => given.shift() as string });
    const seen = watched(connection);
    await openReady(connection);
    assert.deepEqual(seen.errors, ["no_token", "no_token"]);
    assert.deepEqual(live.server.tokens, ["good"]);
  });

  test("in the last minute it is asked for again and again, more and more often but not too often", async () => {
    let calls = 0;
    const answers = [(): string => "one", (): string => "one", (): string => { throw new Error("try later"); }, (): Promise<string> => never, (): string => "two"];
    const connection = connect({ token: () => answers[Math.min(calls++, 4)](), timing: { ...timing, tokenWithinMs: 10, tokenAgainMs: 10 } });
    await openReady(connection);
    const seen = watched(connection);
    expiring(400);
    await until(() => shown().length === 1);
    assert.deepEqual([shown(), calls, seen.errors], [["two"], 5, ["no_token", "no_token"]]);
    assert.equal(connection.status, "connected");
    assert.deepEqual(live.server.tokens, ["one"]);
  });

  test("it is not asked for without end when there is no other", async () => {
    let calls = 0;
    const connection = connect({ token: () => `${++calls > 0 ? "the same" : ""}`, timing: { ...timing, tokenAgainMs: 50 } });
    await openReady(connection);
    expiring(300);
    /* To connect, and with about 150 and 75 ms left: half of that is too little. */
    await until(() => calls === 3);
    live.server.closeAll(4401);
    await until(() => connection.status === "stopped");
    assert.equal(calls, 4);
  });

  test("one that lives for seconds is followed at half of its time, not at once and for ever", async () => {
    let calls = 0;
    const connection = connect({ token: () => `token ${++calls}`, timing });
    /* As the server does: it tells of the end with less than a minute left, of each token. */
    connection.on("message", (direction, message) => {
      if (direction === "received" && (message.kind === "welcome" || message.kind === "done")) queueMicrotask(() => expiring(200));
    });
    const began = Date.now();
    await openReady(connection);
    await until(() => shown().length === 3);
    assert.ok(Date.now() - began >= 3 * 90, `three tokens in ${Date.now() - began} ms`);
    assert.equal(calls, 4);
  });

  test("one that the server has no time to look at is shown again", async () => {
    let calls = 0;
    const connection = connect({ token: () => `token ${Math.min(++calls, 2)}`, timing });
    await openReady(connection);
    live.server.model.refusesTokens = 1;
    expiring(400);
    await until(() => shown().length === 2);
    assert.deepEqual(shown(), ["token 2", "token 2"]);
    assert.equal(connection.status, "connected");
  });

  test("a break ends the asking over the connection that was", async () => {
    let calls = 0;
    const began = Date.now();
    const connection = connect({ token: () => `token ${Math.min(++calls, 2)}`, timing });
    const ann = await openReady(connection);
    expiring(100);
    live.server.cutAll();
    await until(() => calls === 2 && ann.status === "live");
    await until(() => Date.now() - began > 200, "its time has passed");
    assert.equal(calls, 2);
    assert.deepEqual(shown(), []);
  });

  for (const when of ["before the end", "after a break"]) {
    test(`one of another user ${when} ends the connection, and nothing of the first is sent in their name`, async () => {
      let user = "ann";
      let turn = 0;
      const storage = new MemoryStorage();
      const connection = connect({ token: () => tokenOf(user, String(++turn)), storage, timing });
      const ann = await openReady(connection);
      const seen = watched(connection);
      live.server.model.options.refuse = () => ({ code: "overloaded", retry_ms: 60_000 });
      append(ann, "of Ann");
      await until(() => live.server.heard.some(({ kind }) => kind === "edit"));
      user = "bob";
      live.server.model.options.refuse = () => null;
      if (when === "before the end") expiring();
      else live.server.cutAll();
      await until(() => seen.status === "stopped");
      assert.deepEqual([seen.detail.code, seen.errors.at(-1), ann.saved, ann.text()], [4403, "other_user", false, "of Ann"]);
      assert.deepEqual(live.server.heard.filter((message) => (message.kind === "token" || message.kind === "hello") && userOf(message.token).sub === "bob"), []);
      assert.equal(serverText(), "");
      await ann.store();
      assert.ok(ann.stored);
      user = "ann";
      connection.reconnect();
      await until(() => ann.saved);
      assert.equal(serverText(), "of Ann");
    });
  }

  test("after an hour asleep the one at hand is refused once, and the next one lets in", async () => {
    /* The tab slept: the first attempt met no network, and its token was an old one by the second. */
    const given = ["one", "wrong", "wrong", "fresh"];
    const connection = connect({ token: () => given.shift() ?? "none" });
    const ann = await openReady(connection);
    append(ann, "before ");
    await until(() => ann.saved);
    let cuts = 0;
    live.server.isDeaf = true;
    live.server.cutAll();
    await until(() => live.server.sockets.size > 0 && given.length === 2);
    append(ann, "and after");
    live.server.isDeaf = false;
    live.server.cutAll();
    cuts++;
    await until(() => ann.saved);
    assert.deepEqual([cuts, live.server.tokens.slice(1)], [1, ["wrong", "fresh"]]);
    assert.equal(serverText(), "before and after");
  });

  test("an address that no WebSocket takes is told, and not tried for ever", async () => {
    const connection = connect({ url: "nowhere" });
    const seen = watched(connection);
    await until(() => connection.status === "stopped");
    assert.deepEqual([seen.errors, seen.detail.reason], [["no_websocket"], "there is no WebSocket"]);
  });

  test("the user is read from what is a token, and from nothing else", () => {
    assert.deepEqual(userOf(tokenOf("Zoë ☂")), { sub: "Zoë ☂", name: null, color: null });
    const named = Buffer.from(JSON.stringify({ sub: "a", name: "Ann", color: "#123456", role: "admin" })).toString("base64url");
    assert.deepEqual(userOf(`x.${named}.y`), { sub: "a", name: "Ann", color: "#123456" });
    for (const none of [null, "", `x.${Buffer.from("null").toString("base64url")}.y`, "a.b.c", "..", `x.${Buffer.from("[]").toString("base64url")}.y`, `x.${Buffer.from('{"sub":7}').toString("base64url")}.y`]) {
      assert.deepEqual(userOf(none), { sub: null, name: null, color: null });
    }
  });
});
