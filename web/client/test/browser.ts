/* A page with the client in a real browser, next to the server in memory. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { build } from "esbuild";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import type { QuillBinding, TextareaBinding } from "../src/script.js";
import type { Connection, Document } from "../src/index.js";

/** What page.ts puts on the window. */
export interface PageWindow {
  connection: Connection;
  doc: Document;
  binding: QuillBinding | TextareaBinding;
  quill: { getContents(): { ops: unknown[] }; setSelection(index: number, length?: number): void; focus(): void; getText(): string };
  textarea: HTMLTextAreaElement;
  drafts: unknown[];
  /** Codes of errors of the document. */
  errors: string[];
  /** How many changes Quill was told to make. */
  changes: number;
  start(options: { url: string; id: string; name: string; kind: "quill" | "textarea" | "none"; openEnd?: boolean; pasteMax?: number }): Promise<void>;
}

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const HTML = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<style>body{margin:0;font:16px/1.5 monospace} #editor{height:200px;position:relative}
.ql-editor{height:200px;overflow-y:auto;white-space:pre-wrap;outline:none;box-sizing:border-box;padding:10px}
.ql-editor p{margin:0} textarea{width:600px;height:200px}</style>
<div id="editor"></div><textarea></textarea><script src="page.js"></script>`;
const WEB = process.env.QUIRE_WEB ?? ".";
const PATIENCE_MS = 60_000;

export class Site {
  private constructor(
    private readonly server: Server,
    private readonly browser: Browser,
  ) {}

  static async start(): Promise<Site> {
    const bundle = await build({
      entryPoints: [join(WEB, "client", "test", "page.ts")],
      bundle: true,
      write: false,
      format: "iife",
      target: "es2022",
      logLevel: "warning",
      /* It is bundled from the place of the tests' sources. */
      absWorkingDir: WEB,
    });
    const script = bundle.outputFiles[0].contents;
    const server = createServer((request, response) => {
      const isScript = request.url === "/page.js";
      response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
      response.end(isScript ? script : HTML);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
    return new Site(server, browser);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  /** A person with a browser of their own. */
  context(): Promise<BrowserContext> {
    return this.browser.newContext();
  }

  /** A page whose errors fail the test. */
  async page(context: BrowserContext, errors: string[]): Promise<Page> {
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("pageerror", (error) => errors.push(String(error.stack)));
    page.on("console", (message) => {
      const isNetwork = message.text().includes("WebSocket connection");
      if (message.type() === "error" && !isNetwork) errors.push(message.text());
    });
    await page.goto(this.url);
    return page;
  }

  async stop(): Promise<void> {
    await this.browser.close();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
