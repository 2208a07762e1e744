/** Why bytes or components are no operation, or an operation does not fit a document. */
export type OpErrorCode =
  | "truncated"
  | "trailing_bytes"
  | "not_canonical"
  | "bad_length"
  | "bad_utf8"
  | "bad_value"
  | "bad_key"
  | "too_deep"
  | "bad_component"
  | "out_of_range"
  | "split_surrogate"
  | "not_a_document"
  | "not_text";

/** `at`: an offset in bytes for bytes, a position in UTF-16 units for documents. */
export class OpError extends Error {
  constructor(
    readonly code: OpErrorCode,
    readonly at: number | null = null,
  ) {
    super(at === null ? code : `${code} at ${at}`);
    this.name = "OpError";
  }
}
