import { clientCodec, type ClientMessage } from "./wire/messages.js";

/* Small messages of one turn share a frame; a large one goes alone, since frames are limited. */
const FRAME_TARGET_BYTES = 16 * 1024;

/** Puts what is sent in one turn of the event loop into as few frames as reasonable. */
export class Outbox {
  private messages: ClientMessage[] = [];

  constructor(private readonly write: (frame: Uint8Array<ArrayBuffer>) => void) {}

  add(message: ClientMessage): void {
    if (this.messages.length === 0) queueMicrotask(() => this.flush());
    this.messages.push(message);
  }

  /** The socket is gone, and what was meant for it. */
  clear(): void {
    this.messages = [];
  }

  flush(): void {
    let frame: ClientMessage[] = [];
    let size = 0;
    const { messages } = this;
    this.messages = [];
    for (const message of messages) {
      const bytes = message.kind === "edit" ? message.op.length : 0;
      if (frame.length > 0 && size + bytes > FRAME_TARGET_BYTES) {
        this.write(clientCodec.encode(frame));
        frame = [];
        size = 0;
      }
      frame.push(message);
      size += bytes;
    }
    if (frame.length > 0) this.write(clientCodec.encode(frame));
  }
}
