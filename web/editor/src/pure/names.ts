/** What people may type as a name, a title or a chat message; lengths are in code points, as the server counts them. */
export const NAME_MAX = 60;
export const TITLE_MAX = 100;
export const CHAT_MAX = 500;
const CHAT_NEAR_END = 80;
export const UNTITLED = "Untitled";

const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;

export function lengthOf(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function shorten(text: string, max: number): string {
  return lengthOf(text) <= max ? text : [...text].slice(0, max).join("");
}

/** One line, no controls, single spaces; a lone surrogate cannot be sent as UTF-8 and becomes U+FFFD. */
export function tidyLine(text: string): string {
  return wellFormed(text).replace(CONTROLS, " ").replace(/\s+/g, " ").trim();
}

export function tidyTitle(text: string): string {
  return shorten(tidyLine(text), TITLE_MAX).trim();
}

/** Why this cannot be a name, in words, or "" when it can. */
export function nameProblem(text: string): string {
  const name = tidyLine(text);
  if (!/[\p{L}\p{N}\p{S}\p{P}]/u.test(name)) return "Please enter a name.";
  if (lengthOf(name) > NAME_MAX) return `Please use at most ${NAME_MAX} characters.`;
  return "";
}

/** A chat message as it is sent: line breaks stay, other controls go. */
export function tidyMessage(text: string): string {
  return wellFormed(text)
    .replace(/\r\n?/g, "\n")
    .replace(/[^\P{Cc}\n\t]/gu, "")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

/** The count to show beside a message that is getting long, or "" while there is room. */
export function roomLeft(text: string): string {
  const left = CHAT_MAX - lengthOf(tidyMessage(text));
  if (left > CHAT_NEAR_END) return "";
  if (left >= 0) return `${left} left`;
  return `${-left} too many`;
}

export function guestName(random: () => number = Math.random): string {
  return `Guest ${10 + Math.floor(random() * 90)}`;
}

function wellFormed(text: string): string {
  return text.replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, "\uFFFD");
}
