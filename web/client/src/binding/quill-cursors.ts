/*
 * The carets and selections of others, drawn over a Quill editor. They are drawn anew before the
 * next frame after anything has moved: the text, the members, the scrolling, the size.
 */
import type Quill from "quill";
import type { Document } from "../document.js";
import type { Member } from "../machine/presence.js";

/** A name is shown while its caret moves, and for so long after. */
const NAME_SHOWN_MS = 3000;
/** Of more people than this only the first are drawn. */
const DRAWN_MAX = 60;
/** A selection over more pieces of lines than this is drawn as far as it goes. */
const PIECES_MAX = 400;

interface Drawn {
  readonly caret: HTMLElement;
  readonly name: HTMLElement;
  readonly lines: HTMLElement;
  head: number;
  timer: ReturnType<typeof setTimeout> | null;
}

export class QuillCursors {
  private readonly layer: HTMLElement;
  private readonly drawn = new Map<number, Drawn>();
  private readonly stop: (() => void)[];
  private frame = 0;

  constructor(
    private readonly doc: Document,
    private readonly quill: Quill,
  ) {
    this.layer = document.createElement("div");
    this.layer.className = "quire-cursors";
    this.layer.setAttribute("aria-hidden", "true");
    this.layer.style.cssText = "position:absolute;inset:0;overflow:hidden;pointer-events:none";
    quill.container.append(this.layer);
    const update = (): void => this.update();
    const resized = new ResizeObserver(update);
    resized.observe(quill.root);
    quill.on("text-change", update);
    quill.root.addEventListener("scroll", update, { passive: true });
    this.stop = [
      doc.on("members", update),
      doc.on("change", update),
      () => resized.disconnect(),
      () => void quill.off("text-change", update),
      () => quill.root.removeEventListener("scroll", update),
      () => cancelAnimationFrame(this.frame),
    ];
    update();
  }

  update(): void {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
  }

  destroy(): void {
    for (const end of this.stop) end();
    for (const drawn of this.drawn.values()) if (drawn.timer !== null) clearTimeout(drawn.timer);
    this.layer.remove();
  }

  private draw(): void {
    const others = [...this.doc.members.values()].filter((member) => !member.self && member.head !== null);
    const shown = new Map(others.slice(0, DRAWN_MAX).map((member) => [member.member, member]));
    for (const [number, drawn] of this.drawn) {
      if (shown.has(number)) continue;
      if (drawn.timer !== null) clearTimeout(drawn.timer);
      drawn.caret.remove();
      drawn.lines.remove();
      this.drawn.delete(number);
    }
    for (const member of shown.values()) this.drawMember(member);
  }

  private drawMember(member: Member): void {
    const drawn = this.drawn.get(member.member) ?? this.add(member);
    const end = this.quill.getLength() - 1;
    const head = Math.min(member.head ?? 0, end);
    const anchor = Math.min(member.anchor ?? head, end);
    const bounds = this.quill.getBounds(head);
    drawn.caret.hidden = bounds === null;
    if (bounds !== null) {
      drawn.caret.style.transform = `translate(${bounds.left}px, ${bounds.top}px)`;
      drawn.caret.style.height = `${bounds.height}px`;
      /* A name above the first line would be out of sight. */
      drawn.name.style.top = bounds.top < 20 ? "100%" : "-1.4em";
    }
    drawn.caret.style.backgroundColor = member.color;
    drawn.name.style.backgroundColor = member.color;
    drawn.name.textContent = member.name;
    if (drawn.head !== head) this.showName(drawn, head);
    this.drawSelection(drawn.lines, member.color, Math.min(anchor, head), Math.max(anchor, head));
  }

  private add(member: Member): Drawn {
    const caret = document.createElement("div");
    caret.className = "quire-caret";
    caret.dataset.member = String(member.member);
    caret.style.cssText = "position:absolute;left:-1px;top:0;width:2px";
    const name = document.createElement("div");
    name.className = "quire-caret-name";
    name.style.cssText =
      "position:absolute;left:0;padding:0 .4em;white-space:nowrap;color:#fff;font:12px/1.4 sans-serif;border-radius:2px";
    const lines = document.createElement("div");
    lines.className = "quire-selection";
    caret.append(name);
    this.layer.append(lines, caret);
    const drawn: Drawn = { caret, name, lines, head: -1, timer: null };
    this.drawn.set(member.member, drawn);
    return drawn;
  }

  private showName(drawn: Drawn, head: number): void {
    drawn.head = head;
    drawn.name.hidden = false;
    if (drawn.timer !== null) clearTimeout(drawn.timer);
    drawn.timer = setTimeout(() => (drawn.name.hidden = true), NAME_SHOWN_MS);
  }

  private drawSelection(lines: HTMLElement, color: string, from: number, to: number): void {
    const corner = this.quill.container.getBoundingClientRect();
    const boxes = from < to ? this.boxes(from, to) : [];
    lines.replaceChildren(
      ...boxes.slice(0, PIECES_MAX).map((box) => {
        const part = document.createElement("div");
        part.style.cssText =
          `position:absolute;left:${box.left - corner.left}px;top:${box.top - corner.top}px;` +
          `width:${box.width}px;height:${box.height}px;opacity:.25`;
        part.style.backgroundColor = color;
        return part;
      }),
    );
  }

  /** The boxes of the text between two positions: one for each piece of a line. */
  private boxes(from: number, to: number): DOMRect[] {
    const whole = document.createRange();
    const [start, startOffset] = this.place(from);
    const [end, endOffset] = this.place(to);
    if (start === null || end === null) return [];
    whole.setStart(start, startOffset);
    whole.setEnd(end, endOffset);
    return textBoxes(whole);
  }

  private place(index: number): [Node | null, number] {
    const [leaf, offset] = this.quill.getLeaf(index);
    if (leaf === null) return [null, 0];
    return (leaf as unknown as { position(i: number, inclusive: boolean): [Node, number] }).position(offset, true);
  }
}

/** Of the text nodes alone: the boxes of a range hold those of whole paragraphs too. */
function textBoxes(whole: Range): DOMRect[] {
  const root = whole.commonAncestorContainer;
  if (root.nodeType === Node.TEXT_NODE) return [...whole.getClientRects()];
  const boxes: DOMRect[] = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode() !== null && boxes.length < PIECES_MAX) {
    const node = walker.currentNode as Text;
    if (!whole.intersectsNode(node)) continue;
    const part = document.createRange();
    part.setStart(node, node === whole.startContainer ? whole.startOffset : 0);
    part.setEnd(node, node === whole.endContainer ? whole.endOffset : node.length);
    boxes.push(...part.getClientRects());
  }
  return boxes;
}
