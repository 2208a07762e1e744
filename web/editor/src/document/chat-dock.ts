import type { Document } from "@quire/client";
import { h, setHidden, setText, type Scope } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { recall, remember } from "../ui/store.js";
import { Chat } from "./chat.js";

const UNREAD_SHOWN_MAX = 99;
const WIDE = window.matchMedia("(min-width: 60.01rem)");

export interface DockHost {
  /** The chat was hidden by whoever was in it. */
  leave: () => void;
  unread: (count: number) => void;
}

/** Where the chat is: beside the text on wide screens, over it as a sheet on narrow ones; and the button that brings it. */
export class ChatDock {
  readonly element: HTMLElement;
  readonly backdrop = h("div", { class: "chat-backdrop", hidden: true });
  readonly button: HTMLButtonElement;
  readonly #badge = h("span", { class: "badge", hidden: true });
  readonly #chat: Chat;
  readonly #host: DockHost;
  readonly #covered: HTMLElement[] = [];
  #open = false;

  constructor(doc: Document, scope: Scope, host: DockHost) {
    this.#host = host;
    this.button = h("button", { type: "button", class: "icon-button chat-button", "aria-expanded": "false" }, icon("chat"), this.#badge);
    this.#chat = new Chat(doc, scope, { unread: (count) => this.#unread(count), close: () => this.hide() });
    this.element = this.#chat.element;
    this.button.addEventListener("click", () => this.toggle());
    this.backdrop.addEventListener("click", () => this.hide());
    scope.on(WIDE, "change", () => this.#cover());
    this.#unread(0);
  }

  /** Beside the text it is as it was left; over the text it waits to be called. */
  restore(): void {
    if (WIDE.matches && recall("chat-open") === true) this.#show();
    else this.#chat.close();
    this.#chat.markRead();
  }

  /** What a sheet over the text must keep from being reached. */
  covers(...elements: HTMLElement[]): void {
    this.#covered.push(...elements);
  }

  toggle(): void {
    if (this.#open) {
      this.hide();
    } else {
      this.#show();
      this.#chat.focus();
    }
  }

  hide(): void {
    this.#open = false;
    this.#changed();
    this.#chat.close();
    this.#host.leave();
  }

  lock(locked: boolean): void {
    this.#chat.lock(locked);
  }

  #show(): void {
    this.#open = true;
    this.#changed();
    this.#chat.open();
  }

  #changed(): void {
    setHidden(this.backdrop, !this.#open);
    this.#cover();
    this.button.setAttribute("aria-expanded", String(this.#open));
    this.button.classList.toggle("active", this.#open);
    if (WIDE.matches) remember("chat-open", this.#open);
  }

  #cover(): void {
    for (const element of this.#covered) element.inert = this.#open && !WIDE.matches;
  }

  #unread(count: number): void {
    const words = count === 0 ? "Chat" : `Chat, ${count} unread`;
    setText(this.#badge, count > UNREAD_SHOWN_MAX ? `${UNREAD_SHOWN_MAX}+` : String(count));
    setHidden(this.#badge, count === 0);
    this.button.setAttribute("aria-label", words);
    this.button.title = words;
    this.#host.unread(count);
  }
}
