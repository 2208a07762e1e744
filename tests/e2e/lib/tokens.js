// Keys and tokens of tests.
import { createHmac, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MARK, plant } from "./secrets.js";

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

// Writes a new key into a file of keys in `dir`: { path, kid, secret }.
export async function makeKeys(dir, name = "keys", kid = "k") {
  const secret = plant("signing key", Buffer.concat([Buffer.from(MARK), randomBytes(16)]));
  const keys = { path: join(dir, name), kid, secret };
  await writeFile(keys.path, keyLine(keys), { mode: 0o600 });
  return keys;
}

export const keyLine = ({ kid, secret }) => `${kid} HS256 ${secret.toString("base64url")}\n`;

export function tokenOf({ kid, secret }, sub, claims = {}) {
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const [head, body] = [encode({ alg: "HS256", kid }), encode({ sub, exp, ...claims })];
  const signature = createHmac("sha256", secret).update(`${head}.${body}`).digest("base64url");
  plant("token", body);
  plant("token", signature);
  return `${head}.${body}.${signature}`;
}
