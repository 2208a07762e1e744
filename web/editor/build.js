// Builds dist/: `node build.js` for the server, `node build.js --fake DIR` with a pretended server in the page, for looking at.
import { build } from "esbuild";
import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const client = (name) => join(here, "../client/src", name);

export async function buildEditor({ outdir = join(here, "dist"), fake = false } = {}) {
  const pretended = join(here, "src/dev/fake.ts");
  await mkdir(outdir, { recursive: true });
  await build({
    entryPoints: { editor: join(here, "src/main.ts") },
    outdir,
    bundle: true,
    minify: !fake,
    format: "iife",
    target: ["es2022", "chrome123", "firefox128", "safari17.5"],
    legalComments: "none",
    logLevel: "warning",
    alias: {
      "@quire/client/quill": fake ? pretended : client("quill.ts"),
      "@quire/client/textarea": fake ? pretended : client("textarea.ts"),
      "@quire/client": fake ? pretended : client("index.ts"),
    },
  });
  await build({
    entryPoints: { editor: join(here, "src/styles/editor.css") },
    outdir,
    bundle: true,
    minify: !fake,
    target: ["chrome123", "firefox128", "safari17.5"],
    legalComments: "none",
    logLevel: "warning",
  });
  for (const name of ["index.html", "favicon.svg"]) await copyFile(join(here, "src", name), join(outdir, name));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const at = process.argv.indexOf("--fake");
  await buildEditor(at < 0 ? {} : { outdir: process.argv[at + 1], fake: true });
}
