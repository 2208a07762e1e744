/** A component of an operation. */
export interface Op {
  insert?: string | Record<string, unknown>;
  delete?: number;
  retain?: number | Record<string, unknown>;
  attributes?: Record<string, unknown>;
}

/** The text in an operation, for showing what could not be merged. */
export function insertedText(ops: readonly Op[]): string {
  return ops.map(({ insert }) => (typeof insert === "string" ? insert : "")).join("");
}

/** From this many lines on, an insert is a bulk. */
export const BULK_LINES = 50;

/** Ops `from` to `to` put `length` units of many lines at `index`, with nothing before them but the way there. */
export function bulkInsert(ops: readonly Op[]): { index: number; from: number; to: number; length: number } | null {
  const [first] = ops;
  const skips = typeof first?.retain === "number" && first.attributes === undefined;
  const from = skips ? 1 : 0;
  let to = from;
  let length = 0;
  let lines = 0;
  for (let op = ops[to]; op?.insert !== undefined; op = ops[++to]) {
    length += typeof op.insert === "string" ? op.insert.length : 1;
    if (typeof op.insert === "string") lines += op.insert.split("\n").length - 1;
  }
  return lines < BULK_LINES ? null : { index: skips ? (first.retain as number) : 0, from, to, length };
}
