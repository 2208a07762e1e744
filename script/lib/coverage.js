// coverage.js BUILD-FOLDER: branch coverage of ot/src by what gcov counted: a line for each file, then each branch that
// was never taken. Branches of asserts do not count: that they are not taken is the point.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const SOURCE = "ot/src/";

function counted(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".gcda"))
    .map((name) => path.resolve(folder, name));
}

// {file: {line: [counts of its branches]}}, added up over all objects that the file is part of.
function branchesOf(reports) {
  const files = new Map();
  for (const { file, lines } of reports.flatMap((report) => report.files)) {
    const at = file.indexOf(SOURCE);
    if (at < 0) continue;
    const name = file.slice(at);
    const seen = files.get(name) ?? new Map();
    for (const { line_number: line, function_name: inside, branches } of lines) {
      // An inline function is compiled into many objects: the same branches each time.
      const key = `${line} ${inside}`;
      const counts = seen.get(key) ?? branches.map(() => 0);
      branches.forEach(({ count }, i) => (counts[i] = (counts[i] ?? 0) + count));
      seen.set(key, counts);
    }
    files.set(name, seen);
  }
  return files;
}

function isAssert(lines, number) {
  for (let at = number; at > 0 && at > number - 4; at--) {
    if (/\bassert\(/.test(lines[at - 1])) return true;
    if (/[;{}]\s*$/.test(lines[at - 2] ?? "")) return false;
  }
  return false;
}

function percent(part, whole) {
  return whole === 0 ? "100.0" : ((100 * part) / whole).toFixed(1);
}

const [folder] = process.argv.slice(2);
const output = execFileSync("gcov", ["--json-format", "--stdout", "-b", ...counted(`${folder}/ot`)], {
  maxBuffer: 2 ** 30,
  encoding: "utf8",
});
const reports = output.split("\n").filter(Boolean).map((line) => JSON.parse(line));
const missing = [];
let [taken, all] = [0, 0];
for (const [name, seen] of [...branchesOf(reports)].sort()) {
  const lines = readFileSync(name, "utf8").split("\n");
  let [fileTaken, fileAll] = [0, 0];
  for (const [key, counts] of seen) {
    const number = Number(key.split(" ")[0]);
    if (isAssert(lines, number)) continue;
    const hits = counts.filter((count) => count > 0).length;
    fileTaken += hits;
    fileAll += counts.length;
    if (hits < counts.length)
      missing.push(`${name}:${number}: ${counts.length - hits} of ${counts.length}: ${lines[number - 1].trim()}`);
  }
  if (fileAll > 0)
    console.log(`${name.padEnd(28)} ${percent(fileTaken, fileAll).padStart(6)} %  ${fileTaken} of ${fileAll}`);
  taken += fileTaken;
  all += fileAll;
}
console.log(`${"branches of ot/".padEnd(28)} ${percent(taken, all).padStart(6)} %  ${taken} of ${all}`);
console.log(missing.length > 0 ? `\nNever taken:\n${missing.join("\n")}` : "");
