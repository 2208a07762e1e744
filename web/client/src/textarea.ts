/*
 * Binds a <textarea> to a text document: what the user types is submitted, what others
 * do is shown with the selection kept in place, and undo takes back only one's own edits.
 */
import { BoundEditor, EditorBinding, endOfChange, type Binding } from "./binding/editor-binding.js";
import { limitPaste, PASTE_MAX } from "./binding/paste-limit.js";
import type { Document } from "./document.js";
import { transformPosition } from "./ot/algebra.js";
import { fromComponents, isInsidePair, type Component } from "./ot/op.js";
import { isWellFormed } from "./ot/value.js";
import type { UndoOptions } from "./undo.js";

export type TextareaBinding = Binding;

export interface TextareaOptions {
  /** Longest text that can be pasted at once, in UTF-16 units; default PASTE_MAX. */
  pasteMax?: number;
  undo?: UndoOptions;
}

const LONE_SURROGATES = /[\ud800-\udfff]/gu;

/** The document must be ready. */
export function bindTextarea(doc: Document, element: HTMLTextAreaElement, options: TextareaOptions = {}): TextareaBinding {
  return new BoundTextarea(doc, element, options);
}

class BoundTextarea extends BoundEditor {
  protected readonly binding: EditorBinding;
  /** What the element shows, with `\n` for every line end as the element has it. */
  private shown = "";
  private isComposing = false;
  private isHalf = false;
  private readonly stop: (() => void)[];

  constructor(
    private readonly doc: Document,
    private readonly element: HTMLTextAreaElement,
    options: TextareaOptions,
  ) {
    super();
    const port = {
      flush: () => this.input(),
      apply: (ops: Component[], isOwn: boolean) => this.apply(ops, isOwn),
      show: () => this.showAll(),
    };
    this.binding = new EditorBinding(doc, port, options.undo);
    this.stop = [
      listen(element, "beforeinput", (event) => this.beforeInput(event as InputEvent)),
      listen(element, "input", () => this.input()),
      listen(element, "compositionstart", () => this.startComposing()),
      listen(element, "compositionend", () => this.endComposing()),
      listen(element, "keydown", (event) => this.keyDown(event as KeyboardEvent)),
      listen(element, "focus", () => this.select()),
      listen(element.ownerDocument, "selectionchange", () => this.select()),
      listen(element, "select", () => this.select()),
      limitPaste(element, options.pasteMax ?? PASTE_MAX, (error) => doc.report(error)),
    ];
    this.showAll();
  }

  destroy(): void {
    for (const end of this.stop) end();
    this.binding.destroy();
  }

  /* ---- from the user ---- */

  private input(): void {
    let { value } = this.element;
    if (value === this.shown) return;
    if (!isWellFormed(value)) {
      /* Some input methods put in the halves of a pair one after the other. */
      this.isHalf = !this.isHalf;
      if (this.isHalf) return;
      value = value.replace(LONE_SURROGATES, "\ufffd");
      this.element.value = value;
    }
    this.isHalf = false;
    const ops = difference(this.shown, value, this.element.selectionEnd ?? value.length);
    this.shown = value;
    if (this.binding.edited(ops)) this.select();
  }

  private beforeInput(event: InputEvent): void {
    if (event.inputType === "historyUndo" || event.inputType === "historyRedo") {
      event.preventDefault();
      if (event.inputType === "historyUndo") this.undo();
      else this.redo();
    }
  }

  /** The browser's own history is out of step with the text, so it may not even offer a historyUndo. */
  private keyDown(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing || event.altKey) return;
    if (!(event.ctrlKey || event.metaKey)) return;
    const key = event.key.toLowerCase();
    const isUndo = key === "z" && !event.shiftKey;
    const isRedo = (key === "z" && event.shiftKey) || (key === "y" && event.ctrlKey);
    if (!isUndo && !isRedo) return;
    event.preventDefault();
    if (isUndo) this.undo();
    else this.redo();
  }

  private startComposing(): void {
    this.isComposing = true;
    this.binding.hold();
  }

  private endComposing(): void {
    this.isComposing = false;
    this.input();
    this.binding.release();
  }

  private select(): void {
    const { element } = this;
    if (element.ownerDocument.activeElement !== element || this.isComposing) return;
    if (element.value !== this.shown) return;
    const { selectionStart: start, selectionEnd: end } = element;
    if (start === null || end === null) return;
    if (element.selectionDirection === "backward") this.binding.select(end, start);
    else this.binding.select(start, end);
  }

  /* ---- to the user ---- */

  private apply(ops: Component[], isOwn: boolean): void {
    const op = fromComponents(ops);
    const end = isOwn ? endOfChange(ops) : null;
    this.show(applyToText(this.shown, ops), (position) => end ?? transformPosition(position, op, "left"));
  }

  private showAll(): void {
    const text = this.doc.text();
    const old = this.shown;
    const change = fromComponents(difference(old, displayed(text), text.length));
    this.show(text, (position) => transformPosition(position, change, "left"));
  }

  /** Replaces the text, keeping the selection and the scrolling. */
  private show(text: string, place: (position: number) => number): void {
    const { element } = this;
    const { selectionStart, selectionEnd, selectionDirection, scrollTop, scrollLeft } = element;
    this.shown = displayed(text);
    if (element.value !== this.shown) element.value = this.shown;
    if (selectionStart !== null && selectionEnd !== null) {
      element.setSelectionRange(place(selectionStart), place(selectionEnd), selectionDirection ?? "none");
    }
    element.scrollTop = scrollTop;
    element.scrollLeft = scrollLeft;
  }
}

/** A textarea turns every `\r` into a line end, and `\r\n` into one: other signs keep the positions right. */
function displayed(text: string): string {
  return text.includes("\r") ? text.replaceAll("\r", "\u240d") : text;
}

function listen(target: EventTarget, name: string, listener: (event: Event) => void): () => void {
  target.addEventListener(name, listener);
  return () => target.removeEventListener(name, listener);
}

/**
 * The edit that made `after` of `before`, when the caret is at `caret` behind it: of several equal
 * letters the one at the caret was typed or taken away.
 */
export function difference(before: string, after: string, caret: number): Component[] {
  const shorter = Math.min(before.length, after.length);
  const suffixMax = Math.max(0, Math.min(shorter, after.length - caret));
  let suffix = 0;
  while (suffix < suffixMax && before[before.length - 1 - suffix] === after[after.length - 1 - suffix]) suffix++;
  let prefix = 0;
  while (prefix < shorter - suffix && before[prefix] === after[prefix]) prefix++;
  while (suffix < shorter - prefix && before[before.length - 1 - suffix] === after[after.length - 1 - suffix]) suffix++;
  if (isInsidePair(before, prefix) || isInsidePair(after, prefix)) prefix--;
  while (isInsidePair(before, before.length - suffix) || isInsidePair(after, after.length - suffix)) suffix--;
  const inserted = after.slice(prefix, after.length - suffix);
  const deleted = before.length - suffix - prefix;
  return [{ retain: prefix }, { insert: inserted }, { delete: deleted }];
}

function applyToText(text: string, ops: readonly Component[]): string {
  let result = "";
  let at = 0;
  for (const op of ops) {
    if ("delete" in op) at += op.delete;
    else if ("retain" in op) {
      result += text.slice(at, at + op.retain);
      at += op.retain;
    } else if (typeof op.insert === "string") result += op.insert;
  }
  return result + text.slice(at);
}
