const sleep = () => new Promise((resolve) => setTimeout(resolve, 25));

// Waits until `condition` gives something true; the time is only the point at which it has failed. `pause`: how long until it is worth another look.
export async function until(what, condition, patience = 60_000, pause = sleep) {
  const end = Date.now() + patience;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited in vain: ${typeof what === "function" ? await what() : what}`);
    await pause();
  }
}
