// Takes the README's pictures: node tests/e2e/screenshots.js docs/images, with QUIRE_BIN set as for the tests.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Connection, WebSocket } from "./lib/packages.js";
import { launch, Page } from "./lib/pages.js";
import { Server } from "./lib/server.js";
import { until } from "./lib/wait.js";

const dir = process.argv[2] ?? "docs/images";
await mkdir(dir, { recursive: true });
const server = await Server.start();
const browser = await launch();

async function create(title) {
  const connection = new Connection({ url: server.socketUrl, name: "Node", color: "#000000", WebSocket, storage: false });
  const id = await connection.documents.create({ type: "rich", title });
  connection.close();
  return id;
}

async function people(id, names, options) {
  const pages = [];
  for (const name of names) pages.push(await Page.open(browser, server, id, name, options));
  return pages;
}

async function caretsAreShown(page, count) {
  await until(`${count} carets`, async () => (await page.page.locator(".caret").count()) >= count);
}

async function write(pages) {
  const [ann, bob] = pages;
  await ann.type("The garden in spring");
  await ann.press("Home");
  await ann.press("Shift+End");
  await ann.press("Control+Alt+1");
  await ann.press("End");
  await ann.press("Enter");
  await ann.type("We begin with the beds along the wall, where the snow goes first, and leave the pond for May.");
  await ann.press("Enter");
  await ann.saved();
  await bob.press("Control+End");
  await bob.type("Beans climb the fence; peas stand behind them, out of the wind.");
  await bob.press("Enter");
  await bob.type("Who brings the compost?");
  await bob.saved();
}

// A picture in the middle of a transition would show colours that there are not.
const still = { reducedMotion: "reduce" };
const wide = { ...still, viewport: { width: 1280, height: 720 } };
const two = await people(await create("The garden in spring"), ["Ann Lee", "Bob"], wide);
await write(two);
await two[1].press("Shift+Home");
await caretsAreShown(two[0], 1);
for (const colorScheme of ["light", "dark"]) {
  await two[0].page.emulateMedia({ colorScheme });
  await two[0].page.screenshot({ path: join(dir, `two-${colorScheme}.png`) });
}
for (const page of two) await page.close();

const names = ["Ann Lee", "Bob", "Chioma", "Dmitri", "Eve"];
const five = await people(await create("The garden in spring"), names, wide);
await write(five);
await five[2].press("Control+Home");
await five[3].press("Control+Home");
for (let i = 0; i < 2; i++) await five[3].press("ArrowDown");
await five[3].press("End");
await five[4].press("Control+Home");
for (let i = 0; i < 1; i++) await five[4].press("ArrowDown");
await five[4].press("Home");
for (let i = 0; i < 20; i++) await five[4].press("Shift+ArrowRight");
await caretsAreShown(five[0], 4);
await five[0].page.screenshot({ path: join(dir, "five-light.png") });
const [phone] = await people(new URL(five[0].page.url()).pathname.split("/").pop(), ["Finn"], { ...still, viewport: { width: 390, height: 844 } });
await phone.page.screenshot({ path: join(dir, "phone-light.png") });

await browser.close();
await server.remove();
