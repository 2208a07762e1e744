import { h } from "./dom.js";
import { icon } from "./icons.js";

const SHOWN_MS = 6000;
const SHOWN_MAX = 3;

/** Short messages at the foot of the page, read out politely. The same words are not shown twice at once. */
export class Toasts {
  readonly element = h("div", { class: "toasts", role: "status", "aria-live": "polite" });

  show(text: string): void {
    const shown = [...this.element.children] as HTMLElement[];
    if (shown.some((toast) => toast.dataset["text"] === text)) return;
    if (shown.length >= SHOWN_MAX) shown[0]?.remove();
    const toast = h("div", { class: "toast", "data-text": text }, h("span", {}, text));
    const close = h("button", { class: "icon-button", type: "button", "aria-label": "Dismiss" }, icon("close"));
    close.addEventListener("click", () => toast.remove());
    toast.append(close);
    this.element.append(toast);
    window.setTimeout(() => toast.remove(), SHOWN_MS);
  }
}
