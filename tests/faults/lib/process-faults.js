// The process: killed, stopped, started again, without descriptors.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../e2e/lib/wait.js";
import { connect } from "./people.js";
import { anywhere, endsAndReturns, restartArmed, restartWith, scene, shimmed, untilEnded, withShim } from "./scene.js";

// Killed at random moments, again and again.
async function kill({ seed, times }) {
  return scene(seed, async (server, crowd, rng) => {
    for (let i = 0; i < times; i++) {
      const typing = crowd.type(10);
      await new Promise((resolve) => setTimeout(resolve, rng.below(120)));
      await server.restart("SIGKILL");
      await typing;
      const before = crowd.count();
      await crowd.typeUntil("something is acknowledged", () => crowd.count() > before);
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
      if (!(await restartArmed(server, { env: shimmed({ QUIRE_FAULT: `${call}:${1 + rng.below(call === "fdatasync" ? 30 : 120)}:${when}` }) }))) continue;
      await untilEnded(server, crowd);
      await endsAndReturns(server, ({ code }) => code === 137);
    }
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

// More connections than there are descriptors: those that are there go on, and there is room again afterwards. The server keeps
// count of those it may have, so they are taken from it while it runs.
async function descriptors({ seed, times }) {
  const limit = (server, count) => execFileSync("prlimit", [`--pid=${server.pid}`, `--nofile=${count}:`]);
  const body = async (server, crowd) => {
    for (let i = 0; i < times; i++) {
      limit(server, readdirSync(`/proc/${server.pid}/fd`).length + 4);
      const sockets = Array.from({ length: 40 }, () => connectSocket(server.port, "127.0.0.1").on("error", () => {}));
      await crowd.type(20);
      await until("all is saved with no descriptor left", () => crowd.people.every(({ doc }) => doc.saved));
      await until("none is left", () => server.log.filter((line) => line.includes('"accept_paused"')).length > i);
      for (const socket of sockets) socket.destroy();
      limit(server, 1100);
      const newcomer = connect(server.socketUrl, "Newcomer");
      await until("somebody new is let in", () => newcomer.status === "connected");
      await newcomer.close();
    }
    return times;
  };
  return scene(seed, body, { wrap: ["prlimit", "--nofile=1100"] });
}

const allSaved = (crowd) => until("all is saved", () => crowd.people.every(({ doc }) => doc.saved));

// Signals that must do nothing, one that is asked to end twice, and one that is started with no descriptor open.
async function signals({ seed, times }) {
  const body = async (server, crowd) => {
    for (let i = 0; i < times; i++) {
      for (const signal of ["SIGPIPE", "SIGXFSZ"]) {
        process.kill(server.pid, signal);
        await crowd.type(5);
      }
      const typing = crowd.type(10);
      process.kill(server.pid, "SIGTERM");
      await server.restart("SIGTERM").catch(async ({ message }) => {
        if (!message.includes('{"code":1,')) throw new Error(message);
        await server.up();
      });
      await typing;
      await restartWith(server, { silent: true, wrap: ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"] });
      await crowd.type(10);
      await allSaved(crowd);
      await restartWith(server);
    }
    return 4 * times;
  };
  return scene(seed, body);
}

// The clock on the wall jumps an hour and ten years, there and back: nothing that is decided goes by it.
async function clock({ seed, times }) {
  const dir = mkdtempSync(join(tmpdir(), "quire-clock-"));
  const file = join(dir, "seconds");
  const jump = (seconds) => writeFileSync(file, new BigInt64Array([BigInt(seconds)]), { flag: "r+" });
  writeFileSync(file, new BigInt64Array(1));
  const jumps = [3600, -3600, 315_360_000, -315_360_000];
  const body = async (server, crowd) => {
    for (let i = 0; i < times; i++) {
      for (const seconds of jumps) {
        await crowd.type(10);
        jump(seconds);
        const newcomer = connect(server.socketUrl, "Newcomer");
        await newcomer.open(crowd.id).ready;
        await newcomer.close();
        await crowd.type(10);
        await allSaved(crowd);
      }
    }
    const now = new Date().getUTCFullYear();
    const isFarOff = (line) => Math.abs(Number(/"time":"(\d{4})-/.exec(line)?.[1]) - now) >= 9;
    if (!server.log.some(isFarOff)) throw new Error("the server has not seen its clock jump");
    return jumps.length * times;
  };
  try {
    return await scene(seed, body, { env: shimmed({ QUIRE_CLOCK: file }) });
  } finally {
    rmSync(dir, { recursive: true });
  }
}

// The log's disk is full, or nobody reads it.
async function logs({ seed, times }) {
  const wraps = ['exec "$@" 2>/dev/full', 'mkfifo "$0"; exec 3<>"$0"; head -c 65536 /dev/zero >&3; exec "$@" 2>&3 3>&-'];
  const body = async (server, crowd) => {
    for (let i = 0; i < times; i++) {
      await restartWith(server, { silent: true, wrap: ["sh", "-c", wraps[i % 2], join(server.dir, `fifo-${i}`)] });
      await crowd.type(60);
      await allSaved(crowd);
      await restartWith(server);
    }
    return times;
  };
  return scene(seed, body);
}

export const processFaults = [
  { name: "kill", what: "kill -9 under load", missing: anywhere, run: kill, times: 6 },
  { name: "crash", what: "killed before or after a write, sync or send", missing: withShim, run: crash, times: 6 },
  { name: "pause", what: "SIGSTOP for ten seconds", missing: anywhere, run: pause, times: 1 },
  { name: "restart", what: "restarted under fifty who type", missing: anywhere, run: restart, times: 4 },
  { name: "signals", what: "signals, asked twice to end, started without descriptors", missing: anywhere, run: signals, times: 1 },
  { name: "clock", what: "the clock jumps an hour and ten years", missing: withShim, run: clock, times: 1 },
  { name: "logs", what: "log disk full, or nobody reads the log", missing: anywhere, run: logs, times: 2 },
  { name: "descriptors", what: "no descriptors left", missing: anywhere, run: descriptors, times: 2 },
];
