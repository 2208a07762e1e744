/** What this browser remembers. A browser that refuses to remember, or has no room, is not an error. */
const PREFIX = "quire.";

/** False when it does not. */
export function remember(key: string, value: unknown): boolean {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** What is remembered under keys that begin so, by the rest of the key. */
export function recallAll(beginning: string): Map<string, unknown> {
  const found = new Map<string, unknown>();
  try {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(PREFIX + beginning)) found.set(key.slice((PREFIX + beginning).length), recall(key.slice(PREFIX.length)));
    }
  } catch {
    return found;
  }
  return found;
}

export function forget(key: string): void {
  try {
    localStorage.removeItem(PREFIX + key);
  } catch {
    return;
  }
}

export function recall(key: string): unknown {
  try {
    const text = localStorage.getItem(PREFIX + key);
    return text === null ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}
