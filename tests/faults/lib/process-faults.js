// The process: killed, stopped, started again, without descriptors.
import { connect as connectSocket } from "node:net";
import { until } from "../../e2e/lib/wait.js";
import { connect } from "./people.js";
import { endsAndReturns, restartArmed, scene, shimmed, untilEnded, withShim } from "./scene.js";

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

const here = () => null;
export const processFaults = [
  { name: "kill", what: "kill -9 under load", missing: here, run: kill, times: 6 },
  { name: "crash", what: "killed before or after a write, sync or send", missing: withShim, run: crash, times: 6 },
  { name: "pause", what: "SIGSTOP for ten seconds", missing: here, run: pause, times: 1 },
  { name: "restart", what: "restarted under fifty who type", missing: here, run: restart, times: 4 },
  { name: "descriptors", what: "no descriptors left", missing: here, run: descriptors, times: 2 },
];
