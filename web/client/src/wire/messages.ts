/*
 * The messages of quire.v1 (docs/protocol.md sections 4 and 5), as one table: it gives the types,
 * the encoder and the decoder. A frame is any number of messages, back to back.
 */
import { ByteReader, ByteWriter } from "../ot/bytes.js";
import {
  bin,
  bool,
  list,
  memberLine,
  optional,
  readCount,
  readFields,
  record,
  scalar,
  skip,
  str,
  trailing,
  uint,
  WireError,
  writeFields,
  type Field,
  type FieldsOf,
} from "./fields.js";

const chatLine = record({ number: uint, name: str, color: str, at_ms: uint, text: str });
const documentLine = record({
  id: str,
  type: uint,
  title: str,
  created_ms: uint,
  updated_ms: uint,
  key: uint,
  people: uint,
});
const sharerLine = record({ sub: str, role: str, at_ms: uint });
const linkLine = record({ number: uint, role: str, label: str, created_ms: uint, expires_ms: optional(uint) });
const limits = record({ frame_bytes: uint, chat_chars: uint, document_bytes: uint, channels: uint });

const CLIENT = {
  hello: [1, { token: optional(str), name: str, color: str, client: optional(uint), key: optional(bin), agent: str }],
  ping: [2, { n: uint }],
  open: [
    3,
    {
      ref: uint,
      ch: uint,
      id: str,
      epoch: optional(uint),
      version: optional(uint),
      chat: optional(uint),
      link: trailing(str),
    },
  ],
  close: [4, { ch: uint }],
  edit: [5, { ch: uint, seq: uint, base: uint, op: bin }],
  cursor: [
    6,
    {
      ch: uint,
      version: uint,
      anchor: optional(uint),
      head: optional(uint),
      typing: bool,
      data: optional(str),
    },
  ],
  chat: [7, { ref: uint, ch: uint, nonce: uint, text: str }],
  chats: [8, { ref: uint, ch: uint, before: uint, limit: uint }],
  list: [9, { ref: uint, limit: uint, before_ms: optional(uint), before_key: optional(uint) }],
  create: [10, { ref: uint, type: uint, title: str, id: optional(str) }],
  rename: [11, { ref: uint, id: str, title: str }],
  delete: [12, { ref: uint, id: str }],
  profile: [13, { name: str, color: str }],
  diverged: [14, { ch: uint, version: uint, hash: uint }],
  token: [15, { ref: uint, token: str }],
  members: [16, { ref: uint, id: str }],
  member: [17, { ref: uint, id: str, sub: str, role: optional(str) }],
  links: [18, { ref: uint, id: str }],
  link: [19, { ref: uint, id: str, role: str, label: str, expires_ms: optional(uint) }],
  unlink: [20, { ref: uint, id: str, number: uint }],
} as const;

const SERVER = {
  welcome: [32, { client: uint, key: bin, epoch: uint, server: str, limits }],
  pong: [33, { n: uint }],
  error: [
    34,
    {
      ref: optional(uint),
      ch: optional(uint),
      code: str,
      text: str,
      retry_ms: optional(uint),
      at: optional(uint),
    },
  ],
  opened: [
    35,
    {
      ch: uint,
      ref: uint,
      epoch: uint,
      version: uint,
      head: uint,
      seq: uint,
      snapshot: optional(bin),
      type: uint,
      title: str,
      role: str,
      member: uint,
      chat: uint,
    },
  ],
  edit: [36, { ch: uint, version: uint, member: uint, op: bin }],
  ack: [37, { ch: uint, version: uint, seq: uint }],
  catchup: [38, { ch: uint, first: uint, last: uint, op: bin }],
  hash: [39, { ch: uint, version: uint, crc: uint }],
  presence: [40, { ch: uint, version: uint, full: bool, people: uint, members: list(memberLine) }],
  chat: [
    41,
    { ch: uint, number: uint, member: uint, name: str, color: str, at_ms: uint, text: str },
  ],
  chats: [42, { ref: uint, ch: uint, more: bool, messages: list(chatLine) }],
  documents: [
    43,
    { ref: uint, more: bool, documents: list(documentLine), before_ms: trailing(uint), before_key: trailing(uint) },
  ],
  done: [44, { ref: uint, value: scalar }],
  renamed: [45, { ch: uint, title: str }],
  closed: [46, { ch: uint, code: str, text: str }],
  going: [47, { retry_ms: uint }],
  expiring: [48, { in_ms: uint }],
  role: [49, { ch: uint, role: str }],
  members: [50, { ref: uint, members: list(sharerLine) }],
  links: [51, { ref: uint, links: list(linkLine) }],
  linked: [52, { ref: uint, number: uint, secret: str }],
} as const;

type Table = Readonly<Record<string, readonly [number, Record<string, Field<unknown>>]>>;
type MessagesOf<T extends Table> = {
  [K in keyof T & string]: { readonly kind: K } & Readonly<FieldsOf<T[K][1]>>;
}[keyof T & string];

export type ClientMessage = MessagesOf<typeof CLIENT>;
export type ServerMessage = MessagesOf<typeof SERVER>;
export type ServerMessageOf<K extends ServerMessage["kind"]> = Extract<ServerMessage, { kind: K }>;
export type ClientMessageOf<K extends ClientMessage["kind"]> = Extract<ClientMessage, { kind: K }>;

/** Messages of one direction, as bytes and back. */
export interface Codec<M> {
  encode(messages: readonly M[]): Uint8Array<ArrayBuffer>;
  /** Kinds it does not know are left out. Throws WireError or OpError on bytes that are no messages. */
  decode(frame: Uint8Array): M[];
}

type Fields = Record<string, Field<unknown>>;

/** Without those at the end that are null. */
function withoutAbsent(fields: Fields, message: Readonly<Record<string, unknown>>): Fields {
  const names = Object.keys(fields);
  let count = names.length;
  while (count > 0 && fields[names[count - 1]].isTrailing === true && message[names[count - 1]] === null) count--;
  return count === names.length ? fields : Object.fromEntries(names.slice(0, count).map((name) => [name, fields[name]]));
}

/** The fields of a message that has so many of them, and those that were left out, as null. */
function ofLength(fields: Fields, count: number): { fields: Fields; absent: Record<string, null> } {
  const names = Object.keys(fields);
  const missing = names.slice(count).filter((name) => fields[name].isTrailing === true);
  if (missing.length === 0) return { fields, absent: {} };
  const present = names.filter((name) => !missing.includes(name));
  return {
    fields: Object.fromEntries(present.map((name) => [name, fields[name]])),
    absent: Object.fromEntries(missing.map((name) => [name, null])),
  };
}

function makeCodec<M extends { readonly kind: string }>(table: Table): Codec<M> {
  const byNumber = new Map<number, { kind: string; fields: Fields }>(Object.entries(table).map(([kind, [number, fields]]) => [number, { kind, fields }]));
  return {
    encode(messages) {
      const out = new ByteWriter(256);
      for (const message of messages) {
        const [number, all] = table[message.kind];
        const fields = withoutAbsent(all, message as never);
        out.array(Object.keys(fields).length + 1);
        uint.write(out, number);
        writeFields(out, fields, message as never);
      }
      return out.finish();
    },
    decode(frame) {
      const reader = new ByteReader(frame);
      const messages: M[] = [];
      while (reader.left > 0) {
        const at = reader.at;
        let left = readCount(reader);
        if (left === 0) throw new WireError(at);
        const known = byNumber.get(uint.read(reader));
        left--;
        if (known !== undefined) {
          const { absent, fields } = ofLength(known.fields, left);
          left -= Object.keys(fields).length;
          if (left < 0) throw new WireError(at);
          messages.push({ kind: known.kind, ...readFields(reader, fields), ...absent } as never);
        }
        for (; left > 0; left--) skip(reader);
      }
      return messages;
    },
  };
}

export const clientCodec: Codec<ClientMessage> = makeCodec(CLIENT);
export const serverCodec: Codec<ServerMessage> = makeCodec(SERVER);
