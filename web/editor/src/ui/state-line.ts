import { stateWords, type State, type StateWords } from "../pure/state-words.js";
import { h, setHidden, setText } from "./dom.js";

const SAVING_SHOWN_AFTER_MS = 500;

/**
 * One line that says whether all is well. Saving that takes a moment only is not shown, and a screen reader
 * hears of a change once, and of "Saved" only after it has heard of trouble.
 */
export class StateLine {
  readonly element: HTMLElement;
  readonly #text = h("span", { class: "state-text" });
  readonly #detail = h("span", { class: "state-detail" });
  readonly #retry: HTMLElement;
  readonly #spoken = h("span", { class: "off-screen", role: "status", "aria-live": "polite" });
  readonly #read: () => State;
  #savingTimer = 0;
  #shownTone: StateWords["tone"] = "calm";

  constructor(read: () => State, retry: () => void) {
    this.#read = read;
    this.#retry = h("span", { hidden: true }, "– ", h("button", { class: "link-button", type: "button", onclick: retry }, "try now"));
    const seen = h("span", { class: "state-seen" }, h("span", { class: "state-dot" }), this.#text, this.#retry, this.#detail);
    this.element = h("div", { class: "state" }, seen, this.#spoken);
  }

  update(): void {
    window.clearTimeout(this.#savingTimer);
    const words = stateWords(this.#read());
    if (words.tone === "busy" && this.#shownTone === "calm" && this.#text.textContent) {
      this.#savingTimer = window.setTimeout(() => this.#show(stateWords(this.#read())), SAVING_SHOWN_AFTER_MS);
    } else {
      this.#show(words);
    }
  }

  dispose(): void {
    window.clearTimeout(this.#savingTimer);
  }

  #show(words: StateWords): void {
    const trouble = this.#shownTone === "warn" || this.#shownTone === "bad";
    this.element.dataset["tone"] = words.tone;
    setText(this.#text, words.text);
    setText(this.#detail, words.detail);
    setHidden(this.#retry, !words.retry);
    const worthSaying = words.tone === "warn" || words.tone === "bad" || trouble;
    if (worthSaying) setText(this.#spoken, words.spoken);
    this.#shownTone = words.tone;
  }
}
