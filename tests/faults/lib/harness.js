// The server under test, and the history of what was done to it: its starts and ends, the faults, what it takes of the
// machine, and its log.
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { Server } from "../../e2e/lib/server.js";
import { check, isSound, parseLog } from "./checker.js";
import { History, now, readHistory } from "./history.js";

const SAMPLE_MS = 200;
// A timer that is so late says that not the server but the machine stood still.
const STILL_MS = 2000;
// Fifty people and one small document take 40 MB with sanitizers, 13 MB without.
const RSS_KB_MAX = 128 * 1024;
// Beside those of connections: of the database, the log, threads.
const DESCRIPTORS_MAX = 64;
// Of messages that wait for the hub: each of fifty has sent a few hundred bytes at most.
const INBOX_BYTES_MAX = 1 << 20;
const run = promisify(execFile);

export const quire = (...args) => run(process.env.QUIRE_BIN, args, { maxBuffer: 1 << 30 });

// Writes what a database that no server has open holds of a document: the log, the content, and what is damaged. Nothing,
// if it cannot be read.
async function exportInto(history, name, data, id) {
  const words = { log: ["export", "--with-history", id], delta: ["export", id], verify: ["verify"] };
  for (const [ending, [command, ...rest]] of Object.entries(words)) {
    const { stdout, stderr } = await quire(command, "--data", data, ...rest).catch((error) => ({ stdout: "", stderr: error.stderr }));
    history.keepExport(`${name}.${ending}`, ending === "verify" ? stderr : stdout);
  }
}

// As `quire metrics` asks; "" of a server that is ending.
function askMetrics(path) {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(path, () => socket.write("metrics\n"));
    socket.on("data", (bytes) => (text += bytes)).on("error", () => {}).on("close", () => resolve(text));
  });
}

// The verdict on a kept history: of what was told until `until` and the database NAME.
export function judge(dir, name = "end", until = Infinity) {
  const read = (ending) => readFileSync(`${dir}/${name}.${ending}`, "utf8");
  return check(parseLog(read("log"), read("delta"), read("verify")), readHistory(dir, until));
}

export class Harness extends Server {
  history = new History();
  note = this.history.writer("harness");
  #heard = this.history.writer("server");
  #sampler = null;
  #isAsking = false;
  #ticked = now();

  static async begin(options = {}) {
    const harness = new Harness();
    harness.#sampler = setInterval(() => harness.#tick(), SAMPLE_MS);
    await harness.open({ ...options, program: process.env.QUIRE_PLANTED, args: ["--log-level", "debug", ...(options.args ?? [])], hears: (line) => harness.#hear(line) });
    return harness;
  }

  #hear(line) {
    try {
      const { event, ...fields } = JSON.parse(line);
      this.#heard(event, fields);
      if (event === "serving") this.note("caps", { caps: { rss_kb: RSS_KB_MAX, inbox_bytes: INBOX_BYTES_MAX, descriptors: fields.connections + DESCRIPTORS_MAX } });
    } catch {
      this.#heard("words", { line }); // of a sanitizer, or of a library
    }
  }

  async up() {
    this.note("spawned");
    const started = super.up();
    void this.ended.then((end) => this.note("ended", end));
    await started;
    this.note("ready", { pid: this.pid });
    this.#sample();
  }

  async down(signal = "SIGTERM") {
    this.note("stopping", { signal });
    this.#sample();
    return super.down(signal);
  }

  #tick() {
    if (now() - this.#ticked > STILL_MS) this.note("stood still", { from: this.#ticked });
    this.#ticked = now();
    this.#sample();
  }

  #sample() {
    try {
      const { pid } = this;
      const [, rss] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
      this.note("sample", { rss_kb: Number(rss), descriptors: readdirSync(`/proc/${pid}/fd`).length });
    } catch {
      // There is none yet, or it has just ended.
    }
    void this.#sampleQueues();
  }

  // What it counts itself, one question at a time: the answer takes as long as a fault makes it.
  async #sampleQueues() {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const text = await askMetrics(join(this.data, "admin.sock"));
    if (text.endsWith("done\n")) this.note("sample", { inbox_bytes: Number(/^quire_inbox_bytes (\d+)$/m.exec(text)[1]) });
    this.#isAsking = false;
  }

  // Something is wrong while `body` runs.
  async during(what, body) {
    this.note("fault", { what, on: true });
    try {
      return await body();
    } finally {
      this.note("fault", { what, on: false });
    }
  }

  // Held against a database that is not its own, such as what a power cut has left.
  async judgeCopy(name, data, id, until) {
    await exportInto(this.history, name, data, id);
    return judge(this.history.dir, name, until);
  }

  // Once it has ended: what its database holds against what everybody was told.
  async judge(id) {
    await exportInto(this.history, "end", this.data, id);
    return judge(this.history.dir);
  }

  // The history is kept if there is something wrong in it, and `reasons` say where.
  async dispose(verdict) {
    clearInterval(this.#sampler);
    await this.down("SIGKILL");
    if (this.options.dir === undefined) await rm(this.dir, { recursive: true, force: true });
    if (verdict !== null && isSound(verdict)) return this.history.remove();
    this.history.close();
    const kept = `the history is in ${this.history.dir}`;
    verdict?.reasons.push(kept);
    return kept;
  }
}
