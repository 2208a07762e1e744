import { openDialog } from "../ui/dialog.js";
import { h } from "../ui/dom.js";
import { SHORTCUTS } from "./keys.js";

export function showShortcuts(): void {
  const rows = SHORTCUTS.flatMap(({ keys, action }) => [
    h("dt", {}, ...keys.split(" ").map((key) => h("kbd", {}, key))),
    h("dd", {}, action),
  ]);
  openDialog({
    title: "Keyboard shortcuts",
    className: "help-dialog",
    body: [h("dl", { class: "shortcuts" }, ...rows)],
    confirm: "Close",
    cancel: null,
    accept: () => undefined,
  });
}
