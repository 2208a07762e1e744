/*
 * The chat beside a document: the messages at hand are a run without gaps up to the newest known.
 */
import type { ChatLine } from "./effects.js";

export interface OlderLine {
  readonly number: number;
  readonly name: string;
  readonly color: string;
  readonly at_ms: number;
  readonly text: string;
}

export class Chat {
  /** In order of their numbers. */
  lines: (OlderLine & { readonly member: number })[] = [];
  /** The newest message known, for OPEN; null before the first opening. */
  last: number | null = null;

  /** The server's newest message. Fewer than are known here: it was restored from a backup. */
  opened(newest: number): void {
    if (this.last !== null && newest >= this.last) return;
    this.lines = this.lines.filter((line) => line.number <= newest);
    if (newest === 0 || this.last !== null) this.last = newest;
  }

  /** False when it is known already. */
  add(line: ChatLine): boolean {
    if (this.last !== null && line.number <= this.last) return false;
    const isNext = this.lines.length === 0 || line.number === (this.last ?? 0) + 1;
    if (!isNext) this.lines = [];
    const { number, member, name, color, at_ms, text } = line;
    this.lines.push({ number, member, name, color, at_ms, text });
    this.last = number;
    return true;
  }

  /** The number before which older messages are asked for; 1 when there are none. */
  get oldest(): number {
    return this.lines[0]?.number ?? (this.last ?? 0) + 1;
  }

  /** Older messages, oldest first, that end just before the oldest at hand. */
  prepend(lines: readonly OlderLine[]): void {
    const { oldest } = this;
    this.lines.unshift(...lines.filter((line) => line.number < oldest).map((line) => ({ ...line, member: 0 })));
  }
}
