/** The list of documents, last changed first, as far as it has been loaded. */
export interface Listed {
  id: string;
  title: string;
  updated: Date;
}

/**
 * Puts a fresh first page over what is loaded. What the page does not name stays only if it lies beyond the page's end:
 * otherwise it would be in it, so it has been deleted.
 */
export function mergeFirstPage<T extends Listed>(loaded: readonly T[], page: readonly T[], more: boolean): T[] {
  const last = page[page.length - 1];
  if (!more || !last) return [...page];
  const fresh = new Set(page.map(({ id }) => id));
  const beyond = loaded.filter(({ id, updated }) => !fresh.has(id) && updated <= last.updated);
  return [...page, ...beyond];
}

export function appendPage<T extends Listed>(loaded: readonly T[], page: readonly T[]): T[] {
  const known = new Set(loaded.map(({ id }) => id));
  return [...loaded, ...page.filter(({ id }) => !known.has(id))];
}

/** Every word of the query is somewhere in the title, whatever the case or the accents. */
export function matchesFilter(title: string, query: string): boolean {
  const where = fold(title);
  return fold(query).split(/\s+/).every((word) => where.includes(word));
}

function fold(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}+/gu, "").toLocaleLowerCase();
}
