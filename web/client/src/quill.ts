/*
 * Binds a Quill 2 editor to a rich document.
 *
 * Quill's text always ends with a newline, a document's need not. While it does not, the editor's
 * last newline is one that only the editor has; the first edit of the user puts it into the document.
 */
import type Quill from "quill";
import { BoundEditor, EditorBinding, endOfChange, type Binding } from "./binding/editor-binding.js";
import { limitPaste, PASTE_MAX } from "./binding/paste-limit.js";
import { QuillCursors } from "./binding/quill-cursors.js";
import { QUILL_FORMATS } from "./binding/quill-formats.js";
import { QuillGuard } from "./binding/quill-guard.js";
import type { Document } from "./document.js";
import { QuireError } from "./error.js";
import { compose } from "./ot/algebra.js";
import { diff } from "./ot/diff.js";
import { Doc } from "./ot/document.js";
import { fromComponents, toComponents, type Component, type Op } from "./ot/op.js";
import type { UndoOptions } from "./undo.js";

export { QUILL_FORMATS } from "./binding/quill-formats.js";

export interface QuillOptions {
  /** Draw the carets and selections of others; default true. */
  cursors?: boolean;
  /** Formats that may be in the document; default QUILL_FORMATS. */
  formats?: readonly string[];
  /** false: the editor itself sees to what Quill may be shown. */
  guard?: boolean;
  /** Longest text that can be pasted at once, in UTF-16 units; default PASTE_MAX. */
  pasteMax?: number;
  undo?: UndoOptions;
}

export type QuillBinding = Binding;

/** The document must be ready. */
export function bindQuill(doc: Document, quill: Quill, options: QuillOptions = {}): QuillBinding {
  return new BoundQuill(doc, quill, options);
}

interface KeyBinding {
  readonly key: string;
  /* The platform's short key is one of these two. */
  readonly ctrlKey?: boolean | null;
  readonly metaKey?: boolean | null;
}

interface DeltaLike {
  readonly ops: unknown[];
  length(): number;
}

const UNDO_KEYS: readonly string[] = ["z", "Z", "y"];

class BoundQuill extends BoundEditor {
  protected readonly binding: EditorBinding;
  private readonly guard: QuillGuard | null;
  private readonly cursors: QuillCursors | null;
  /** The editor's last newline is not in the document. */
  private hasOwnEnd = false;
  /** A change that the editor makes because it was told to. */
  private isShowing = false;
  private readonly stop: (() => void)[];

  constructor(
    private readonly doc: Document,
    private readonly quill: Quill,
    options: QuillOptions,
  ) {
    super();
    this.guard = options.guard === false ? null : new QuillGuard(quill, options.formats ?? QUILL_FORMATS);
    const port = {
      flush: () => void quill.update("user"),
      apply: (ops: Component[], isOwn: boolean) => this.apply(ops, isOwn),
      show: () => this.showAll(),
    };
    this.binding = new EditorBinding(doc, port, options.undo);
    const textChanged = (delta: unknown, old: unknown): void => this.textChanged(delta as DeltaLike, old as DeltaLike);
    const selectionChanged = (): void => this.select();
    const composing = (): void => this.binding.hold();
    const composed = (): void => this.binding.release();
    quill.on("text-change", textChanged);
    quill.on("selection-change", selectionChanged);
    quill.emitter.on("composition-start", composing);
    quill.emitter.on("composition-end", composed);
    this.stop = [
      () => void quill.off("text-change", textChanged),
      () => void quill.off("selection-change", selectionChanged),
      () => void quill.emitter.off("composition-start", composing),
      () => void quill.emitter.off("composition-end", composed),
      this.takeOverHistory(),
      limitPaste(quill.container, options.pasteMax ?? PASTE_MAX, (error) => doc.report(error)),
    ];
    this.showAll();
    this.cursors = options.cursors === false ? null : new QuillCursors(doc, quill);
  }

  destroy(): void {
    for (const end of this.stop) end();
    this.cursors?.destroy();
    this.binding.destroy();
  }

  /* ---- from the user ---- */

  /** Whatever has changed the editor, if it was not this binding: it is the user's edit. */
  private textChanged(delta: DeltaLike, old: DeltaLike): void {
    if (this.isShowing) return;
    const made = delta.ops as Component[];
    const allowed = this.guard === null ? made : this.guard.fromEditor(made);
    let op: Op;
    try {
      op = fromComponents(allowed);
    } catch {
      return this.showAll();
    }
    if (this.hasOwnEnd) {
      const newline = fromComponents([{ retain: old.length() - 1 }, { insert: "\n" }]);
      op = compose(newline, op);
      this.hasOwnEnd = false;
    }
    if (!this.binding.edited(toComponents(op))) return;
    if (this.guard !== null && !sameOps(made, allowed)) this.showAll();
    this.select();
  }

  private select(): void {
    const range = this.quill.hasFocus() ? this.quill.getSelection() : null;
    if (range !== null) this.binding.select(range.index, range.index + range.length);
  }

  /* ---- to the user ---- */

  private apply(ops: Component[], isOwn: boolean): void {
    const endsOpen = this.endsOpen();
    if (endsOpen !== this.hasOwnEnd) this.showAll();
    else {
      this.update(this.guard?.toEditor(ops) ?? ops);
      if (this.quill.getLength() !== this.expectedLength()) this.showAll();
    }
    if (isOwn) this.quill.setSelection(endOfChange(ops), 0, "user");
  }

  private update(ops: Component[]): void {
    this.isShowing = true;
    try {
      this.quill.updateContents(ops as never, "api");
    } finally {
      this.isShowing = false;
    }
  }

  /** Makes the editor show the document, changing as little as possible. */
  private showAll(): void {
    this.hasOwnEnd = this.endsOpen();
    const contents = [...this.doc.contents().ops, ...(this.hasOwnEnd ? [{ insert: "\n" }] : [])];
    const wanted = fromComponents(this.guard?.toEditor(contents) ?? contents);
    /* Changes take Quill time in proportion to the square of their lines, contents do not. */
    const isBlank = this.quill.getLength() === 1;
    const shown = isBlank ? null : this.shownDoc();
    if (shown !== null) this.update(toComponents(diff(shown, Doc.fromOp(wanted))));
    if (shown === null || this.quill.getLength() !== this.expectedLength()) this.showAnew(toComponents(wanted));
  }

  /** What the editor shows; null when that is no document, as with one half of a surrogate pair. */
  private shownDoc(): Doc | null {
    try {
      return Doc.fromOp(fromComponents(this.quill.getContents().ops as Component[]));
    } catch {
      return null;
    }
  }

  private showAnew(wanted: Component[]): void {
    const range = this.quill.getSelection();
    this.isShowing = true;
    try {
      this.quill.setContents(wanted as never, "api");
      if (range !== null) this.quill.setSelection(range, "silent");
    } finally {
      this.isShowing = false;
    }
    if (this.quill.getLength() === this.expectedLength()) return;
    /* Edits would go to the wrong places. */
    this.quill.disable();
    throw new QuireError("not_shown", "Quill can not show this document: it makes another length of it");
  }

  private expectedLength(): number {
    return this.doc.length + (this.hasOwnEnd ? 1 : 0);
  }

  /** Does the document end without a newline? */
  private endsOpen(): boolean {
    const [last] = this.doc.contents(this.doc.length - 1).ops;
    return last === undefined || !("insert" in last) || last.insert !== "\n";
  }

  /* ---- undo ---- */

  /** Quill's history would undo the edits of others: it hands over, and records nothing. */
  private takeOverHistory(): () => void {
    const { history, keyboard } = this.quill;
    const { record, undo, redo } = history;
    history.clear();
    history.record = () => undefined;
    history.undo = () => this.undo();
    history.redo = () => this.redo();
    const bindings = keyboard.bindings as unknown as Record<string, KeyBinding[]>;
    const before = UNDO_KEYS.map((key) => bindings[key]);
    for (const key of UNDO_KEYS) {
      bindings[key] = (bindings[key] ?? []).filter(({ ctrlKey, metaKey }) => ctrlKey !== true && metaKey !== true);
    }
    keyboard.addBinding({ key: "z", shortKey: true }, () => this.undo());
    keyboard.addBinding({ key: ["z", "Z"], shortKey: true, shiftKey: true }, () => this.redo());
    keyboard.addBinding({ key: "y", shortKey: true }, () => this.redo());
    return () => {
      Object.assign(history, { record, undo, redo });
      UNDO_KEYS.forEach((key, i) => {
        if (before[i] === undefined) delete bindings[key];
        else bindings[key] = before[i];
      });
    };
  }
}

function sameOps(a: readonly Component[], b: readonly Component[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
