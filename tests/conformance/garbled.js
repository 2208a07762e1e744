// Questions and bytes with random damage: each is answered, by a result or by an error.

import { questionsMake } from "./generate.js";

const NEWLINE = 10;
const BYTES = Buffer.from('{}[]",:\\u0d8-1e9 \x00\x01\x7f\x80\xc3\xed\xf0\xff', "latin1");

// One to four bytes changed, removed, or put in.
function damage(random, bytes) {
  let damaged = Buffer.from(bytes);
  for (let i = 1 + random.below(4); i > 0; i--) {
    const at = random.below(damaged.length + 1);
    const put = random.oneIn(3) ? [] : [random.pick(BYTES)];
    damaged = Buffer.concat([
      damaged.subarray(0, at),
      Buffer.from(put),
      damaged.subarray(at + random.below(2)),
    ]);
  }
  return damaged.filter((byte) => byte !== NEWLINE);
}

function isAnswer(answer) {
  const { result, error } = answer;
  if (Object.keys(answer).length !== 1) return false;
  if (!error) return result !== undefined;
  const { code, at, reason } = error;
  return /^[a-z_0-9]+$/.test(code) && Number.isSafeInteger(at) && reason.length > 0;
}

async function garbledQuestions(session, random, tally) {
  const lines = questionsMake(random).map((question) =>
    damage(random, Buffer.from(JSON.stringify(question))),
  );
  const pieces = lines.flatMap((line) => [line, "\n"]);
  const answers = await session.exchange(pieces, lines.length);
  answers.forEach((answer, i) =>
    tally.check(isAnswer(answer), () => `damaged: ${lines[i].toString("latin1")}: ${JSON.stringify(answer)}`),
  );
}

// Bytes are refused, or are the one form of the operation that they are read as.
async function garbledBytes(session, random, tally) {
  const operations = questionsMake(random)
    .slice(0, 4)
    .map(({ compose, transform }) => (compose ?? transform)[1]);
  const encoded = await session.ask(operations.map((op) => ({ encode: [op], order: "stable" })));
  const hexes = encoded.map(({ result }) => damage(random, Buffer.from(result, "hex")).toString("hex"));
  const decoded = await session.ask(hexes.map((hex) => ({ decode: hex })));
  for (const [i, { result, error }] of decoded.entries()) {
    const again = result ? (await session.ask([{ encode: [result], order: "stable" }]))[0].result : undefined;
    tally.check(error ? isAnswer({ error }) : again === hexes[i], () => `bytes ${hexes[i]} become ${again}`);
  }
}

export async function garbledCheck(session, random, rounds, tally) {
  for (let i = 0; i < rounds; i++) {
    await garbledQuestions(session, random, tally);
    await garbledBytes(session, random, tally);
  }
}
