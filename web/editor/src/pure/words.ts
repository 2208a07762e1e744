/** Times, counts and people in words. */
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

function dayNumber(date: Date): number {
  return Math.floor(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / (24 * HOUR));
}

export function relativeTime(then: Date, now: Date, locale?: string): string {
  const passed = now.getTime() - then.getTime();
  if (passed < 45 * SECOND) return "just now";
  if (passed < 90 * SECOND) return "a minute ago";
  if (passed < HOUR) return `${Math.min(59, Math.round(passed / MINUTE))} minutes ago`;
  const days = dayNumber(now) - dayNumber(then);
  if (days === 0 || passed < 6 * HOUR) {
    const hours = Math.round(passed / HOUR);
    return hours <= 1 ? "an hour ago" : `${hours} hours ago`;
  }
  if (days === 1) return "yesterday";
  if (days < 7) return `${days} days ago`;
  return calendarDate(then, now, locale);
}

export function calendarDate(date: Date, now: Date, locale?: string): string {
  const year = date.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year }).format(date);
}

export function dayName(date: Date, now: Date, locale?: string): string {
  const days = dayNumber(now) - dayNumber(date);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  return calendarDate(date, now, locale);
}

export function sameDay(a: Date, b: Date): boolean {
  return dayNumber(a) === dayNumber(b);
}

export function clockTime(date: Date, locale?: string): string {
  return new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" }).format(date);
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

function firstGrapheme(word: string): string {
  for (const { segment } of graphemes.segment(word)) return segment;
  return "";
}

/** One or two characters to stand for a name: of its first and its last word. */
export function initials(name: string): string {
  const words = name.split(/[\s\-_.]+/).filter((word) => /[\p{L}\p{N}\p{So}]/u.test(word));
  const first = firstGrapheme((words[0] ?? name.trim()).replace(/^[^\p{L}\p{N}\p{So}]+/u, ""));
  const last = words.length > 1 ? (words[words.length - 1] as string) : "";
  const second = last.replace(/^[^\p{L}\p{N}\p{So}]+/u, "");
  return ((first || "?") + firstGrapheme(second)).toLocaleUpperCase();
}

export function peopleHere(count: number): string {
  if (count <= 0) return "";
  return count === 1 ? "1 person here" : `${count} people here`;
}

export function countOf(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

export function typingWords(names: readonly string[]): string {
  const [first, second] = names;
  if (first === undefined) return "";
  if (second === undefined) return `${first} is typing…`;
  if (names.length === 2) return `${first} and ${second} are typing…`;
  return `${first}, ${second} and ${countOf(names.length - 2, "other", "others")} are typing…`;
}

export type Piece = { text: string; href?: string };

/** Cuts a message into plain text and web addresses; nothing but http and https becomes a link. */
export function splitLinks(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(/\bhttps?:\/\/[^\s<>"']+/gi)) {
    const address = match[0].replace(/[.,;:!?)\]}]+$/, "");
    if (!URL.canParse(address)) continue;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
    pieces.push({ text: address, href: address });
    end = match.index + address.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

/** Above a text that may not be changed; `saved`: nothing of one's own waits for that to be otherwise. */
export function readOnlyWords(saved: boolean): string {
  const words = "You can read this document, but not change it.";
  return saved ? words : `${words} What you wrote last is not saved: it stays here, and is saved if you may write again.`;
}
