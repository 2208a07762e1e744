import type Quill from "quill/core";
import type { Range } from "quill/core";
import { isMac } from "../ui/dom.js";

interface Context {
  prefix: string;
  format: Record<string, unknown>;
}
interface This {
  quill: Quill;
}

/** `# ` to `### ` at the start of a line make a heading, `> ` a quotation; lists are Quill's own (`- `, `1. `, `[] `). */
function lineStart(prefix: RegExp, format: (prefix: string) => [string, unknown]) {
  return {
    key: " ",
    shiftKey: null,
    collapsed: true,
    format: { "code-block": false, list: false, blockquote: false, header: false },
    prefix,
    handler(this: This, range: Range, context: Context): boolean {
      const [name, value] = format(context.prefix);
      const start = range.index - context.prefix.length;
      this.quill.insertText(range.index, " ", "user");
      this.quill.deleteText(start, context.prefix.length + 1, "user");
      this.quill.formatLine(start, 1, name, value, "user");
      this.quill.setSelection(start, "silent");
      return false;
    },
  };
}

function lineFormat(key: string, name: string, value: unknown) {
  return {
    key,
    shortKey: true,
    altKey: true,
    handler(this: This, _range: Range, context: Context): boolean {
      this.quill.format(name, context.format[name] === value ? false : value, "user");
      return false;
    },
  };
}

/** By key code: what Shift makes of a digit differs from one keyboard layout to the next. */
function listFormat(digit: string, value: string) {
  return {
    key: digit.charCodeAt(0),
    shortKey: true,
    shiftKey: true,
    handler(this: This, _range: Range, context: Context): boolean {
      this.quill.format("list", context.format["list"] === value ? false : value, "user");
      return false;
    },
  };
}

export const keyRules = {
  heading: lineStart(/^#{1,3}$/, (prefix) => ["header", prefix.length]),
  quotation: lineStart(/^>$/, () => ["blockquote", true]),
  body: lineFormat("0", "header", false),
  header1: lineFormat("1", "header", 1),
  header2: lineFormat("2", "header", 2),
  header3: lineFormat("3", "header", 3),
  numbers: listFormat("7", "ordered"),
  bullets: listFormat("8", "bullet"),
  checks: listFormat("9", "unchecked"),
  strike: {
    key: ["x", "X"],
    shortKey: true,
    shiftKey: true,
    handler(this: This, _range: Range, context: Context): boolean {
      this.quill.format("strike", !context.format["strike"], "user");
      return false;
    },
  },
};

const command = isMac ? "⌘" : "Ctrl";
const option = isMac ? "⌥" : "Alt";
const shift = isMac ? "⇧" : "Shift";

/** What the help lists; the toolbar's hints use the same words. */
export const SHORTCUTS: { keys: string; action: string }[] = [
  { keys: `${command} B`, action: "Bold" },
  { keys: `${command} I`, action: "Italic" },
  { keys: `${command} U`, action: "Underline" },
  { keys: `${command} ${shift} X`, action: "Strike through" },
  { keys: `${command} K`, action: "Link" },
  { keys: `${command} ${option} 1–3`, action: "Heading 1 to 3 (0: body text)" },
  { keys: `${command} ${shift} 7`, action: "Numbered list" },
  { keys: `${command} ${shift} 8`, action: "Bulleted list" },
  { keys: `${command} ${shift} 9`, action: "Checklist" },
  { keys: `${command} Z`, action: "Undo what you did" },
  { keys: isMac ? "⌘ ⇧ Z" : "Ctrl Y", action: "Redo" },
  { keys: "# ## ### > - 1. []", action: "At the start of a line, then a space" },
  { keys: `${option} F10`, action: "To the toolbar, out of the text" },
  { keys: `${command} ${option} M`, action: "Show or hide the chat" },
  { keys: `${command} /`, action: "This list" },
];
