/* Builds dist/: ES modules, one plain script with the global `Quire`, and the types. */
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
const common = {
  absWorkingDir: here,
  bundle: true,
  target: "es2022",
  charset: "utf8",
  logLevel: "warning",
};

rmSync(dist, { recursive: true, force: true });
await build({
  ...common,
  entryPoints: {
    index: "src/index.ts",
    quill: "src/quill.ts",
    textarea: "src/textarea.ts",
    ot: "src/ot/index.ts",
  },
  outdir: "dist",
  format: "esm",
  splitting: true,
  chunkNames: "shared-[hash]",
  sourcemap: true,
});
await build({
  ...common,
  entryPoints: ["src/script.ts"],
  outfile: "dist/quire.min.js",
  format: "iife",
  globalName: "Quire",
  minify: true,
  sourcemap: true,
});
const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve("typescript/package.json")), "bin", "tsc");
execFileSync(process.execPath, [tsc, "-p", here], { stdio: "inherit" });
