import type { UndoState } from "@quire/client";
import type Quill from "quill/core";
import { MARK_COLORS, TEXT_COLORS, type Swatch } from "../pure/palette.js";
import { h, setText, type Child, type Scope } from "../ui/dom.js";
import { icon, type IconName } from "../ui/icons.js";
import { menuFor } from "../ui/menu.js";
import { Popover } from "../ui/popover.js";

export interface ToolbarActions {
  undo: () => void;
  redo: () => void;
  link: () => void;
}

interface Tool {
  icon: IconName;
  label: string;
  keys?: string;
  format: string;
  value: unknown;
}

const INLINE: Tool[] = [
  { icon: "bold", label: "Bold", keys: "Control+B", format: "bold", value: true },
  { icon: "italic", label: "Italic", keys: "Control+I", format: "italic", value: true },
  { icon: "underline", label: "Underline", keys: "Control+U", format: "underline", value: true },
  { icon: "strike", label: "Strike through", keys: "Control+Shift+X", format: "strike", value: true },
];

const BLOCKS: Tool[] = [
  { icon: "bullets", label: "Bulleted list", keys: "Control+Shift+8", format: "list", value: "bullet" },
  { icon: "numbers", label: "Numbered list", keys: "Control+Shift+7", format: "list", value: "ordered" },
  { icon: "check", label: "Checklist", keys: "Control+Shift+9", format: "list", value: "unchecked" },
  { icon: "quote", label: "Quotation", format: "blockquote", value: true },
  { icon: "code", label: "Code block", format: "code-block", value: true },
];

const STYLES = [
  { label: "Body text", value: false },
  { label: "Heading 1", value: 1 },
  { label: "Heading 2", value: 2 },
  { label: "Heading 3", value: 3 },
] as const;

/** The strip above the text. Its buttons are one stop of the Tab key; arrow keys go from one to the next. */
export class Toolbar {
  readonly element: HTMLElement;
  readonly #quill: Quill;
  readonly #style = h("span", { class: "style-name" }, "Body text");
  readonly #toggles: { tool: Tool; button: HTMLButtonElement }[] = [];
  readonly #colorButton = toolButton("color", "Colour of text and background");
  readonly #linkButton = toolButton("link", "Link", "Control+K");
  readonly #undoButton = toolButton("undo", "Undo", "Control+Z");
  readonly #redoButton = toolButton("redo", "Redo", "Control+Y");

  constructor(quill: Quill, scope: Scope, actions: ToolbarActions) {
    this.#quill = quill;
    const clear = toolButton("clear", "Clear formatting");
    clear.addEventListener("click", () => this.#clear());
    this.#linkButton.addEventListener("click", () => actions.link());
    this.#undoButton.addEventListener("click", () => actions.undo());
    this.#redoButton.addEventListener("click", () => actions.redo());
    this.showHistory({ canUndo: false, canRedo: false });
    this.element = h(
      "div",
      { class: "tools", role: "toolbar", "aria-label": "Formatting" },
      h(
        "div",
        { class: "tools-inner" },
        group(this.#undoButton, this.#redoButton),
        group(this.#styleButton()),
        group(...INLINE.map((tool) => this.#toggle(tool)), this.#colors()),
        group(...BLOCKS.map((tool) => this.#toggle(tool))),
        group(this.#linkButton, clear),
      ),
    );
    // The text keeps its selection while a button is pressed.
    this.element.addEventListener("mousedown", (event) => event.preventDefault());
    this.element.addEventListener("keydown", (event) => this.#move(event));
    const update = (): void => this.#update();
    quill.on("editor-change", update);
    scope.add(() => quill.off("editor-change", update));
    this.#focusable(this.#buttons()[0]);
  }

  focus(): void {
    this.#buttons().find((button) => button.tabIndex === 0)?.focus();
  }

  showHistory({ canUndo, canRedo }: UndoState): void {
    setEnabled(this.#undoButton, canUndo);
    setEnabled(this.#redoButton, canRedo);
  }

  #toggle(tool: Tool): HTMLButtonElement {
    const button = toolButton(tool.icon, tool.label, tool.keys);
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      this.#quill.focus({ preventScroll: true });
      const active = isActive(tool, this.#quill.getFormat());
      this.#quill.format(tool.format, active ? false : tool.value, "user");
    });
    this.#toggles.push({ tool, button });
    return button;
  }

  #styleButton(): HTMLButtonElement {
    const button = h("button", { type: "button", class: "tool tool-style", title: "Style of the paragraph" }, this.#style, icon("down", "icon-small"));
    menuFor(button, () => {
      const current = this.#formats()["header"] ?? false;
      return STYLES.map(({ label, value }) => ({ label, checked: current === value, run: () => this.#apply("header", value) }));
    }).element.classList.add("style-menu");
    return button;
  }

  #colors(): HTMLButtonElement {
    const popover: Popover = new Popover(this.#colorButton, "color-card", () => {
      const formats = this.#formats();
      const pick = (format: string) => (value: string | false) => {
        popover.hide();
        this.#apply(format, value);
      };
      return [
        swatchRow("Text", "No text colour", TEXT_COLORS, formats["color"], "text-swatch", pick("color")),
        swatchRow("Background", "No background colour", MARK_COLORS, formats["background"], "mark-swatch", pick("background")),
      ];
    });
    return this.#colorButton;
  }

  #apply(format: string, value: unknown): void {
    this.#quill.focus({ preventScroll: true });
    this.#quill.format(format, value, "user");
  }

  #clear(): void {
    const range = this.#quill.getSelection(true);
    if (range.length > 0) {
      this.#quill.removeFormat(range.index, range.length, "user");
      return;
    }
    for (const name of Object.keys(this.#quill.getFormat(range))) this.#quill.format(name, false, "user");
  }

  #formats(): Record<string, unknown> {
    const range = this.#quill.selection.savedRange;
    return this.#quill.getFormat(range.index, range.length);
  }

  #update(): void {
    const range = this.#quill.getSelection();
    if (!range) return;
    const formats = this.#quill.getFormat(range);
    for (const { tool, button } of this.#toggles) setPressed(button, isActive(tool, formats));
    this.#linkButton.classList.toggle("active", typeof formats["link"] === "string");
    this.#colorButton.classList.toggle("active", Boolean(formats["color"] ?? formats["background"]));
    const style = STYLES.find(({ value }) => value === formats["header"]);
    setText(this.#style, formats["header"] === undefined ? "Body text" : (style?.label ?? "Mixed"));
  }

  #buttons(): HTMLButtonElement[] {
    return [...this.element.querySelectorAll<HTMLButtonElement>(".tool")];
  }

  #focusable(chosen: HTMLButtonElement | undefined): void {
    for (const button of this.#buttons()) button.tabIndex = button === chosen ? 0 : -1;
  }

  #move(event: KeyboardEvent): void {
    if (!(event.target instanceof HTMLElement) || !event.target.classList.contains("tool")) return;
    if (event.key === "Escape") {
      this.#quill.focus();
      return;
    }
    const buttons = this.#buttons();
    const at = buttons.indexOf(event.target as HTMLButtonElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined) return;
    const next = buttons[(to + buttons.length) % buttons.length];
    this.#focusable(next);
    next?.focus();
    event.preventDefault();
  }
}

function isActive(tool: Tool, formats: Record<string, unknown>): boolean {
  const value = formats[tool.format];
  if (tool.value === "unchecked") return value === "checked" || value === "unchecked";
  return tool.value === true ? Boolean(value) : value === tool.value;
}

function setPressed(button: HTMLButtonElement, pressed: boolean): void {
  button.setAttribute("aria-pressed", String(pressed));
  button.classList.toggle("active", pressed);
}

function toolButton(name: IconName, label: string, keys = ""): HTMLButtonElement {
  const title = keys ? `${label} (${keys.replace("Control", "Ctrl")})` : label;
  return h("button", { type: "button", class: "tool", title, "aria-label": label, "aria-keyshortcuts": keys || null }, icon(name));
}

/** A button that can do nothing keeps its place among the arrow keys' stops: the attribute `disabled` would take the focus from it. */
function setEnabled(button: HTMLButtonElement, enabled: boolean): void {
  button.setAttribute("aria-disabled", String(!enabled));
}

function group(...buttons: Child[]): HTMLElement {
  return h("div", { class: "tool-group", role: "group" }, ...buttons);
}

function swatchRow(
  label: string,
  none: string,
  swatches: readonly Swatch[],
  current: unknown,
  className: string,
  pick: (value: string | false) => void,
): HTMLElement {
  const row = h("div", { class: "swatch-row", role: "radiogroup", "aria-label": label });
  for (const { name, value } of [{ name: none, value: "" }, ...swatches]) {
    const chosen = value === (current ?? "");
    const title = value ? `${label}: ${name}` : none;
    const button = h("button", { type: "button", class: className, role: "radio", "aria-checked": String(chosen), "aria-label": title, title }, "A");
    if (value) button.style.setProperty(className === "text-swatch" ? "--text-color" : "--mark-color", value);
    button.addEventListener("click", () => pick(value || false));
    row.append(button);
  }
  return h("div", {}, h("div", { class: "menu-heading" }, label), row);
}
