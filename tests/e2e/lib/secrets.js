// Secrets that tests plant, and the logs of all servers that tests start: in the run's directory of logs (QUIRE_TEST_LOGS;
// without it nothing is kept), where tests/logs looks for the ones in the others. tests/lib/secrets.h is the same for tests in C.
import { appendFileSync, mkdirSync, openSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";

// In whatever must not be logged, and nowhere else.
export const MARK = "zQ7PlantedSecret";

const dir = process.env.QUIRE_TEST_LOGS;
if (dir) mkdirSync(dir, { recursive: true });

// Of a test's file in tests/e2e it is e2e.
const suite = basename(dirname(process.argv[1] ?? "."));

// Notes that a text or bytes are secret; gives them back.
export function plant(kind, value) {
  if (dir) appendFileSync(join(dir, "secrets"), `${kind} ${Buffer.from(value).toString("hex")}\n`);
  return value;
}

// A text of this kind that is easily found again.
export const secretText = (kind) => plant(kind, `${MARK} ${kind}`);

// Where a program's log is kept: keep(line) adds a line.
export function keptLog(pid, program = suite) {
  if (!dir) return () => {};
  const file = openSync(join(dir, `${program}-${pid}.log`), "a");
  return (line) => void writeSync(file, `${line}\n`);
}
