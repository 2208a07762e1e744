import { Delta } from "quill/core";
import { MARK_COLORS, TEXT_COLORS } from "../pure/palette.js";

type Matcher = (node: Node, delta: Delta) => Delta;

const OFFERED = new Set([...TEXT_COLORS, ...MARK_COLORS].map(({ value }) => value));

/** Pasted text keeps a colour only if the toolbar offers it: the black on white of other pages does not belong here. */
const dropForeignColors: Matcher = (_node, delta) =>
  new Delta(
    delta.ops.map((op) => {
      if (!op.attributes) return op;
      const kept = Object.entries(op.attributes).filter(([name, value]) => !isColorName(name) || OFFERED.has(String(value)));
      const { attributes: _, ...rest } = op;
      return kept.length > 0 ? { ...rest, attributes: Object.fromEntries(kept) } : rest;
    }),
  );

/** A picture inside of the page's address (data:) can be larger than an edit may be; one on the web stays a reference. */
const dropInlineImages: Matcher = (node, delta) => {
  const source = node instanceof Element ? (node.getAttribute("src") ?? "") : "";
  return /^https:/i.test(source) ? delta : new Delta();
};

function isColorName(name: string): boolean {
  return name === "color" || name === "background";
}

export const pasteRules: [string | number, Matcher][] = [
  [Node.ELEMENT_NODE, dropForeignColors],
  ["img", dropInlineImages],
];
