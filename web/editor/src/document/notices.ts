import { dropDraft, draftsOf, keepDraft, type KeptDraft } from "../drafts.js";
import { draftWords } from "../pure/error-words.js";
import { copyText, h, type Child } from "../ui/dom.js";
import { iconButton } from "../ui/top-menu.js";

/** Above the text: drafts that could not be merged. */
export class Notices {
  readonly element = h("div", { class: "notices" });
  readonly #id: string;

  constructor(id: string) {
    this.#id = id;
    for (const draft of draftsOf(id)) this.#showDraft(draft);
  }

  addDraft(draft: KeptDraft): void {
    if (keepDraft(this.#id, draft)) this.#showDraft(draft);
  }

  #showDraft(draft: KeptDraft): void {
    const { title, text } = draftWords(draft.reason);
    const dismiss = iconButton("close", "Dismiss this draft");
    const card = h(
      "section",
      { class: "notice draft", role: "alert", "aria-label": "Text that could not be merged" },
      h("div", { class: "draft-head" }, h("strong", {}, title), dismiss),
      h("p", { class: "soft small" }, text),
      h("pre", { class: "draft-text", tabindex: "0" }, draft.text),
      copyButton("Copy text", draft.text),
    );
    dismiss.addEventListener("click", () => {
      dropDraft(this.#id, draft);
      card.remove();
    });
    this.element.append(card);
  }
}

/** The page that takes the place of a document which is gone, with its last text for whoever wants it. */
export function gonePage(id: string, title: string, text: string, lastText: string, ...actions: Child[]): HTMLElement {
  const hasText = lastText.trim() !== "";
  return h(
    "main",
    { class: "message-page", role: "alert" },
    h("h1", {}, title),
    h("p", { class: "soft" }, text),
    h("div", { class: "message-actions" }, ...actions, hasText ? copyButton("Copy its text", lastText) : null),
    hasText ? h("pre", { class: "draft-text last-text", tabindex: "0" }, lastText) : null,
    new Notices(id).element,
  );
}

function copyButton(label: string, text: string): HTMLElement {
  const button = h("button", { class: "button", type: "button" }, label);
  button.addEventListener("click", () => {
    void copyText(text).then((done) => (button.textContent = done ? "Copied" : "Select and copy it by hand"));
  });
  return button;
}
