/*
 * Undo of one's own edits only. Two stacks hold what takes own edits back; what others did since is
 * held once, composed, on top of each stack, and is only worked into an item when that is asked for.
 * So an edit of others costs one composition, however deep the stacks are.
 */
import type { Document } from "./document.js";
import { compose, transform } from "./ot/algebra.js";
import { fromComponents, toComponents, type Component, type Op } from "./ot/op.js";

export interface UndoOptions {
  /** Edits that follow within this time are undone together. */
  captureMs?: number;
  /** Most steps that can be undone. */
  stepsMax?: number;
  /** Whether there is something to undo or to redo has changed: for buttons. */
  changed?: (state: UndoState) => void;
}

export interface UndoState {
  readonly canUndo: boolean;
  readonly canRedo: boolean;
}

const CAPTURE_MS = 1000;
const STEPS_MAX = 200;

/** Items from the bottom up; between them, what others did. */
class Stack {
  private items: { op: Op; foreign: Op }[] = [];

  get isEmpty(): boolean {
    return this.items.length === 0;
  }

  clear(): void {
    this.items = [];
  }

  /** An own edit was made, and `op` takes it back. */
  push(op: Op, stepsMax: number): void {
    this.items.push({ op, foreign: [] });
    if (this.items.length > stepsMax) this.items.shift();
  }

  /** The same, as a part of the step before it. */
  extend(op: Op): void {
    const last = this.pop();
    if (last === null) return;
    this.items.push({ op: compose(op, last), foreign: [] });
  }

  /** Others made an edit. */
  passOver(op: Op): void {
    const last = this.items[this.items.length - 1];
    if (last !== undefined) last.foreign = compose(last.foreign, op);
  }

  /** The topmost item as it now is, or null; what others did since sinks to the one below. */
  pop(): Op | null {
    const top = this.items.pop();
    if (top === undefined) return null;
    this.passOver(transform(top.foreign, top.op, "left"));
    return transform(top.op, top.foreign, "right");
  }
}

export class UndoManager {
  private readonly undoable = new Stack();
  private readonly redoable = new Stack();
  private readonly captureMs: number;
  private readonly stepsMax: number;
  private readonly tell: (state: UndoState) => void;
  private told: UndoState = { canUndo: false, canRedo: false };
  private lastEditAt = -Infinity;
  /** Own edits whose `change` is still to come. */
  private ownEdits = 0;
  private readonly stop: (() => void)[];

  constructor(
    private readonly document: Document,
    { captureMs = CAPTURE_MS, stepsMax = STEPS_MAX, changed = () => undefined }: UndoOptions = {},
  ) {
    this.captureMs = captureMs;
    this.stepsMax = stepsMax;
    this.tell = changed;
    this.stop = [
      document.on("change", (ops, { source }) => {
        if (source === "local" && this.ownEdits > 0) this.ownEdits--;
        else this.foreign(fromComponents(ops));
      }),
      document.on("reset", () => this.clear()),
    ];
  }

  get canUndo(): boolean {
    return !this.undoable.isEmpty;
  }

  get canRedo(): boolean {
    return !this.redoable.isEmpty;
  }

  /** Submits an edit of the user's, so that it can be undone; `now` in milliseconds. */
  submit(ops: readonly Component[], now = Date.now()): void {
    if (fromComponents(ops).length === 0) return;
    const inverse = fromComponents(this.document.invert(ops));
    if (now - this.lastEditAt < this.captureMs && !this.undoable.isEmpty) this.undoable.extend(inverse);
    else {
      this.undoable.push(inverse, this.stepsMax);
      this.lastEditAt = now;
    }
    this.redoable.clear();
    this.submitOwn(ops);
  }

  private submitOwn(ops: readonly Component[]): void {
    this.ownEdits++;
    try {
      this.document.submit(ops);
    } catch (error) {
      this.ownEdits--;
      this.clear();
      throw error;
    }
    this.noteState();
  }

  /** The next edit is a step of its own. */
  stopCapturing(): void {
    this.lastEditAt = -Infinity;
  }

  /** Takes the last step back. Returns the edit that did it, submitted already; null: nothing to undo. */
  undo(): Component[] | null {
    return this.step(this.undoable, this.redoable);
  }

  redo(): Component[] | null {
    return this.step(this.redoable, this.undoable);
  }

  /** Steps of which others have left nothing are passed over. */
  private step(from: Stack, to: Stack): Component[] | null {
    this.stopCapturing();
    for (let op = from.pop(); op !== null; op = from.pop()) {
      if (op.length === 0) continue;
      const ops = toComponents(op);
      to.push(fromComponents(this.document.invert(ops)), this.stepsMax);
      this.submitOwn(ops);
      return ops;
    }
    this.noteState();
    return null;
  }

  private foreign(op: Op): void {
    this.undoable.passOver(op);
    this.redoable.passOver(op);
  }

  clear(): void {
    this.undoable.clear();
    this.redoable.clear();
    this.stopCapturing();
    this.noteState();
  }

  private noteState(): void {
    const { canUndo, canRedo } = this;
    if (canUndo === this.told.canUndo && canRedo === this.told.canRedo) return;
    this.told = { canUndo, canRedo };
    this.tell(this.told);
  }

  destroy(): void {
    for (const end of this.stop) end();
  }
}
