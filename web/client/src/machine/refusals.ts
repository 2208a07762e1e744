/* What to do about a refused edit: the table of docs/protocol.md section 6. */

export type Remedy =
  /** Open the channel again, going on from the version at hand; then send the edit again. */
  | "reopen"
  /** Fetch the document anew, keeping what is not saved. */
  | "reload"
  /** Fetch the document anew; what is not saved becomes a draft for the user. */
  | "draft"
  /** Keep the text, tell the user, and try again when things have changed. */
  | "keep"
  /** Send the edit again later. */
  | "later";

const REMEDIES: Readonly<Record<string, Remedy>> = {
  not_open: "reopen",
  bad_seq: "reopen",
  too_old: "reopen",
  bad_base: "reload",
  forbidden: "keep",
  document_full: "keep",
  storage_full: "later",
  overloaded: "later",
  rate_limited: "later",
  internal: "later",
  seq_conflict: "draft",
  out_of_range: "draft",
  split_surrogate: "draft",
  not_text: "draft",
  bad_format: "draft",
  bad_embed: "draft",
  bad_message: "draft",
  truncated: "draft",
  trailing_bytes: "draft",
  not_canonical: "draft",
  bad_length: "draft",
  bad_utf8: "draft",
  bad_value: "draft",
  bad_key: "draft",
  too_deep: "draft",
  bad_component: "draft",
  not_a_document: "draft",
};

/** A code of a later version is taken by what it says of trying again. */
export function remedyFor(code: string, retryMs: number | null): Remedy {
  return REMEDIES[code] ?? (retryMs === null ? "keep" : "later");
}

/** CLOSED with one of these is for good; with others the server had to let go of the document. */
export const FINAL_CODES: ReadonlySet<string> = new Set(["deleted", "forbidden"]);
