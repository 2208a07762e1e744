/* What a document is to its user, and what of it outlives a page. */

/** On the wire. */
export const TYPE_RICH = 1;
export const TYPE_TEXT = 2;

export type DocumentType = "rich" | "text";
export type Role = "owner" | "editor" | "commenter" | "viewer";

/** What outlives a page: the document at a version, and what was not saved on it. */
export interface DocumentState {
  readonly epoch: number;
  readonly version: number;
  /** It was needed anew. */
  readonly inDoubt: boolean;
  readonly type: number;
  readonly title: string;
  readonly base: Uint8Array;
  readonly seq: number;
  readonly inFlight: Uint8Array | null;
  readonly buffer: Uint8Array;
  /** The secret of the link that it was opened by: perhaps the only right to it. */
  readonly link?: string | null;
}
