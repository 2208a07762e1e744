/*
 * The end of the log as this client saw it, kept for the day on which the server knows less than it
 * had acknowledged: after a disk that lied, or a backup that was put back. Then own edits of it are
 * offered again.
 */
import { compose, transform } from "../ot/algebra.js";
import { INSERT, type Op } from "../ot/op.js";

interface Entry {
  readonly op: Op;
  /** Made on the document after it. */
  readonly inverse: Op;
  /** Of an own edit; null: of others. */
  readonly seq: number | null;
}

/** What was lost, on the document as it was before the first lost edit of this client. */
export interface Lost {
  /** Own edits alone, and what was not saved. */
  readonly own: Op;
  /** Leads back there, one after the other, from the document at hand. */
  readonly inverses: readonly Op[];
}

const ENTRIES_MAX = 200;
const UNITS_MAX = 0x100000;

export class Tail {
  private entries: Entry[] = [];
  private units = 0;

  clear(): void {
    this.entries = [];
    this.units = 0;
  }

  /** Nothing is kept of what came before the first own edit: nobody would need it. */
  add(op: Op, inverse: Op, seq: number | null): void {
    if (this.entries.length === 0 && seq === null) return;
    const entry = { op, inverse, seq };
    this.entries.push(entry);
    this.units += unitsOf(entry);
    while (this.entries.length > ENTRIES_MAX || this.units > UNITS_MAX || this.entries[0]?.seq === null) {
      this.units -= unitsOf(this.entries.shift()!);
    }
  }

  /** Takes out own edits after `seq` and all that came with them, before `unsaved`; null if not all of them are kept. */
  takeAfter(seq: number, unsaved: Op): Lost | null {
    const first = this.entries.findIndex((entry) => entry.seq === seq + 1);
    if (first < 0) return null;
    const inverses: Op[] = [];
    let own = unsaved;
    /* From the last to the first: an own edit comes before what follows it; what follows one of
     * others is rewritten as if that had been taken back. */
    for (let i = this.entries.length - 1; i >= first; i--) {
      const { op, inverse, seq: isOwn } = this.entries[i]!;
      inverses.push(inverse);
      own = isOwn === null ? transform(own, inverse, "right") : compose(op, own);
    }
    for (const entry of this.entries.splice(first)) this.units -= unitsOf(entry);
    return { own, inverses };
  }
}

function unitsOf(entry: Entry): number {
  return textLength(entry.op) + textLength(entry.inverse);
}

function textLength(op: Op): number {
  return op.reduce((sum, piece) => sum + 1 + (piece.kind === INSERT ? piece.length : 0), 0);
}
