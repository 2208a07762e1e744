import { h, type Child } from "./dom.js";

const GAP = 6;
const EDGE = 8;

/**
 * A card that belongs to a button: shown on a click, hidden by Escape, by a click elsewhere, or by choosing from it.
 * It is filled anew each time, so it never shows what is no longer so.
 */
export class Popover {
  readonly element: HTMLElement;
  readonly #button: HTMLElement;
  readonly #fill: () => Child[];

  constructor(button: HTMLElement, className: string, fill: () => Child[]) {
    this.#button = button;
    this.#fill = fill;
    this.element = h("div", { class: `popover ${className}`, popover: "auto" });
    button.setAttribute("aria-expanded", "false");
    let openBefore = false;
    button.addEventListener("pointerdown", () => (openBefore = this.isOpen));
    button.addEventListener("click", () => {
      if (openBefore || this.isOpen) this.hide();
      else this.show();
      openBefore = false;
    });
    this.element.addEventListener("toggle", (event) => {
      const open = (event as ToggleEvent).newState === "open";
      button.setAttribute("aria-expanded", String(open));
      if (!open && this.element.contains(document.activeElement)) button.focus();
    });
    this.element.addEventListener("keydown", (event) => this.#move(event));
    this.element.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget instanceof Node && !this.element.contains(relatedTarget) && relatedTarget !== button) this.hide();
    });
  }

  get isOpen(): boolean {
    return this.element.matches(":popover-open");
  }

  show(): void {
    this.refresh();
    if (!this.element.isConnected) this.#button.after(this.element);
    this.element.showPopover();
    this.place(this.#button.getBoundingClientRect());
    const { element } = this;
    (element.querySelector<HTMLElement>("[aria-checked=true]") ?? element.querySelector<HTMLElement>("button, a, input"))?.focus();
  }

  hide(): void {
    if (this.isOpen) this.element.hidePopover();
  }

  refresh(): void {
    this.element.replaceChildren(...this.#fill().filter((child): child is Node | string => Boolean(child)));
  }

  place(anchor: DOMRect): void {
    placeNear(this.element, anchor);
  }

  #move(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (step === undefined || event.target instanceof HTMLInputElement) return;
    const items = [...this.element.querySelectorAll<HTMLElement>("button:not(:disabled), a[href]")];
    const at = items.indexOf(document.activeElement as HTMLElement);
    items[(at + step + items.length) % items.length]?.focus();
    event.preventDefault();
  }
}

/** Puts a card below what it belongs to, or above where there is no room, and inside the window. */
export function placeNear(card: HTMLElement, anchor: { left: number; right: number; top: number; bottom: number }): void {
  const { width, height } = card.getBoundingClientRect();
  const right = window.innerWidth - EDGE - width;
  const alignRight = anchor.left > window.innerWidth / 2;
  const left = Math.max(EDGE, Math.min(alignRight ? anchor.right - width : anchor.left, right));
  const below = anchor.bottom + GAP;
  const above = anchor.top - GAP - height;
  const top = below + height > window.innerHeight - EDGE && above > EDGE ? above : below;
  card.style.left = `${left}px`;
  card.style.top = `${Math.max(EDGE, top)}px`;
}
