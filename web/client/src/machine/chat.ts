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
  /** The newest message known, for OPEN; null when the next opening begins the list. */
  last: number | null = null;

  /** The server has another epoch, in which the numbers stand for other messages. Those at hand stay until it is opened. */
  forget(): void {
    this.last = null;
  }

  /** The server's newest message. Fewer than are known here: it has lost some. True when messages at hand are gone. */
  opened(newest: number): boolean {
    if (this.last !== null && newest >= this.last) return false;
    const before = this.lines.length;
    this.lines = this.last === null ? [] : this.lines.filter((line) => line.number <= newest);
    if (newest === 0 || this.last !== null) this.last = newest;
    return this.lines.length < before;
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

  /** Older messages, oldest first. Passed over unless they reach the oldest at hand, which may be another than when they were asked for. */
  prepend(lines: readonly OlderLine[]): void {
    const { oldest } = this;
    if ((lines[lines.length - 1]?.number ?? 0) + 1 < oldest) return;
    this.lines.unshift(...lines.filter((line) => line.number < oldest).map((line) => ({ ...line, member: 0 })));
  }
}
