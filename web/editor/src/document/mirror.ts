import { changedLines, placeIn } from "../pure/lines.js";
import { h } from "../ui/dom.js";
import type { Box, Measure } from "./carets.js";

/** Beyond this many lines, a selection is shown as far as it goes. */
const SELECTED_LINES_MAX = 300;

/** Ends each line, so that there is something to measure where it ends, and in an empty one. */
const LAST = "\u200b";

/**
 * An unseen copy of a text area's text, line by line, laid out as the text area lays it out. It gives the text area its height and
 * tells where in the window a position is, which a text area does not.
 */
export class Mirror implements Measure {
  readonly element = h("div", { class: "plain-mirror", "aria-hidden": "true" });
  #lines: string[] = [];

  show(text: string): void {
    const { first, removed, lines } = changedLines(this.#lines, text);
    const { children } = this.element;
    const next = children[first + removed] ?? null;
    for (let i = 0; i < removed; i++) children[first]?.remove();
    const added = document.createDocumentFragment();
    for (const line of lines) added.append(h("div", {}, line + LAST));
    this.element.insertBefore(added, next);
    this.#lines = [...this.#lines.slice(0, first), ...lines, ...this.#lines.slice(first + removed)];
  }

  caret(index: number): Box | null {
    const { line, offset } = placeIn(this.#lines, index);
    return this.#boxes(line, offset, offset).pop() ?? this.#boxes(line, offset, offset + 1)[0] ?? null;
  }

  lines(from: number, to: number): Box[] {
    if (from >= to) return [];
    const start = placeIn(this.#lines, from);
    const end = placeIn(this.#lines, to);
    const last = Math.min(end.line, start.line + SELECTED_LINES_MAX);
    const boxes: Box[] = [];
    for (let line = start.line; line <= last; line++) {
      const length = (this.#lines[line] as string).length + (line < end.line ? LAST.length : 0);
      boxes.push(...this.#boxes(line, line === start.line ? start.offset : 0, line === end.line ? end.offset : length));
    }
    return boxes;
  }

  #boxes(line: number, from: number, to: number): Box[] {
    const text = this.element.children[line]?.firstChild;
    if (!text) return [];
    const range = document.createRange();
    range.setStart(text, from);
    range.setEnd(text, to);
    const corner = this.element.getBoundingClientRect();
    return [...range.getClientRects()].map(({ left, top, width, height }) => ({
      left: left - corner.left,
      top: top - corner.top,
      width,
      height,
    }));
  }
}
