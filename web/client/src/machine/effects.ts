/* What the machines ask their surroundings to do. */
import type { QuireError } from "../error.js";
import type { Op } from "../ot/op.js";
import type { ClientMessage } from "../wire/messages.js";

/**
 * loading: has no content yet; live: at the head of the log; offline: has content, but is not at the
 * head; closed: deleted, forbidden or closed by the user.
 */
export type DocumentStatus = "loading" | "live" | "offline" | "closed";

export type Effect =
  | { readonly kind: "send"; readonly message: ClientMessage }
  /** Store the state, then call `stored()`: only then may the edit in flight be sent. */
  | { readonly kind: "store" }
  /** Call `timer()` after so many milliseconds, once; it replaces an earlier one. */
  | { readonly kind: "timer"; readonly ms: number }
  /** The own cursor should be told to the server, when its time has come: `sendCursor()`. */
  | { readonly kind: "cursor" }
  | { readonly kind: "change"; readonly op: Op; readonly source: "local" | "remote" }
  | { readonly kind: "reset" }
  | { readonly kind: "status"; readonly status: DocumentStatus }
  | { readonly kind: "saved"; readonly saved: boolean }
  | { readonly kind: "draft"; readonly op: Op; readonly reason: string }
  | { readonly kind: "error"; readonly error: QuireError }
  | { readonly kind: "members" }
  | { readonly kind: "chat"; readonly message: ChatLine }
  /** Messages that were at hand are none of the server's any more. */
  | { readonly kind: "chats" }
  | { readonly kind: "title" }
  | { readonly kind: "role" };

export interface ChatLine {
  readonly number: number;
  readonly member: number;
  readonly name: string;
  readonly color: string;
  readonly at_ms: number;
  readonly text: string;
}
