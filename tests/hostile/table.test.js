// The table of hostile input against the tests: every row has a test that is there, or a reason why not.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROWS = 141;
const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (...path) => readFileSync(join(root, ...path), "utf8");

// "1, 2, 6" and [1, 2, 6]
const numbers = (text) => (text.match(/\d+/g) ?? []).map(Number);

// Lines of tables that begin with numbers of rows: { rows, cells }.
function lines(page) {
  return page.split("\n").filter((line) => /^\| \d+(, \d+)* \|/.test(line)).map((line) => {
    const cells = line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim());
    return { rows: numbers(cells[0]), cells };
  });
}

const table = lines(read("docs/hostile-input.md"));
const reasons = lines(/\*\*Rows that have no test, and why\.\*\*(.*?)\n(?=##)/s.exec(read("docs/robustness.md"))[1]);
const covered = new Set(table.flatMap(({ rows }) => rows));
const excused = new Set(reasons.flatMap(({ rows }) => rows));

// The rows that the tests of a file carry in their names.
const files = readdirSync(join(root, "tests/hostile")).filter((name) => name.endsWith(".test.js"));
const carried = new Map(files.map((name) => {
  const calls = [...read("tests/hostile", name).matchAll(/\brow\(\s*(\d+|\[[\d, ]+\])/g)];
  return [name.replace(".test.js", ""), new Set(calls.flatMap(([, list]) => numbers(list)))];
}));

// Names of ctest that no file has.
const recipes = ["tests/CMakeLists.txt", ...["ot", "storage", "server", "tools"].map((name) => `tests/${name}.cmake`), "tests/sim/sim.cmake"];
const ctest = new Set(recipes.filter((path) => existsSync(join(root, path))).flatMap((path) => [...read(path).matchAll(/NAME (\w+)/g)].map(([, name]) => name)));

const places = (name) => [
  `tests/unit/${name}.c`, `tests/property/${name}.c`, `fuzz/${name}.c`, `tests/e2e/${name}.test.js`, `web/editor/test/${name}.test.js`, `web/editor/test/${name}.test.ts`,
];
const isTest = (name) => carried.has(name) || ctest.has(name) || places(name).some((path) => existsSync(join(root, path)));

test("every row is in the table, or has a reason why it has no test", () => {
  const missing = Array.from({ length: ROWS }, (_, i) => i + 1).filter((number) => !covered.has(number) && !excused.has(number));
  assert.deepEqual(missing, []);
  assert.deepEqual([...excused].filter((number) => covered.has(number)), [], "these have both");
  assert.deepEqual([...covered, ...excused].filter((number) => number < 1 || number > ROWS), []);
  for (const { rows, cells } of reasons) assert.ok(cells.at(-1).length > 10, `row ${rows} has no reason`);
  console.log(`hostile input: ${covered.size} rows covered, ${excused.size} with a reason`);
});

test("every test that the table names is there, and a test of raw sockets carries the row", () => {
  for (const { rows, cells } of table) {
    const names = [...cells.at(-1).matchAll(/`([^`]+)`/g)].map(([, name]) => name);
    assert.ok(names.length > 0, `row ${rows} names no test`);
    for (const name of names) {
      assert.ok(isTest(name), `row ${rows} names \`${name}\`, which is no test`);
      for (const number of rows) assert.ok(!carried.has(name) || carried.get(name).has(number), `no test in ${name} carries row ${number}`);
    }
  }
});

test("every row that a test carries names that test in the table", () => {
  for (const [name, rows] of carried)
    for (const number of rows) assert.ok(table.some(({ rows, cells }) => rows.includes(number) && cells.at(-1).includes(`\`${name}\``)), `row ${number} does not name ${name}`);
});
