// nginx and HAProxy as deploy/ has them, with this test's ports, names and certificate put in, stopped by their own process ids.
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { createServer, connect } from "node:net";
import { join } from "node:path";
import { keptLog } from "../../e2e/lib/secrets.js";
import { until } from "../../e2e/lib/wait.js";

const recipe = (name) => readFile(new URL(`../../../deploy/${name}`, import.meta.url), "utf8");

// Each replacement must find something, or the recipe is not what the test thinks.
function replaced(text, pairs) {
  for (const [from, to] of pairs) {
    if (!text.includes(from)) throw new Error(`the recipe has no "${from}"`);
    text = text.replaceAll(from, to);
  }
  return text;
}

// Below those that the system gives to whoever asks for any (ip_local_port_range), and none twice: until the proxy listens
// nobody else takes it.
const [PORTS_FIRST, PORTS_COUNT] = [20_000, 10_000];
const givenPorts = new Set();

const isFree = (port) =>
  new Promise((resolve) => {
    const server = createServer().on("error", () => resolve(false)).listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });

async function freePort() {
  for (;;) {
    const port = PORTS_FIRST + randomInt(PORTS_COUNT);
    if (givenPorts.has(port)) continue;
    givenPorts.add(port);
    if (await isFree(port)) return port;
  }
}

const answers = (port) =>
  new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });

const NGINX_MAIN = (dir) => `daemon off; pid ${dir}/nginx.pid; error_log stderr; worker_processes 1;
events { worker_connections 200; }
http {
  access_log ${dir}/access.log;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${dir}/${name};`).join(" ")}
  include ${dir}/quire.conf;
}
`;

async function configureNginx({ dir, port, plainPort, upstream, certificate, idle }) {
  const text = replaced(await recipe("nginx.conf"), [
    ["listen 443", `listen 127.0.0.1:${port}`],
    ["listen 80", `listen 127.0.0.1:${plainPort}`],
    ["/etc/letsencrypt/live/docs.example.org/fullchain.pem", certificate.cert],
    ["/etc/letsencrypt/live/docs.example.org/privkey.pem", certificate.key],
    ["127.0.0.1:8080", `127.0.0.1:${upstream}`],
    ["docs.example.org", "localhost"],
    ["90s", idle],
  ]);
  await writeFile(join(dir, "quire.conf"), text);
  await writeFile(join(dir, "nginx.conf"), NGINX_MAIN(dir));
  return ["-p", dir, "-c", join(dir, "nginx.conf")];
}

async function configureHaproxy({ dir, port, plainPort, upstream, certificate, idle }) {
  const both = join(dir, "both.pem");
  await writeFile(both, readFileSync(certificate.cert, "utf8") + readFileSync(certificate.key, "utf8"), { mode: 0o600 });
  const text = replaced(await recipe("haproxy.cfg"), [
    ["maxconn 10000", "maxconn 200"],
    ["log /dev/log local0", "log stdout format raw local0"],
    // Only root becomes somebody else.
    ...(process.getuid() === 0 ? [] : [["    user haproxy\n    group haproxy\n", ""]]),
    ["bind :443", `bind 127.0.0.1:${port}`],
    ["bind :80", `bind 127.0.0.1:${plainPort}`],
    ["/etc/haproxy/docs.example.org.pem", both],
    ["127.0.0.1:8080", `127.0.0.1:${upstream}`],
    ["docs.example.org", "localhost"],
    ["90s", idle],
  ]);
  await writeFile(join(dir, "haproxy.cfg"), text);
  return ["-db", "-f", join(dir, "haproxy.cfg")];
}

export const KINDS = [
  { name: "nginx", program: "/usr/sbin/nginx", configure: configureNginx },
  { name: "HAProxy", program: "/usr/sbin/haproxy", configure: configureHaproxy },
];

// Starts one in front of a server's port: { port, plainPort, stop, log }. `idle`: the timeout of silent connections; `log` gives what
// it has logged, each request too, as distributions have them do.
export async function startProxy(kind, options) {
  if (!existsSync(kind.program)) throw new Error(`${kind.program} is not installed: script/test installs it`);
  const [port, plainPort] = [await freePort(), await freePort()];
  const words = await kind.configure({ ...options, port, plainPort });
  const child = spawn(kind.program, words, { stdio: ["ignore", "pipe", "pipe"] });
  const keep = keptLog(child.pid, kind.name.toLowerCase());
  let said = "";
  child.stdout.on("data", (text) => (said += text));
  child.stderr.on("data", (text) => (said += text));
  const requests = join(options.dir, "access.log");
  const log = () => said + (existsSync(requests) ? readFileSync(requests, "utf8") : "");
  const ended = new Promise((resolve) => child.on("exit", resolve));
  await until(() => `${kind.name} answers: ${said}`, async () => child.exitCode !== null || (await answers(port)));
  if (child.exitCode !== null) throw new Error(`${kind.name} did not start: ${said}`);
  return {
    port,
    plainPort,
    log,
    async stop() {
      child.kill("SIGTERM");
      await ended;
      keep(log());
    },
  };
}
