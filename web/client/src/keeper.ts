/*
 * Keeps the stored state of one document up to date while it has unsaved edits.
 *
 * A stored buffer is the danger: were it sent without the storage knowing, a page that comes back
 * would send it again. So while the storage holds a buffer (`writeAhead`), an edit made of the buffer is
 * stored as an edit in flight before it is sent; its number then tells whether it had arrived.
 */
import type { DocumentMachine } from "./machine/document.js";
import type { Session } from "./session.js";

/** Edits that are saved sooner than this are never stored. */
const STORE_DELAY_MS = 150;

export class Keeper {
  private timer: ReturnType<typeof setTimeout> | null = null;
  private hasRecord = false;
  private localEdits = 0;
  private storedEdits = 0;
  private writes = 0;
  private lastWrite: Promise<void> = Promise.resolve();

  private session: Session | null = null;

  constructor(private readonly machine: DocumentMachine) {}

  /** Takes up what was stored for the document. */
  async restore(session: Session | null): Promise<void> {
    this.session = session;
    const state = await session?.load(this.machine.id);
    if (state === undefined || state === null) return;
    this.hasRecord = true;
    this.machine.writeAhead = true;
    this.machine.restore(state);
  }

  /** What is unsaved outlives this page. */
  get isStored(): boolean {
    return this.machine.editing.isSaved || this.storedEdits === this.localEdits;
  }

  edited(): void {
    this.localEdits++;
    this.schedule();
  }

  /** The document has become saved: its record has to go. */
  saved(): void {
    if (this.hasRecord) this.schedule();
  }

  private schedule(): void {
    if (this.session !== null) this.timer ??= setTimeout(() => void this.flush(), STORE_DELAY_MS);
  }

  /** Stores the state as it is now, or removes it when there is nothing unsaved. */
  flush(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.session === null) return Promise.resolve();
    const { session, machine, localEdits } = this;
    const state = machine.state();
    if (state === null && !this.hasRecord) return this.lastWrite;
    const hasBuffer = state !== null && machine.editing.buffer.length > 0;
    this.hasRecord = state !== null;
    /* From when the write begins until another one without a buffer has ended. */
    machine.writeAhead ||= hasBuffer;
    const write = ++this.writes;
    /* Not after the write before: a page that goes away would not come to it. */
    const writing = state === null ? session.remove(machine.id) : session.save(machine.id, state);
    this.lastWrite = writing.then(
      () => {
        this.storedEdits = Math.max(this.storedEdits, localEdits);
        if (write === this.writes) machine.writeAhead = hasBuffer;
      },
      /* A full or forbidden storage: everything goes on, only less safely. */
      () => undefined,
    );
    return this.lastWrite;
  }
}
