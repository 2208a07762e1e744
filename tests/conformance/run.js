// Compares `quire ot` with quill-delta:
//
//     node run.js CASES-PROGRAM OT-COMMAND [ARGUMENT...]
//
// QUIRE_SEED repeats a run; QUIRE_CASES says how many random cases there are in all. Half are made
// here and answered by the engine, half are made by the engine's own generator and answered here.
// A long run tells now and then how far it is.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { isDeepStrictEqual } from "node:util";
import { badInputsCheck } from "./bad_inputs.js";
import { commandlineCheck } from "./commandline.js";
import { differencesCheck } from "./differences.js";
import { garbledCheck } from "./garbled.js";
import { questionsMake } from "./generate.js";
import { Random, seedChoose } from "./random.js";
import { canonical, expected } from "./reference.js";
import { Session } from "./session.js";
import { Tally } from "./tally.js";

const CASES_DEFAULT = 100_000;
const BATCH = 2_000;
const GARBLED_ROUNDS = 300;
const PROGRESS_EVERY_MS = 10_000;

class Progress {
  #count;
  #begun = Date.now();
  #told = Date.now();

  constructor(count) {
    this.#count = count;
  }

  tell(done, tally) {
    const now = Date.now();
    if (now < this.#told + PROGRESS_EVERY_MS) return;
    this.#told = now;
    const rate = Math.round((done * 1000) / (now - this.#begun));
    console.error(`${done} of ${this.#count} cases, ${rate}/s, ${tally.failed} failed`);
  }
}

function batchMake(random, left) {
  const questions = [];
  while (questions.length < Math.min(BATCH, left)) questions.push(...questionsMake(random));
  return questions;
}

// The engine has ended over a batch: which question did that?
async function culpritFind(command, questions) {
  const session = new Session(command);
  for (const question of questions) {
    try {
      await session.ask([question]);
    } catch {
      return JSON.stringify(question);
    }
  }
  await session.close();
  return "no single question does it";
}

// Questions made here, answered by the engine. The next batch is made while it works.
async function enginesAnswers(command, random, count, progress, tally) {
  const session = new Session(command);
  for (let done = 0; done < count;) {
    const questions = batchMake(random, count - done);
    const asked = session.ask(questions);
    asked.catch(() => {}); // is awaited below
    const wanted = questions.map(expected);
    const answers = await asked.catch(async (cause) => {
      throw new Error(`${cause.message}: ${await culpritFind(command, questions)}`);
    });
    answers.forEach((answer, i) =>
      tally.equal(answer, { result: wanted[i] }, () => `case ${done + i}: ${JSON.stringify(questions[i])}`),
    );
    done += questions.length;
    progress.tell(done, tally);
  }
  tally.equal(await session.close(), 0, "the exit status after the random cases");
}

// Questions made and answered by the engine. All operations in them are canonical.
async function enginesQuestions(program, seed, before, count, progress, tally) {
  const child = spawn(program, [String(seed), String(count)], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const { result, ...question } = JSON.parse(line);
    const describe = () => `the engine's case ${seen}: ${line}`;
    tally.equal(result, expected(question), describe);
    const operations = Object.values(question).flat().filter(Array.isArray);
    tally.check(operations.every(isCanonical), () => `not canonical: ${describe()}`);
    seen++;
    progress.tell(before + seen, tally);
  }
  tally.equal([await ended, seen >= count], [0, true], "the engine's generator ends well");
}

function isCanonical(op) {
  return isDeepStrictEqual(canonical(op).ops, op);
}

async function singleCases(command, random, tally) {
  const session = new Session(command);
  await commandlineCheck(command, session, tally);
  await badInputsCheck(session, tally);
  await differencesCheck(session, tally);
  await garbledCheck(session, random, GARBLED_ROUNDS, tally);
  tally.equal(await session.close(), 0, "the exit status after bad lines");
}

async function main([cases, ...command]) {
  const seed = seedChoose();
  const count = Number(process.env.QUIRE_CASES || CASES_DEFAULT);
  console.log(`QUIRE_SEED=${seed} QUIRE_CASES=${count}`);
  const tally = new Tally();
  const progress = new Progress(count);
  const half = Math.ceil(count / 2);
  await tally.survive(() => singleCases(command, new Random(seed), tally));
  await tally.survive(() => enginesAnswers(command, new Random(seed), half, progress, tally));
  await tally.survive(() => enginesQuestions(cases, seed, half, count - half, progress, tally));
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  process.exitCode = tally.failed > 0 ? 1 : 0;
}

await main(process.argv.slice(2));
