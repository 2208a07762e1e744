// A real server on a free loopback port and a directory of its own, stopped by its own process id.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { keptLog } from "./secrets.js";

const quire = process.env.QUIRE_BIN;
// A sanitizer that looks for leaks traces the process, which the server's sandbox forbids.
export const noLeaks = { ASAN_OPTIONS: "detect_leaks=0" };

export class Server {
  #child = null;
  #ended = null;
  log = [];

  // `dir`: instead of a new one; `env`: more of the environment; `wrap`: a command to start it with; `args`: more options;
  // `program`: instead of QUIRE_BIN; `hears`: is given every line of the log; `silent`: its log is not to be had, and its port known.
  static async start(options = {}) {
    const server = new Server();
    await server.open(options);
    return server;
  }

  async open(options) {
    if (!quire) throw new Error("set QUIRE_BIN to the quire program to test");
    this.options = options;
    this.dir = options.dir ?? (await mkdtemp(join(tmpdir(), "quire-e2e-")));
    this.port = 0;
    await this.up();
  }

  get data() {
    return join(this.dir, "data");
  }

  get pid() {
    return this.#child.pid;
  }

  // Resolves with { code, signal } when the process has ended.
  get ended() {
    return this.#ended;
  }

  // What the process holds in memory, in bytes.
  async memory() {
    return Number(/VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${this.pid}/status`, "utf8"))[1]) * 1024;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  get socketUrl() {
    return `ws://127.0.0.1:${this.port}/ws`;
  }

  // Starts the process and waits until it serves; on the port it had before, if it had one.
  async up() {
    const { env = {}, wrap = [], args = [], program = quire } = this.options;
    const [command, ...words] = [...wrap, program, "serve", "--listen", `127.0.0.1:${this.port}`, "--data", this.data, "--log-format", "json", ...args];
    const child = spawn(command, words, { stdio: ["ignore", "ignore", "pipe"], env: { ...noLeaks, ...process.env, ...env } });
    this.#child = child;
    const keep = keptLog(child.pid);
    // Its last words are in the log by then, too.
    this.#ended = new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal })));
    const serving = new Promise((resolve) => {
      createInterface({ input: child.stderr }).on("line", (line) => {
        this.log.push(line);
        keep(line);
        this.options.hears?.(line);
        const url = /https?:\/\/(?:localhost|127\.0\.0\.1):(\d+)/.exec(line);
        if (url && /[" ]serving[" ]/.test(line)) resolve(Number(url[1]));
      });
    });
    const answers = this.options.silent ? this.#answers(child) : new Promise(() => {});
    const port = await Promise.race([serving, answers, this.#ended.then(() => null)]);
    if (port === null) throw new Error(`the server did not start:\n${this.log.join("\n")}`);
    this.port = port;
  }

  async #answers(child) {
    while (child.exitCode === null && child.signalCode === null) {
      const isServing = await fetch(`${this.url}/healthz`).then(({ ok }) => ok, () => false);
      if (isServing) return this.port;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    return null;
  }

  // Ends the process with a signal and waits for its end: { code, signal }.
  async down(signal = "SIGTERM") {
    this.#child.kill(signal);
    return this.#ended;
  }

  async restart(signal) {
    const end = await this.down(signal);
    if (signal === "SIGTERM" && end.code !== 0) throw new Error(`SIGTERM ended with ${JSON.stringify(end)}:\n${this.log.slice(-20).join("\n")}`);
    await this.up();
  }

  async remove() {
    const end = await this.down("SIGTERM");
    await rm(this.dir, { recursive: true, force: true });
    if (end.code !== 0) throw new Error(`the server ended with ${JSON.stringify(end)}:\n${this.log.slice(-40).join("\n")}`);
  }
}
