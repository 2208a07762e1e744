import type { UndoState } from "@quire/client";
import { bindQuill } from "@quire/client/quill";
import type Quill from "quill/core";
import { h, setHidden } from "../ui/dom.js";
import { Carets, type Box, type Measure } from "./carets.js";
import { LinkCard } from "./link-card.js";
import { createQuill, FORMAT_NAMES } from "./quill.js";
import { scrollPageTo, type Surface, type SurfaceContext } from "./surface.js";
import { Toolbar } from "./toolbar.js";

/** A surface for rich documents: Quill, with a toolbar of our own. */
export function richSurface({ app, doc, page, scope }: SurfaceContext): Surface {
  const container = h("div", { class: "rich-text" });
  const sheet = h("div", { class: "sheet rich-sheet" }, container);
  const quill = createQuill(container, () => app.toasts.show("Pictures cannot be put into a document, only text."));
  let toolbar: Toolbar | null = null;
  const changed = (state: UndoState): void => toolbar?.showHistory(state);
  const binding = bindQuill(doc, quill, { cursors: false, formats: FORMAT_NAMES, undo: { changed } });
  scope.add(() => binding.destroy());
  const carets = new Carets(doc, quillMeasure(quill), scope);
  container.append(carets.element);
  quill.on("text-change", () => carets.update());
  const card = new LinkCard(quill, scope);
  const undo = (): void => binding.undo();
  const redo = (): void => binding.redo();
  const link = (): void => {
    if (quill.isEnabled()) card.edit();
  };
  const tools = new Toolbar(quill, scope, { undo, redo, link });
  toolbar = tools;
  sheet.append(card.element);
  return {
    tools: tools.element,
    sheet,
    focus: () => quill.focus(),
    focusTools: () => tools.focus(),
    undo,
    redo,
    link,
    setReadOnly: (readOnly) => {
      quill.enable(!readOnly);
      setHidden(tools.element, readOnly);
    },
    goTo: ({ head }) => {
      const bounds = head === null ? null : quill.getBounds(head);
      if (bounds) scrollPageTo(page, bounds.top + container.getBoundingClientRect().top);
    },
  };
}

/** Beyond this many parts of lines, a selection is shown as far as it goes. */
const PARTS_MAX = 400;

function quillMeasure(quill: Quill): Measure {
  return {
    caret: (index) => {
      const bounds = quill.getBounds(Math.min(index, quill.getLength() - 1));
      return bounds && { left: bounds.left, top: bounds.top, width: 0, height: bounds.height };
    },
    lines: (from, to) => {
      const end = Math.min(to, quill.getLength() - 1);
      if (from >= end) return [];
      const corner = quill.container.getBoundingClientRect();
      return textBoxes(nativeRange(quill, from, end - from)).map(({ left, top, width, height }) => ({
        left: left - corner.left,
        top: top - corner.top,
        width,
        height,
      }));
    },
  };
}

function nativeRange(quill: Quill, index: number, length: number): Range {
  const [startNode, startOffset, endNode, endOffset] = quill.selection.rangeToNative({ index, length });
  const range = document.createRange();
  if (startNode) range.setStart(startNode, startOffset ?? 0);
  if (endNode) range.setEnd(endNode, endOffset ?? 0);
  return range;
}

/** The boxes of the text alone: a range's own boxes contain those of whole paragraphs too. */
function textBoxes(range: Range): Box[] {
  const root = range.commonAncestorContainer;
  if (root.nodeType === Node.TEXT_NODE) return [...range.getClientRects()];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const boxes: Box[] = [];
  while (walker.nextNode() && boxes.length < PARTS_MAX) {
    const node = walker.currentNode as Text;
    if (!range.intersectsNode(node)) continue;
    const part = document.createRange();
    part.setStart(node, node === range.startContainer ? range.startOffset : 0);
    part.setEnd(node, node === range.endContainer ? range.endOffset : node.length);
    boxes.push(...part.getClientRects());
  }
  return boxes;
}
