import type { Connection, Document } from "@quire/client";
import { errorWords } from "../pure/error-words.js";
import { tidyTitle, TITLE_MAX, UNTITLED } from "../pure/names.js";
import { h, setText, type Scope } from "../ui/dom.js";
import type { Toasts } from "../ui/toast.js";

/** The document's title, changed in place: Enter or leaving the field keeps it, Escape does not. */
export class Title {
  readonly element: HTMLElement;
  readonly #input = h("input", { class: "title-input", type: "text", "aria-label": "Title", maxlength: TITLE_MAX, spellcheck: "false", autocomplete: "off" });
  readonly #heading = h("h1", { class: "off-screen" });
  readonly #doc: Document;
  #unread = 0;

  constructor(doc: Document, connection: Connection, scope: Scope, toasts: Toasts, leave: () => void) {
    this.#doc = doc;
    this.element = h("div", { class: "title" }, this.#heading, this.#input);
    const keep = async (): Promise<void> => {
      const title = tidyTitle(this.#input.value) || UNTITLED;
      this.#show(title);
      if (title === (doc.title || UNTITLED)) return;
      try {
        await connection.documents.rename(doc.id, title);
      } catch (error) {
        this.#show(doc.title);
        toasts.show(errorWords(error));
      }
    };
    this.#input.addEventListener("input", () => this.#size());
    this.#input.addEventListener("blur", () => void keep());
    this.#input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#show(doc.title);
      else if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      leave();
    });
    scope.add(doc.on("title", () => this.update()));
    this.update();
  }

  edit(): void {
    this.#input.focus();
    this.#input.select();
  }

  lock(locked: boolean): void {
    this.#input.readOnly = locked;
  }

  /** The tab tells of messages that nobody here has read. */
  setUnread(count: number): void {
    if (count === this.#unread) return;
    this.#unread = count;
    this.update();
  }

  update(): void {
    document.title = `${this.#unread > 0 ? `(${this.#unread}) ` : ""}${this.#doc.title || UNTITLED} – Quire`;
    setText(this.#heading, this.#doc.title || UNTITLED);
    if (document.activeElement !== this.#input) this.#show(this.#doc.title);
  }

  #show(title: string): void {
    this.#input.value = title || UNTITLED;
    this.#size();
  }

  #size(): void {
    this.element.dataset["value"] = this.#input.value;
  }
}
