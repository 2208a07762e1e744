// The tests share the packages of web/, so that there is one lock file.
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const require = createRequire(new URL("../../../web/package.json", import.meta.url));

export const { chromium } = require("playwright-core");
export const WebSocket = require("ws");
export const Delta = require("quill-delta");
// QUIRE_CLIENT: the folder of another build of the client.
const client = process.env.QUIRE_CLIENT ?? fileURLToPath(new URL("../../../web/client/dist", import.meta.url));
export const { Connection } = await import(pathToFileURL(`${client}/index.js`));
export const ot = await import(pathToFileURL(`${client}/ot.js`));
