import type { Document, Member } from "@quire/client";
import type { App } from "../app.js";
import type { Scope } from "../ui/dom.js";

/** The part of a document's page that is written on. */
export interface Surface {
  /** The strip above the text, if there is one. */
  tools: HTMLElement | null;
  sheet: HTMLElement;
  focus: () => void;
  focusTools: () => void;
  undo: () => void;
  redo: () => void;
  link: () => void;
  goTo: (member: Member) => void;
  /** May be written on or only read: at any time, with everything in its place. */
  setReadOnly: (readOnly: boolean) => void;
}

export interface SurfaceContext {
  app: App;
  doc: Document;
  /** The element that scrolls the sheet. */
  page: HTMLElement;
  scope: Scope;
}

/** Scrolls the page so that a line at `top` (in the window) stands in its upper third. */
export function scrollPageTo(page: HTMLElement, top: number): void {
  const frame = page.getBoundingClientRect();
  page.scrollBy({ top: top - frame.top - frame.height / 3, behavior: smooth() });
}

function smooth(): ScrollBehavior {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
}
