import { documentPath } from "./pure/routes.js";
import { recall, remember } from "./ui/store.js";

/**
 * Share links: `/d/ID#link=SECRET`. The fragment goes to no server; it is remembered, so that the document opens from the list
 * too, and stays in the address, so that it can be kept as a bookmark.
 */
export function takeLinkFromAddress(id: string, hash: string): void {
  const secret = new URLSearchParams(hash.slice(1)).get("link");
  if (secret) remember(`link.${id}`, secret);
}

/** The secret that opens a document for this browser, or null. */
export function linkFor(id: string): string | null {
  const secret = recall(`link.${id}`);
  return typeof secret === "string" ? secret : null;
}

export function shareAddress(id: string, secret: string): string {
  return `${location.origin}${documentPath(id)}#link=${secret}`;
}

/** Links made in this browser can be copied again; the server knows none of their secrets. */
export function rememberSecret(id: string, number: number, secret: string): void {
  remember(`links.${id}`, { ...secretsOf(id), [number]: secret });
}

export function secretOf(id: string, number: number): string | null {
  const secret = secretsOf(id)[number];
  return typeof secret === "string" ? secret : null;
}

function secretsOf(id: string): Record<number, unknown> {
  const kept = recall(`links.${id}`);
  return typeof kept === "object" && kept !== null ? (kept as Record<number, unknown>) : {};
}
