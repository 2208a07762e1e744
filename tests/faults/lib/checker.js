// Holds what people were told against what the database has. It knows nothing of the server's code: the log comes from
// `quire export`, and quill-delta makes the document of it.
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { promisify } from "node:util";

const Delta = createRequire(new URL("../../conformance/package.json", import.meta.url))("quill-delta");
const run = promisify(execFile);

// The edits of a document: [{ version, client, seq, ops }], from a database that no server has open.
export async function readLog(data, id) {
  const { stdout } = await run(process.env.QUIRE_BIN, ["export", "--data", data, "--with-history", id], { maxBuffer: 1 << 30 });
  const [, ...edits] = stdout.trim().split("\n").map((line) => JSON.parse(line));
  return edits;
}

const textOf = (delta) => delta.ops.map((op) => op.insert).join("");

// What each version says, by quill-delta; the texts of `wanted` versions, and the last one.
function replay(edits, wanted) {
  const texts = new Map();
  let document = new Delta();
  if (wanted.has(0)) texts.set(0, "");
  for (const edit of edits) {
    document = document.compose(new Delta(edit.ops));
    if (wanted.has(edit.version)) texts.set(edit.version, textOf(document));
  }
  return { texts, last: textOf(document) };
}

/*
 * Counts what is wrong: { lost, doubled, diverged, reasons }.
 * acknowledged: characters that somebody was told are saved. deleted: those that somebody has deleted, acknowledged or not.
 * typed: all that were ever typed. seen: [{ version, text }], what people were shown. texts: what everybody has in the end.
 */
export function check(edits, { acknowledged, deleted, typed, seen, texts = [] }) {
  const verdict = { lost: 0, doubled: 0, diverged: 0, reasons: [] };
  const find = (kind, reason) => {
    verdict[kind]++;
    if (verdict.reasons.length < 10) verdict.reasons.push(`${kind}: ${reason}`);
  };
  const keys = new Set();
  const lastSeq = new Map();
  edits.forEach((edit, i) => {
    if (edit.version !== i + 1) find("lost", `version ${edit.version} at place ${i + 1}`);
    const key = `${edit.client} ${edit.seq}`;
    if (keys.has(key)) find("doubled", `edit ${edit.seq} of client ${edit.client}`);
    keys.add(key);
    if (edit.seq <= (lastSeq.get(edit.client) ?? 0)) find("diverged", `edit ${edit.seq} of client ${edit.client} out of order`);
    lastSeq.set(edit.client, edit.seq);
  });

  const replayed = replay(edits, new Set(seen.map(({ version }) => version)));
  const known = new Set(typed);
  const count = new Map();
  for (const character of replayed.last) count.set(character, (count.get(character) ?? 0) + 1);
  for (const [character, times] of count) {
    if (times > 1) find("doubled", `${character} is there ${times} times`);
    if (!known.has(character)) find("diverged", `${character} was never typed`);
  }
  for (const character of acknowledged) {
    if (!count.has(character) && !deleted.has(character)) find("lost", `${character} was acknowledged`);
  }
  for (const { version, text } of seen) {
    if (version > edits.length) find("lost", `version ${version} was seen, ${edits.length} are there`);
    else if (replayed.texts.get(version) !== text) find("diverged", `version ${version} was seen with another text`);
  }
  for (const text of texts) if (text !== replayed.last) find("diverged", "somebody ends with another text");
  return verdict;
}
