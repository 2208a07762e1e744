import { forget, recall, recallAll, remember } from "./ui/store.js";

const DRAFTS_MAX = 20;
const KEY = "drafts.";

/** Text that could not be merged. It is the only copy, so the browser keeps it until its user lets go of it. */
export interface KeptDraft {
  text: string;
  reason: string;
  /** Of its document, as it was. */
  title?: string;
}

export function draftsOf(id: string): KeptDraft[] {
  return draftsIn(recall(KEY + id));
}

/** Of all documents, by their ids. */
export function allDrafts(): Map<string, KeptDraft[]> {
  const found = new Map<string, KeptDraft[]>();
  for (const [id, kept] of recallAll(KEY)) found.set(id, draftsIn(kept));
  return found;
}

/** "nothing": there is no text, or it is kept already; "refused": the browser does not keep it. */
export function keepDraft(id: string, draft: KeptDraft): "kept" | "nothing" | "refused" {
  const drafts = draftsOf(id);
  if (draft.text.trim() === "" || drafts.some(({ text }) => text === draft.text)) return "nothing";
  return remember(KEY + id, [...drafts, draft].slice(-DRAFTS_MAX)) ? "kept" : "refused";
}

export function dropDraft(id: string, draft: KeptDraft): void {
  const rest = draftsOf(id).filter(({ text }) => text !== draft.text);
  if (rest.length > 0) remember(KEY + id, rest);
  else forget(KEY + id);
}

function draftsIn(kept: unknown): KeptDraft[] {
  return Array.isArray(kept) ? kept.filter(isDraft) : [];
}

function isDraft(value: unknown): value is KeptDraft {
  if (typeof value !== "object" || value === null) return false;
  const { text, reason, title } = value as Partial<KeptDraft>;
  return typeof text === "string" && typeof reason === "string" && (title === undefined || typeof title === "string");
}
