import { commandKey, isMac, type Scope } from "../ui/dom.js";
import type { Toasts } from "../ui/toast.js";
import type { ChatDock } from "./chat-dock.js";
import { showShortcuts } from "./help.js";
import type { Surface } from "./surface.js";

/** Keys that hold for the whole page. Undo and redo come before the editor's own, which know nothing of other people. */
export function listenToShortcuts(scope: Scope, surface: Surface, chat: ChatDock, toasts: Toasts): void {
  const run = (event: KeyboardEvent): void => {
    if (event.target instanceof Element && event.target.closest("dialog")) return;
    const action = actionFor(event, surface, chat, toasts);
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  };
  scope.on(document, "keydown", run, { capture: true });
}

function actionFor(event: KeyboardEvent, surface: Surface, chat: ChatDock, toasts: Toasts): (() => void) | null {
  const inText = surface.sheet.contains(event.target as Node) && !(event.target instanceof HTMLInputElement);
  if (event.altKey && event.key === "F10" && inText) return surface.focusTools;
  if (event.altKey && event.code === "KeyM" && (isMac ? event.metaKey : event.ctrlKey)) return () => chat.toggle();
  if (!commandKey(event)) return null;
  switch (event.key.toLowerCase()) {
    case "z":
      return inText ? (event.shiftKey ? surface.redo : surface.undo) : null;
    case "y":
      return inText && !event.shiftKey ? surface.redo : null;
    case "k":
      return inText ? surface.link : null;
    case "s":
      return () => toasts.show("No need to save: everything is saved as you write.");
    case "/":
      return showShortcuts;
    default:
      return null;
  }
}
