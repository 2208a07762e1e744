// Holds what people were told against what the database has: eleven checks, each by its name. It knows nothing of the
// server's code, and reads files alone: histories (history.js) and what `quire export` wrote. quill-delta makes the
// document of the log.
import { createRequire } from "node:module";
import { crc32, encode } from "../../../web/client/dist/ot.js";

const Delta = createRequire(new URL("../../conformance/package.json", import.meta.url))("quill-delta");

// From the end of a fault on, an edit waits no longer for its acknowledgement; a server starts in no more.
export const ACK_WITHIN_MS = 10_000;
export const READY_WITHIN_MS = 10_000;
const REASONS_MAX = 10;

const textOf = (ops) => ops.map((op) => op.insert).join("");
const insertedBy = (ops) => ops.map((op) => op.insert ?? "").join("");
const after = (text, ops) => textOf(new Delta(text === "" ? [] : [{ insert: text }]).compose(new Delta(ops)).ops);

/* ---- what the files say ---- */

// What a person did and was told, from the events of their history.
function story(name, events) {
  const told = { name, events, sent: [], acks: [], log: [], texts: [], hashes: [], typed: [], deleted: new Set(), saved: 0 };
  let client = null;
  for (const event of events) {
    const { at } = event;
    switch (event.event) {
      case "typed":
        told.typed.push(...event.insert);
        for (const character of event.deleted) told.deleted.add(character);
        break;
      case "saved":
        told.saved = told.typed.length;
        break;
      case "draft": // given back to its user
        for (const character of insertedBy(event.ops)) told.deleted.add(character);
        break;
      case "received welcome":
        client = event.client;
        break;
      case "sent edit":
        told.sent.push({ at, client, seq: event.seq, inserted: insertedBy(event.ops) });
        break;
      case "received ack":
        told.acks.push({ at, client, seq: event.seq, version: event.version });
        break;
      case "received opened":
        if (event.seq > 0) told.acks.push({ at, client, seq: event.seq, version: null });
        if (event.snapshot !== null) told.texts.push({ version: event.version, text: textOf(event.snapshot), what: "was given" });
        break;
      case "received edit":
        told.log.push({ first: event.version, last: event.version, ops: event.ops });
        break;
      case "received catchup":
        told.log.push({ first: event.first, last: event.last, ops: event.ops });
        break;
      case "received hash":
        told.hashes.push({ version: event.version, crc: event.crc });
        break;
      case "shown":
      case "rested":
        told.texts.push({ version: event.version, text: event.text, what: event.event, isEnd: event.event === "rested" });
    }
  }
  return told;
}

// What each version says, from version 0 on.
export function textsOf(edits) {
  const texts = [""];
  for (const { ops } of edits) texts.push(after(texts.at(-1), ops));
  return texts;
}

// log: { edits: [{ version, client, seq, ops }], ops: the content as stored, damage: what is wrong with the database }.
function facts(log, history) {
  const people = [...history.people].map(([name, events]) => story(name, events));
  const texts = textsOf(log.edits);
  const rows = new Map();
  for (const edit of log.edits) {
    const key = `${edit.client} ${edit.seq}`;
    rows.set(key, [...(rows.get(key) ?? []), edit]);
  }
  return { edits: log.edits, stored: log.ops, damage: log.damage, rows, texts, people, harness: history.harness, server: history.server };
}

/* ---- the checks: each gives [what is wrong, why]... ---- */

const checks = {
  // Who was told that an edit is saved finds it, once, at that version.
  *acknowledged({ people, rows }) {
    for (const { name, acks } of people) {
      for (const { client, seq, version } of acks) {
        const [row] = rows.get(`${client} ${seq}`) ?? [];
        if (!row) yield ["lost", `${name} was told that edit ${seq} of client ${client} is saved`];
        else if (version !== null && row.version !== version) yield ["diverged", `edit ${seq} of client ${client}: told version ${version}, is ${row.version}`];
      }
    }
  },

  // However often it was sent, an edit is there once.
  *once({ rows }) {
    for (const [key, { length }] of rows) if (length > 1) yield ["doubled", `client and edit ${key} is there ${length} times`];
  },

  // Nothing is there that nobody sent.
  *sent({ people, edits }) {
    const sent = new Map();
    for (const { client, seq, inserted } of people.flatMap((person) => person.sent)) {
      const key = `${client} ${seq}`;
      sent.set(key, (sent.get(key) ?? new Set()).add(inserted));
    }
    for (const { version, client, seq, ops } of edits) {
      const known = sent.get(`${client} ${seq}`);
      if (!known) yield ["diverged", `version ${version} was sent by nobody`];
      else if (!known.has(insertedBy(ops))) yield ["diverged", `version ${version} inserts something else than what was sent`];
    }
  },

  // Versions are 1, 2, 3, … and reach as far as the server said that they are on disk.
  *gapless({ edits, server }) {
    for (const [i, { version }] of edits.entries()) if (version !== i + 1) yield ["lost", `version ${version} at place ${i + 1}`];
    for (const { event, last } of server) {
      if (event === "committed" && last > edits.length) yield ["lost", `version ${last} was committed, ${edits.length} are there`];
    }
  },

  // Each is given version after version, or another start, and nothing that is no message.
  *inOrder({ people }) {
    for (const { name, events } of people) {
      let reached = null;
      for (const event of events) {
        const { version } = event;
        if (event.event === "malformed") yield ["diverged", `${name}: ${event.what}`];
        if (event.event === "received opened") reached = version;
        if (event.event === "received closed" || (event.event === "status" && event.status !== "connected")) reached = null;
        const isAgain = event.event === "received ack" && version <= reached; // the answer to an edit that was sent again
        const first = { "received edit": version, "received ack": version, "received catchup": event.first }[event.event];
        if (first === undefined || isAgain) continue;
        if (reached === null || first !== reached + 1) yield ["diverged", `${name} was given version ${first} after ${reached}`];
        reached = event.last ?? version;
      }
    }
  },

  // The log makes what is stored, and every text that anybody was given or shown.
  *replayed({ people, texts, stored, damage }) {
    if (damage !== "") yield ["diverged", damage];
    if (textOf(stored) !== texts.at(-1)) yield ["diverged", "what is stored is not what the log makes"];
    for (const { name, texts: seen, hashes } of people) {
      for (const { version, crc } of hashes) {
        const text = texts[version] ?? "";
        if (crc32(encode(text === "" ? [] : [{ insert: text }])) !== crc) yield ["diverged", `${name}: version ${version} was told with another hash`];
      }
      for (const { version, text, what, isEnd } of seen) {
        if (version >= texts.length) yield ["lost", `${name}: version ${version} ${what}, ${texts.length - 1} are there`];
        else if (texts[version] !== text) yield ["diverged", `${name}: version ${version} ${what} with another text`];
        else if (isEnd && version !== texts.length - 1) yield ["diverged", `${name} ends at version ${version} of ${texts.length - 1}`];
      }
    }
  },

  // Of what was typed and saved each character is there once, unless somebody deleted it; and no other is.
  *characters({ people, texts }) {
    const typed = new Set(people.flatMap((person) => person.typed));
    const deleted = new Set(people.flatMap((person) => [...person.deleted]));
    const count = new Map();
    for (const character of texts.at(-1)) count.set(character, (count.get(character) ?? 0) + 1);
    for (const [character, times] of count) {
      if (times > 1) yield ["doubled", `${character} is there ${times} times`];
      if (!typed.has(character)) yield ["diverged", `${character} was never typed`];
    }
    for (const { name, typed: own, saved } of people) {
      for (const character of own.slice(0, saved)) {
        if (!count.has(character) && !deleted.has(character)) yield ["lost", `${character} of ${name} was saved`];
      }
    }
  },

  // The edits of a client are there as they were numbered, and what a person typed in the order of typing.
  *byAuthor({ people, edits }) {
    const last = new Map();
    for (const { client, seq } of edits) {
      if (seq !== (last.get(client) ?? 0) + 1) yield ["diverged", `edit ${seq} of client ${client} after ${last.get(client) ?? 0}`];
      last.set(client, seq);
    }
    const author = new Map();
    for (const [who, { typed }] of people.entries()) for (const [i, character] of typed.entries()) author.set(character, [who, i]);
    const reached = new Map();
    for (const { version, ops } of edits) {
      const own = [...insertedBy(ops)].map((character) => author.get(character)).filter((known) => known !== undefined);
      for (const [who, i] of own) if (i < (reached.get(who) ?? 0)) yield ["diverged", `version ${version} has what ${people[who].name} typed before what is in an earlier one`];
      for (const [who, i] of own) reached.set(who, Math.max(reached.get(who) ?? 0, i));
    }
  },

  // What anybody was shown is there, and says the same, whatever happened to the server afterwards.
  *observed({ people, texts }) {
    const good = new Set();
    for (const { name, log } of people) {
      for (const { first, last, ops } of log) {
        const key = `${first} ${last} ${JSON.stringify(ops)}`;
        if (good.has(key)) continue;
        if (last >= texts.length) yield ["lost", `${name} has seen version ${last}, ${texts.length - 1} are there`];
        else if (after(texts[first - 1], ops) !== texts[last]) yield ["diverged", `${name} has seen another version ${last}`];
        else good.add(key);
      }
    }
  },

  // While nothing is wrong, edits are acknowledged soon and the server goes on; and one that is started serves soon.
  *live({ people, harness }) {
    const sound = soundTimes(harness);
    for (const { name, sent, acks, events } of people) {
      const done = new Map();
      for (const { at, client, seq } of [...acks].reverse()) done.set(`${client} ${seq}`, at);
      for (const { at, client, seq } of sent) {
        const until = done.get(`${client} ${seq}`) ?? answeredOtherwise(acks, client, seq, at) ?? events.at(-1).at;
        const longest = Math.max(0, ...sound.map(([from, to]) => Math.min(to, until) - Math.max(from, at)));
        if (longest > ACK_WITHIN_MS) yield ["late", `${name} waited ${Math.round(longest)} ms for edit ${seq}`];
      }
    }
    let spawned = null;
    const wrong = new Set();
    for (const { at, event, what, on } of harness) {
      if (event === "spawned" || event === "stood still") spawned = at;
      if (event === "fault") on ? wrong.add(what) : wrong.delete(what);
      if (event === "spawned") wrong.delete("stopping");
      if (event === "stopping") wrong.add("stopping");
      if (event === "ended" && wrong.size === 0) yield ["stuck", "the server ended by itself"];
      if (event === "ready" && at - spawned > READY_WITHIN_MS) yield ["late", `the server took ${Math.round(at - spawned)} ms to start`];
    }
  },

  // Memory, descriptors and what waits stay within their bounds.
  *bounded({ harness }) {
    const caps = {};
    for (const event of harness) {
      if (event.event === "caps") Object.assign(caps, event.caps);
      if (event.event !== "sample") continue;
      for (const [name, cap] of Object.entries(caps)) {
        if (event[name] > cap) yield ["over", `${name} is ${event[name]}, may be ${cap}`];
      }
    }
  },
};

// The times [from, to] in which the server serves, no fault is on and the machine does not stand still.
function soundTimes(harness) {
  const times = [];
  const wrong = new Set(["down"]);
  let from = null;
  for (const { at, event, what, on, from: stillFrom } of harness) {
    if (event === "stood still" && from !== null) {
      times.push([from, stillFrom]);
      from = at;
    }
    if (event === "ready") wrong.delete("down");
    else if (event === "stopping" || event === "ended") wrong.add("down");
    else if (event === "fault") on ? wrong.add(what) : wrong.delete(what);
    else continue;
    if (wrong.size === 0) from ??= at;
    else if (from !== null) {
      times.push([from, at]);
      from = null;
    }
  }
  if (from !== null) times.push([from, Infinity]);
  return times;
}

// A later edit of the client that is saved says that this one is settled, too: saved, or taken back and sent in it.
function answeredOtherwise(acks, client, seq, at) {
  return acks.find((ack) => ack.at >= at && ack.client === client && ack.seq >= seq)?.at;
}

export const CHECKS = Object.keys(checks);
// stuck: people who waited in vain, a server that ended by itself.
export const KINDS = ["lost", "doubled", "diverged", "late", "over", "stuck"];

// { lost, doubled, diverged, late, over, stuck: how often; failed: names of checks; reasons: the first few }.
export function check(log, history) {
  const verdict = { ...Object.fromEntries(KINDS.map((kind) => [kind, 0])), failed: [], reasons: [] };
  const known = facts(log, history);
  for (const [name, find] of Object.entries(checks)) {
    for (const [kind, reason] of find(known)) {
      verdict[kind]++;
      if (!verdict.failed.includes(name)) verdict.failed.push(name);
      if (verdict.reasons.length < REASONS_MAX) verdict.reasons.push(`${name}, ${kind}: ${reason}`);
    }
  }
  return verdict;
}

export const isSound = (verdict) => KINDS.every((kind) => verdict[kind] === 0);

// From what `quire export --with-history`, `quire export` and `quire verify` said; of nothing, nothing.
export function parseLog(withHistory, content, damage) {
  const [, ...edits] = withHistory.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  return { edits, ops: content === "" ? [] : JSON.parse(content).ops, damage };
}
