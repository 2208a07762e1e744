// The tests share the packages of web/, so that there is one lock file.
import { createRequire } from "node:module";

const require = createRequire(new URL("../../../web/package.json", import.meta.url));

export const { chromium } = require("playwright-core");
export const WebSocket = require("ws");
export const { Connection } = await import(new URL("../../../web/client/dist/index.js", import.meta.url));
