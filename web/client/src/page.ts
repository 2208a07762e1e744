/* What happens to the page around the connection. Outside browsers: nothing. */

export interface PageEvents {
  /** There may be a network again, or the user looks at the page again. */
  awake(): void;
  /** The network is said to be gone. */
  offline(): void;
  /** The page may go away without another word. */
  leaving(): void;
}

/** Returns the function that ends it. */
export function watchPage(events: PageEvents): () => void {
  if (typeof window === "undefined" || typeof window.addEventListener !== "function") return () => undefined;
  const watched: [EventTarget, string, () => void][] = [
    [window, "online", () => events.awake()],
    [window, "offline", () => events.offline()],
    /* Long before the end of a page that is reloaded, so that there is time to write. */
    [window, "beforeunload", () => events.leaving()],
    [window, "pagehide", () => events.leaving()],
    [document, "freeze", () => events.leaving()],
    [document, "visibilitychange", () => (document.visibilityState === "hidden" ? events.leaving() : events.awake())],
  ];
  for (const [target, name, listener] of watched) target.addEventListener(name, listener);
  return () => {
    for (const [target, name, listener] of watched) target.removeEventListener(name, listener);
  };
}
