/* Listing and managing documents. */
import type { ConnectionMachine } from "./machine/connection.js";
import type { DocumentType } from "./machine/document.js";

export interface DocumentInfo {
  readonly id: string;
  readonly type: DocumentType;
  readonly title: string;
  readonly created: Date;
  readonly updated: Date;
  /** Who has it open now. */
  readonly people: number;
  /** For `after`: where the list goes on. */
  readonly place: ListPlace;
}

export interface ListPlace {
  readonly updatedMs: number;
  readonly key: number;
}

export interface DocumentList {
  /** Last updated first. */
  readonly documents: DocumentInfo[];
  readonly more: boolean;
}

const LIST_DEFAULT = 50;
const TYPE_RICH = 1;
const TYPE_TEXT = 2;
const ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const ID_LENGTH = 16;

export class Documents {
  constructor(private readonly machine: ConnectionMachine) {}

  /** `after`: the last document of the list before. */
  async list({ limit = LIST_DEFAULT, after }: { limit?: number; after?: DocumentInfo } = {}): Promise<DocumentList> {
    const place = after?.place;
    const answer = await this.machine.request((ref) => ({
      kind: "list",
      ref,
      limit,
      before_ms: place?.updatedMs ?? null,
      before_key: place?.key ?? null,
    }));
    if (answer.kind !== "documents") return { documents: [], more: false };
    const documents = answer.documents.map((line) => ({
      id: line.id,
      type: line.type === TYPE_TEXT ? ("text" as const) : ("rich" as const),
      title: line.title,
      created: new Date(line.created_ms),
      updated: new Date(line.updated_ms),
      people: line.people,
      place: { updatedMs: line.updated_ms, key: line.key },
    }));
    return { documents, more: answer.more };
  }

  /** Returns the id, drawn here when none is given, so that asking again after a break is safe. */
  async create({ type, title, id }: { type: DocumentType; title: string; id?: string }): Promise<string> {
    const named = id ?? randomId();
    const number = type === "text" ? TYPE_TEXT : TYPE_RICH;
    await this.machine.request((ref) => ({ kind: "create", ref, type: number, title, id: named }), {
      forgives: id === undefined ? "exists" : null,
    });
    return named;
  }

  async rename(id: string, title: string): Promise<void> {
    await this.machine.request((ref) => ({ kind: "rename", ref, id, title }));
  }

  async remove(id: string): Promise<void> {
    await this.machine.request((ref) => ({ kind: "delete", ref, id }), { forgives: "not_found" });
  }
}

function randomId(): string {
  // Node.js 18 has no global crypto.
  const bytes = new Uint8Array(ID_LENGTH);
  if (globalThis.crypto) crypto.getRandomValues(bytes);
  else bytes.forEach((_, i) => (bytes[i] = Math.floor(Math.random() * 256)));
  return Array.from(bytes, (byte) => ID_LETTERS[byte % ID_LETTERS.length]).join("");
}
