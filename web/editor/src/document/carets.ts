import type { Document, Member } from "@quire/client";
import { textOn } from "../pure/palette.js";
import { personColor } from "../ui/avatar.js";
import { h, type Scope } from "../ui/dom.js";

const NAME_SHOWN_MS = 2500;

/** In a crowd, carets of everybody would tell less than they cost. */
const SHOWN_MAX = 60;

/** Where text is on the screen, measured from the corner of the layer that carets are drawn into. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface Measure {
  caret: (index: number) => Box | null;
  lines: (from: number, to: number) => Box[];
}

interface Shown {
  caret: HTMLElement;
  lines: HTMLElement;
  head: number;
  timer: number;
}

/** The carets and selections of others, drawn over the text. A name is shown while its caret moves. */
export class Carets {
  readonly element = h("div", { class: "carets", "aria-hidden": "true" });
  readonly #doc: Document;
  readonly #measure: Measure;
  readonly #shown = new Map<number, Shown>();
  #frame = 0;

  constructor(doc: Document, measure: Measure, scope: Scope) {
    this.#doc = doc;
    this.#measure = measure;
    const update = (): void => this.update();
    scope.add(doc.on("members", update));
    const resized = new ResizeObserver(update);
    resized.observe(this.element);
    scope.add(() => resized.disconnect());
    scope.add(() => cancelAnimationFrame(this.#frame));
  }

  /** Draws anew before the next frame, however often it is asked for. */
  update(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    for (const [number, shown] of this.#shown) {
      const member = this.#doc.members.get(number);
      if (member && member.head !== null) continue;
      window.clearTimeout(shown.timer);
      shown.caret.remove();
      shown.lines.remove();
      this.#shown.delete(number);
    }
    /* Names at one place, which are shown above one another. */
    const names = new Map<number, number>();
    for (const member of this.#doc.members.values()) {
      if (member.self || member.head === null) continue;
      if (this.#shown.size >= SHOWN_MAX && !this.#shown.has(member.member)) continue;
      this.#drawMember(member, member.head, member.anchor ?? member.head);
      const caret = this.#shown.get(member.member)?.caret;
      if (!caret?.classList.contains("named")) continue;
      const below = names.get(member.head) ?? 0;
      caret.style.setProperty("--names-below", String(below));
      names.set(member.head, below + 1);
    }
  }

  #drawMember(member: Member, head: number, anchor: number): void {
    const box = this.#measure.caret(head);
    if (!box) return;
    const shown = this.#shown.get(member.member) ?? this.#add(member.member);
    const { caret, lines } = shown;
    const color = personColor(member);
    caret.style.setProperty("--person", color);
    lines.style.setProperty("--person", color);
    caret.style.transform = `translate(${box.left}px, ${box.top}px)`;
    caret.style.height = `${box.height}px`;
    const flag = caret.firstElementChild as HTMLElement;
    flag.textContent = member.name;
    flag.style.color = textOn(color);
    caret.classList.toggle("at-right", box.left > this.element.clientWidth - 120);
    caret.classList.toggle("at-top", box.top < 20);
    lines.replaceChildren(...this.#measure.lines(Math.min(anchor, head), Math.max(anchor, head)).map(lineBox));
    if (shown.head !== head) this.#nameFor(shown, head);
  }

  #add(member: number): Shown {
    const caret = h("div", { class: "caret" }, h("bdi", { class: "caret-name" }));
    const lines = h("div", { class: "caret-lines" });
    this.element.append(lines, caret);
    const shown = { caret, lines, head: -1, timer: 0 };
    this.#shown.set(member, shown);
    return shown;
  }

  #nameFor(shown: Shown, head: number): void {
    shown.head = head;
    shown.caret.classList.add("named");
    window.clearTimeout(shown.timer);
    shown.timer = window.setTimeout(() => shown.caret.classList.remove("named"), NAME_SHOWN_MS);
  }
}

function lineBox({ left, top, width, height }: Box): HTMLElement {
  const line = h("div", { class: "caret-line" });
  line.style.transform = `translate(${left}px, ${top}px)`;
  line.style.width = `${Math.max(width, 3)}px`;
  line.style.height = `${height}px`;
  return line;
}
