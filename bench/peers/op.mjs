// Operations on plain text as arrays: n retains, -n deletes, a string inserts. Their bytes are those of
// docs/op-format.md, and transform and compose those of docs/protocol.md, section 7.

const varint = (out, n) => { while (n > 127) { out.push((n & 127) | 128); n = Math.floor(n / 128) } out.push(n) }

export function encode (op) {
  const comps = []
  let text = ''
  for (const part of op) {
    const kind = typeof part === 'string' ? 1 : isRetain(part) ? 0 : 2
    const length = kind === 1 ? part.length : Math.abs(part)
    if (kind === 1) text += part
    comps.push(kind | (length & 15) << 3 | (length > 15 ? 128 : 0))
    if (length > 15) varint(comps, Math.floor(length / 16))
  }
  const utf8 = Buffer.from(text)
  const head = []
  varint(head, comps.length * 2 + (utf8.length > text.length ? 1 : 0))
  return Buffer.concat([Buffer.from(head), Buffer.from(comps), utf8])
}

export function decode (bytes) {
  let at = 0
  const read = () => { let n = 0; let scale = 1; let b; do { b = bytes[at++]; n += (b & 127) * scale; scale *= 128 } while (b > 127); return n }
  const head = read()
  const end = at + (head >> 1)
  const text = head & 1 ? bytes.utf8Slice(end) : bytes.latin1Slice(end)
  const op = []
  let used = 0
  while (at < end) {
    const tag = bytes[at++]
    const length = (tag >> 3 & 15) + (tag & 128 ? 16 * read() : 0)
    if ((tag & 3) === 0) op.push(length)
    else if ((tag & 3) === 2) op.push(-length)
    else { op.push(text.slice(used, used + length)); used += length }
  }
  return op
}

/* A string of digits is a number to JavaScript's `<` and `>`. */
const isDelete = part => typeof part === 'number' && part < 0
const isRetain = part => typeof part === 'number' && part > 0
const size = part => typeof part === 'string' ? part.length : Math.abs(part)

function append (op, part) {
  const last = op[op.length - 1]
  if (typeof part === 'string' ? typeof last === 'string' : typeof last === 'number' && last > 0 === part > 0) op[op.length - 1] += part
  else op.push(part)
}

/** Walks an operation in pieces; past its end it retains. */
class Pieces {
  constructor (op) { this.op = op; this.index = 0; this.offset = 0 }
  get done () { return this.index >= this.op.length }
  get part () { return this.done ? Infinity : this.op[this.index] }
  get left () { return this.done ? Infinity : size(this.part) - this.offset }
  take (n) {
    const part = this.part
    const piece = typeof part === 'string' ? part.slice(this.offset, this.offset + n) : isDelete(part) ? -n : n
    if (!this.done && (this.offset += n) === size(part)) { this.index++; this.offset = 0 }
    return piece
  }
}

const trimmed = op => { if (isRetain(op[op.length - 1])) op.pop(); return op }

/** `op`, made on the same document as `over`, rewritten to come after it; `right`: it gives way at ties. */
export function transform (op, over, right) {
  const a = new Pieces(over); const b = new Pieces(op); const out = []
  while (!b.done) {
    if (typeof a.part === 'string' && (right || typeof b.part !== 'string')) append(out, a.take(a.left).length)
    else if (typeof b.part === 'string') append(out, b.take(b.left))
    else {
      const n = Math.min(a.left, b.left)
      const deleted = isDelete(a.take(n))
      const piece = b.take(n)
      if (!deleted) append(out, piece)
    }
  }
  return trimmed(out)
}

/** First `first`, then `then`. */
export function compose (first, then) {
  const a = new Pieces(first); const b = new Pieces(then); const out = []
  while (!a.done || !b.done) {
    if (typeof b.part === 'string') append(out, b.take(b.left))
    else if (isDelete(a.part)) append(out, a.take(a.left))
    else {
      const n = Math.min(a.left, b.left)
      const piece = a.take(n)
      const deleted = isDelete(b.take(n))
      if (!deleted) append(out, piece)
      else if (typeof piece !== 'string') append(out, -n)
    }
  }
  return trimmed(out)
}

export function apply (text, op) {
  let out = ''
  let at = 0
  for (const part of op) {
    if (typeof part === 'string') out += part
    else if (isDelete(part)) at -= part
    else { out += text.slice(at, at + part); at += part }
  }
  return out + text.slice(at)
}
