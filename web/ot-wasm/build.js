/*
 * Builds dist/: the engine in ../../ot with glue.c as WebAssembly, inside one ES module, and the types. Wants clang, lld and
 * wasi-libc (Debian's packages of these names).
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const engine = join(here, "..", "..", "ot");
const dist = join(here, "dist");
const sources = readdirSync(join(engine, "src")).filter((name) => name.endsWith(".c"));

function compile() {
  const args = [
    ...["--target=wasm32-wasi", "-isystem", "/usr/include/wasm32-wasi", "-L/usr/lib/wasm32-wasi"],
    ...["-std=c11", "-O2", "-flto", "-mbulk-memory", "-Wall", "-Wextra", "-Werror"],
    ...["-D_GNU_SOURCE", "-DOT_CHECK_INPUTS=0", `-I${join(engine, "include")}`],
    ...["-nostdlib", "-lc", "-Wl,--no-entry", "-Wl,--strip-all", "-o", join(dist, "ot.wasm")],
    join(here, "src", "glue.c"),
    ...sources.map((name) => join(engine, "src", name)),
  ];
  try {
    execFileSync("clang", args, { stdio: "inherit" });
  } catch (error) {
    console.error("ot-wasm is compiled with clang, lld and wasi-libc; are these installed?");
    process.exit(error.status ?? 1);
  }
}

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
compile();
await build({
  absWorkingDir: here,
  entryPoints: { index: "src/index.ts" },
  bundle: true,
  outdir: "dist",
  format: "esm",
  target: "es2022",
  charset: "utf8",
  loader: { ".wasm": "binary" },
  logLevel: "warning",
});
const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve("typescript/package.json")), "bin", "tsc");
execFileSync(process.execPath, [tsc, "-p", here], { stdio: "inherit" });
