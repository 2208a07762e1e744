import type Quill from "quill/core";
import { h, type Scope } from "../ui/dom.js";
import { placeNear } from "../ui/popover.js";
import { iconButton } from "../ui/top-menu.js";
import { linkAddress } from "../pure/links.js";

interface Span {
  index: number;
  length: number;
}

/** The card under a link: where it leads, and a field to change it. Opened by a click into a link, by its button, or by its keys. */
export class LinkCard {
  readonly element = h("div", { class: "popover link-card", popover: "auto" });
  readonly #quill: Quill;
  #span: Span | null = null;

  constructor(quill: Quill, scope: Scope) {
    this.#quill = quill;
    scope.on(quill.root, "click", (event: MouseEvent) => {
      const link = (event.target as Element).closest("a");
      if (!link || !quill.root.contains(link)) return;
      event.preventDefault();
      const range = quill.getSelection();
      if (range && range.length === 0) this.#show(this.#linkAt(range.index), false);
    });
    this.element.addEventListener("toggle", (event) => {
      const closed = (event as ToggleEvent).newState === "closed";
      if (closed && this.element.contains(document.activeElement)) quill.focus({ preventScroll: true });
    });
  }

  /** For the selection: a new link, or the one the caret is in. */
  edit(): void {
    const range = this.#quill.getSelection(true);
    if (range.length > 0) this.#show(range, true);
    else this.#show(this.#linkAt(range.index), true);
  }

  #show(span: Span | null, editing: boolean): void {
    if (!span) return;
    this.#span = span;
    const address = this.#address(span);
    this.element.replaceChildren(editing || !address ? this.#form(address) : this.#summary(address));
    this.element.showPopover();
    const bounds = this.#quill.getBounds(span.index, span.length);
    const box = this.#quill.container.getBoundingClientRect();
    if (bounds) {
      const { left, right, top, bottom } = bounds;
      placeNear(this.element, { left: left + box.left, right: right + box.left, top: top + box.top, bottom: bottom + box.top });
    }
    this.element.querySelector("input")?.select();
  }

  #summary(address: string): HTMLElement {
    const open = h("a", { class: "link-open", href: address, target: "_blank", rel: "noopener noreferrer", title: address }, address);
    const edit = iconButton("edit", "Change the link");
    edit.addEventListener("click", () => this.#show(this.#span, true));
    const remove = iconButton("close", "Remove the link");
    remove.addEventListener("click", () => this.#set(false));
    return h("div", { class: "link-row" }, open, edit, remove);
  }

  #form(address: string): HTMLElement {
    const input = h("input", { class: "input", type: "text", inputmode: "url", placeholder: "example.org/page", "aria-label": "Address of the link", maxlength: 2000 });
    input.value = address;
    const form = h("form", { class: "link-row" }, input, h("button", { class: "button primary", type: "submit" }, "Link"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const value = linkAddress(input.value);
      if (value === null) {
        input.setAttribute("aria-invalid", "true");
        input.select();
      } else {
        this.#set(value || false);
      }
    });
    return form;
  }

  #set(value: string | false): void {
    const span = this.#span;
    this.element.hidePopover();
    if (!span) return;
    this.#quill.formatText(span.index, span.length, "link", value, "user");
    this.#quill.setSelection(span.index + span.length, 0, "user");
  }

  #address(span: Span): string {
    const link = this.#quill.getFormat(span.index, span.length)["link"];
    return typeof link === "string" ? link : "";
  }

  /** The whole of the link that the caret is in or directly behind. */
  #linkAt(index: number): Span | null {
    for (const at of [index, index - 1]) {
      const [leaf] = this.#quill.getLeaf(at + 1);
      let blot = leaf?.parent;
      while (blot && blot !== this.#quill.scroll && blot.statics.blotName !== "link") blot = blot.parent;
      if (blot && blot !== this.#quill.scroll) return { index: blot.offset(this.#quill.scroll), length: blot.length() };
    }
    return null;
  }
}
