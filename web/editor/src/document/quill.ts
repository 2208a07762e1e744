import { QUILL_FORMATS } from "@quire/client/quill";
import Quill, { Delta, Parchment } from "quill/core";
import { AlignClass } from "quill/formats/align.js";
import Blockquote from "quill/formats/blockquote.js";
import Bold from "quill/formats/bold.js";
import CodeBlock, { Code } from "quill/formats/code.js";
import { ColorAttributor } from "quill/formats/color.js";
import { DirectionAttribute } from "quill/formats/direction.js";
import Header from "quill/formats/header.js";
import Image from "quill/formats/image.js";
import Indent from "quill/formats/indent.js";
import Italic from "quill/formats/italic.js";
import Link from "quill/formats/link.js";
import List from "quill/formats/list.js";
import Script from "quill/formats/script.js";
import Strike from "quill/formats/strike.js";
import Underline from "quill/formats/underline.js";
import { bulkInsert, type Op } from "../pure/ops.js";
import { pasteRules } from "./paste.js";
import { keyRules } from "./keys.js";

/** A colour that the style sheet can adapt to a dark page: it is put into a custom property as well. */
class AdaptiveColor extends ColorAttributor {
  readonly #property: string;

  constructor(attrName: string, keyName: string, property: string) {
    super(attrName, keyName, { scope: Parchment.Scope.INLINE });
    this.#property = property;
  }

  override add(node: HTMLElement, value: string): boolean {
    const added = super.add(node, value);
    if (added) node.style.setProperty(this.#property, value);
    return added;
  }

  override remove(node: HTMLElement): void {
    node.style.removeProperty(this.#property);
    super.remove(node);
  }
}

/** Fonts and sizes are left to the style sheet. */
export const FORMAT_NAMES = QUILL_FORMATS.filter((name) => name !== "font" && name !== "size");

let registered = false;

function register(): void {
  if (registered) return;
  registered = true;
  const color = new AdaptiveColor("color", "color", "--text-color");
  const background = new AdaptiveColor("background", "background-color", "--mark-color");
  const parts = {
    "attributors/style/color": color,
    "attributors/style/background": background,
    "formats/align": AlignClass,
    "formats/background": background,
    "formats/blockquote": Blockquote,
    "formats/bold": Bold,
    "formats/code": Code,
    "formats/code-block": CodeBlock,
    "formats/color": color,
    "formats/direction": DirectionAttribute,
    "formats/header": Header,
    "formats/image": Image,
    "formats/indent": Indent,
    "formats/italic": Italic,
    "formats/link": Link,
    "formats/list": List,
    "formats/script": Script,
    "formats/strike": Strike,
    "formats/underline": Underline,
  };
  Quill.register(parts, true);
}

export function createQuill(container: HTMLElement, refusedFiles: () => void): Quill {
  register();
  const quill = new Quill(container, {
    placeholder: "Write something…",
    formats: FORMAT_NAMES,
    modules: {
      history: { userOnly: true },
      keyboard: { bindings: keyRules },
      clipboard: { matchers: pasteRules },
      uploader: { mimetypes: ["image/png", "image/jpeg", "image/gif", "image/webp"], handler: refusedFiles },
    },
  });
  speedUp(quill);
  quill.root.setAttribute("role", "textbox");
  quill.root.setAttribute("aria-multiline", "true");
  quill.root.setAttribute("aria-label", "Text of the document");
  quill.root.setAttribute("spellcheck", "true");
  return quill;
}

/** Many lines that come at once, as when they are pasted, go in the way that takes Quill time in proportion to their number, and not to its square. */
function speedUp(quill: Quill): void {
  const { editor } = quill;
  const applyDelta = editor.applyDelta.bind(editor);
  editor.applyDelta = (delta) => {
    const { ops } = delta;
    const bulk = bulkInsert(ops as Op[]);
    if (bulk === null) return applyDelta(delta);
    const inserted = editor.insertContents(bulk.index, new Delta(ops.slice(bulk.from, bulk.to)));
    const rest = new Delta().retain(bulk.index + bulk.length).concat(new Delta(ops.slice(bulk.to)));
    return inserted.compose(applyDelta(rest));
  };
}
