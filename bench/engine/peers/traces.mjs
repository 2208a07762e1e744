/* The traces in bench/traces: the README there describes the forms. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

const read = (folder, name) => gunzipSync(readFileSync(join(folder, `${name}.gz`)));

/** The edits in such records from `at` on, at most `most`; `length` is that of the document before each. */
function readEdits(bytes, at, most, length) {
  const edits = [];
  while (at < bytes.length && edits.length < most) {
    const size = bytes.readUInt32LE(at + 8);
    const edit = {
      pos: bytes.readUInt32LE(at),
      deleted: bytes.readUInt32LE(at + 4),
      text: bytes.toString("utf8", at + 12, at + 12 + size),
      length,
    };
    edits.push(edit);
    length += edit.text.length - edit.deleted;
    at += 12 + size;
  }
  return { edits, at };
}

/** One edit after the other, and the text they end with. */
export function readTrace(folder, name) {
  const { edits } = readEdits(read(folder, `${name}.edits`), 0, Infinity, 0);
  return { edits, final: read(folder, `${name}.final`).toString("utf8") };
}

/** The transactions of two authors; `seen[k]` says how many of author k's each was made on. */
export function readSession(folder, name) {
  const bytes = read(folder, `${name}.concbin`);
  const agents = bytes.readUInt32LE(0);
  const count = bytes.readUInt32LE(4);
  const transactions = [];
  let at = 8;
  for (let i = 0; i < count; i++) {
    const agent = bytes.readUInt32LE(at);
    const seen = Array.from({ length: agents }, (_, k) => bytes.readUInt32LE(at + 4 + 4 * k));
    const patches = bytes.readUInt32LE(at + 4 + 4 * agents);
    const part = readEdits(bytes, at + 8 + 4 * agents, patches, NaN);
    at = part.at;
    transactions.push({ agent, seen, edits: part.edits });
  }
  return { agents, transactions, final: read(folder, `${name}.conc.final`).toString("utf8") };
}
