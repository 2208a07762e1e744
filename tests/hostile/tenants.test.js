// Documents of others: row 110 of docs/hostile-input.md. People, documents and what they would do, at random, held against a table.
import assert from "node:assert/strict";
import { after } from "node:test";
import { random, seed } from "../e2e/lib/random.js";
import { ask, done, makeLink, opens, outcome, roleIn, ROLES, tries } from "./lib/ask.js";
import { Authority } from "./lib/authority.js";
import { KIND } from "./lib/client.js";
import { op } from "./lib/op.js";
import { rows } from "./lib/rows.js";

const LOOSE = ["rate-connects", "rate-sockets", "rate-bad-links", "rate-address-bad-links", "rate-opens", "rate-creates", "rate-pages", "rate-chats"].flatMap((name) => [`--${name}`, "1000000000"]);
const authority = await Authority.make();
after(() => authority.remove());
const row = rows({ args: ["--token-keys", authority.file, "--guests", "links", ...LOOSE], token: () => authority.token("honest", { role: "admin" }) });

const PEOPLE = {
  root: { role: "admin" },
  anna: { docs: { "a-*": "owner" } },
  abel: { docs: { "a-*": "editor", "a-2": "viewer" } },
  bea: { docs: { "b-*": "commenter", "b-2": "owner", "b": "owner", "a": "owner" } },
  mia: {},
  nobody: {},
  guest: null,
};
const MEMBERS = { "a-1": { mia: "editor", bea: "viewer" }, "b-1": { mia: "viewer", bea: "editor" }, "b-2": { abel: "commenter" }, "c-1": { mia: "owner" } };
const THERE = ["a-1", "a-2", "b-1", "b-2", "c-1"];
const MISSING = ["a-0", "b-0", "c-0"];
const NEEDED = { RENAME: "editor", DELETE: "owner", MEMBERS: "owner", MEMBER: "owner", LINKS: "owner", LINK: "owner", UNLINK: "owner", EDIT: "editor", CHAT: "commenter", CHATS: "viewer" };

const rank = (role) => ROLES.indexOf(role);
const stronger = (...roles) => roles.reduce((a, b) => (rank(b) > rank(a) ? b : a));

function byToken(person, id) {
  const claims = PEOPLE[person];
  if (claims?.role) return "owner";
  return claims?.docs?.[id] ?? claims?.docs?.[`${id.slice(0, 2)}*`] ?? "none";
}
const roleOf = (person, id) => stronger(byToken(person, id), (THERE.includes(id) && MEMBERS[id]?.[person]) || "none");

class Tenants {
  links = {};
  spares = 0;

  constructor(house, keeper) {
    this.house = house;
    this.keeper = keeper;
  }

  async furnish(id, members = MEMBERS[id] ?? {}) {
    await done(this.keeper, KIND.CREATE, 2, `Title of ${id}`, id);
    for (const [sub, role] of Object.entries(members)) await done(this.keeper, KIND.MEMBER, id, sub, role);
    this.links[id] = await makeLink(this.keeper, id, id === "b-1" ? "editor" : "viewer");
  }

  // An id that is granted to the same people, unless to somebody by its whole: ids are used once.
  spare = (id) => `${id}-${++this.spares}`;

  // All that somebody could have changed.
  async state(id) {
    const opened = await opens(this.keeper, id);
    if (opened[0] === KIND.ERROR) return opened[3];
    const chat = await ask(this.keeper, KIND.CHATS, 0, 1_000_000, 100);
    this.keeper.send([KIND.CLOSE, 0]);
    const members = await ask(this.keeper, KIND.MEMBERS, id);
    const links = await ask(this.keeper, KIND.LINKS, id);
    return JSON.stringify([opened.slice(4, 10), chat.slice(3), members.slice(2), links.slice(2)]);
  }

  // Each resolves with [what came of it, what should have].
  async attempt(action, person, id, link) {
    const claims = PEOPLE[person];
    const client = await this.house.hello({ token: claims && authority.token(person, claims) });
    const role = roleOf(person, id);
    const byLink = link && link.id === id ? link.role : "none";
    const judge = (held, needed) => (!THERE.includes(id) || held === "none" ? "not_found" : rank(held) < rank(needed) ? "forbidden" : "ok");
    try {
      return await this[action](client, { person, id, link, byLink, expected: judge(role, NEEDED[action] ?? "viewer"), held: stronger(role, byLink), judge });
    } finally {
      client.end();
    }
  }

  async LIST(client, { person }) {
    const visible = THERE.filter((id) => roleOf(person, id) !== "none").sort();
    const listed = (await done(client, KIND.LIST, 100, null, null))[3].map(([id]) => id).sort();
    return [`${listed.filter((id) => person !== "root" || /^[abc]-/.test(id))}`, `${visible}`];
  }

  async OPEN(client, { id, link, held, judge }) {
    const opened = await opens(client, id, { link: link?.secret });
    return [opened[0] === KIND.OPENED ? roleIn(opened) : opened[3], judge(held, "viewer") === "ok" ? held : "not_found"];
  }

  async onChannel(client, { id, link, held, judge }, needed, act) {
    const opened = await opens(client, id, { link: link?.secret });
    const may = judge(held, needed);
    return [await act(opened), may === "not_found" ? "not_open" : may];
  }

  async EDIT(client, it) {
    return this.onChannel(client, it, "editor", async (opened) => {
      client.send([KIND.EDIT, 0, 1, opened[0] === KIND.OPENED ? opened[4] : 0, op([{ insert: "x" }])]);
      await client.until("an answer", () => client.messages.some(([kind]) => kind === KIND.ACK || kind === KIND.ERROR));
      return outcome(client.messages.find(([kind]) => kind === KIND.ACK || kind === KIND.ERROR));
    });
  }

  CHAT(client, it) {
    return this.onChannel(client, it, "commenter", () => tries(client, KIND.CHAT, 0, Math.floor(Math.random() * 2 ** 32), "hello"));
  }

  CHATS(client, it) {
    return this.onChannel(client, it, "viewer", () => tries(client, KIND.CHATS, 0, 1_000_000, 100));
  }

  async CREATE(client, { person, id }) {
    const may = rank(byToken(person, id)) >= rank("editor");
    if (THERE.includes(id) || !may) return [await tries(client, KIND.CREATE, 2, "", id), may ? "exists" : "forbidden"];
    const spare = this.spare(id);
    const result = await tries(client, KIND.CREATE, 2, "", spare);
    if (result === "ok") await done(this.keeper, KIND.DELETE, spare);
    return [result, "ok"];
  }

  async RENAME(client, { id, link, held, judge, byLink, expected }) {
    if (byLink === "none") return [await tries(client, KIND.RENAME, id, `Title ${Math.random()}`), expected];
    await opens(client, id, { link: link.secret }); // for as long as it is open by the link
    return [await tries(client, KIND.RENAME, id, `Title ${Math.random()}`), judge(held, "editor")];
  }

  async DELETE(client, { id, person, expected, judge }) {
    if (expected !== "ok") return [await tries(client, KIND.DELETE, id), expected];
    const spare = this.spare(id);
    await this.furnish(spare, MEMBERS[id]);
    const result = await tries(client, KIND.DELETE, spare);
    if (result !== "ok") await done(this.keeper, KIND.DELETE, spare);
    return [result, judge(stronger(byToken(person, spare), MEMBERS[id]?.[person] ?? "none"), "owner")];
  }

  async MEMBERS(client, { id, expected }) {
    return [await tries(client, KIND.MEMBERS, id), expected];
  }

  async LINKS(client, { id, expected }) {
    return [await tries(client, KIND.LINKS, id), expected];
  }

  async MEMBER(client, { id, person, expected }) {
    return [await tries(client, KIND.MEMBER, id, expected === "ok" ? "eve" : person, "owner"), expected];
  }

  async LINK(client, { id, expected }) {
    const answer = await ask(client, KIND.LINK, id, "editor", "", null);
    if (outcome(answer) === "ok") await done(this.keeper, KIND.UNLINK, id, answer[2]);
    return [outcome(answer), expected];
  }

  async UNLINK(client, { id, expected }) {
    return [await tries(client, KIND.UNLINK, id, expected === "ok" ? 1 : this.links[id]?.number ?? 1), expected];
  }
}

row(110, `documents of others, by id, by list, by link, by channel (QUIRE_SEED=${seed})`, async (house) => {
  const { below } = random(seed);
  const pick = (list) => list[below(list.length)];
  const tenants = new Tenants(house, await house.hello({ token: house.token() }));
  for (const id of THERE) await tenants.furnish(id);
  const actions = ["LIST", "OPEN", "CREATE", ...Object.keys(NEEDED)];
  const seen = new Set();
  for (let step = 0; step < 500; step++) {
    const [action, person, id] = [pick(actions), pick(Object.keys(PEOPLE)), pick([...THERE, ...MISSING])];
    const link = below(3) === 0 ? tenants.links[pick(THERE)] : null;
    const before = await tenants.state(id);
    const [result, expected] = await tenants.attempt(action, person, id, link);
    assert.equal(result, expected, `step ${step}: ${action} by ${person} of ${id}${link ? ` with the link of ${link.id}` : ""}`);
    if (!["ok", ...ROLES].includes(result)) assert.equal(await tenants.state(id), before, `step ${step}: ${action} by ${person} of ${id} changed something`);
    seen.add(result);
  }
  for (const result of ["ok", "forbidden", "not_found", "not_open"]) assert.ok(seen.has(result), `no step came to ${result}`);
});
