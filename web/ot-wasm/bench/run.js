/*
 * What the engine costs as WebAssembly, beside that of the client and quill-delta: node bench/run.js [--browser]
 * CPU time of a fresh process (Node) or of a fresh page's process (/usr/bin/chromium), in microseconds for one edit or pair and
 * in milliseconds for a whole: the first time, compiling included, to the fourth.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { readSession, readTrace } from "../../../bench/engine/peers/traces.mjs";

const PASSES = 4;
const here = dirname(fileURLToPath(import.meta.url));
const traces = join(here, "..", "..", "..", "bench", "traces");
const bundle = join(here, "..", "dist", "bench.js");
const args = process.argv.slice(2);

const WORKS = [
  ...["apply automerge-paper", "apply rustcode", "fold automerge-paper", "session friendsforever"],
  ...["transform 5", "transform 50", "transform 500", "compose 5", "compose 50", "compose 500"],
];

function dataFor(work, of) {
  if (work === "session") return readSession(traces, of);
  return work === "transform" || work === "compose" ? Number(of) : readTrace(traces, of);
}

/** CPU time of a process's threads in microseconds. */
function cpuOf(pid) {
  const threads = readdirSync(`/proc/${pid}/task`);
  const ns = threads.map((id) => Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, "utf8").split(" ")[0]));
  return ns.reduce((sum, spent) => sum + spent, 0) / 1000;
}

/** In this process: it is a fresh one. */
async function measureHere(engine, work, of) {
  const { prepare } = await import(bundle);
  const { count, run, check } = await prepare(engine, work, dataFor(work, of));
  const spent = [];
  for (let pass = 0; pass < PASSES; pass++) {
    const start = process.cpuUsage();
    const result = run();
    const { user, system } = process.cpuUsage(start);
    check(result);
    spent.push((user + system) / count);
  }
  return spent;
}

function measureInNode(engine, work, of) {
  const output = execFileSync(process.execPath, [fileURLToPath(import.meta.url), "--one", engine, work, of], { encoding: "utf8" });
  return JSON.parse(output);
}

async function measureInChromium(engine, work, of) {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  const page = await browser.newPage();
  const script = readFileSync(bundle, "utf8").replace(/export\s*\{[^}]*\};?\s*$/, "window.prepare = prepare;");
  await page.addScriptTag({ content: script, type: "module" });
  await page.waitForFunction(() => "prepare" in window);
  const prepare = async ([e, w, d]) => (window.work = await window.prepare(e, w, d)).count;
  const count = await page.evaluate(prepare, [engine, work, dataFor(work, of)]);
  const { processInfo } = await (await browser.newBrowserCDPSession()).send("SystemInfo.getProcessInfo");
  const renderers = processInfo.filter(({ type }) => type === "renderer");
  const cpu = () => renderers.reduce((sum, { id }) => sum + cpuOf(id), 0);
  const spent = [];
  for (let pass = 0; pass < PASSES; pass++) {
    const start = cpu();
    await page.evaluate(() => void (window.result = window.work.run()));
    spent.push((cpu() - start) / count);
    await page.evaluate(() => window.work.check(window.result));
  }
  await browser.close();
  return spent;
}

if (args[0] === "--one") {
  console.log(JSON.stringify(await measureHere(...args.slice(1))));
} else {
  await build({
    ...{ entryPoints: [join(here, "work.js")], outfile: bundle, bundle: true, format: "esm", platform: "browser" },
    ...{ target: "es2022", loader: { ".wasm": "binary" }, logLevel: "warning" },
  });
  const { engines } = await import(bundle);
  const measure = args.includes("--browser") ? measureInChromium : measureInNode;
  for (const work of WORKS) {
    for (const engine of engines) {
      const spent = await measure(engine, ...work.split(" "));
      console.log(`${work} | ${engine} | ${spent.map((value) => value.toPrecision(3)).join(" ")}`);
    }
  }
}
