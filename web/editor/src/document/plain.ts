import { bindTextarea } from "@quire/client/textarea";
import { h } from "../ui/dom.js";
import { Carets, type Box, type Measure } from "./carets.js";
import { scrollPageTo, type Surface, type SurfaceContext } from "./surface.js";

/** Beyond this, measuring where others are would cost more than it tells. */
const MEASURED_MAX = 500_000;

/** Ends the copy, so that there is something to measure where the text ends, on an empty last line too. */
const LAST = "\u200b";

/** A surface for documents of plain text: a text area as tall as its text, over an unseen copy that carets are measured in. */
export function plainSurface({ doc, page, scope, readOnly }: SurfaceContext): Surface {
  const textarea = h("textarea", {
    class: "plain-text",
    "aria-label": "Text of the document",
    placeholder: "Write something…",
    spellcheck: "false",
    autocapitalize: "off",
    autocomplete: "off",
    readonly: readOnly,
  });
  const copy = document.createTextNode("");
  const mirror = h("div", { class: "plain-mirror", "aria-hidden": "true" }, copy);
  const sheet = h("div", { class: "sheet plain-sheet" }, mirror, textarea);
  const binding = bindTextarea(doc, textarea);
  scope.add(() => binding.destroy());
  const carets = new Carets(doc, textMeasure(copy, mirror), scope);
  sheet.append(carets.element);
  const follow = (): void => {
    copy.data = textarea.value + LAST;
    carets.update();
  };
  scope.on(textarea, "input", follow);
  scope.add(doc.on("change", () => queueMicrotask(follow)));
  scope.add(doc.on("reset", () => queueMicrotask(follow)));
  follow();
  return {
    tools: null,
    sheet,
    focus: () => textarea.focus(),
    focusTools: () => undefined,
    undo: () => binding.undo(),
    redo: () => binding.redo(),
    link: () => undefined,
    goTo: ({ head }) => {
      const box = head === null ? null : textMeasure(copy, mirror).caret(head);
      if (box) scrollPageTo(page, box.top + mirror.getBoundingClientRect().top);
    },
  };
}

function textMeasure(text: Text, frame: HTMLElement): Measure {
  const boxes = (from: number, to: number): Box[] => {
    if (text.length > MEASURED_MAX) return [];
    const range = document.createRange();
    range.setStart(text, Math.min(from, text.length - LAST.length));
    range.setEnd(text, Math.min(to, text.length));
    const corner = frame.getBoundingClientRect();
    return [...range.getClientRects()].map(({ left, top, width, height }) => ({
      left: left - corner.left,
      top: top - corner.top,
      width,
      height,
    }));
  };
  return {
    caret: (index) => boxes(index, index).pop() ?? boxes(index, index + 1)[0] ?? null,
    lines: (from, to) => (from === to ? [] : boxes(from, to)),
  };
}
