// Waits until `condition` gives something true; the time is only the point at which it has failed.
export async function until(what, condition, patience = 60_000) {
  const end = Date.now() + patience;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited in vain: ${typeof what === "function" ? await what() : what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
