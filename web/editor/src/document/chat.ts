import type { ChatMessage, Document } from "@quire/client";
import { errorWords } from "../pure/error-words.js";
import { CHAT_MAX, lengthOf, roomLeft, tidyMessage } from "../pure/names.js";
import { typingWords } from "../pure/words.js";
import { debounce, h, setHidden, setText, type Scope } from "../ui/dom.js";
import { icon } from "../ui/icons.js";
import { recall, remember } from "../ui/store.js";
import { iconButton } from "../ui/top-menu.js";
import { messageNodes } from "./message-list.js";

const TYPING_REST_MS = 4000;
const AT_END_PX = 40;
const NOTHING_SAID = "Nothing said so far. What you write here is seen by everybody in this document.";

export interface ChatHost {
  /** The number of unread messages has changed. */
  unread: (count: number) => void;
  close: () => void;
}

/** The panel beside the text: what was said, who is typing, and a field to say something. */
export class Chat {
  readonly element: HTMLElement;
  readonly #doc: Document;
  readonly #host: ChatHost;
  readonly #older = h("button", { type: "button", class: "button small-button chat-older", hidden: true }, "Older messages");
  readonly #log = h("div", { class: "chat-log", role: "log", "aria-live": "polite", "aria-label": "Messages" });
  readonly #pending = h("div", { class: "chat-pending" });
  readonly #scroller: HTMLElement;
  readonly #form: HTMLFormElement;
  readonly #newer = h("button", { type: "button", class: "button small-button chat-newer", hidden: true }, "New messages");
  readonly #typing = h("div", { class: "chat-typing soft small", role: "status" });
  readonly #input = h("textarea", { class: "chat-input", rows: 1, placeholder: "Say something", "aria-label": "Message", enterkeyhint: "send" });
  readonly #room = h("span", { class: "chat-room small", role: "status" });
  readonly #problem = h("div", { class: "problem small", role: "alert", hidden: true });
  readonly #send = h("button", { type: "submit", class: "icon-button chat-send", "aria-label": "Send", title: "Send (Enter)" }, icon("send"));
  readonly #stopTyping: ReturnType<typeof debounce>;
  #shown: ChatMessage[] = [];
  #open = false;
  #read: number;

  constructor(doc: Document, scope: Scope, host: ChatHost) {
    this.#doc = doc;
    this.#host = host;
    this.#stopTyping = debounce(TYPING_REST_MS, () => doc.setTyping(false));
    const kept = recall(`chat.${doc.id}`);
    this.#read = typeof kept === "number" ? kept : (doc.chat.messages[doc.chat.messages.length - 1]?.number ?? 0);
    this.#scroller = h("div", { class: "chat-scroll", tabindex: "0" }, this.#older, this.#log, this.#pending);
    this.#form = this.#buildForm();
    this.element = this.#build();
    this.#listen(scope);
    this.#render();
  }

  open(): void {
    this.#open = true;
    setHidden(this.element, false);
    this.#toEnd();
    this.markRead();
  }

  close(): void {
    this.#open = false;
    setHidden(this.element, true);
  }

  focus(): void {
    this.#input.focus();
  }

  /** Without the field when nothing may be said. */
  lock(locked: boolean): void {
    setHidden(this.#form, locked);
  }

  #buildForm(): HTMLFormElement {
    const form = h(
      "form",
      { class: "chat-form" },
      this.#problem,
      h("div", { class: "chat-field" }, this.#input, this.#send),
      h("div", { class: "chat-foot" }, this.#typing, this.#room),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#submit();
    });
    return form;
  }

  #build(): HTMLElement {
    const close = iconButton("close", "Hide the chat");
    close.addEventListener("click", () => this.#host.close());
    return h(
      "aside",
      { class: "chat", "aria-label": "Chat", hidden: true },
      h("div", { class: "chat-head" }, h("h2", {}, "Chat"), close),
      this.#scroller,
      this.#newer,
      this.#form,
    );
  }

  #listen(scope: Scope): void {
    scope.add(this.#doc.on("chat", () => this.#arrived()));
    scope.add(this.#doc.on("chats", () => this.#emptied()));
    scope.add(this.#doc.on("members", () => this.#showTyping()));
    scope.on(document, "visibilitychange", () => this.markRead());
    scope.add(() => this.#stopTyping.cancel());
    this.#older.addEventListener("click", () => void this.#loadOlder());
    this.#newer.addEventListener("click", () => this.#toEnd());
    this.#scroller.addEventListener("scroll", () => this.markRead(), { passive: true });
    this.#input.addEventListener("input", () => this.#typed());
    this.#input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") return this.#host.close();
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      void this.#submit();
    });
  }

  #typed(): void {
    this.#input.style.height = "auto";
    this.#input.style.height = `${this.#input.scrollHeight}px`;
    const left = roomLeft(this.#input.value);
    setText(this.#room, left);
    this.#room.classList.toggle("too-long", left.endsWith("many"));
    setHidden(this.#problem, true);
    if (this.#input.value.trim() === "") {
      this.#stopTyping.cancel();
      this.#doc.setTyping(false);
    } else {
      this.#doc.setTyping(true);
      this.#stopTyping();
    }
  }

  async #submit(): Promise<void> {
    const text = tidyMessage(this.#input.value);
    if (text === "") return;
    if (lengthOf(text) > CHAT_MAX) return this.#fail(`Please use at most ${CHAT_MAX} characters.`);
    const waiting = h("div", { class: "message own waiting-message" }, h("div", { class: "message-text", dir: "auto" }, text));
    this.#pending.append(waiting);
    this.#setInput("");
    this.#toEnd();
    try {
      await this.#doc.chat.send(text);
    } catch (error) {
      if (this.#input.value === "") this.#setInput(text);
      this.#fail(errorWords(error));
    } finally {
      waiting.remove();
    }
  }

  #setInput(text: string): void {
    this.#input.value = text;
    this.#typed();
  }

  #fail(words: string): void {
    setText(this.#problem, words);
    setHidden(this.#problem, false);
  }

  #arrived(): void {
    const atEnd = this.#atEnd();
    this.#render();
    if (atEnd) this.#toEnd();
    else setHidden(this.#newer, false);
    this.markRead();
  }

  /** The numbers stand for other messages now: those that come count as unread. */
  #emptied(): void {
    this.#read = 0;
    this.#render();
    this.markRead();
  }

  async #loadOlder(): Promise<void> {
    this.#older.disabled = true;
    try {
      await this.#doc.chat.older();
      const fromEnd = this.#scroller.scrollHeight - this.#scroller.scrollTop;
      this.#render();
      this.#scroller.scrollTop = this.#scroller.scrollHeight - fromEnd;
    } catch (error) {
      this.#fail(errorWords(error));
    } finally {
      this.#older.disabled = false;
    }
  }

  /** Adds what is new at the end; anything else (older messages, a gap) shows the whole anew, silently. */
  #render(): void {
    const { messages } = this.#doc.chat;
    const shown = this.#shown;
    this.#shown = [...messages];
    setHidden(this.#older, (messages[0]?.number ?? 1) <= 1);
    if (messages.length === 0) {
      this.#log.replaceChildren(h("p", { class: "chat-empty soft" }, NOTHING_SAID));
    } else if (shown.length > 0 && shown.every(({ number }, i) => messages[i]?.number === number)) {
      this.#log.append(...messageNodes(messages.slice(shown.length), shown[shown.length - 1], new Date()));
    } else {
      this.#log.setAttribute("aria-live", "off");
      this.#log.replaceChildren(...messageNodes(messages, undefined, new Date()));
      window.setTimeout(() => this.#log.setAttribute("aria-live", "polite"));
    }
  }

  #showTyping(): void {
    const typing = [...this.#doc.members.values()].filter((member) => member.typing && !member.self);
    setText(this.#typing, typingWords(typing.map(({ name }) => name)));
  }

  #atEnd(): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    return scrollHeight - scrollTop - clientHeight < AT_END_PX;
  }

  #toEnd(): void {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    setHidden(this.#newer, true);
  }

  markRead(): void {
    const { messages } = this.#doc.chat;
    const last = messages[messages.length - 1]?.number ?? 0;
    if (this.#open && document.visibilityState === "visible" && this.#atEnd()) {
      setHidden(this.#newer, true);
      if (last > this.#read) {
        this.#read = last;
        remember(`chat.${this.#doc.id}`, last);
      }
    }
    this.#host.unread(messages.filter(({ number, own }) => number > this.#read && !own).length);
  }
}
