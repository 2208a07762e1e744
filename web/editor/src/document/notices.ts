import { copyText, h, type Child } from "../ui/dom.js";
import { recall, remember } from "../ui/store.js";
import { iconButton } from "../ui/top-menu.js";

const DRAFTS_MAX = 20;

/** What stands above the text: that it can only be read, and drafts that could not be merged. */
export class Notices {
  readonly element = h("div", { class: "notices" });
  readonly #key: string;

  constructor(id: string) {
    this.#key = `drafts.${id}`;
    for (const draft of this.#drafts()) this.#showDraft(draft);
  }

  say(text: string): void {
    this.element.append(h("p", { class: "notice" }, text));
  }

  /** Kept in the browser until its user lets go of it: it is the only copy. */
  addDraft(text: string): void {
    const drafts = this.#drafts();
    if (text.trim() === "" || drafts.includes(text)) return;
    remember(this.#key, [...drafts, text].slice(-DRAFTS_MAX));
    this.#showDraft(text);
  }

  #showDraft(text: string): void {
    const copy = h("button", { class: "button", type: "button" }, "Copy text");
    const dismiss = iconButton("close", "Dismiss this draft");
    const card = h(
      "section",
      { class: "notice draft", role: "alert", "aria-label": "Text that could not be merged" },
      h("div", { class: "draft-head" }, h("strong", {}, "This text of yours could not be merged"), dismiss),
      h("p", { class: "soft small" }, "The document has changed too much where you wrote it. Copy it, and put it back where it belongs."),
      h("pre", { class: "draft-text", tabindex: "0" }, text),
      copy,
    );
    copy.addEventListener("click", () => void copyText(text).then((done) => (copy.textContent = done ? "Copied" : "Select and copy it by hand")));
    dismiss.addEventListener("click", () => {
      remember(this.#key, this.#drafts().filter((draft) => draft !== text));
      card.remove();
    });
    this.element.append(card);
  }

  #drafts(): string[] {
    const kept = recall(this.#key);
    return Array.isArray(kept) ? kept.filter((draft) => typeof draft === "string") : [];
  }
}

/** The page that takes the place of a document which is gone, with its last text for whoever wants it. */
export function gonePage(title: string, text: string, lastText: string, ...actions: Child[]): HTMLElement {
  const copy = h("button", { class: "button", type: "button" }, "Copy its text");
  copy.addEventListener("click", () => void copyText(lastText).then((done) => (copy.textContent = done ? "Copied" : "Could not copy")));
  return h(
    "main",
    { class: "message-page", role: "alert" },
    h("h1", {}, title),
    h("p", { class: "soft" }, text),
    h("div", { class: "message-actions" }, ...actions, lastText.trim() ? copy : null),
    lastText.trim() ? h("pre", { class: "draft-text last-text", tabindex: "0" }, lastText) : null,
  );
}
