import { dropDraft, draftsOf, keepDraft, type KeptDraft } from "../drafts.js";
import { draftWords } from "../pure/error-words.js";
import { h, type Child } from "../ui/dom.js";
import { copyButton, unsavedCard } from "../ui/unsaved-card.js";

/** Above the text: drafts that could not be merged. */
export class Notices {
  readonly element = h("div", { class: "notices" });
  readonly #id: string;

  constructor(id: string) {
    this.#id = id;
    for (const draft of draftsOf(id)) this.#showDraft(draft, true);
  }

  addDraft(draft: KeptDraft): void {
    const done = keepDraft(this.#id, draft);
    if (done !== "nothing") this.#showDraft(draft, done === "kept");
  }

  #showDraft(draft: KeptDraft, kept: boolean): void {
    this.element.append(draftCard(this.#id, draft, kept));
  }
}

/** `kept`: this browser keeps it; `document`: which one it belongs to. */
export function draftCard(id: string, draft: KeptDraft, kept: boolean, document?: HTMLElement): HTMLElement {
  const { title, text } = draftWords(draft.reason);
  const words = kept ? text : `${text} This browser has no room to keep it: it is gone when you leave this page.`;
  return unsavedCard({ title, words, document: document ?? null, text: draft.text, discard: () => dropDraft(id, draft) });
}

/** The page that takes the place of a document which is gone, with its last text for whoever wants it. */
export function gonePage(id: string, title: string, text: string, lastText: string, ...actions: Child[]): HTMLElement {
  const hasText = lastText.trim() !== "";
  return h(
    "main",
    { class: "message-page", role: "alert" },
    h("h1", {}, title),
    h("p", { class: "soft" }, text),
    h("div", { class: "message-actions" }, ...actions, hasText ? copyButton("Copy its text", () => lastText) : null),
    hasText ? h("pre", { class: "draft-text last-text", tabindex: "0", "aria-label": "Its last text" }, lastText) : null,
    new Notices(id).element,
  );
}
