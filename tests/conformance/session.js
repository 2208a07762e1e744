// A running `quire ot`, asked in batches. It gets no new questions before it has answered the old
// ones, so it must flush its answers whenever it waits.

import { spawn } from "node:child_process";

export class Session {
  #child;
  #waiting = null; // { count, answers, resolve, reject }
  #rest = [];

  constructor([program, ...args]) {
    this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#child.stdout.setEncoding("utf8");
    this.#child.stdout.on("data", (text) => this.#receive(text));
    this.#child.stdin.on("error", (error) => this.#fail(error));
    this.#child.on("error", (error) => this.#fail(error));
    this.exited = new Promise((resolve) => {
      this.#child.on("close", (status, signal) => {
        this.#fail(new Error(`quire ot has ended: ${signal ?? status}`));
        resolve(status ?? signal);
      });
    });
  }

  // Sends `pieces` (strings or buffers) as they are; resolves to the next `count` answers, parsed.
  exchange(pieces, count) {
    return new Promise((resolve, reject) => {
      this.#waiting = { count, answers: [], resolve, reject };
      for (const piece of pieces) this.#child.stdin.write(piece);
    });
  }

  ask(questions) {
    const lines = questions.map((question) => JSON.stringify(question));
    return this.exchange([lines.join("\n") + "\n"], questions.length);
  }

  // Ends its input; resolves to its exit status.
  close() {
    this.#child.stdin.end();
    return this.exited;
  }

  #receive(text) {
    const pieces = text.split("\n");
    for (const piece of pieces.slice(0, -1)) {
      this.#rest.push(piece);
      this.#answer(this.#rest.join(""));
      this.#rest = [];
    }
    this.#rest.push(pieces.at(-1));
  }

  #answer(line) {
    const waiting = this.#waiting;
    if (!waiting) throw new Error(`an answer to no question: ${line}`);
    waiting.answers.push(JSON.parse(line));
    if (waiting.answers.length < waiting.count) return;
    this.#waiting = null;
    waiting.resolve(waiting.answers);
  }

  #fail(error) {
    this.#waiting?.reject(error);
    this.#waiting = null;
  }
}
