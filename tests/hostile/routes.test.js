// Every route of HTTP with every standing: a page is the same for everybody, and a role is only ever shown in HELLO.
import assert from "node:assert/strict";
import { after } from "node:test";
import { Authority } from "./lib/authority.js";
import { rows } from "./lib/rows.js";

const authority = await Authority.make();
after(() => authority.remove());
const owner = () => authority.token("ann", { role: "admin" });
const row = rows({ args: ["--token-keys", authority.file, "--metrics", "on"], token: owner });

const ROUTES = ["/", "/index.html", "/editor.js", "/editor.css", "/d/honest", "/d/nothing", "/healthz", "/readyz", "/ws", "/nothing", "/d/honest/members", "/documents", "/admin"];

const STANDINGS = {
  nobody: () => [],
  viewer: () => [`Authorization: Bearer ${authority.token("bob", { docs: { honest: "viewer" } })}`],
  editor: () => [`Authorization: Bearer ${authority.token("bob", { docs: { honest: "editor" } })}`],
  admin: () => [`Authorization: Bearer ${owner()}`],
  cookie: () => [`Cookie: token=${owner()}`],
  revoked: () => ["Authorization: Bearer nonsense"],
};

const ask = async (house, path, headers) => {
  const client = await house.connect();
  const { status, head, body } = await client.request([`GET ${path} HTTP/1.1`, `Host: 127.0.0.1:${house.server.port}`, ...headers]);
  client.end();
  return { status, head: head.replace(/^Date: .*$/m, ""), body: body.toString() };
};

row(112, "every page is the same whoever asks, and whether a document is there", async (house) => {
  for (const path of ROUTES) {
    const plain = await ask(house, path, []);
    for (const [who, headers] of Object.entries(STANDINGS)) assert.deepEqual(await ask(house, path, headers()), plain, `${path} as ${who}`);
    assert.deepEqual(await ask(house, `${path}?token=${owner()}`, []), plain, `${path} with a token in its address`);
  }
  assert.deepEqual(await ask(house, "/d/honest", []), await ask(house, "/d/nothing", []));
  for (const path of ["/", "/d/nothing", "/healthz", "/readyz"]) assert.equal((await ask(house, path, [])).status, 200, path);
  for (const path of ["/nothing", "/d/honest/members", "/documents", "/admin"]) assert.equal((await ask(house, path, [])).status, 404, path);
});

row(133, "metrics name nobody and no document", async (house) => {
  const { status, body } = await ask(house, "/metrics", []);
  assert.equal(status, 200);
  assert.match(body, /quire_connections/);
  assert.doesNotMatch(body, /honest|Honest|ann\b/);
});
