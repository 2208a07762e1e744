/* When to come back (docs/protocol.md sections 3 and 8). */

export interface Timing {
  /** After so much silence a PING is sent; after so much more the connection is dropped. */
  readonly pingAfterMs: number;
  readonly pongWithinMs: number;
  /** From opening the socket to WELCOME. */
  readonly connectWithinMs: number;
  readonly retryFirstMs: number;
  readonly retryMaxMs: number;
  /** A connection that lasted so long was a good one: the next attempt comes at once. */
  readonly goodAfterMs: number;
  /** How often it is looked for what pages that are gone have left unsaved. */
  readonly recoverEveryMs: number;
  /** How long `token` may take. */
  readonly tokenWithinMs: number;
  /** The shortest time between two calls of `token` over one connection. */
  readonly tokenAgainMs: number;
}

export const DEFAULT_TIMING: Timing = {
  pingAfterMs: 25_000,
  pongWithinMs: 10_000,
  connectWithinMs: 20_000,
  retryFirstMs: 500,
  retryMaxMs: 30_000,
  goodAfterMs: 5000,
  recoverEveryMs: 15_000,
  tokenWithinMs: 20_000,
  tokenAgainMs: 1000,
};

const FINAL_CLOSE_CODES: ReadonlySet<number> = new Set([1003, 1009]);

/** May a client come back as it is after this close code? */
export function mayReturn(code: number): boolean {
  return !FINAL_CLOSE_CODES.has(code) && !(code >= 4400 && code <= 4499);
}

/** Calls for the next attempt: at once, then after longer and longer random times. */
export class Retry {
  private timer: ReturnType<typeof setTimeout> | null = null;
  private attempts = 0;

  constructor(
    private readonly timing: Timing,
    private readonly attempt: () => void,
  ) {}

  get isWaiting(): boolean {
    return this.timer !== null;
  }

  /** The connection was a good one: start from the beginning. */
  reset(): void {
    this.attempts = 0;
  }

  /** Plans the next attempt, not before `leastMs`; returns in how many milliseconds. */
  plan(leastMs: number): number {
    this.cancel();
    const { retryFirstMs, retryMaxMs } = this.timing;
    const longest = this.attempts === 0 ? 0 : Math.min(retryFirstMs * 2 ** (this.attempts - 1), retryMaxMs);
    this.attempts++;
    const ms = Math.round(leastMs * (1 + Math.random() / 2) + longest * (0.5 + Math.random() / 2));
    this.timer = setTimeout(() => {
      this.timer = null;
      this.attempt();
    }, ms);
    return ms;
  }

  cancel(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
