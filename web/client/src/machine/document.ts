/*
 * The protocol of one document: no socket, no timer, no DOM. Messages, local edits and the ends of
 * waits go in; what has to be done about them comes out of `drain` as effects, after each input.
 *
 *     closed ──open──► opening ──OPENED──► behind ──reached head──► live
 *       ▲                 ▲                   │                      │
 *       └── disconnected ─┴────── repair ─────┴──────────────────────┘
 *
 * While it is opening, and while it is paused before another attempt, what the server says of the
 * log belongs to an earlier opening and is passed over: OPENED will begin where the client is.
 */
import { QuireError } from "../error.js";
import { decodeOp, encodeOp } from "../ot/codec.js";
import { Doc } from "../ot/document.js";
import { DELETE, type Op } from "../ot/op.js";
import type { ClientMessage, ServerMessage, ServerMessageOf } from "../wire/messages.js";
import { Chat } from "./chat.js";
import { Editing, type Edit } from "./editing.js";
import type { DocumentStatus, Effect } from "./effects.js";
import { Presence } from "./presence.js";
import { FINAL_CODES, remedyFor } from "./refusals.js";
import { TYPE_RICH, TYPE_TEXT, type DocumentState, type DocumentType, type Role } from "./state.js";

type Stage = "closed" | "opening" | "behind" | "live" | "paused";
/** Attempts at setting things right that follow one another at once; later ones wait. */
const QUICK_REPAIRS_MAX = 3;
const REPAIR_WAIT_MS = 1000;
/** After the server had to let go of the document. */
const REOPEN_WAIT_MS = 5000;
const REPAIR_WAIT_MAX_MS = 30_000;
/** An edit that the server keeps refusing for lack of room is tried again so often. */
const KEEP_RETRY_MS = 10_000;
const LATER_DEFAULT_MS = 2000;

export class DocumentMachine {
  readonly editing = new Editing();
  readonly presence = new Presence(this.editing);
  readonly chat = new Chat();
  title = "";
  type: DocumentType = "rich";
  role: Role = "viewer";
  /** The secret of a link to show, or null. */
  link: string | null = null;
  /** How many have the document open, listed or not. */
  people = 0;
  /** Why it is closed, or null. */
  closeCode: string | null = null;
  epoch: number | null = null;
  /** It has content to show and to edit, connected or not. */
  isLoaded = false;
  /** Set while the stored state has a buffer: edits made of it are stored before they are sent. */
  writeAhead = false;

  private stage: Stage = "closed";
  private openRef = 0;
  private head = 0;
  /** The server's count of this client's edits, as of the last OPENED. */
  private openedSeq = 0;
  /** Why edits are not sent at present, or null. */
  private held: "refused" | "waiting" | "storing" | null = null;
  /** How often the edit in flight was sent since the last OPEN, without an answer: only the last answer counts. */
  private copies = 0;
  private refusedCode: string | null = null;
  private onTimer: "send" | "reopen" | null = null;
  private repairs = 0;
  private isGone = false;
  private hasContent = false;
  /** The document is needed anew: until it has come, whatever happens, there is no going on from the version at hand. */
  private inDoubt = false;
  private effects: Effect[] = [];
  private lastStatus: DocumentStatus = "loading";
  private lastSaved = true;

  constructor(
    readonly id: string,
    readonly ch: number,
    private readonly nextRef: () => number,
  ) {}

  /** What has to be done since the last call. */
  drain(): Effect[] {
    this.noteStatus();
    const { effects } = this;
    this.effects = [];
    return effects;
  }

  private noteStatus(): void {
    const { status } = this;
    if (status !== this.lastStatus) this.effects.push({ kind: "status", status });
    this.lastStatus = status;
    const saved = this.editing.isSaved;
    if (saved !== this.lastSaved) this.effects.push({ kind: "saved", saved });
    this.lastSaved = saved;
    if (this.stage === "live" && this.presence.due() !== null) this.effects.push({ kind: "cursor" });
  }

  get status(): DocumentStatus {
    if (this.isGone) return "closed";
    if (!this.isLoaded) return "loading";
    return this.stage === "live" ? "live" : "offline";
  }

  /** What the server says of the log goes on where this client is. */
  private get isOpen(): boolean {
    return this.stage === "behind" || this.stage === "live";
  }

  get isLive(): boolean {
    return this.stage === "live";
  }

  /** `ref` is that of the OPEN that waits for its answer. */
  isOpening(ref: number | null): boolean {
    return this.stage === "opening" && ref === this.openRef;
  }

  get mayEdit(): boolean {
    return this.role === "owner" || this.role === "editor";
  }

  /** Why what is unsaved is not taken, as things are; null: it is, or its answer is still to come. */
  get refusal(): string | null {
    if (this.editing.isSaved || this.stage !== "live" || this.copies > 0) return null;
    if (!this.mayEdit) return "forbidden";
    return this.held === "refused" ? this.refusedCode : null;
  }

  private send(message: ClientMessage): void {
    this.effects.push({ kind: "send", message });
  }

  private report(code: string, text: string, retryMs: number | null = null, at: number | null = null): void {
    this.effects.push({ kind: "error", error: new QuireError(code, text, retryMs, at) });
  }

  /* ---- what outlives the page ---- */

  /** The state to store; null while there is nothing that would be lost. */
  state(): DocumentState | null {
    const { editing } = this;
    if (editing.isSaved || this.epoch === null) return null;
    return {
      epoch: this.epoch,
      version: editing.version,
      inDoubt: this.inDoubt,
      type: this.type === "text" ? TYPE_TEXT : TYPE_RICH,
      title: this.title,
      base: encodeOp(editing.base.toOp()),
      seq: editing.seq,
      inFlight: editing.inFlight === null ? null : encodeOp(editing.inFlight),
      buffer: encodeOp(editing.buffer),
      link: this.link,
    };
  }

  /** Takes up a stored state, before the first `open`. Throws OpError when it is damaged. */
  restore(state: DocumentState): void {
    const { editing } = this;
    const base = Doc.fromOp(decodeOp(state.base));
    const inFlight = state.inFlight === null ? null : decodeOp(state.inFlight);
    const buffer = decodeOp(state.buffer);
    const view = base.apply(inFlight ?? []).apply(buffer);
    editing.load(base, state.version, state.seq);
    editing.inFlight = inFlight;
    editing.inFlightSeq = state.seq + 1;
    editing.buffer = buffer;
    editing.view = view;
    this.epoch = state.epoch;
    this.link ??= state.link ?? null;
    this.type = state.type === TYPE_TEXT ? "text" : "rich";
    this.title = state.title;
    this.hasContent = true;
    this.inDoubt = state.inDoubt === true;
    this.isLoaded = true;
    this.role = "editor";
    this.effects.push({ kind: "reset" });
  }

  /** The state has been stored, as asked by the effect `store`. */
  stored(): void {
    if (this.held !== "storing") return;
    this.held = null;
    this.sendAgain();
  }

  /* ---- the connection ---- */

  /** The connection is ready: ask for the document, or for what was missed. */
  open(): void {
    if (this.isGone) return;
    if (this.held !== "storing") this.held = null;
    this.repairs = 0;
    this.requestOpen();
  }

  /** Asks for the document, or, if what is at hand is good, for what came after it. */
  private requestOpen(): void {
    this.stage = "opening";
    this.onTimer = null;
    this.openRef = this.nextRef();
    const known = this.hasContent && !this.inDoubt;
    this.send({
      kind: "open",
      ref: this.openRef,
      ch: this.ch,
      id: this.id,
      epoch: known ? this.epoch : null,
      version: known ? this.editing.version : null,
      chat: this.chat.last,
      link: this.link,
    });
  }

  /** The server knows this client no more and gave it a new number: its edits count from 1 again. */
  forgotten(): void {
    this.editing.startAnew();
  }

  disconnected(): void {
    if (this.stage === "closed") return;
    this.stage = "closed";
    this.onTimer = null;
    this.copies = 0;
    if (this.held === "waiting") this.held = null;
    if (this.presence.clear()) this.effects.push({ kind: "members" });
  }

  /** The user is done with it. */
  close(): void {
    if (this.stage !== "closed") this.send({ kind: "close", ch: this.ch });
    this.disconnected();
    this.isGone = true;
  }

  /* ---- the user ---- */

  /** A local edit, as the editor already shows it. Throws when it may or can not be made. */
  local(op: Op): void {
    if (!this.isLoaded || this.isGone) throw new QuireError("not_ready", "the document is not open");
    if (!this.mayEdit) throw new QuireError("forbidden", "this document may only be read");
    if (this.type === "text" && op.some((piece) => piece.embed !== null || piece.attributes !== null)) {
      throw new QuireError("not_text", "a text document has neither attributes nor embeds");
    }
    if (op.length === 0) return;
    this.editing.local(op);
    this.presence.viewChanged(op, "right");
    this.effects.push({ kind: "change", op, source: "local" });
    if (this.held === "refused" && op.some((piece) => piece.kind === DELETE)) this.held = null;
    this.flush();
  }

  /** The user gives up what is unsaved. What of it is on its way may be taken all the same: the server is asked. */
  discard(): void {
    const { editing } = this;
    if (editing.isSaved || this.isGone) return;
    editing.load(editing.base, editing.version, editing.seq);
    this.held = null;
    this.effects.push({ kind: "reset" });
    if (this.isOpen) this.repair(false);
    else this.inDoubt = true;
  }

  setCursor(anchor: number | null, head: number | null, data: string | null): void {
    this.presence.setCursor(anchor, head, data);
  }

  setTyping(typing: boolean, again: boolean): void {
    this.presence.setTyping(typing, again);
  }

  /** Tells the own cursor, if there is anything to tell. */
  sendCursor(): void {
    const cursor = this.presence.due();
    if (this.stage !== "live" || cursor === null) return;
    this.presence.told(cursor);
    this.send({ kind: "cursor", ch: this.ch, version: this.editing.version, ...cursor });
  }

  /** The time asked for by the effect `timer` has passed. */
  timer(): void {
    const what = this.onTimer;
    this.onTimer = null;
    if (what === "send") {
      this.held = null;
      this.sendAgain();
    } else if (what === "reopen") this.requestOpen();
  }

  private wait(ms: number, what: "send" | "reopen"): void {
    this.onTimer = what;
    this.effects.push({ kind: "timer", ms });
  }

  /* ---- edits on their way ---- */

  private get maySend(): boolean {
    return this.stage === "live" && this.held === null && this.mayEdit;
  }

  /** Sends the buffer, if it is its turn. */
  private flush(): void {
    if (!this.maySend) return;
    const edit = this.editing.next();
    if (edit === null) return;
    if (this.writeAhead) {
      this.held = "storing";
      this.effects.push({ kind: "store" });
    } else this.sendEdit(edit);
  }

  /** Sends the edit in flight as it now is; without one, the buffer. */
  private sendAgain(): void {
    if (!this.maySend) return;
    const edit = this.editing.again();
    if (edit === null) this.flush();
    else this.sendEdit(edit);
  }

  private sendEdit(edit: Edit): void {
    if (this.onTimer === "send") this.onTimer = null;
    this.copies++;
    this.send({ kind: "edit", ch: this.ch, ...edit });
  }

  /* ---- the server ---- */

  message(message: ServerMessage): void {
    switch (message.kind) {
      case "opened":
        return this.opened(message);
      case "edit":
        return this.remote(message.version, message.version, message.member, message.op);
      case "catchup":
        return this.remote(message.first, message.last, 0, message.op);
      case "ack":
        return this.acknowledged(message);
      case "hash":
        return this.checkHash(message);
      case "presence":
        return this.present(message);
      case "chat":
        if (this.isOpen && this.chat.add(message)) this.effects.push({ kind: "chat", message });
        return;
      case "renamed":
        if (this.isOpen) this.rename(message.title);
        return;
      case "closed":
        if (this.isOpen) this.closedByServer(message.code, message.text);
        return;
      case "role":
        return this.roleChanged(message.role as Role);
      case "error":
        return this.refused(message);
      default:
        return;
    }
  }

  private opened(message: ServerMessageOf<"opened">): void {
    const isAnswer = this.isOpening(message.ref);
    const isUnasked = message.ref === 0 && this.isOpen;
    if (!isAnswer && !isUnasked) return;
    /* Without a snapshot it has to know all that it had acknowledged. */
    if (message.snapshot === null && (!this.isKnown(message) || message.seq < this.editing.seq)) return this.repair(false);
    /* An edit on its way would be committed as it was, not as it is after the snapshot. Of what was
     * sent before OPEN, the answer to OPEN knows for certain whether it is in the log. */
    if (isUnasked && message.snapshot !== null && this.editing.inFlight !== null) {
      this.inDoubt = true;
      return this.requestOpen();
    }
    if (isAnswer) this.copies = 0;
    this.describe(message);
    if (message.snapshot !== null && !this.takeSnapshot(message, message.snapshot)) return;
    this.epoch = message.epoch;
    this.head = message.head;
    this.openedSeq = message.seq;
    if (this.held === "waiting" || (isAnswer && this.held === "refused")) this.held = null;
    this.stage = "behind";
    this.reachHead();
  }

  /** What is unsaved stays, on screen too: it is sent when a role comes that allows it. */
  private takeRole(role: Role): void {
    if (role === this.role) return;
    this.role = role;
    if (this.held === "refused") this.held = null;
    this.effects.push({ kind: "role" });
  }

  private roleChanged(role: Role): void {
    if (!this.isOpen) return;
    this.takeRole(role);
    /* One that is on its way has its answer coming. */
    if (this.copies === 0) this.sendAgain();
  }

  private isKnown(message: ServerMessageOf<"opened">): boolean {
    return this.hasContent && !this.inDoubt && message.version === this.editing.version && message.epoch === this.epoch;
  }

  private describe(message: ServerMessageOf<"opened">): void {
    this.type = message.type === TYPE_TEXT ? "text" : "rich";
    this.takeRole(message.role as Role);
    this.rename(message.title);
    this.presence.opened(message.member);
    if (this.chat.opened(message.chat)) this.effects.push({ kind: "chats" });
  }

  private rename(title: string): void {
    if (title === this.title) return;
    this.title = title;
    this.effects.push({ kind: "title" });
  }

  /** False when the snapshot is none. */
  private takeSnapshot(message: ServerMessageOf<"opened">, bytes: Uint8Array): boolean {
    let snapshot: Doc;
    try {
      snapshot = Doc.fromOp(decodeOp(bytes));
    } catch {
      this.repair(false);
      return false;
    }
    if (!this.hasContent) {
      this.editing.load(snapshot, message.version, message.seq);
      this.hasContent = true;
      this.effects.push({ kind: "reset" });
    } else this.rebase(snapshot, message);
    this.inDoubt = false;
    return true;
  }

  private rebase(snapshot: Doc, message: ServerMessageOf<"opened">): void {
    const { editing } = this;
    const hasLost = message.seq < editing.seq;
    const before = editing.view;
    const again = hasLost ? editing.offerAgain(snapshot, message.version, message.seq) : null;
    const change = again ?? editing.rebase(snapshot, message.version, message.seq);
    /* A backup was put back, or edits are lost that are not kept here: what the user saw is known only here. */
    const isRestored = message.epoch !== this.epoch || (hasLost && again === null);
    if (isRestored && change.some((piece) => piece.kind === DELETE)) {
      this.effects.push({ kind: "draft", op: before.toOp(), reason: "restored" });
    }
    this.presence.rebased(change);
    this.showRemote(change);
  }

  private showRemote(change: Op): void {
    if (change.length === 0) return;
    this.presence.viewChanged(change, "left");
    this.effects.push({ kind: "change", op: change, source: "remote" });
  }

  private remote(first: number, last: number, member: number, bytes: Uint8Array): void {
    if (!this.isOpen) return;
    if (first !== this.editing.version + 1 || last < first) return this.repair(true);
    let op: Op;
    let change: Op;
    try {
      op = decodeOp(bytes);
      change = this.editing.remote(op, last);
    } catch {
      return this.repair(false);
    }
    this.presence.committed(op, first, member);
    this.showRemote(change);
    this.reachHead();
  }

  private acknowledged(message: ServerMessageOf<"ack">): void {
    if (!this.isOpen) return;
    const { editing } = this;
    /* The answer to an edit sent twice. */
    if (message.version <= editing.version && message.seq <= editing.seq) return;
    if (message.version !== editing.version + 1) return this.repair(true);
    /* An edit of this client that it no longer has: only the document as a whole helps. */
    if (editing.inFlight === null || message.seq !== editing.inFlightSeq) return this.repair(false);
    const op = editing.acknowledge(message.version);
    this.copies = 0;
    this.presence.committed(op, message.version, this.presence.self);
    this.repairs = 0;
    if (this.stage === "live") this.flush();
    else this.reachHead();
  }

  /** Once all that was missed is here, what is not acknowledged is sent again. */
  private reachHead(): void {
    const { editing } = this;
    if (this.stage !== "behind" || editing.version < this.head) return;
    this.stage = "live";
    this.isLoaded = true;
    editing.renumber(this.openedSeq);
    if (editing.inFlight?.length === 0) editing.inFlight = null;
    this.sendAgain();
  }

  private present(message: ServerMessageOf<"presence">): void {
    if (!this.isOpen) return;
    this.people = message.people;
    this.presence.update(message.members, message.full, message.version);
    this.effects.push({ kind: "members" });
  }

  private checkHash(message: ServerMessageOf<"hash">): void {
    const { editing, ch } = this;
    if (!this.isOpen) return;
    if (message.version !== editing.version) return;
    const hash = editing.base.hash();
    if (hash === message.crc) {
      this.repairs = 0;
      return;
    }
    this.send({ kind: "diverged", ch, version: editing.version, hash });
    this.repair(false);
  }

  /* ---- what goes wrong ---- */

  /** Opens the channel again, from the version at hand or from a snapshot; after some attempts more slowly. */
  private repair(withVersion: boolean): void {
    if (!withVersion) this.inDoubt = true;
    this.repairs++;
    const slow = this.repairs - QUICK_REPAIRS_MAX;
    if (slow <= 0) return this.requestOpen();
    this.stage = "paused";
    this.wait(Math.min(REPAIR_WAIT_MS * 2 ** (slow - 1), REPAIR_WAIT_MAX_MS), "reopen");
  }

  private refused(message: ServerMessageOf<"error">): void {
    const { code, text, retry_ms: retryMs, at } = message;
    if (this.isOpening(message.ref)) return this.notOpened(code, text, retryMs);
    if (this.editing.inFlight === null || message.ref !== this.editing.inFlightSeq) {
      return this.report(code, text, retryMs, at);
    }
    if (!this.isOpen) return;
    this.copies = Math.max(0, this.copies - 1);
    if (this.copies > 0) return;
    const remedy = remedyFor(code, retryMs);
    if (remedy === "reopen") return this.repair(true);
    if (remedy === "reload") return this.repair(false);
    this.report(code, text, retryMs, at);
    if (remedy === "draft") return this.giveUpUnsaved(code);
    if (remedy === "later") {
      this.held = "waiting";
      return this.wait(retryMs ?? LATER_DEFAULT_MS, "send");
    }
    this.editing.takeBack();
    this.held = "refused";
    this.refusedCode = code;
    /* ROLE comes before the refusal, unless the server has lost track of what it told. */
    if (code === "forbidden") {
      if (this.mayEdit) this.repair(true);
    } else this.wait(retryMs ?? KEEP_RETRY_MS, "send");
  }

  private notOpened(code: string, text: string, retryMs: number | null): void {
    this.stage = "paused";
    if (retryMs !== null) this.wait(retryMs, "reopen");
    else this.end(code, text);
  }

  /** What can not be merged becomes a draft; the editor shows the document without it. */
  private giveUpUnsaved(reason: string): void {
    this.dropUnsaved(reason, this.editing.base);
    this.effects.push({ kind: "reset" });
    this.repair(false);
  }

  /** `shown`: what the user sees from now on. */
  private dropUnsaved(reason: string, shown: Doc): void {
    const { editing } = this;
    const op = editing.unsaved();
    editing.load(shown, editing.version, editing.seq);
    this.effects.push({ kind: "draft", op, reason });
  }

  private closedByServer(code: string, text: string): void {
    if (!FINAL_CODES.has(code)) {
      this.stage = "paused";
      return this.wait(REOPEN_WAIT_MS, "reopen");
    }
    this.end(code, text);
  }

  private end(code: string, text: string): void {
    this.stage = "closed";
    this.isGone = true;
    this.closeCode = code;
    this.onTimer = null;
    /* It stays on screen as it was, for the user to take what they need. */
    if (!this.editing.isSaved) this.dropUnsaved(code, this.editing.view);
    if (this.presence.clear()) this.effects.push({ kind: "members" });
    this.report(code, text);
  }
}
