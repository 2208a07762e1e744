// What is done to a server while people write. Each runs once and says what came of it: how many faults there were, how
// many characters were acknowledged, and what the checker found.
import { connect as connectSocket } from "node:net";
import { random } from "../../e2e/lib/random.js";
import { until } from "../../e2e/lib/wait.js";
import { KINDS } from "./checker.js";
import { missing, ImageDisk, SmallDisk } from "./disks.js";
import { Harness } from "./harness.js";
import { now } from "./history.js";
import { Crowd, connect } from "./people.js";
import { Proxy } from "./proxy.js";

const PEOPLE = 6;
const shim = process.env.QUIRE_SHIM;
// A server with sanitizers wants its own library first; here the shim comes before it.
const faulty = (fault) => ({ LD_PRELOAD: shim, QUIRE_FAULT: fault, ASAN_OPTIONS: "verify_asan_link_order=0:detect_leaks=0" });

// A server, people who write, and the end of both: everybody comes to rest, the server ends, and what is on disk is held
// against what people have and were told. `body` gives how many faults there were.
async function scene(seed, body, { people = PEOPLE, proxied = null, found = [], ...options } = {}) {
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
      verdict.reasons.unshift(`${failure.stack}\n${server.log.slice(-20).join("\n")}`);
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

// It ends by itself and is started anew; `code`: how it must end.
async function endsAndReturns(server, isRight) {
  const end = await server.ended;
  if (!isRight(end)) throw new Error(`it ended with ${JSON.stringify(end)}`);
  server.options = { ...server.options, env: {} };
  await server.up();
}

// Starts it again so that it meets a fault, perhaps while it is starting.
async function restartFaulty(server, fault) {
  await server.down("SIGTERM");
  server.options = { ...server.options, env: faulty(fault) };
  try {
    await server.up();
    return true;
  } catch {
    server.options = { ...server.options, env: {} };
    await server.up();
    return false;
  }
}

async function untilEnded(server, crowd) {
  let ended = false;
  void server.ended.then(() => (ended = true));
  for (let round = 0; !ended && round < 2000; round++) await crowd.type(1);
  if (!ended) throw new Error("the fault was never met");
}

// Killed at random moments, again and again.
async function kill({ seed, times }) {
  return scene(seed, async (server, crowd, rng) => {
    for (let i = 0; i < times; i++) {
      const typing = crowd.type(10);
      await new Promise((resolve) => setTimeout(resolve, rng.below(120)));
      await server.restart("SIGKILL");
      await typing;
      const before = crowd.count();
      for (let round = 0; crowd.count() === before && round < 2000; round++) await crowd.type(1);
    }
    return times;
  });
}

// Killed just before or after the n-th write, sync or send.
async function crash({ seed, times }) {
  return scene(seed, async (server, crowd, rng) => {
    for (let i = 0; i < times; i++) {
      const call = ["fdatasync", "pwrite", "send"][i % 3];
      const when = ["before", "after"][rng.below(2)];
      if (!(await restartFaulty(server, `${call}:${1 + rng.below(call === "fdatasync" ? 30 : 120)}:${when}`))) continue;
      await untilEnded(server, crowd);
      await endsAndReturns(server, ({ code }) => code === 137);
    }
    return times;
  });
}

// The disk fails, once or for good: the server ends rather than go on.
const diskError = (action) => async ({ seed, times }) =>
  scene(seed, async (server, crowd, rng) => {
    for (let i = 0; i < times; i++) {
      const call = ["fdatasync", "pwrite"][i % 2];
      if (!(await restartFaulty(server, `${call}:${1 + rng.below(call === "fdatasync" ? 30 : 80)}:${action}`))) continue;
      await untilEnded(server, crowd);
      await endsAndReturns(server, ({ code }) => code > 0);
    }
    return times;
  });

// Syncs take 300 ms: others are served meanwhile.
async function slow({ seed, times }) {
  return scene(seed, async (server, crowd) => {
    await restartFaulty(server, "fdatasync:1:slow");
    await crowd.rest();
    const allSaved = () => crowd.people.every(({ doc }) => doc.saved);
    let answers = 0;
    for (let i = 0; i < times; i++) {
      while (allSaved()) await crowd.type(1);
      for (; !allSaved(); answers++) await (await fetch(`${server.url}/healthz`)).text();
    }
    // Were they to wait for the disk, there would be one answer for each sync.
    if (answers < 4 * times) throw new Error(`only ${answers} answers came while the disk was busy`);
    return times;
  });
}

// Stopped for a while, as by a machine that is overloaded.
async function pause({ seed, times }) {
  return scene(seed, async (server, crowd) => {
    for (let i = 0; i < times; i++) {
      await crowd.type(10);
      await server.during("stopped", async () => {
        process.kill(server.pid, "SIGSTOP");
        const typing = crowd.type(10);
        await new Promise((resolve) => setTimeout(resolve, 10_000));
        await typing;
        process.kill(server.pid, "SIGCONT");
      });
      await crowd.type(10);
    }
    return times;
  });
}

// Fifty who type while it is restarted, asked to stop and killed by turns.
async function restart({ seed, times }) {
  const body = async (server, crowd) => {
    for (let i = 0; i < times; i++) {
      const typing = crowd.type(6);
      await server.restart(i % 2 ? "SIGKILL" : "SIGTERM");
      await typing;
      await until("all are back", () => crowd.people.every(({ doc }) => doc.status === "live"));
    }
    return times;
  };
  return scene(seed, body, { people: 50 });
}

// A network that delays, doubles, cuts in the middle of a frame and swallows answers.
async function network({ seed, times }) {
  const body = async (server, crowd, rng, proxy) =>
    server.during("network", async () => {
      await crowd.type(30 * times);
      await server.restart("SIGKILL");
      await crowd.type(30 * times);
      proxy.heal();
      return proxy.counts.doubled + proxy.counts.cut + proxy.counts.swallowed;
    });
  return scene(seed, body, { proxied: { delay: 0.05, double: 0.05, cut: 0.004, swallow: 0.01 } });
}

// More connections than there are descriptors: those that are there go on, and there is room again afterwards.
async function descriptors({ seed, times }) {
  const body = async (server, crowd) => {
    for (let i = 0; i < times; i++) {
      const sockets = Array.from({ length: 1200 }, () => connectSocket(server.port, "127.0.0.1").on("error", () => {}));
      await crowd.type(20);
      await until("all is saved with no descriptor left", () => crowd.people.every(({ doc }) => doc.saved));
      for (const socket of sockets) socket.destroy();
      const newcomer = connect(server.socketUrl, "Newcomer");
      await until("somebody new is let in", () => newcomer.status === "connected");
      await newcomer.close();
    }
    return times;
  };
  return scene(seed, body, { wrap: ["prlimit", "--nofile=1100"] });
}

// The disk fills while people write, and has room again: nothing is restarted, reading goes on.
async function full({ seed, times }) {
  const disk = SmallDisk.make("24m");
  const body = async (server, crowd) => {
    for (let i = 0; i < times; i++) {
      await crowd.type(10);
      await crowd.rest();
      await server.during("disk full", async () => {
        disk.fill();
        for (let round = 0; crowd.people.every(({ doc }) => doc.saved) && round < 500; round++) {
          await crowd.type(1);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        const reader = connect(server.socketUrl, "Reader");
        await reader.open(crowd.id).ready;
        await reader.close();
        disk.free();
      });
      await until("writing goes on", () => crowd.people.every(({ doc }) => doc.status === "live" && doc.saved));
    }
    return times;
  };
  try {
    return await scene(seed, body, { dir: disk.dir });
  } finally {
    disk.remove();
  }
}

// The file system becomes read-only under the server: it ends; repaired and started again, it goes on.
async function readOnly({ seed, times }) {
  const disk = ImageDisk.make(64);
  const body = async (server, crowd) => {
    for (let i = 0; i < times; i++) {
      await crowd.type(20);
      // A sync that is under way just then may return success and be lost: the kernel's, and no server can know.
      await crowd.rest();
      disk.fail();
      await untilEnded(server, crowd);
      const end = await server.ended;
      if (!(end.code > 0)) throw new Error(`it ended with ${JSON.stringify(end)}`);
      disk.repair();
      await server.up();
    }
    return times;
  };
  try {
    return await scene(seed, body, { dir: disk.dir });
  } finally {
    disk.remove();
  }
}

// What the disk holds at a random moment has all that was acknowledged before.
async function power({ seed, times }) {
  const disk = ImageDisk.make(64);
  const found = [];
  const body = async (server, crowd, rng) => {
    for (let i = 0; i < times; i++) {
      const typing = crowd.type(12);
      await new Promise((resolve) => setTimeout(resolve, rng.below(80)));
      process.kill(server.pid, "SIGSTOP");
      const then = now();
      const left = disk.afterPowerCut();
      process.kill(server.pid, "SIGCONT");
      found.push(await server.judgeCopy(`cut-${i}`, `${left.dir}/data`, crowd.id, then));
      left.remove();
      await typing;
    }
    return times;
  };
  try {
    return await scene(seed, body, { dir: disk.dir, found });
  } finally {
    disk.remove();
  }
}

// name, what it is, why it cannot be here (null: it can), how many times in a test and in one run of a report, how
const here = () => null;
const withShim = () => (shim ? null : "QUIRE_SHIM is not set");
export const scenarios = [
  { name: "kill", what: "kill -9 under load", missing: here, run: kill, times: 6 },
  { name: "crash", what: "killed before or after a write, sync or send", missing: withShim, run: crash, times: 6 },
  { name: "power", what: "power cut (ext4 image copied)", missing, run: power, times: 4 },
  { name: "eio", what: "a write or sync fails once", missing: withShim, run: diskError("eio"), times: 4 },
  { name: "broken", what: "writes or syncs fail for good", missing: withShim, run: diskError("broken"), times: 4 },
  { name: "full", what: "disk full, then freed", missing, run: full, times: 2 },
  { name: "readonly", what: "file system turns read-only", missing, run: readOnly, times: 2 },
  { name: "slow", what: "every sync takes 300 ms", missing: withShim, run: slow, times: 5 },
  { name: "pause", what: "SIGSTOP for ten seconds", missing: here, run: pause, times: 1 },
  { name: "descriptors", what: "no descriptors left", missing: here, run: descriptors, times: 2 },
  { name: "restart", what: "restarted under fifty who type", missing: here, run: restart, times: 4 },
  { name: "network", what: "frames delayed, doubled, cut, swallowed", missing: here, run: network, times: 2 },
];
