/**
 * What others send may hold anything; Quill trusts what it is given. The binding lets only the formats of this table through, and
 * shows placeholders for embeds that are not known; here their values are looked at too, so that no heading of level 99 and no
 * colour that is none gets into the page. What is left out stays in the document, it is only not shown.
 */
export interface Op {
  insert?: string | Record<string, unknown>;
  delete?: number;
  retain?: number | Record<string, unknown>;
  attributes?: Record<string, unknown>;
}

type Check = (value: unknown) => boolean;
const yes: Check = (value) => value === true;
const oneOf = (...values: unknown[]): Check => (value) => values.includes(value);
const shortText: Check = (value) => typeof value === "string" && value.length <= 2048;
const color: Check = (value) => typeof value === "string" && /^(#[0-9a-f]{3,8}|[a-z]{3,20}|rgba?\([\d\s.,%]{5,40}\))$/i.test(value);
const size: Check = (value) => /^\d{1,5}(px|%)?$/.test(String(value));

const FORMATS: Record<string, Check> = {
  bold: yes,
  italic: yes,
  underline: yes,
  strike: yes,
  code: yes,
  blockquote: yes,
  script: oneOf("sub", "super"),
  link: shortText,
  color,
  background: color,
  header: oneOf(1, 2, 3, 4, 5, 6),
  list: oneOf("ordered", "bullet", "checked", "unchecked"),
  "code-block": (value) => value === true || value === "plain",
  indent: oneOf(1, 2, 3, 4, 5, 6, 7, 8),
  align: oneOf("center", "right", "justify"),
  direction: oneOf("rtl"),
};

const IMAGE_FORMATS: Record<string, Check> = { alt: shortText, width: size, height: size };

/** What the editor is made to show; images are the one embed among it. */
export const FORMAT_NAMES = [...Object.keys(FORMATS), "image"];

export function safeOps(ops: readonly Op[]): Op[] {
  return ops.map(safeOp);
}

function safeOp(op: Op): Op {
  const safe: Op = { ...op };
  if (op.attributes) {
    const kept = Object.entries(op.attributes).filter(([name, value]) => isSafeFormat(name, value));
    if (kept.length > 0) safe.attributes = Object.fromEntries(kept);
    else delete safe.attributes;
  }
  return safe;
}

function isSafeFormat(name: string, value: unknown): boolean {
  const table = Object.hasOwn(IMAGE_FORMATS, name) ? IMAGE_FORMATS : FORMATS;
  return Object.hasOwn(table, name) && (value === null || (table[name] as Check)(value));
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
