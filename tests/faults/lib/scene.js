// What scenarios are made of: a server with people who write, and ways to bring faults about.
import { random } from "../../e2e/lib/random.js";
import { KINDS } from "./checker.js";
import { Harness } from "./harness.js";
import { Crowd } from "./people.js";
import { Proxy } from "./proxy.js";

const PEOPLE = 6;
const shim = process.env.QUIRE_SHIM;
// Why a fault cannot be here, or null.
export const anywhere = () => null;
export const withShim = () => (shim ? null : "QUIRE_SHIM is not set");
// A server with sanitizers wants its own library first; here the shim comes before it.
export const shimmed = (env) => ({ LD_PRELOAD: shim, ASAN_OPTIONS: "verify_asan_link_order=0:detect_leaks=0", ...env });

// A server, people who write, and the end of both: everybody comes to rest, the server ends, and what is on disk is held
// against what people have and were told. `body` gives how many faults there were.
export async function scene(seed, body, { people = PEOPLE, proxied = null, found = [], ...options } = {}) {
  const server = await Harness.begin(options);
  const rng = random(seed ^ 0x5bd1e995);
  const proxy = proxied && (await Proxy.start(server.port, rng, proxied));
  let crowd = null;
  let verdict = null;
  try {
    const url = proxy?.url ?? server.socketUrl;
    crowd = await Crowd.start({ history: server.history, url, makerUrl: server.socketUrl, seed, count: people });
    let faults = 0;
    let failure = null;
    try {
      faults = await body(server, crowd, rng, proxy);
      await crowd.rest();
      crowd.end();
    } catch (error) {
      failure = error;
    }
    await crowd.leave();
    await server.down("SIGTERM");
    verdict = joined([await server.judge(crowd.id), ...found]);
    if (failure) {
      verdict.stuck++;
      verdict.reasons.unshift(`${failure.stack}\n${server.log.filter((line) => !line.includes('"debug"')).slice(-20).join("\n")}`);
    }
    return { faults, acknowledged: crowd.count(), ...verdict };
  } finally {
    await crowd?.leave();
    await proxy?.stop();
    const kept = await server.dispose(verdict);
    if (verdict === null) console.error(kept);
  }
}

// Several verdicts as one.
function joined(verdicts) {
  const sum = { failed: [...new Set(verdicts.flatMap(({ failed }) => failed))], reasons: verdicts.flatMap(({ reasons }) => reasons) };
  for (const kind of KINDS) sum[kind] = verdicts.reduce((count, verdict) => count + verdict[kind], 0);
  return sum;
}

const PLAIN = { env: {}, wrap: [], silent: false };

// Stops and starts it with other options; without any, as it is always started.
export async function restartWith(server, options = {}) {
  await server.down("SIGTERM");
  server.options = { ...server.options, ...PLAIN, ...options };
  await server.up();
}

// It ends by itself, as a fault makes it, and is started anew; `isRight`: how it must end.
export async function endsAndReturns(server, isRight) {
  const end = await server.ended;
  if (!isRight(end)) throw new Error(`it ended with ${JSON.stringify(end)}`);
  server.options = { ...server.options, ...PLAIN };
  await server.up();
  server.note("fault", { what: "armed", on: false });
}

// Starts it again so that it meets a fault, perhaps while it is starting: then it gives false.
export async function restartArmed(server, options) {
  await server.down("SIGTERM");
  server.note("fault", { what: "armed", on: true });
  server.options = { ...server.options, ...options };
  try {
    await server.up();
    return true;
  } catch {
    await endsAndReturns(server, () => true);
    return false;
  }
}

export async function untilEnded(server, crowd) {
  let ended = false;
  void server.ended.then(() => (ended = true));
  await crowd.typeUntil("the fault is met", () => ended);
}
