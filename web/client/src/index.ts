/* @quire/client: documents that many edit at once, from a Quire server. */
export {
  Connection,
  type ConnectionEvents,
  type ConnectionOptions,
  type ConnectionStatus,
  type Leftover,
  type StatusDetail,
  type WebSocketConstructor,
  type WebSocketLike,
} from "./connection.js";
export {
  Document,
  type ChangeSource,
  type ChatMessage,
  type DocumentChat,
  type DocumentEvents,
  type Draft,
} from "./document.js";
export type { DocumentInfo, DocumentList, Documents, ListPlace } from "./documents.js";
export type { LinkRole, Sharer, ShareLink, Sharing } from "./sharing.js";
export { QuireError } from "./error.js";
export type { Profile } from "./machine/connection.js";
export type { DocumentType, Role } from "./machine/state.js";
export type { DocumentStatus } from "./machine/effects.js";
export type { Member } from "./machine/presence.js";
export type { Attributes, Component, Delta, Embed } from "./ot/op.js";
export type { Value } from "./ot/value.js";
export { userOf, type TokenSource, type TokenUser } from "./token.js";
export { MemoryStorage, type Storage } from "./storage.js";
export type { ClientMessage, ServerMessage } from "./wire/messages.js";
export { UndoManager, type UndoOptions, type UndoState } from "./undo.js";
