// The program's commands, run to their end.
import { execFile } from "node:child_process";
import { noLeaks } from "../../e2e/lib/server.js";

// Resolves with { code, out, text }: its status, what it writes, and all that it says.
export function run(words, env = {}) {
  return new Promise((resolve) => {
    execFile(process.env.QUIRE_BIN, words, { env: { ...noLeaks, ...process.env, ...env }, maxBuffer: 1 << 28 }, (error, out, log) => resolve({ code: error?.code ?? 0, out, text: out + log }));
  });
}
