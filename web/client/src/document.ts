/*
 * A document as programs see it: the protocol machine with events, timers and the storage around it.
 */
import { Emitter } from "./emitter.js";
import { QuireError } from "./error.js";
import { Keeper } from "./keeper.js";
import type { ConnectionMachine } from "./machine/connection.js";
import type { DocumentMachine } from "./machine/document.js";
import type { ChatLine, DocumentStatus, Effect } from "./machine/effects.js";
import type { Member } from "./machine/presence.js";
import type { DocumentType, Role } from "./machine/state.js";
import { OpError } from "./ot/errors.js";
import { fromComponents, toComponents, type Component, type Delta } from "./ot/op.js";
import { Sharing } from "./sharing.js";
import type { Session } from "./session.js";
import type { ClientMessage } from "./wire/messages.js";

/** Where a change comes from: "local" is this document's own `submit`. */
export type ChangeSource = "local" | "remote";

export interface ChatMessage {
  readonly number: number;
  readonly name: string;
  readonly color: string;
  readonly at: Date;
  readonly text: string;
  /** Written on this connection's view of the document. */
  readonly own: boolean;
}

/** Text that could not be merged, kept for the user. */
export interface Draft {
  /** What was not saved, as a change; for "restored" the document as the user saw it. */
  readonly ops: Component[];
  /** An error's code, or "restored": the server was put back to an earlier state. */
  readonly reason: string;
}

export type DocumentEvents = {
  change: [ops: Component[], info: { source: ChangeSource }];
  reset: [contents: Delta];
  saved: [saved: boolean];
  status: [status: DocumentStatus, detail: { code?: string }];
  draft: [draft: Draft];
  error: [error: QuireError];
  members: [members: Map<number, Member>];
  chat: [message: ChatMessage];
  chats: [messages: ChatMessage[]];
  title: [title: string];
  role: [role: Role];
};

const CURSOR_EVERY_MS = 50;
/* The server forgets after 6 s that somebody types. */
const TYPING_AGAIN_MS = 3000;
const TYPING_ENDS_MS = 6000;
const CHAT_PAGE = 50;
const NONCE_MAX = 2 ** 52;

/** What a document needs of its connection. */
export interface DocumentHost {
  readonly machine: ConnectionMachine;
  enqueue(message: ClientMessage): void;
  /** Closed by the program, and nothing is left to save. */
  finished(document: Document): void;
  /** Unsaved text that could not be merged, when the program has closed the document. */
  draft(draft: Draft): void;
}

export class Document extends Emitter<DocumentEvents> {
  /** Has its content; rejects when the document can not be opened. */
  readonly ready: Promise<void>;
  readonly chat: DocumentChat;
  readonly sharing: Sharing;
  private readonly keeper: Keeper;
  private effects: Effect[] = [];
  private isDispatching = false;
  private isClosed = false;
  /** Finished: the machine is used no more. */
  private isGone = false;
  private retryTimer: ReturnType<typeof setTimeout> | null = null;
  private cursorTimer: ReturnType<typeof setTimeout> | null = null;
  private cursorSentAt = 0;
  private typingTimer: ReturnType<typeof setTimeout> | null = null;
  private typingSaidAt = 0;
  private becomeReady!: () => void;
  private failReady!: (error: QuireError) => void;

  /** Made by `Connection.open`. */
  constructor(
    private readonly host: DocumentHost,
    private readonly machine: DocumentMachine,
    session: Promise<Session | null>,
  ) {
    super();
    this.keeper = new Keeper(machine);
    this.chat = new DocumentChat(host, machine);
    this.sharing = new Sharing(host.machine, machine.id);
    this.ready = new Promise((resolve, reject) => {
      this.becomeReady = resolve;
      this.failReady = reject;
    });
    this.ready.catch(() => undefined);
    void this.start(session);
  }

  private async start(session: Promise<Session | null>): Promise<void> {
    try {
      await this.keeper.restore(await session);
    } catch {
      /* A damaged record or no storage: what the server has is still there. */
    }
    if (this.isGone) return;
    this.drain();
    this.host.machine.start(this.machine);
  }

  get id(): string {
    return this.machine.id;
  }

  get type(): DocumentType {
    return this.machine.type;
  }

  get title(): string {
    return this.machine.title;
  }

  get role(): Role {
    return this.machine.role;
  }

  /** The version reached; what the user sees may hold unsaved edits beyond it. */
  get version(): number {
    return this.machine.editing.version;
  }

  /** The number of this view among the members. */
  get member(): number {
    return this.machine.presence.self;
  }

  get status(): DocumentStatus {
    return this.isClosed ? "closed" : this.machine.status;
  }

  /** Nothing unsent, nothing unacknowledged. */
  get saved(): boolean {
    return this.machine.editing.isSaved;
  }

  /** What is unsaved, as a change. */
  unsaved(): Component[] {
    return toComponents(this.machine.editing.unsaved());
  }

  /** Why the server does not take what is unsaved, as things are: an error's code, or null. */
  get refusal(): string | null {
    return this.machine.refusal;
  }

  /** Gives up what is unsaved, and shows the document as the server has it. */
  discard(): void {
    this.machine.discard();
    this.drain();
  }

  /** What is unsaved outlives this page: it is in the storage, or there is nothing unsaved. */
  get stored(): boolean {
    return this.keeper.isStored;
  }

  /** Length of what the user sees, in UTF-16 code units. */
  get length(): number {
    return this.machine.editing.view.length;
  }

  /** What the user sees, unsaved edits included; the whole, or the part from `start` to `end`. */
  contents(start = 0, end = this.length): Delta {
    const { view } = this.machine.editing;
    const isWhole = start <= 0 && end >= view.length;
    if (isWhole) return { ops: toComponents(view.toOp()) };
    return { ops: toComponents(view.slice(Math.max(0, start), Math.min(end, view.length))) };
  }

  /** The text of what the user sees, without embeds. */
  text(): string {
    return this.machine.editing.view.text();
  }

  /** What takes back `ops`, which are about to be submitted. */
  invert(ops: readonly Component[]): Component[] {
    return checked(() => toComponents(this.machine.editing.view.invert(fromComponents(ops))));
  }

  /** Everybody who is here, this view included; positions are in what the user sees. */
  get members(): Map<number, Member> {
    return this.machine.presence.list();
  }

  /** How many are here in all: of very many, `members` lists only some. */
  get people(): number {
    return this.machine.people;
  }

  /**
   * A local edit, as the editor already shows it. Throws QuireError, and changes nothing, when it
   * does not fit the document or may not be made.
   */
  submit(ops: readonly Component[]): void {
    checked(() => this.machine.local(fromComponents(ops)));
    this.drain();
  }

  /** For bindings: an edit of the user's could not be taken, and is not in the document. */
  report(error: QuireError): void {
    this.emit("error", error);
  }

  /** The own selection in what the user sees; null: none. `data`: at most 64 bytes for one's own use. */
  setCursor(anchor: number | null, head: number | null = anchor, data: string | null = null): void {
    this.machine.setCursor(anchor, anchor === null ? null : head, data);
    this.drain();
  }

  /** The user is typing; holds for 6 seconds, or until told otherwise. */
  setTyping(typing: boolean): void {
    const isAgain = typing && Date.now() - this.typingSaidAt > TYPING_AGAIN_MS;
    if (isAgain) this.typingSaidAt = Date.now();
    if (!typing) this.typingSaidAt = 0;
    this.machine.setTyping(typing, isAgain);
    if (this.typingTimer !== null) clearTimeout(this.typingTimer);
    this.typingTimer = typing ? setTimeout(() => this.setTyping(false), TYPING_ENDS_MS) : null;
    this.drain();
  }

  /** Ends it for this program; what is not saved is still sent, or kept for the next time. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.setTyping(false);
    this.machine.setCursor(null, null, null);
    this.emit("status", "closed", {});
    this.failReady(new QuireError("closed", "the document was closed"));
    this.removeListeners();
    void this.keeper.flush();
    this.finishIfDone();
  }

  /** Taken up again by `Connection.open`; false when it is over and another one is needed. */
  reopen(): boolean {
    if (this.isGone || this.machine.status === "closed") {
      this.finish();
      return false;
    }
    this.isClosed = false;
    return true;
  }

  private finishIfDone(): void {
    if (this.isClosed && (this.saved || this.machine.status === "closed")) this.finish();
  }

  private finish(): void {
    if (this.isGone) return;
    this.isGone = true;
    this.stopTimers();
    this.host.finished(this);
  }

  /** The connection ends for good. */
  async end(): Promise<void> {
    this.isGone = true;
    this.stopTimers();
    if (!this.isClosed) {
      this.isClosed = true;
      this.emit("status", "closed", {});
      this.failReady(new QuireError("closed", "the connection was closed"));
    }
    await this.keeper.flush();
  }

  private stopTimers(): void {
    for (const timer of [this.retryTimer, this.cursorTimer, this.typingTimer]) {
      if (timer !== null) clearTimeout(timer);
    }
    this.retryTimer = this.cursorTimer = this.typingTimer = null;
  }

  /** The page may go away: what is unsaved is written now. */
  store(): Promise<void> {
    return this.keeper.flush();
  }

  /* ---- what the machine wants done ---- */

  /**
   * Carries out the effects of the last input. A listener that edits in the middle of it only
   * lengthens the queue, so that all listeners see all changes in one order.
   */
  drain(): void {
    this.effects.push(...this.machine.drain());
    if (this.isDispatching) return;
    this.isDispatching = true;
    for (let effect = this.effects.shift(); effect !== undefined; effect = this.effects.shift()) {
      this.carryOut(effect);
    }
    this.isDispatching = false;
    if (this.machine.isLoaded) this.becomeReady();
    this.finishIfDone();
  }

  private carryOut(effect: Effect): void {
    switch (effect.kind) {
      case "send":
        return this.host.enqueue(effect.message);
      case "store":
        return void this.keeper.flush().then(() => {
          this.machine.stored();
          this.drain();
        });
      case "timer":
        return this.setRetry(effect.ms);
      case "cursor":
        return this.tellCursor();
      case "change":
        if (effect.source === "local") this.keeper.edited();
        return this.emit("change", toComponents(effect.op), { source: effect.source });
      case "saved":
        if (effect.saved) this.keeper.saved();
        return this.emit("saved", effect.saved);
      case "status":
        return this.tellStatus(effect.status);
      default:
        return this.tell(effect);
    }
  }

  private tell(effect: Exclude<Effect, { kind: "send" | "store" | "timer" | "cursor" | "change" | "saved" | "status" }>): void {
    switch (effect.kind) {
      case "reset":
        return this.emit("reset", this.contents());
      case "draft":
        return this.tellDraft({ ops: toComponents(effect.op), reason: effect.reason });
      case "error":
        if (this.machine.status === "closed") this.failReady(effect.error);
        return this.emit("error", effect.error);
      case "members":
        return this.emit("members", this.members);
      case "chat":
        return this.emit("chat", this.chat.received(effect.message));
      case "chats":
        return this.emit("chats", this.chat.reset());
      case "title":
        return this.emit("title", this.title);
      case "role":
        return this.emit("role", this.role);
    }
  }

  private tellDraft(draft: Draft): void {
    if (this.isClosed) this.host.draft(draft);
    else this.emit("draft", draft);
  }

  private tellStatus(status: DocumentStatus): void {
    if (this.isClosed) return;
    const code = this.machine.closeCode;
    this.emit("status", status, code === null ? {} : { code });
  }

  private setRetry(ms: number): void {
    if (this.retryTimer !== null) clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => {
      this.retryTimer = null;
      this.machine.timer();
      this.drain();
    }, ms);
  }

  /** At most one CURSOR in 50 ms; the latest counts. */
  private tellCursor(): void {
    if (this.cursorTimer !== null) return;
    const wait = this.cursorSentAt + CURSOR_EVERY_MS - Date.now();
    if (wait <= 0) return this.sendCursor();
    this.cursorTimer = setTimeout(() => {
      this.cursorTimer = null;
      this.sendCursor();
    }, wait);
  }

  private sendCursor(): void {
    this.cursorSentAt = Date.now();
    this.machine.sendCursor();
    this.drain();
  }
}

/** Runs `make`, whose errors become those of this package's face. */
function checked<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof OpError)) throw error;
    throw new QuireError(error.code, `the edit does not fit the document: ${error.message}`, null, error.at);
  }
}

export class DocumentChat {
  private readonly ownNumbers = new Set<number>();

  constructor(
    private readonly host: DocumentHost,
    private readonly machine: DocumentMachine,
  ) {}

  /** The messages at hand, oldest first. */
  get messages(): ChatMessage[] {
    return this.machine.chat.lines.map((line) => this.describe(line));
  }

  /** Resolves with the message's number once everybody gets it; goes on trying over breaks. */
  async send(text: string): Promise<number> {
    const nonce = 1 + Math.floor(Math.random() * NONCE_MAX);
    const { machine } = this;
    const answer = await this.host.machine.request((ref) => ({ kind: "chat", ref, ch: machine.ch, nonce, text }), {
      machine,
    });
    const number = answer.kind === "done" && typeof answer.value === "number" ? answer.value : 0;
    this.ownNumbers.add(number);
    return number;
  }

  /** Fetches messages from before those at hand. True when there are still older ones. */
  async older(): Promise<boolean> {
    const { machine } = this;
    const before = machine.chat.oldest;
    if (before <= 1) return false;
    const message = { kind: "chats", ch: machine.ch, before, limit: CHAT_PAGE } as const;
    const answer = await this.host.machine.request((ref) => ({ ...message, ref }), { machine });
    if (answer.kind !== "chats") return false;
    machine.chat.prepend(answer.messages);
    return machine.chat.oldest > 1;
  }

  /** A message has come. */
  received(line: ChatLine): ChatMessage {
    if (line.member === this.machine.presence.self) this.ownNumbers.add(line.number);
    return this.describe(line);
  }

  /** Messages are gone, and their numbers are given to others. Returns those that are left. */
  reset(): ChatMessage[] {
    const numbers = new Set(this.machine.chat.lines.map(({ number }) => number));
    for (const number of this.ownNumbers) if (!numbers.has(number)) this.ownNumbers.delete(number);
    return this.messages;
  }

  private describe(line: Omit<ChatLine, "member">): ChatMessage {
    const { number, name, color, text } = line;
    return { number, name, color, at: new Date(line.at_ms), text, own: this.ownNumbers.has(number) };
  }
}
