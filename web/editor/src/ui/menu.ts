import { h, type Child } from "./dom.js";
import { icon, type IconName } from "./icons.js";
import { Popover } from "./popover.js";

export interface MenuItem {
  label: string;
  icon?: IconName;
  danger?: boolean;
  checked?: boolean;
  run: () => void;
}

export type MenuEntry = MenuItem | "line" | { heading: string } | Node;

/** A menu behind a button. */
export function menuFor(button: HTMLElement, entries: () => MenuEntry[]): Popover {
  button.setAttribute("aria-haspopup", "menu");
  const menu: Popover = new Popover(button, "menu", () => entries().map((entry) => entryNode(entry, () => menu.hide())));
  menu.element.setAttribute("role", "menu");
  return menu;
}

function entryNode(entry: MenuEntry, hide: () => void): Child {
  if (entry === "line") return h("hr", { role: "separator" });
  if (entry instanceof Node) return entry;
  if ("heading" in entry) return h("div", { class: "menu-heading", role: "presentation" }, entry.heading);
  const button = h(
    "button",
    {
      type: "button",
      class: entry.danger ? "menu-item danger" : "menu-item",
      role: entry.checked === undefined ? "menuitem" : "menuitemradio",
      "aria-checked": entry.checked === undefined ? null : String(entry.checked),
    },
    entry.icon ? icon(entry.icon) : null,
    h("span", {}, entry.label),
    entry.checked ? icon("tick", "menu-tick") : null,
  );
  button.addEventListener("click", () => {
    hide();
    entry.run();
  });
  return button;
}
