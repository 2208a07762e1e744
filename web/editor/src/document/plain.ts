import { bindTextarea } from "@quire/client/textarea";
import { h } from "../ui/dom.js";
import { Carets } from "./carets.js";
import { Mirror } from "./mirror.js";
import { scrollPageTo, type Surface, type SurfaceContext } from "./surface.js";

/** A text longer than this is written in a text area that scrolls by itself, without the carets of others. */
const MIRRORED_MAX = 1_000_000;

/** A surface for documents of plain text: a text area as tall as its text, over an unseen copy that carets are measured in. */
export function plainSurface({ doc, page, scope }: SurfaceContext): Surface {
  const textarea = h("textarea", {
    class: "plain-text",
    "aria-label": "Text of the document",
    placeholder: "Write something…",
    spellcheck: "false",
    autocapitalize: "off",
    autocomplete: "off",
  });
  const mirror = new Mirror();
  const carets = new Carets(doc, mirror, scope);
  const sheet = h("div", { class: "sheet plain-sheet" }, mirror.element, textarea, carets.element);
  const binding = bindTextarea(doc, textarea);
  scope.add(() => binding.destroy());
  const follow = (): void => {
    const { value } = textarea;
    const isHuge = value.length > MIRRORED_MAX;
    sheet.classList.toggle("huge", isHuge);
    mirror.show(isHuge ? "" : value);
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
    setReadOnly: (readOnly) => {
      textarea.readOnly = readOnly;
    },
    link: () => undefined,
    goTo: ({ head }) => {
      const box = head === null ? null : mirror.caret(head);
      if (box) scrollPageTo(page, box.top + mirror.element.getBoundingClientRect().top);
    },
  };
}
