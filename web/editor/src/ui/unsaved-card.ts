import { openDialog } from "./dialog.js";
import { copyText, h } from "./dom.js";

export interface UnsavedCard {
  title: string;
  words: string;
  /** Of which document, if that is not clear from where the card is. */
  document?: HTMLElement | null;
  text: string;
  discard: () => void | Promise<void>;
}

/** Text of the user's that is in no document: to be copied, or given up. It may be the only copy. */
export function unsavedCard({ title, words, document, text, discard }: UnsavedCard): HTMLElement {
  const card = h(
    "section",
    { class: "notice draft", role: "alert", "aria-label": "Text that is not saved" },
    h("strong", {}, title),
    h("p", { class: "soft small" }, ...(document ? [document, ": "] : []), words),
    text.trim() === "" ? h("p", { class: "small" }, "It has no text: something was deleted, or looks otherwise.") : h("pre", { class: "draft-text", tabindex: "0", "aria-label": "The text" }, text),
    unsavedActions(() => text, async () => {
      await discard();
      card.remove();
    }),
  );
  return card;
}

export function unsavedActions(text: () => string, discard: () => void | Promise<void>): HTMLElement {
  const give = h("button", { class: "button", type: "button" }, "Discard…");
  give.addEventListener("click", () => askDiscard(discard));
  return h("div", { class: "draft-actions" }, text().trim() === "" ? null : copyButton("Copy text", text), give);
}

export function copyButton(label: string, text: () => string): HTMLElement {
  const button = h("button", { class: "button", type: "button" }, label);
  button.addEventListener("click", () => {
    void copyText(text()).then((done) => (button.textContent = done ? "Copied" : "Select and copy it by hand"));
  });
  return button;
}

function askDiscard(discard: () => void | Promise<void>): void {
  openDialog({
    title: "Discard what you wrote?",
    body: [h("p", {}, "It is nowhere else. This cannot be undone.")],
    confirm: "Discard",
    danger: true,
    accept: async () => {
      await discard();
    },
  });
}
