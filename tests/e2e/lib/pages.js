// Pages of the bundled editor in Debian's Chromium.
import { until } from "./wait.js";
import { chromium } from "./packages.js";

const program = process.env.CHROMIUM ?? "/usr/bin/chromium";
const flags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const launch = () => chromium.launch({ executablePath: program, args: flags });

export class Page {
  errors = [];

  // A person with a browser of their own (a context), on a document's page.
  static async open(browser, server, id, name, options = {}) {
    const self = new Page();
    self.context = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"], ...options });
    self.page = await self.context.newPage();
    self.page.on("dialog", (dialog) => dialog.accept());
    self.page.on("pageerror", (error) => self.errors.push(String(error)));
    self.page.on("console", (message) => {
      if (message.type() === "error" && !/WebSocket|ERR_(CONNECTION|INTERNET|NETWORK)/.test(message.text())) self.errors.push(message.text());
    });
    await self.page.goto(`${server.url}/d/${id}`);
    const input = self.page.locator("dialog input").first();
    await input.fill(name);
    await input.press("Enter");
    await self.ready();
    return self;
  }

  get editor() {
    return this.page.locator(".ql-editor, textarea.plain-text, .sheet textarea").first();
  }

  async ready() {
    await this.editor.waitFor();
    await until("the page is live", async () => (await this.state()) !== "Opening…" && (await this.state()) !== "Connecting…");
  }

  state = () => this.page.locator(".state-text").first().textContent();
  // Quill leaves empty style attributes behind, here and there.
  html = async () => (await this.page.locator(".ql-editor").innerHTML()).replaceAll(` style=""`, "");
  // Of everybody who is here.
  colors = () => this.page.locator(".people .avatar").evaluateAll((discs) => discs.map((disc) => disc.style.backgroundColor));
  text = () => this.page.evaluate(() => document.querySelector(".ql-editor") ? [...document.querySelector(".ql-editor").children].map((line) => line.textContent).join("\n") : document.querySelector(".sheet textarea").value);

  async type(text) {
    await this.editor.focus();
    await this.page.keyboard.type(text);
  }

  async press(keys) {
    await this.editor.focus();
    await this.page.keyboard.press(keys);
  }

  async saved() {
    await until(async () => `the page says Saved (it says "${await this.state()}")`, async () => (await this.state()) === "Saved");
  }

  close = () => this.context.close();
}
