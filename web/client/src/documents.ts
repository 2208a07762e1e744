/* Listing and managing documents. */
import type { ConnectionMachine } from "./machine/connection.js";
import { QuireError } from "./error.js";
import { TYPE_RICH, TYPE_TEXT, type DocumentType } from "./machine/state.js";

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
  /** There are more, although this may have been none: of very many the server looks at some at a time. */
  readonly more: boolean;
  /** For `after`: where the list goes on; null without more. */
  readonly next: ListPlace | null;
}

const LIST_DEFAULT = 50;
const ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const ID_LENGTH = 16;

export class Documents {
  constructor(private readonly machine: ConnectionMachine) {}

  /** `after`: `next` of the list before, or a document of it. */
  async list({ limit = LIST_DEFAULT, after }: { limit?: number; after?: DocumentInfo | ListPlace } = {}): Promise<DocumentList> {
    const place = after !== undefined && "place" in after ? after.place : after;
    const answer = await this.machine.request((ref) => ({
      kind: "list",
      ref,
      limit,
      before_ms: place?.updatedMs ?? null,
      before_key: place?.key ?? null,
    }));
    if (answer.kind !== "documents") return { documents: [], more: false, next: null };
    const documents = answer.documents.map((line) => ({
      id: line.id,
      type: line.type === TYPE_TEXT ? ("text" as const) : ("rich" as const),
      title: line.title,
      created: new Date(line.created_ms),
      updated: new Date(line.updated_ms),
      people: line.people,
      place: { updatedMs: line.updated_ms, key: line.key },
    }));
    const last = documents[documents.length - 1]?.place ?? null;
    const { before_ms: updatedMs, before_key: key } = answer;
    const next = updatedMs === null || key === null ? last : { updatedMs, key };
    return { documents, more: answer.more && next !== null, next: answer.more ? next : null };
  }

  /** Returns the id, drawn here when none is given, so that asking again after a break is safe. */
  async create({ type, title, id }: { type: DocumentType; title: string; id?: string }): Promise<string> {
    const number = type === "text" ? TYPE_TEXT : TYPE_RICH;
    const ask = (named: string | null) =>
      this.machine.request((ref) => ({ kind: "create", ref, type: number, title, id: named }), {
        forgives: id === undefined && named !== null ? "exists" : null,
      });
    const named = id ?? randomId();
    try {
      await ask(named);
      return named;
    } catch (error) {
      /* Some may only create what the server names. */
      if (id !== undefined || !(error instanceof QuireError) || error.code !== "forbidden") throw error;
      const answer = await ask(null);
      return answer.kind === "done" && typeof answer.value === "string" ? answer.value : named;
    }
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
