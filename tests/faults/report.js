// Plays faults and prints a table: node report.js [--report] [--runs N] [--seed N] [NAME...]. --report: as many runs as
// docs/robustness.md wants, an hour or so. --check DIR: judges a history that was kept. Status 1: something is wrong.
// --must-fail: ends, with status 0, as soon as something is found, and says which checks have found it; with --by NAME,NAME as
// soon as one of these checks has.
import { parseArgs } from "node:util";
import { seed as anySeed } from "../e2e/lib/random.js";
import { isSound, KINDS } from "./lib/checker.js";
import { judge } from "./lib/harness.js";
import { scenarios } from "./lib/scenarios.js";

const { values, positionals } = parseArgs({
  options: {
    report: { type: "boolean", default: false },
    check: { type: "string" },
    "must-fail": { type: "boolean", default: false },
    by: { type: "string" },
    runs: { type: "string" },
    seed: { type: "string", default: String(anySeed) },
  },
  allowPositionals: true,
});
if (values.check !== undefined) {
  const verdict = judge(values.check);
  console.log(verdict);
  process.exit(isSound(verdict) ? 0 : 1);
}
const unknown = positionals.filter((name) => !scenarios.some((scenario) => scenario.name === name));
if (unknown.length > 0) {
  console.error(`report: no fault is called ${unknown.join(", ")}; there are ${scenarios.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}

// Of some, a thousand faults or two hundred; each run has several.
const REPORT_RUNS = { kill: 170, power: 50 };
const runsOf = (name) => Number(values.runs ?? (values.report ? (REPORT_RUNS[name] ?? 20) : 1));

const wanted = values.by?.split(",");
const isFound = (result) => !isSound(result) && (wanted === undefined || wanted.some((check) => result.failed.includes(check)));

const COLUMNS = ["faults", "acknowledged", ...KINDS];
const rows = [];
let status = 0;
for (const { name, what, missing, run, times } of scenarios) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  const reason = missing();
  if (reason !== null) {
    console.error(`SKIP ${name} (${what}): ${reason}`);
    rows.push([what, "skipped", ...KINDS.map(() => ""), ""]);
    continue;
  }
  const runs = runsOf(name);
  const sum = Object.fromEntries(COLUMNS.map((column) => [column, 0]));
  for (let i = 0; i < runs; i++) {
    const seed = Number(values.seed) + i;
    try {
      const result = await run({ seed, times });
      for (const key of Object.keys(sum)) sum[key] += result[key];
      if (values["must-fail"] && isFound(result)) {
        console.log(`${name}, seed ${seed}: ${result.failed.join(" ") || "stuck"}\n${result.reasons.join("\n")}`);
        process.exit(0);
      }
      for (const found of result.reasons) console.error(`${name}, seed ${seed}: ${found}`);
    } catch (error) {
      console.error(`${name}, seed ${seed}: ${error.stack}`);
      status = 1;
    }
    process.stderr.write(`\r${name}: ${i + 1} of ${runs} runs, ${sum.faults} faults, ${sum.acknowledged} acknowledged   `);
  }
  if (runs > 0) process.stderr.write("\n");
  if (!isSound(sum)) status = 1;
  rows.push([what, ...COLUMNS.map((column) => sum[column])]);
}
console.log(`seed ${values.seed}\n`);
const heads = ["fault", "times", "acknowledged", ...KINDS];
console.log(`| ${heads.join(" | ")} |\n|${heads.map(() => "---|").join("")}`);
for (const row of rows) console.log(`| ${row.join(" | ")} |`);
process.exit(values["must-fail"] ? 1 : status);
