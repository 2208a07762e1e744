import { recall, remember } from "./ui/store.js";

const DRAFTS_MAX = 20;

/** Text that could not be merged. It is the only copy, so the browser keeps it until its user lets go of it. */
export interface KeptDraft {
  text: string;
  reason: string;
}

export function draftsOf(id: string): KeptDraft[] {
  const kept = recall(key(id));
  return Array.isArray(kept) ? kept.filter(isDraft) : [];
}

/** False when there is nothing to keep, or it is kept already. */
export function keepDraft(id: string, draft: KeptDraft): boolean {
  const drafts = draftsOf(id);
  if (draft.text.trim() === "" || drafts.some(({ text }) => text === draft.text)) return false;
  remember(key(id), [...drafts, draft].slice(-DRAFTS_MAX));
  return true;
}

export function dropDraft(id: string, draft: KeptDraft): void {
  remember(key(id), draftsOf(id).filter(({ text }) => text !== draft.text));
}

function key(id: string): string {
  return `drafts.${id}`;
}

function isDraft(value: unknown): value is KeptDraft {
  if (typeof value !== "object" || value === null) return false;
  const { text, reason } = value as Partial<KeptDraft>;
  return typeof text === "string" && typeof reason === "string";
}
