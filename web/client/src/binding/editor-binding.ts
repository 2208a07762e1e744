/*
 * What bindings of editors have in common. The editor shows the document as it was before the
 * changes held back: while a user composes text (an input method), nothing may change under them.
 */
import type { Document } from "../document.js";
import { QuireError } from "../error.js";
import { compose, transformPair, transformPosition } from "../ot/algebra.js";
import { fromComponents, toComponents, type Component, type Delta, type Op } from "../ot/op.js";
import { UndoManager, type UndoOptions } from "../undo.js";

export interface EditorPort {
  /** Tells, by `edited`, what the user has done and has not been told yet. */
  flush(): void;
  /** Changes what the editor shows; `isOwn`: by undo or redo. */
  apply(ops: Component[], isOwn: boolean): void;
  /** Shows this instead of everything. */
  show(contents: Delta): void;
}

export class EditorBinding {
  readonly undoManager: UndoManager;
  /** What the document has and the editor does not show yet. */
  private held: Op = [];
  private isHolding = false;
  private isPlanned = false;
  private isDestroyed = false;
  /** Edits that the editor shows already and whose `change` is still to come. */
  private ownEdits = 0;
  private readonly stop: (() => void)[];

  constructor(
    private readonly document: Document,
    private readonly port: EditorPort,
    undo: UndoOptions = {},
  ) {
    /* Before this binding's own listeners, so that it has heard of a change when `flush` makes an edit. */
    this.undoManager = new UndoManager(document, undo);
    this.stop = [
      document.on("change", (ops, { source }) => this.changed(ops, source === "local")),
      document.on("reset", (contents) => {
        this.held = [];
        this.port.show(contents);
      }),
    ];
  }

  private changed(ops: Component[], isLocal: boolean): void {
    if (isLocal && this.ownEdits > 0) {
      this.ownEdits--;
      return;
    }
    this.held = compose(this.held, fromComponents(ops));
    if (this.isHolding || this.isPlanned) return;
    /* All that one frame brings is shown at once. */
    this.isPlanned = true;
    queueMicrotask(() => {
      this.isPlanned = false;
      if (!this.isHolding && !this.isDestroyed) this.showHeld(false);
    });
  }

  private showHeld(isOwn: boolean): void {
    if (this.held.length === 0) return;
    this.port.flush();
    const held = toComponents(this.held);
    this.held = [];
    if (held.length > 0) this.port.apply(held, isOwn);
  }

  /**
   * The user has made an edit on what the editor shows. False when it was refused: then the editor
   * has been told to show the document instead.
   */
  edited(ops: readonly Component[]): boolean {
    const [held, own] = transformPair(this.held, fromComponents(ops));
    if (own.length === 0) {
      this.held = held;
      return true;
    }
    this.ownEdits++;
    try {
      this.undoManager.submit(toComponents(own));
      this.held = held;
      return true;
    } catch (error) {
      this.ownEdits--;
      this.held = [];
      this.port.show(this.document.contents());
      if (!(error instanceof QuireError)) throw error;
      this.document.report(error);
      return false;
    }
  }

  /** From now on changes are held back. */
  hold(): void {
    this.isHolding = true;
  }

  release(): void {
    this.isHolding = false;
    this.showHeld(false);
  }

  /** Tells where the user's selection is, in what the editor shows. */
  select(anchor: number | null, head: number | null): void {
    const place = (position: number): number => transformPosition(position, this.held, "left");
    this.document.setCursor(anchor === null ? null : place(anchor), head === null ? null : place(head));
  }

  undo(): void {
    this.step(() => this.undoManager.undo());
  }

  redo(): void {
    this.step(() => this.undoManager.redo());
  }

  private step(run: () => Component[] | null): void {
    this.port.flush();
    this.showHeld(false);
    try {
      run();
    } catch {
      /* It may not be made any more, such as after a change of rights. */
    }
    if (!this.isHolding) this.showHeld(true);
  }

  destroy(): void {
    this.isDestroyed = true;
    this.undoManager.destroy();
    for (const end of this.stop) end();
  }
}

/** A binding as programs see it. */
export interface Binding {
  undo(): void;
  redo(): void;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  destroy(): void;
}

export abstract class BoundEditor implements Binding {
  protected abstract readonly binding: EditorBinding;

  get canUndo(): boolean {
    return this.binding.undoManager.canUndo;
  }

  get canRedo(): boolean {
    return this.binding.undoManager.canRedo;
  }

  undo(): void {
    this.binding.undo();
  }

  redo(): void {
    this.binding.redo();
  }

  abstract destroy(): void;
}

/** Where the last change of `ops` ends: there the caret belongs after undo. */
export function endOfChange(ops: readonly Component[]): number {
  let at = 0;
  let end = 0;
  for (const op of ops) {
    if ("delete" in op) end = at;
    else if ("retain" in op) {
      at += op.retain;
      if (op.attributes !== undefined) end = at;
    } else {
      at += typeof op.insert === "string" ? op.insert.length : 1;
      end = at;
    }
  }
  return end;
}
