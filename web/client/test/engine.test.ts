/* Agreement with the C engine. Runs when QUIRE_BIN names the `quire` program. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { compose, transform, transformPosition } from "../src/ot/algebra.js";
import { decodeOp, encodeOp } from "../src/ot/codec.js";
import { OpError } from "../src/ot/errors.js";
import { toComponents } from "../src/ot/op.js";
import { announceSeed, Random, randomDoc, randomOp } from "./random.js";

const program = process.env.QUIRE_BIN ?? "";
const ROUNDS = 3000;

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly at: number };
}

/** Asks the engine all questions in one run; fails when it does not answer each of them. */
async function ask(questions: readonly object[]): Promise<Answer[]> {
  const child = spawn(program, ["ot"], { stdio: ["pipe", "pipe", "inherit"] });
  const answers: Answer[] = [];
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  child.stdin.on("error", () => undefined);
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => answers.push(JSON.parse(line) as Answer));
  child.stdin.end(questions.map((question) => `${JSON.stringify(question)}\n`).join(""));
  assert.equal(await ended, 0, `${program} ot ended badly`);
  assert.equal(answers.length, questions.length);
  return answers;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

if (program !== "") describe("the C engine", crossCheck);

function crossCheck(): void {
  test("gives the same operations, bytes, hashes and positions", async () => {
    const seed = announceSeed("engine");
    const questions: object[] = [];
    const expected: (object | string | number)[] = [];
    const order = "stable";
    const expect = (question: object, result: object | string | number): void => {
      questions.push(question);
      expected.push(JSON.parse(JSON.stringify(result)) as object);
    };
    for (let i = 0; i < ROUNDS; i++) {
      const random = new Random(seed + i);
      const shape = { rich: i % 4 !== 0, steps: i % 3 === 0 ? 20 : 4 };
      const doc = randomDoc(random, shape);
      const a = randomOp(random, doc, shape);
      const b = randomOp(random, doc, shape);
      const later = randomOp(random, doc.apply(a), shape);
      const [A, B, D] = [toComponents(a), toComponents(b), toComponents(doc.toOp())];
      const position = random.below(doc.length + 1);
      expect({ compose: [A, toComponents(later)], order }, toComponents(compose(a, later)));
      expect({ transform: [A, B], priority: true, order }, toComponents(transform(b, a, "right")));
      expect({ transform: [A, B], order }, toComponents(transform(b, a, "left")));
      expect({ apply: [D, A], order }, toComponents(doc.apply(a).toOp()));
      expect({ invert: [A, D], order }, toComponents(doc.invert(a)));
      expect({ position: [A, position], order }, transformPosition(position, a, "right"));
      expect({ position: [A, position], priority: true, order }, transformPosition(position, a, "left"));
      expect({ hash: [D], order }, doc.hash());
      expect({ encode: [A], order }, hex(encodeOp(a)));
    }
    const answers = await ask(questions);
    answers.forEach(({ result }, i) => assert.deepEqual(result, expected[i], JSON.stringify(questions[i])));
  });

  test("refuses and accepts the same bytes, at the same place", async () => {
    const random = new Random(announceSeed("engine bytes"));
    const inputs: Uint8Array[] = [];
    for (let i = 0; i < 20_000; i++) {
      const shape = { rich: true, steps: 4 };
      const bytes = encodeOp(randomOp(random, randomDoc(random, shape), shape));
      for (let k = random.below(3); k > 0 && bytes.length > 0; k--) bytes[random.below(bytes.length)] = random.below(256);
      inputs.push(bytes.subarray(0, random.chance(0.9) ? bytes.length : random.below(bytes.length + 1)));
    }
    const answers = await ask(inputs.map((bytes) => ({ decode: hex(bytes) })));
    const counts = { accepted: 0, refused: 0 };
    inputs.forEach((bytes, i) => {
      let mine: unknown = null;
      try {
        mine = toComponents(decodeOp(bytes));
        counts.accepted++;
      } catch (error) {
        if (!(error instanceof OpError)) throw error;
        counts.refused++;
      }
      if (mine === null) assert.notEqual(answers[i].error, undefined, hex(bytes));
      else assert.deepEqual(answers[i].result, JSON.parse(JSON.stringify(mine)), hex(bytes));
    });
    assert.ok(counts.accepted > 1000 && counts.refused > 1000);
  });
}
