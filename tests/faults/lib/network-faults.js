// The network between people and the server.
import { until } from "../../e2e/lib/wait.js";
import { anywhere, scene } from "./scene.js";

const GOOD = { delay: 0, double: 0, cut: 0, swallow: 0 };

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

// Two pages that go on with one number and key, as after a machine was copied: the last that comes is the one.
async function twins({ seed, times }) {
  return scene(seed, async (server, crowd) => {
    const [first] = crowd.people;
    for (let i = 0; i < times; i++) {
      await crowd.type(5);
      const second = await crowd.join(first);
      await until("the other one is stopped", () => first.connection.status === "stopped");
      for (let n = 0; n < 3; n++) second.type();
      first.type(); // for when it comes back
      if (i % 2) await until("all is saved", () => second.doc.saved);
      first.connection.reconnect();
      await until("the other one is stopped", () => second.connection.status === "stopped");
      await crowd.type(5);
    }
    return times;
  });
}

// 32 kbit a second.
async function slowLink({ seed, times }) {
  const body = async (server, crowd, rng, proxy) => {
    await server.during("slow link", async () => {
      proxy.bytesPerSecond = 4000;
      await crowd.type(60 * times);
      proxy.bytesPerSecond = Infinity;
    });
    return times;
  };
  return scene(seed, body, { proxied: GOOD });
}

// What goes in one direction is held back, until the other end has given up; then all of it comes.
async function halfOpen({ seed, times }) {
  const body = async (server, crowd, rng, proxy) => {
    for (let i = 0; i < times; i++) {
      await crowd.type(10);
      await server.during("half open", async () => {
        proxy.hold(["up", "down"][i % 2]);
        await crowd.type(5);
        await until("all have noticed", () => crowd.people.every(({ doc }) => doc.status !== "live"));
        await crowd.type(5);
        proxy.release();
      });
      await until("all are back", () => crowd.people.every(({ doc }) => doc.status === "live" && doc.saved));
    }
    return times;
  };
  return scene(seed, body, { proxied: GOOD });
}

export const networkFaults = [
  { name: "network", what: "frames delayed, doubled, cut, swallowed", missing: anywhere, run: network, times: 2 },
  { name: "twins", what: "two pages with one number and key", missing: anywhere, run: twins, times: 4 },
  { name: "slowlink", what: "a link of 32 kbit/s", missing: anywhere, run: slowLink, times: 2 },
  { name: "halfopen", what: "one direction held back, until it is noticed", missing: anywhere, run: halfOpen, times: 2 },
];
