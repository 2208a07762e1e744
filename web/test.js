/*
 * Runs the tests of the workspaces with node's own runner: node test.js [workspace …] [-- filter]
 * The types are checked first. TypeScript tests (test/*.test.ts) are bundled, with packages outside
 * the bundle; test/*.test.js run as they are.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(fileURLToPath(import.meta.url));
const split = process.argv.indexOf("--");
const named = process.argv.slice(2, split < 0 ? undefined : split);
const filter = split < 0 ? "" : process.argv[split + 1];
const workspaces = named.length > 0 ? named : ["client", "editor"];
/* Under node_modules, so that the bundles find the packages. */
const out = join(root, "node_modules", ".cache", "quire-tests", named.join("-") || "all");

function testsOf(workspace, ending) {
  const folder = join(root, workspace, "test");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(ending) && name.includes(filter))
    .map((name) => join(folder, name));
}

const entryPoints = workspaces.flatMap((workspace) => testsOf(workspace, ".test.ts"));
const scripts = workspaces.flatMap((workspace) => testsOf(workspace, ".test.js"));
if (entryPoints.length + scripts.length === 0) {
  console.error("no tests found");
  process.exit(1);
}
for (const workspace of filter === "" ? workspaces : []) {
  const check = spawnSync("npm", ["run", "--silent", "check"], { stdio: "inherit", cwd: join(root, workspace) });
  if (check.status !== 0) process.exit(check.status ?? 1);
}
rmSync(out, { recursive: true, force: true });
await build({
  entryPoints,
  outdir: out,
  outbase: root,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  packages: "external",
  platform: "node",
  format: "esm",
  target: "node18",
  sourcemap: "inline",
  logLevel: "warning",
  define: { "process.env.QUIRE_WEB": JSON.stringify(root) },
});
const files = workspaces.flatMap((workspace) => {
  const folder = join(out, workspace, "test");
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
});
const args = ["--enable-source-maps", "--test", "--test-reporter=spec", ...files, ...scripts];
const run = spawnSync(process.execPath, args, { stdio: "inherit", cwd: root });
process.exit(run.status ?? 1);
