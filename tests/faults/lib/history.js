// What happened, as it happened: lines of JSON, a file for each person, one of the server's log and one of what was done
// to it. Every line has `at`, in milliseconds of one monotonic clock, and `event`; docs/robustness.md lists them.
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const now = () => Math.round(performance.now() * 1000) / 1000;

export class History {
  #files = new Map();

  constructor() {
    this.dir = mkdtempSync(join(tmpdir(), "quire-history-"));
  }

  // Gives what writes events into the file NAME.jsonl: note(event, facts).
  writer(name) {
    if (!this.#files.has(name)) this.#files.set(name, openSync(join(this.dir, `${name}.jsonl`), "a"));
    return (event, facts = {}) => {
      const fd = this.#files.get(name);
      if (fd !== undefined) writeSync(fd, `${JSON.stringify({ at: now(), event, ...facts })}\n`);
    };
  }

  // What the database had in the end, beside the rest.
  keepExport(name, text) {
    writeFileSync(join(this.dir, name), text);
  }

  close() {
    for (const fd of this.#files.values()) closeSync(fd);
    this.#files.clear();
  }

  remove() {
    this.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

const lines = (text) => text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));

// { people: Map of events by name, server: events, harness: events }, of all that was until `until`.
export function readHistory(dir, until = Infinity) {
  const history = { people: new Map(), server: [], harness: [] };
  for (const file of readdirSync(dir).filter((name) => name.endsWith(".jsonl")).sort()) {
    const name = file.slice(0, -".jsonl".length);
    const events = lines(readFileSync(join(dir, file), "utf8")).filter(({ at }) => at <= until);
    if (name in history) history[name] = events;
    else if (name.startsWith("person-")) history.people.set(name, events);
  }
  return history;
}
