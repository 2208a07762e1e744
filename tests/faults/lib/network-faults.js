// The network between people and the server.
import { scene } from "./scene.js";

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

const here = () => null;
export const networkFaults = [
  { name: "network", what: "frames delayed, doubled, cut, swallowed", missing: here, run: network, times: 2 },
];
