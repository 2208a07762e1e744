/*
 * Tokens, as the program gives them: each call may fail, hang, or give what was refused already. And
 * a token ends: when others are asked for before it does.
 */
import { QuireError } from "./error.js";
import type { Timing } from "./retry.js";

export type TokenSource = () => string | null | Promise<string | null>;

export class Tokens {
  /** The last one that the server was shown, in HELLO or TOKEN. */
  private shown: string | null = null;
  private shownBefore: string | null = null;
  /** Not worth showing again; undefined: none was refused. */
  private refused: string | null | undefined;
  /** Whose tokens they are, once the server has taken one. */
  private user: string | null = null;
  private askedAt = 0;

  constructor(
    private readonly source: TokenSource | undefined,
    private readonly timing: Timing,
  ) {}

  /** Rejects with a QuireError, `no_token`. */
  async ask(): Promise<string | null> {
    this.askedAt = Date.now();
    if (this.source === undefined) return null;
    let token: unknown;
    try {
      token = await within(this.timing.tokenWithinMs, Promise.resolve(this.source()));
    } catch (error) {
      throw new QuireError("no_token", `there is no token: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (typeof token === "string") return token;
    if (token === null || token === undefined) return null;
    throw new QuireError("no_token", `there is no token: token() gave what is no string (${typeof token})`);
  }

  /** Another one may be had: asking for it again can help. */
  get canAsk(): boolean {
    return this.source !== undefined;
  }

  wasRefused(token: string | null): boolean {
    return token === this.refused;
  }

  isOfAnother(token: string | null): boolean {
    const user = userOf(token).sub;
    return user !== null && this.user !== null && user !== this.user;
  }

  isShown(token: string | null): boolean {
    return token === this.shown;
  }

  show(token: string | null): void {
    this.shownBefore = this.shown;
    this.shown = token;
  }

  /** The server has not looked at it: the one before still counts. */
  hide(): void {
    this.shown = this.shownBefore;
  }

  taken(): void {
    this.refused = undefined;
    this.user ??= userOf(this.shown).sub;
  }

  /** The one that was shown lets nobody in, or does so no more. */
  refuse(): void {
    this.refused = this.shown;
  }

  /**
   * How long to wait, when the token ends in `inMs`, before another one is asked for: until half of its time has
   * passed. Those that live for a minute or less would be asked for without end.
   */
  restBefore(inMs: number): number {
    const age = Date.now() - this.askedAt;
    return Math.max(0, (inMs - age) / 2, this.timing.tokenAgainMs - age);
  }
}

/** What a token says of its user; null: it does not. Whether it is a good one only the server knows. */
export interface TokenUser {
  readonly sub: string | null;
  readonly name: string | null;
  readonly color: string | null;
}

export function userOf(token: string | null): TokenUser {
  let claims: Record<string, unknown> = {};
  try {
    const body = (token ?? "").split(".")[1] ?? "";
    const bytes = Uint8Array.from(atob(body.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
    claims = (JSON.parse(new TextDecoder().decode(bytes)) ?? {}) as Record<string, unknown>;
  } catch {
    /* It is none. */
  }
  const text = (name: string): string | null => (typeof claims[name] === "string" ? claims[name] : null);
  return { sub: text("sub"), name: text("name"), color: text("color") };
}

function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`token() gave nothing within ${ms / 1000} s`)), ms);
    void promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
