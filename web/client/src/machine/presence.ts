/*
 * Who is in a document, and where. Positions are held as of the document at the version the client
 * has reached, and moved over every edit as the server moves them.
 */
import { transformPosition, type Side } from "../ot/algebra.js";
import type { Op } from "../ot/op.js";
import type { MemberLine } from "../wire/fields.js";
import type { Editing } from "./editing.js";

/** One open view of the document: the same person may have several. */
export interface Member {
  readonly member: number;
  readonly name: string;
  readonly color: string;
  /** The selection in what the user sees, from `anchor` to `head`; null: none. */
  readonly anchor: number | null;
  readonly head: number | null;
  readonly typing: boolean;
  /** What the member's client put there for its own use. */
  readonly data: string | null;
  /** This view itself. */
  readonly self: boolean;
}

interface Place {
  anchor: number | null;
  head: number | null;
}

interface Known extends Place {
  name: string;
  color: string;
  typing: boolean;
  data: string | null;
}

/** Edits kept for presence that is older than the document at hand. */
const RECENT_EDITS_MAX = 256;

interface RecentEdit {
  readonly first: number;
  readonly member: number;
  readonly op: Op;
}

export interface CursorState extends Place {
  readonly typing: boolean;
  readonly data: string | null;
}

export class Presence {
  self = 0;
  private readonly members = new Map<number, Known>();
  private recent: RecentEdit[] = [];

  /* What the user's cursor is, in the view, and what the server thinks it is, in the base. */
  private cursor: Place = { anchor: null, head: null };
  private data: string | null = null;
  private typing = false;
  private sent: CursorState = { anchor: null, head: null, typing: false, data: null };
  private mustSend = false;

  constructor(private readonly editing: Editing) {}

  /** The channel was opened: the server knows nothing of this member's cursor. */
  opened(self: number): void {
    this.self = self;
    this.sent = { anchor: null, head: null, typing: false, data: null };
    this.mustSend = false;
  }

  clear(): boolean {
    const had = this.members.size > 0;
    this.members.clear();
    this.recent = [];
    return had;
  }

  /** A PRESENCE message. */
  update(lines: readonly MemberLine[], full: boolean, version: number): void {
    if (full) {
      const kept = new Set(lines.map((line) => line.member));
      for (const member of this.members.keys()) if (!kept.has(member)) this.members.delete(member);
    }
    for (const line of lines) this.updateMember(line, version);
  }

  private updateMember(line: MemberLine, version: number): void {
    if (line.left) {
      this.members.delete(line.member);
      return;
    }
    const profile = line.profile ?? this.members.get(line.member);
    if (profile === undefined) return;
    const { anchor, head, typing, data } = line;
    const known: Known = { name: profile.name, color: profile.color, anchor, head, typing, data };
    for (const edit of this.recent) {
      if (edit.first > version) move(known, edit.op, edit.member === line.member ? "right" : "left");
    }
    this.members.set(line.member, known);
  }

  /** An edit was committed. `member`: its author; 0: nobody who is here, or several. */
  committed(op: Op, first: number, member: number): void {
    this.recent.push({ first, member, op });
    if (this.recent.length > RECENT_EDITS_MAX) this.recent.shift();
    for (const [id, known] of this.members) move(known, op, id === member ? "right" : "left");
    const sent = { ...this.sent };
    move(sent, op, member === this.self ? "right" : "left");
    this.sent = sent;
  }

  /** The document was exchanged: `op` leads from the old one to the new. */
  rebased(op: Op): void {
    this.recent = [];
    for (const known of this.members.values()) move(known, op, "left");
  }

  /** Members with their positions in what the user sees. */
  list(): Map<number, Member> {
    const list = new Map<number, Member>();
    for (const [member, known] of this.members) {
      const self = member === this.self;
      const shown = (position: number | null): number | null =>
        position === null ? null : this.editing.toView(position, self);
      list.set(member, { member, ...known, anchor: shown(known.anchor), head: shown(known.head), self });
    }
    return list;
  }

  /* ---- the own cursor ---- */

  setCursor(anchor: number | null, head: number | null, data: string | null): void {
    this.cursor = { anchor, head };
    this.data = data;
  }

  /** `again`: say so even if the server has been told, since it forgets. */
  setTyping(typing: boolean, again: boolean): void {
    this.typing = typing;
    this.mustSend ||= again;
  }

  /** The view has changed under the cursor: by own typing, or by others. */
  viewChanged(op: Op, side: Side): void {
    move(this.cursor, op, side);
  }

  /** What the server has to be told about the own cursor, or null. */
  due(): CursorState | null {
    const { editing } = this;
    const { anchor, head } = this.cursor;
    const state: CursorState = {
      anchor: anchor === null ? null : editing.toBase(anchor),
      head: head === null ? null : editing.toBase(head),
      typing: this.typing,
      data: this.data,
    };
    return this.mustSend || !sameCursor(state, this.sent) ? state : null;
  }

  told(state: CursorState): void {
    this.sent = state;
    this.mustSend = false;
  }
}

function sameCursor(a: CursorState, b: CursorState): boolean {
  return a.anchor === b.anchor && a.head === b.head && a.typing === b.typing && a.data === b.data;
}

function move(place: Place, op: Op, side: Side): void {
  if (place.anchor !== null) place.anchor = transformPosition(place.anchor, op, side);
  if (place.head !== null) place.head = transformPosition(place.head, op, side);
}
