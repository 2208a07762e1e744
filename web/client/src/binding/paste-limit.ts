/* Keeps out of an editor what is too much at once: it would stand still for minutes. */
import { QuireError } from "../error.js";

/** In UTF-16 units. Quill takes seconds for as much. */
export const PASTE_MAX = 0x100000;

/** Refuses what is pasted or dropped into `element` when it is longer than `max`; returns how to end that. */
export function limitPaste(element: HTMLElement, max: number, refused: (error: QuireError) => void): () => void {
  const check = (event: Event): void => {
    const data = (event as ClipboardEvent).clipboardData ?? (event as DragEvent).dataTransfer;
    if (data === null || lengthOf(data) <= max) return;
    event.preventDefault();
    event.stopPropagation();
    refused(new QuireError("too_large", `at most ${max} units can be pasted at once`));
  };
  /* Before the editor's own listeners. */
  element.addEventListener("paste", check, { capture: true });
  element.addEventListener("drop", check, { capture: true });
  return () => {
    element.removeEventListener("paste", check, { capture: true });
    element.removeEventListener("drop", check, { capture: true });
  };
}

function lengthOf(data: DataTransfer): number {
  return data.getData("text/plain").length || data.getData("text/html").length;
}
