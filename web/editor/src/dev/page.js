// The editor with its pretended server, in a browser: for pictures and for the tests of the page.
import { chromium } from "playwright-core";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { buildEditor } from "../../build.js";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' https:; " +
  "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export async function serveFake() {
  const root = await mkdtemp(join(tmpdir(), "quire-editor-"));
  await buildEditor({ outdir: root, fake: true });
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const name = extname(pathname) ? pathname.slice(1) : "index.html";
    readFile(join(root, name)).then(
      (bytes) => response.writeHead(200, { "content-type": TYPES[extname(name)], "content-security-policy": POLICY }).end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const close = async () => {
    server.close();
    await rm(root, { recursive: true });
  };
  return { url: `http://127.0.0.1:${server.address().port}`, close };
}

export function openBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync",
    ],
  });
}

const PROFILE = JSON.stringify({ name: "Ann Lee", color: "#097f6f", guest: false });

/** A page as somebody sees it who has been here before. */
export async function openPage(browser, { width = 1280, height = 800, colorScheme = "light", chat = false, known = true } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme, hasTouch: width < 500, isMobile: width < 500 });
  const kept = { ...(known && { "quire.profile": PROFILE }), "quire.chat-open": String(chat), "quire.chat.garden": "34" };
  await context.addInitScript((kept) => {
    for (const [key, value] of Object.entries(kept)) localStorage.setItem(key, value);
  }, kept);
  const page = await context.newPage();
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && console.log("console:", message.text()));
  page.on("pageerror", (error) => console.log("page error:", error.stack));
  return page;
}
