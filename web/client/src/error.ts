/**
 * What went wrong, as the server or the client names it (docs/protocol.md section 8; of the client
 * itself: `closed`, `not_ready`, `too_large`, `no_room`, `not_shown`, `bad_frame`, `no_token`,
 * `no_websocket`, `other_user`).
 */
export class QuireError extends Error {
  constructor(
    readonly code: string,
    message: string,
    /** Trying again after so many milliseconds can help. */
    readonly retryMs: number | null = null,
    /** An offset in the message's bytes, or a position in the document. */
    readonly at: number | null = null,
  ) {
    super(message);
    this.name = "QuireError";
  }
}
