import { h } from "./dom.js";
import { icon } from "./icons.js";

const SHOWN_MS = 6000;
/* There is something to do about it. */
const SHOWN_WITH_WAY_MS = 20_000;
const SHOWN_MAX = 3;

/** Short messages at the foot of the page, read out politely. The same words are not shown twice at once. */
export class Toasts {
  readonly element = h("div", { class: "toasts", role: "status", "aria-live": "polite" });

  /** `way`: where to go about it. */
  show(text: string, way?: { label: string; href: string }): void {
    const shown = [...this.element.children] as HTMLElement[];
    if (shown.some((toast) => toast.dataset["text"] === text)) return;
    if (shown.length >= SHOWN_MAX) shown[0]?.remove();
    const toast = h("div", { class: "toast", "data-text": text }, h("span", {}, text));
    const close = h("button", { class: "icon-button", type: "button", "aria-label": "Dismiss" }, icon("close"));
    close.addEventListener("click", () => toast.remove());
    if (way) toast.append(h("a", { class: "toast-way", href: way.href }, way.label));
    toast.append(close);
    this.element.append(toast);
    window.setTimeout(() => toast.remove(), way ? SHOWN_WITH_WAY_MS : SHOWN_MS);
  }
}
