import type { ChatMessage } from "@quire/client";
import { clockTime, dayName, sameDay, splitLinks } from "../pure/words.js";
import { avatar } from "../ui/avatar.js";
import { h, nameNode } from "../ui/dom.js";

const GROUP_MS = 5 * 60_000;

/** The messages as elements: a line for each new day, a heading for each new speaker, then what was said. */
export function messageNodes(messages: readonly ChatMessage[], previous: ChatMessage | undefined, now: Date): HTMLElement[] {
  const nodes: HTMLElement[] = [];
  for (const message of messages) {
    const newDay = !previous || !sameDay(previous.at, message.at);
    if (newDay) nodes.push(h("div", { class: "chat-day" }, h("span", {}, dayName(message.at, now))));
    nodes.push(messageNode(message, newDay || !previous || startsGroup(previous, message)));
    previous = message;
  }
  return nodes;
}

function startsGroup(previous: ChatMessage, message: ChatMessage): boolean {
  return (
    previous.name !== message.name ||
    previous.color !== message.color ||
    previous.own !== message.own ||
    message.at.getTime() - previous.at.getTime() > GROUP_MS
  );
}

function messageNode(message: ChatMessage, first: boolean): HTMLElement {
  const time = h("time", { datetime: message.at.toISOString(), class: "soft" }, clockTime(message.at));
  const head = first
    ? h("div", { class: "message-head" }, avatar(message, "avatar-small"), nameNode(message.name, "message-name"), time)
    : null;
  const text = h("div", { class: "message-text", dir: "auto", title: message.at.toLocaleString() });
  for (const { text: words, href } of splitLinks(message.text)) {
    text.append(href ? h("a", { href, target: "_blank", rel: "noopener noreferrer" }, words) : words);
  }
  return h("div", { class: message.own ? "message own" : "message" }, head, text);
}
