/*
 * A session: the client number with its key and the documents with unsaved edits, as they are kept
 * in the storage. It belongs to one page at a time: pages hold a lock on the session's slot where
 * the browser has locks; elsewhere a slot is remembered for the tab while no page of it lives.
 *
 * Keys: `<scope>|<slot>` is the identity, `<scope>|<slot>|<document>` a document's state.
 */
import type { Identity } from "./machine/connection.js";
import type { DocumentState } from "./machine/state.js";
import type { Storage } from "./storage.js";

interface StoredIdentity {
  readonly client: number | null;
  readonly key: Uint8Array | null;
  /** When its page was last alive, for browsers without locks. */
  readonly seen_ms: number;
}

const SLOTS_MAX = 64;
/** Without locks: a page that has not been seen for so long is gone. */
const GONE_MS = 60_000;
const SEEN_EVERY_MS = 15_000;
const TAB_KEY = "quire-slot";

export class Session {
  identity: Identity | null = null;
  private readonly stopSeen: () => void;

  private constructor(
    private readonly storage: Storage,
    private readonly prefix: string,
    private readonly claim: Claim,
  ) {
    const timer = claim.isLocked ? null : setInterval(() => void this.touch(), SEEN_EVERY_MS);
    this.stopSeen = () => {
      if (timer !== null) clearInterval(timer);
    };
  }

  /** A session for this page: one with unsaved edits if there is one that no page uses. */
  static async open(storage: Storage, scope: string): Promise<Session> {
    const stored = await storedSlots(storage, scope);
    const withEdits = [...stored].filter(([, documents]) => documents.length > 0).map(([slot]) => slot);
    const claim = await claimAny(storage, scope, [...withEdits, ...stored.keys()]);
    return Session.begin(storage, scope, claim);
  }

  /** Another session with unsaved edits that no page uses, or null. */
  static async orphan(storage: Storage, scope: string): Promise<Session | null> {
    for (const [slot, documents] of await storedSlots(storage, scope)) {
      if (documents.length === 0) continue;
      const claim = await claimSlot(storage, scope, slot, true);
      if (claim !== null) return Session.begin(storage, scope, claim);
    }
    return null;
  }

  private static async begin(storage: Storage, scope: string, claim: Claim): Promise<Session> {
    const session = new Session(storage, `${scope}|${claim.slot}`, claim);
    const stored = (await storage.get(session.prefix)) as StoredIdentity | undefined;
    if (stored !== undefined && stored.client !== null && stored.key !== null) {
      session.identity = { client: stored.client, key: stored.key };
    }
    await session.touch();
    return session;
  }

  async setIdentity(identity: Identity): Promise<void> {
    this.identity = identity;
    await this.touch();
  }

  private async touch(): Promise<void> {
    const { client, key } = this.identity ?? { client: null, key: null };
    const stored: StoredIdentity = { client, key, seen_ms: Date.now() };
    await this.storage.set(this.prefix, stored);
  }

  /** The documents with unsaved edits. */
  async documents(): Promise<string[]> {
    const prefix = `${this.prefix}|`;
    return (await this.storage.keys(prefix)).map((key) => key.slice(prefix.length));
  }

  async load(id: string): Promise<DocumentState | null> {
    return ((await this.storage.get(`${this.prefix}|${id}`)) as DocumentState | undefined) ?? null;
  }

  save(id: string, state: DocumentState): Promise<void> {
    return this.storage.set(`${this.prefix}|${id}`, state);
  }

  remove(id: string): Promise<void> {
    return this.storage.delete(`${this.prefix}|${id}`);
  }

  /** Lets other pages have the session. */
  release(): void {
    this.stopSeen();
    this.claim.release();
  }

  /** Nobody needs it any more. */
  async forget(): Promise<void> {
    await this.storage.delete(this.prefix);
    this.release();
  }
}

/** Slots with the documents stored in them. */
async function storedSlots(storage: Storage, scope: string): Promise<Map<string, string[]>> {
  const slots = new Map<string, string[]>();
  for (const key of await storage.keys(`${scope}|`)) {
    const [slot, document] = key.slice(scope.length + 1).split("|");
    const documents = slots.get(slot) ?? [];
    if (document !== undefined) documents.push(document);
    slots.set(slot, documents);
  }
  return slots;
}

/* ---- who uses a slot ---------------------------------------------------------------------- */

interface Claim {
  readonly slot: string;
  readonly isLocked: boolean;
  release(): void;
}

function lockManager(): LockManager | null {
  return typeof navigator === "undefined" ? null : (navigator.locks ?? null);
}

async function claimAny(storage: Storage, scope: string, stored: readonly string[]): Promise<Claim> {
  if (lockManager() === null) return claimForTab();
  const numbered = Array.from({ length: SLOTS_MAX }, (_, i) => String(i));
  for (const slot of [...stored, ...numbered]) {
    const claim = await claimSlot(storage, scope, slot, false);
    if (claim !== null) return claim;
  }
  return { slot: randomSlot(), isLocked: true, release: () => undefined };
}

/** `isOrphan`: take it only when it is certain that no page uses it. */
async function claimSlot(storage: Storage, scope: string, slot: string, isOrphan: boolean): Promise<Claim | null> {
  const locks = lockManager();
  if (locks !== null) return lockSlot(locks, `quire ${scope}|${slot}`, slot);
  const stored = (await storage.get(`${scope}|${slot}`)) as StoredIdentity | undefined;
  const isGone = stored !== undefined && Date.now() - stored.seen_ms > GONE_MS;
  return isOrphan && isGone ? { slot, isLocked: false, release: () => undefined } : null;
}

function lockSlot(locks: LockManager, name: string, slot: string): Promise<Claim | null> {
  return new Promise((resolve) => {
    const held = locks.request(name, { ifAvailable: true }, (lock) => {
      if (lock === null) return resolve(null);
      return new Promise<void>((release) => resolve({ slot, isLocked: true, release }));
    });
    held.catch(() => resolve(null));
  });
}

/**
 * Without locks: the tab's own slot. While a page lives it is not in sessionStorage, so a tab that
 * is duplicated does not take it along.
 */
function claimForTab(): Claim {
  let slot: string | null = null;
  const tab = tabStorage();
  if (tab !== null) {
    slot = tab.getItem(TAB_KEY);
    tab.removeItem(TAB_KEY);
  }
  const kept = slot ?? randomSlot();
  const putBack = (): void => tab?.setItem(TAB_KEY, kept);
  if (tab !== null) addEventListener("pagehide", putBack);
  return {
    slot: kept,
    isLocked: false,
    release: () => {
      if (tab !== null) removeEventListener("pagehide", putBack);
    },
  };
}

function tabStorage(): globalThis.Storage | null {
  try {
    return typeof sessionStorage === "undefined" ? null : sessionStorage;
  } catch {
    return null;
  }
}

function randomSlot(): string {
  return `t${Math.random().toString(36).slice(2, 12)}`;
}
