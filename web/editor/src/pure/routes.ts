/** Addresses of the editor: `/` is the list of documents, `/d/ID` one document. */
export type Route = { page: "list" } | { page: "document"; id: string } | { page: "missing" };

const DOCUMENT_PATH = /^\/d\/([A-Za-z0-9_-]{1,64})\/?$/;

export function parseRoute(pathname: string): Route {
  if (pathname === "/" || pathname === "/index.html") return { page: "list" };
  const match = DOCUMENT_PATH.exec(pathname);
  return match ? { page: "document", id: match[1] as string } : { page: "missing" };
}

export function documentPath(id: string): string {
  return `/d/${id}`;
}
