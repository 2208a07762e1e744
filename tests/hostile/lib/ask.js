// Messages with answers, each with a ref of its own.
import assert from "node:assert/strict";
import { KIND } from "./client.js";

export const ROLES = ["none", "viewer", "commenter", "editor", "owner"];

const ANSWERS = [KIND.DONE, KIND.ERROR, KIND.DOCUMENTS, KIND.CHATS_PAGE, KIND.MEMBERS_LIST, KIND.LINKS_LIST, KIND.LINKED];
let lastRef = 1000;

// Resolves with the answer.
export async function ask(client, kind, ...fields) {
  const ref = ++lastRef;
  const isMine = (message) => (message[0] === KIND.OPENED ? message[2] : ANSWERS.includes(message[0]) ? message[1] : null) === ref;
  client.send([kind, ref, ...fields]);
  await client.until(`the answer to ${kind}`, () => client.messages.some(isMine) || client.closed || client.ended);
  const at = client.messages.findIndex(isMine);
  assert.ok(at >= 0, `no answer to ${kind}; closed: ${JSON.stringify(client.closed)}`);
  return client.messages.splice(at, 1)[0];
}

// "ok", or the code of the refusal.
export const outcome = (answer) => (answer[0] === KIND.ERROR ? answer[3] : "ok");
export const tries = async (client, kind, ...fields) => outcome(await ask(client, kind, ...fields));
export const done = async (client, kind, ...fields) => {
  const answer = await ask(client, kind, ...fields);
  assert.equal(outcome(answer), "ok", `${answer}`);
  return answer;
};
export const opens = (client, id, { channel = 0, link = null } = {}) => ask(client, KIND.OPEN, channel, id, null, null, null, link);
export const roleIn = (opened) => opened[10];

export async function makeLink(owner, id, role, expiresMs = null) {
  const [, , number, secret] = await done(owner, KIND.LINK, id, role, "", expiresMs);
  return { number, secret, role, id };
}
