// The byte form of operations (docs/op-format.md), right or wrong.
import { pack } from "./pack.js";

const RETAIN = 0;
const INSERT = 1;
const DELETE = 2;
const EMBED = 3;

export function varint(value) {
  const out = [];
  for (let left = BigInt(value); ; left >>= 7n) {
    if (left < 0x80n) return Buffer.from([...out, Number(left)]);
    out.push(Number(left & 0x7fn) | 0x80);
  }
}

// One component: `length` as it stands there, attributes and the embed's value as bytes.
export function component(kind, length, attributes = null, embed = Buffer.alloc(0)) {
  const low = (length % 16) << 3;
  const rest = Math.floor(length / 16);
  return Buffer.concat([
    Buffer.of(kind | low | (attributes ? 4 : 0) | (rest > 0 ? 0x80 : 0)),
    rest > 0 ? varint(rest) : Buffer.alloc(0),
    ...(attributes ? [varint(attributes.length), attributes] : []),
    embed,
  ]);
}

// An operation of components and text as they are.
export function assemble(comps, text = Buffer.alloc(0), wide = text.some((byte) => byte > 0x7f)) {
  const bytes = Buffer.concat(comps);
  return Buffer.concat([varint(bytes.length * 2 + (wide ? 1 : 0)), bytes, text]);
}

// op([{ retain: 1 }, { insert: "a", attributes: { bold: true } }, { insert: { image: "…" } }, { delete: 2 }]): as they are,
// in this order. Attributes and embeds may be `raw(…)`.
export function op(parts) {
  const comps = [];
  const text = [];
  for (const part of parts) {
    const attributes = part.attributes === undefined ? null : pack(part.attributes);
    if (part.retain !== undefined) comps.push(component(RETAIN, part.retain, attributes));
    else if (part.delete !== undefined) comps.push(component(DELETE, part.delete, attributes));
    else if (typeof part.insert === "string") {
      comps.push(component(INSERT, part.insert.length, attributes));
      text.push(Buffer.from(part.insert));
    } else {
      const embed = pack(part.insert);
      comps.push(component(EMBED, embed.length, attributes, embed));
    }
  }
  return assemble(comps, Buffer.concat(text));
}
