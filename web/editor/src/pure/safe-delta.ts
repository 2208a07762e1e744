/**
 * What others send may hold anything; Quill trusts what it is given. An attribute or an embed that carries the name of one of
 * Quill's own parts ("text", "block") would break the editor of everybody who reads the document, and an unknown embed stops it.
 * So attributes that are not known are left out of what is shown, and unknown embeds are shown as placeholders of the same
 * length, which give back name and value unchanged.
 */
export interface Op {
  insert?: string | Record<string, unknown>;
  delete?: number;
  retain?: number | Record<string, unknown>;
  attributes?: Record<string, unknown>;
}

export const PLACEHOLDER = "unknown-embed";
export interface Unknown {
  name: string;
  value: unknown;
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
  alt: shortText,
  width: size,
  height: size,
};

export const FORMAT_NAMES = Object.keys(FORMATS).filter((name) => !["alt", "width", "height"].includes(name));

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
  if (typeof op.insert === "object") safe.insert = safeEmbed(op.insert);
  return safe;
}

function isSafeFormat(name: string, value: unknown): boolean {
  if (!Object.hasOwn(FORMATS, name)) return false;
  return value === null || (FORMATS[name] as Check)(value);
}

function safeEmbed(embed: Record<string, unknown>): Record<string, unknown> {
  const [name = "", value] = Object.entries(embed)[0] ?? [];
  if (name === "image" && typeof value === "string") return embed;
  return { [PLACEHOLDER]: { name, value } satisfies Unknown };
}

/** The text in an operation, for showing what could not be merged. */
export function insertedText(ops: readonly Op[]): string {
  return ops.map(({ insert }) => (typeof insert === "string" ? insert : "")).join("");
}
