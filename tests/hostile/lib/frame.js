// WebSocket frames (RFC 6455), right or wrong, and a reader of the server's.

export const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

// The bytes of one frame. `rsv`: the three reserved bits as a number (4 is RSV1). `mask`: four bytes, null for none. `declared`:
// a length (number or BigInt) other than the payload's. `lengthBytes`: 0, 2 or 8, where not the shortest.
export function frame({ payload = Buffer.alloc(0), opcode = BINARY, fin = true, rsv = 0, mask = Buffer.from([1, 2, 3, 4]), declared, lengthBytes }) {
  const length = BigInt(declared ?? payload.length);
  const bytes = lengthBytes ?? (length < 126n ? 0 : length < 65536n ? 2 : 8);
  const head = Buffer.alloc(2 + bytes);
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  head[1] = (mask ? 0x80 : 0) | (bytes === 0 ? Number(length) : bytes === 2 ? 126 : 127);
  if (bytes === 2) head.writeUInt16BE(Number(length), 2);
  if (bytes === 8) head.writeBigUInt64BE(BigInt.asUintN(64, length), 2);
  const body = Buffer.from(payload);
  if (mask) for (let i = 0; i < body.length; i++) body[i] ^= mask[i % 4];
  return Buffer.concat([head, ...(mask ? [mask] : []), body]);
}

// Takes the first whole frame of a server off: { frame, rest }, or null if it has not come whole.
export function takeFrame(bytes) {
  if (bytes.length < 2) return null;
  let size = bytes[1] & 0x7f;
  let at = 2;
  if (size === 126) {
    if (bytes.length < 4) return null;
    size = bytes.readUInt16BE(2);
    at = 4;
  } else if (size === 127) {
    if (bytes.length < 10) return null;
    size = Number(bytes.readBigUInt64BE(2));
    at = 10;
  }
  if (bytes.length < at + size) return null;
  const payload = bytes.subarray(at, at + size);
  return { frame: { opcode: bytes[0] & 15, fin: bytes[0] >= 0x80, rsv: (bytes[0] >> 4) & 7, payload }, rest: bytes.subarray(at + size) };
}
