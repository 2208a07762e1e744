// `quire ot` as a program: arguments, exit status, and how it reads.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";

const EMPTY = '{"result":[]}\n';
const QUESTION = '{"compose":[[],[]]}';

function run([program, ...args], more, input) {
  const { status, stdout, stderr } = spawnSync(program, [...args, ...more], { input, encoding: "utf8" });
  return { status, stdout, stderr };
}

// The reader of its output goes away before it has answered everything.
async function outputLost([program, ...args]) {
  const child = spawn("sh", ["-c", 'trap "" PIPE; exec "$0" "$@"', program, ...args], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  child.stdout.destroy();
  child.stdin.on("error", () => {});
  await new Promise((resolve) => child.stdout.on("close", resolve));
  child.stdin.end(`${QUESTION}\n`);
  const [status] = await once(child, "exit");
  return status;
}

// One line arriving in pieces, each cut at another place; and questions answered one by one.
async function piecewise(session, tally) {
  const line = '{"compose":[[{"insert":"é😀"}],[{"delete":1}]]}\n';
  const bytes = Buffer.from(line);
  for (let cut = 1; cut < bytes.length; cut += 7) {
    const [answer] = await session.exchange([bytes.subarray(0, cut), bytes.subarray(cut)], 1);
    tally.equal(answer, { result: [{ insert: "😀" }] }, `a line cut at ${cut}`);
  }
}

const ENCODED = [
  ["00", []],
  ["020961", [{ insert: "a" }]],
  ["07a00609c3a9", [{ retain: 100 }, { insert: "é" }]],
  ["042812", [{ retain: 5 }, { delete: 2 }]],
  ["121c0781a4626f6c64c3", [{ retain: 3, attributes: { bold: true } }]],
];

// The questions that quill-delta has no answer to.
async function ownQuestions(session, tally) {
  for (const [hex, op] of ENCODED) {
    const answers = await session.ask([{ encode: [op] }, { decode: hex }, { decode: hex.toUpperCase() }]);
    tally.equal(answers, [{ result: hex }, { result: op }, { result: op }], `bytes ${hex}`);
  }
  const [check] = await session.ask([
    { check: [[{ retain: 3 }, { insert: "é😀" }, { insert: { a: 1 } }, { delete: 2 }]] },
  ]);
  const { size_bytes: size, ...lengths } = check.result;
  const wanted = { components: 4, base_length: 5, inserted_length: 4, deleted_length: 2, document: false };
  tally.equal(lengths, wanted, "check");
  tally.check(size > 0, () => `check: size_bytes ${size}`);
  const [hash] = await session.ask([{ hash: [[{ insert: "a" }]] }]);
  tally.equal(hash, { result: 0x17b2e7fb }, "hash");
}

export async function commandlineCheck(command, session, tally) {
  tally.equal(run(command, [], ""), { status: 0, stdout: "", stderr: "" }, "no input");
  tally.equal(run(command, [], "\n \t\r\n\n"), { status: 0, stdout: "", stderr: "" }, "blank lines");
  tally.equal(
    run(command, [], `${QUESTION}\r\n\n${QUESTION}`).stdout,
    EMPTY + EMPTY,
    "a last line without newline",
  );
  tally.equal(run(command, [], "bad\nworse\n").status, 0, "bad lines and the exit status");
  const help = run(command, ["--help"], "");
  tally.check(help.status === 0 && help.stdout.includes('"transform"'), () => `--help: ${help.stdout}`);
  const wrong = run(command, ["--wrong"], "");
  tally.check(
    wrong.status === 2 && wrong.stdout === "" && wrong.stderr.includes("--wrong is not an option"),
    () => `--wrong: ${wrong.status} ${wrong.stderr}`,
  );
  tally.equal(await outputLost(command), 1, "the exit status when output is lost");
  const unreadable = run(["sh", "-c", 'exec "$0" "$@" < /', ...command], [], "");
  tally.check(
    unreadable.status === 1 && unreadable.stderr !== "",
    () => `a directory as input: ${unreadable.status}`,
  );
  await piecewise(session, tally);
  await ownQuestions(session, tally);
}
