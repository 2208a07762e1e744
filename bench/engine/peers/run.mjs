/*
 * Measures every peer and prints one table, with what bench_engine measured: node run.mjs RUNS ENGINE.json TRACES
 * Each measurement is a process of its own. Cells are medians; one that takes more than REPEAT_SECONDS of CPU time is
 * not repeated, and after BOUND_SECONDS it is ended.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const BOUND_SECONDS = 120;
const REPEAT_SECONDS = 20;
const OURS = "**Quire** (C)";

const here = dirname(fileURLToPath(import.meta.url));
const [runs, engine, traces] = process.argv.slice(2);
/* Work, unit, and what bench_engine calls it, with what its unit is in ours. */
const COLUMNS = [
  ["apply automerge-paper, us an edit", [["apply:automerge-paper", "apply, automerge-paper", 1e-3]]],
  ["apply rustcode, us an edit", [["apply:rustcode", "apply, rustcode", 1e-3]]],
  ["transform 5 / 50 / 500, us", bySize("transform")],
  ["compose 5 / 50 / 500, us", bySize("compose")],
  ["compose all of automerge-paper, ms", [["fold:automerge-paper", "compose all into one, automerge-paper", 1]]],
  ["merge 20,000 x 20,000, ms", [["merge", "merge offline, 20000 x 20000 edits", 1]]],
  ["server's loop, friendsforever, ms", [["session:friendsforever", "server's loop, stable order, friendsforever", 1]]],
];

function bySize(what) {
  return [5, 50, 500].map((size) => [`${what}:${size}`, `${what}, ${size} components`, 1]);
}

const isOf = (kind) => ([what]) => kind.includes(what.split(":")[0]);
const all = ["apply", "transform", "compose", "fold", "merge", "session"];
const PEERS = {
  "@quire/client": all,
  "quill-delta": all,
  "ot-text-unicode": all,
  ot: ["apply", "transform", "compose", "fold", "merge"],
  "@codemirror/state": ["apply", "transform", "compose", "fold", "merge"],
  yjs: ["apply", "merge"],
  "json-joy": ["apply", "merge"],
  "diamond-types-node": ["apply", "merge"],
  "loro-crdt": ["apply", "merge"],
  "@automerge/automerge": ["apply", "merge"],
};

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

function format(value) {
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return String(Number(value.toPrecision(2)));
}

/* The figure and the seconds it took, or null when these are too many. */
function measureOnce(peer, work) {
  const args = [`--cpu=${BOUND_SECONDS}`, process.execPath, "measure.mjs", peer, work, traces];
  const { status, signal, stdout, stderr } = spawnSync("prlimit", args, { cwd: here, encoding: "utf8" });
  if (signal === "SIGXCPU" || signal === "SIGKILL") return null;
  if (status !== 0) throw new Error(`${peer} ${work}: ${signal ?? stderr}`);
  return stdout.split(" ").map(Number);
}

function measure(peer, work) {
  const values = [];
  for (let most = Number(runs); values.length < most; ) {
    const measured = measureOnce(peer, work);
    if (measured === null) return `> ${BOUND_SECONDS} s`;
    values.push(measured[0]);
    if (measured[1] > REPEAT_SECONDS) most = 1;
  }
  process.stderr.write(`  ${peer}: ${work}: ${values.map(format).join(" ")}\n`);
  return format(median(values));
}

function ownCells() {
  const rows = new Map();
  for (const row of JSON.parse(readFileSync(engine, "utf8")).results) {
    rows.set(`${row.what}, ${row.of}`, row.median);
  }
  return COLUMNS.map(([, works]) => works.map(([, name, scale]) => format(rows.get(name) * scale)).join(" / "));
}

function peerCells(peer, kinds) {
  return COLUMNS.map(([, works]) => {
    const has = works.every(isOf(kinds));
    return has ? works.map(([work]) => measure(peer, work)).join(" / ") : "";
  });
}

const line = (items) => console.log(`| ${items.join(" | ")} |`);
const { dependencies } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
const rows = [[OURS, ...ownCells()]];
for (const [peer, kinds] of Object.entries(PEERS)) {
  rows.push([[peer, dependencies[peer]].filter(Boolean).join(" "), ...peerCells(peer, kinds)]);
}
line(["", ...COLUMNS.map(([title]) => title)]);
line(["---", ...COLUMNS.map(() => "---")]);
rows.forEach(line);
