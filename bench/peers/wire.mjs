// The few msgpack items of quire.v1.

export function encode (fields) {
  const parts = [Buffer.from([0x90 | fields.length])]
  for (const field of fields) {
    if (field === null || field === undefined) parts.push(Buffer.from([0xc0]))
    else if (typeof field === 'boolean') parts.push(Buffer.from([field ? 0xc3 : 0xc2]))
    else if (typeof field === 'number') parts.push(number(field))
    else if (typeof field === 'string') { const text = Buffer.from(field); parts.push(head(0xa0, 31, 0xd9, text.length), text) } else parts.push(head(0, -1, 0xc4, field.length), field)
  }
  return Buffer.concat(parts)
}

function number (n) {
  if (n < 128) return Buffer.from([n])
  const b = Buffer.alloc(9)
  if (n < 65536) { b[0] = 0xcd; b.writeUInt16BE(n, 1); return b.subarray(0, 3) }
  if (n < 2 ** 32) { b[0] = 0xce; b.writeUInt32BE(n, 1); return b.subarray(0, 5) }
  b[0] = 0xcf; b.writeBigUInt64BE(BigInt(n), 1)
  return b
}

function head (small, most, tag, n) {
  if (n <= most) return Buffer.from([small | n])
  if (n < 256) return Buffer.from([tag, n])
  if (n < 65536) return Buffer.from([tag + 1, n >> 8, n & 255])
  const b = Buffer.alloc(5); b[0] = tag + 2; b.writeUInt32BE(n, 1)
  return b
}

/** Reads the messages of a frame in turn; bin fields are views of it. */
export class Reader {
  constructor (frame) { this.frame = frame; this.at = 0 }
  get done () { return this.at >= this.frame.length }
  take (n) { this.at += n; return this.frame.subarray(this.at - n, this.at) }
  uint (n) { let v = 0; for (const end = this.at + n; this.at < end;) v = v * 256 + this.frame[this.at++]; return v }
  list (n) { const out = new Array(n); for (let i = 0; i < n; i++) out[i] = this.value(); return out }
  value () {
    const tag = this.frame[this.at++]
    if (tag < 0x80) return tag
    if (tag >= 0x90 && tag < 0xa0) return this.list(tag & 15)
    if (tag >= 0xa0 && tag < 0xc0) return this.take(tag & 31).latin1Slice()
    switch (tag) {
      case 0xc0: return null
      case 0xc2: return false
      case 0xc3: return true
      case 0xc4: case 0xc5: case 0xc6: return this.take(this.uint(1 << tag - 0xc4))
      case 0xcc: case 0xcd: case 0xce: case 0xcf: return this.uint(1 << tag - 0xcc)
      case 0xd9: case 0xda: case 0xdb: return this.take(this.uint(1 << tag - 0xd9)).utf8Slice()
      case 0xdc: case 0xdd: return this.list(this.uint(tag === 0xdc ? 2 : 4))
      default: throw new Error('unknown item ' + tag)
    }
  }
}
